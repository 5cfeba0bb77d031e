-- Programs: run to their end, or beside ours.

local core = require "luaconc.core"
local execplan = require "luaconc.execplan"
local execprogram = require "luaconc.execprogram"

local M = {}

-- A run of conc.exec: what is to be told of it.
---@class luaconc.execrun
---@field program luaconc.program
---@field left number bytes of output that are still allowed
---@field limit? number
---@field output table<string, string>
---@field failed? {[1]: string, [2]: string} message and code

local function fail(run, message, code)
  run.failed = run.failed or { run.program.command .. ": " .. message, code }
end

-- ---- its output ----

local function overflow(run)
  fail(run, ("more than %d bytes of output"):format(run.limit), "ENOBUFS")
  run.program:stop()
end

-- Hands pieces of a stream to `take` until its end.
local function drain(run, name, take)
  local stream = run.program[name]
  while true do
    local data, message, code = stream:read()
    if not data then
      if code ~= "EOF" and code ~= "EBADF" then fail(run, message, code) end
      return
    end
    run.left = run.left - #data
    if run.left < 0 then return overflow(run) end
    if not take(data) then return end
  end
end

-- `run.output[name]` is there however this ends.
local function capture(run, name)
  local parts, n = {}, 0
  local _ <close> = setmetatable({}, { __close = function()
    run.output[name] = table.concat(parts)
  end })
  drain(run, name, function(data)
    n = n + 1
    parts[n] = data
    return true
  end)
end

-- A sink that fails ends the run, as it ends a pipeline.
local function pass_on(run, name, sink)
  drain(run, name, function(data)
    local ok, message, code = sink:write(data)
    if ok then return true end
    fail(run, message, code)
    run.program:stop()
  end)
end

-- ---- its input ----

-- A program need not read all that it is given.
local function put(run, data)
  local stdin = run.program.stdin
  local ok, message, code = stdin:write(data)
  if ok then return true end
  if code ~= "EPIPE" and code ~= "EBADF" then fail(run, message, code) end
end

local function feed_from(run, source)
  while true do
    local data, message, code = source:read(not execplan.is_file(source) and nil
      or 65536)
    if not data then
      if code and code ~= "EOF" then fail(run, message, code) end
      return
    end
    if not put(run, data) then return end
  end
end

local function feed(run, source)
  if type(source) == "string" then put(run, source)
  else feed_from(run, source) end
  run.program.stdin:close()
end

-- ---- a run ----

local function follow(run, group)
  local program = run.program
  local relay, input = program.relay, program.relay.stdin
  if input then group:spawn { feed, run, input, daemon = true } end
  for _, name in ipairs { "stderr", "stdout" } do
    if program[name] and relay[name] then
      group:spawn(pass_on, run, name, relay[name])
    elseif program[name] and name == "stderr" then
      group:spawn(capture, run, name)
    elseif program[name] then
      capture(run, name)
    end
  end
  return program:wait()
end

local function result_of(run, fate)
  fate = fate or {}
  return { code = fate.code, signal = fate.signal, stages = fate.stages,
    stdout = run.output.stdout, stderr = run.output.stderr }
end

-- Closes the group, which waits for what reads and writes.
local function attend(run, timeout)
  local group = core.group { timeout = timeout }
  local ok, err, message, code = core.traced(follow, run, group)
  if ok then
    group:close()
    if not err then fail(run, message, code) end
  else
    group:close(err)
    if not (group.expired and core.is_cancelled(err)) then core.raise(err) end
    fail(run, ("timed out after %g s"):format(timeout), "ETIMEDOUT")
    run.program:stop()
  end
end

local function run_program(plan)
  local program <close>, message, code = execprogram.start(plan)
  if not program then return nil, message, code end
  local run = { program = program, output = {}, limit = plan.limit,
    left = plan.limit or math.huge }
  attend(run, plan.timeout)
  local result = result_of(run, program:wait())
  if run.failed then return nil, run.failed[1], run.failed[2], result end
  return result
end

---Runs a program to its end, or a pipeline of programs. Waits.
---@param options luaconc.execoptions
---@return luaconc.execresult? result
---@return string? message
---@return string? code # "ENOENT", "EACCES", "ETIMEDOUT", "ENOBUFS", ...
---@return luaconc.execresult? partial # where it was ended
function M.exec(options)
  return run_program(execplan.make("exec", options,
    { stdout = "pipe", stderr = "pipe" }, true))
end

-- ---- beside ours ----

local function check_relays(plan)
  for _, name in ipairs { "stdin", "stdout", "stderr" } do
    local value = plan[name]
    if type(value) ~= "string" and value ~= nil
      and not execplan.is_file(value) then
      execplan.complain(plan.name, ("option '%s': a stream goes to conc.exec "
        .. "only; here copy it to or from the program's own"):format(name))
    end
  end
  if plan.input then
    execplan.complain(plan.name, "option 'input' goes to conc.exec only; here "
      .. "write to the program's stdin")
  end
end

---Starts a program, or a pipeline, that runs beside ours.
---@param options luaconc.popenoptions
---@return luaconc.program? program
---@return string? message
---@return string? code
function M.popen(options)
  local plan = execplan.make("popen", options,
    { stdin = "pipe", stdout = "pipe", stderr = "inherit" }, false)
  check_relays(plan)
  return execprogram.start(plan)
end

return M
