-- A program that runs, or a pipeline of them: started, with its ends as
-- streams, stopped.

local check = require "luaconc.check"
local core = require "luaconc.core"
local execplan = require "luaconc.execplan"

local M = {}

---@class luaconc.program
---@field pid integer of the program; of a pipeline: of its last one
---@field stdin? luaconc.stream
---@field stdout? luaconc.stream
---@field stderr? luaconc.stream
local methods = {}

local Program = { __name = "program", __index = methods, methods = methods }

local STANDARD = { stdin = 0, stdout = 1, stderr = 2 }

-- ---- starting ----

-- What is needed until all have started.
local Tubes = {}

function Tubes.__close(tubes)
  for _, tube in ipairs(tubes) do tube:close() end
end

local function fail(message, code)
  error({ message = message, code = code, ours = Tubes }, 0)
end

local function must(value, message, code)
  if not value then fail(message, code) end
  return value
end

local function new_tube(tubes)
  local tube = must(core.exec.tube())
  tubes[#tubes + 1] = tube
  return tube
end

-- What a program gets as descriptor `name`: see core.exec.start. Where we
-- have the other end, it is in `program[name]`; what is to be done with it,
-- in `program.relay[name]`.
local function endpoint(program, tubes, name, value)
  if value == nil or value == "null" then return nil end
  if value == "inherit" then return STANDARD[name] end
  if execplan.is_file(value) then return value end
  local tube = new_tube(tubes)
  program[name] = must(tube[name == "stdin" and "writer" or "reader"](tube))
  if value ~= "pipe" then program.relay[name] = value end
  return tube
end

local function start_stage(program, plan, i, ends)
  local command = plan.stages[i]
  local child, message, code, astray = core.exec.start(command, ends.stdin,
    ends.stdout, ends.stderr, plan.cwd, plan.env, plan.path, program.group)
  if not child then
    fail((astray and plan.cwd or command[1]) .. ": " .. message, code)
  end
  program.children[i] = child
  if program.group == 0 then program.group = child:pid() end
end

local function start_all(program, plan)
  local tubes <close> = setmetatable({}, Tubes)
  local input = plan.input and "pipe" or plan.stdin
  local first = endpoint(program, tubes, "stdin", input)
  if plan.input then program.relay.stdin = plan.input end
  local last = endpoint(program, tubes, "stdout", plan.stdout)
  local errors
  if plan.stderr ~= "stdout" then
    errors = endpoint(program, tubes, "stderr", plan.stderr)
  end
  for i = 1, #plan.stages do
    local out = i < #plan.stages and new_tube(tubes) or last
    local err = errors
    if plan.stderr == "stdout" then err = out end
    start_stage(program, plan, i, { stdin = first, stdout = out, stderr = err })
    first = out
  end
end

-- Reading from a terminal is for programs of its own process group only.
local function reads_ours(plan)
  return plan.stdin == "inherit" or plan.stdin == io.stdin
end

--- Starts what the plan asks for.
---@param plan luaconc.execplan
---@return luaconc.program? program
---@return string? message
---@return string? code
function M.start(plan)
  local program = setmetatable({ children = {}, relay = {}, grace = plan.grace,
    command = plan.stages[#plan.stages][1],
    group = reads_ours(plan) and -1 or 0 }, Program)
  local ok, err = pcall(start_all, program, plan)
  if ok then
    program.pid = program.children[#program.children]:pid()
    return program
  end
  program:close()
  if type(err) == "table" and err.ours == Tubes then
    return nil, err.message, err.code
  end
  core.raise(err)
end

-- ---- the end ----

local function fate(child)
  local code, signal, errcode = child:wait()
  if errcode then return nil, signal, errcode end
  return { code = code, signal = signal }
end

---Waits until the program has ended; again: the same. Of a pipeline: until all
---have; the result is that of the last one, and `stages` lists all.
---@return luaconc.fate? result # {code=} or {signal=}
---@return string? message
---@return string? code # "ECHILD": reaped by somebody else
function methods:wait()
  if self.fate then return self.fate end
  local stages = {}
  for i, child in ipairs(self.children) do
    local message, code
    stages[i], message, code = fate(child)
    if not stages[i] then return nil, message, code end
  end
  local last = stages[#stages]
  if not last then return nil, "closed", "EBADF" end
  self.fate = { code = last.code, signal = last.signal }
  if #stages > 1 then self.fate.stages = stages end
  return self.fate
end

local function has_ended(self)
  for _, child in ipairs(self.children) do
    if not child:ended() then return false end
  end
  return true
end

-- The group's leader keeps the group's id as long as it is not closed.
local function strike(self, number)
  if self.group > 0 then return self.children[1]:kill(number) end
  local ok, message, code = nil, "no such process", "ESRCH"
  for _, child in ipairs(self.children) do
    if not child:ended() then ok, message, code = child:kill(number) end
  end
  return ok, message, code
end

local function number_of(signal)
  if signal == nil then return core.exec.signals.SIGTERM end
  local number = math.tointeger(signal) or core.exec.signals[signal]
  if number and number >= 0 and number <= 64 then return number end
  check.expected("kill", 1, 'the name of a signal, such as "SIGTERM",', signal)
end

---Sends a signal, "SIGTERM" unless said, to the program and to what it has
---started: to its process group. (Where it reads our own standard input it has
---none, and gets the signal alone.)
---@param signal? string|integer
---@return true?
---@return string? message
---@return string? code # "ESRCH": it has ended
function methods:kill(signal)
  local number = number_of(signal)
  if has_ended(self) then return nil, "no such process", "ESRCH" end
  return strike(self, number)
end

-- What ends by itself within the grace is not killed.
local function stop(self, grace)
  strike(self, core.exec.signals.SIGTERM)
  local scope = core.scope { timeout = grace }
  local ok, err = pcall(self.wait, self)
  scope:close()
  if not ok and not core.is_cancelled(err) then core.raise(err) end
  strike(self, core.exec.signals.SIGKILL)
  return self:wait()
end

---Ends the program and what it has started: SIGTERM, and after `grace`
---seconds SIGKILL. Waits, also in a cancelled task.
---@param grace? number
---@return luaconc.fate? result
---@return string? message
---@return string? code
function methods:stop(grace)
  local fits = type(grace) == "number" and grace >= 0
  if grace ~= nil and not fits then
    check.expected("stop", 1, "a number of seconds, 0 or more,", grace)
  end
  if self.closed then return self:wait() end
  return core.shield(stop, self, grace or self.grace)
end

-- Whatever is queued for a program that has ended goes nowhere.
local function close_streams(self)
  for name in pairs(STANDARD) do
    local stream = self[name]
    if stream then
      stream:timeout(0)
      pcall(stream.close, stream)
    end
  end
end

local function close(self)
  if has_ended(self) then self:wait() else stop(self, self.grace) end
  close_streams(self)
  for _, child in ipairs(self.children) do child:close() end
end

---Stops the program if it still runs, and closes its streams. Waits, also in a
---cancelled task. Where waiting can't be, it is killed at once.
---@return true
function methods:close()
  if self.closed then return true end
  self.closed = true
  if not core.exec.may_wait() then
    for _, child in ipairs(self.children) do child:close() end
    return true
  end
  core.shield(close, self)
  return true
end

Program.__close = methods.close

function Program:__tostring()
  return ("program %s (%s)"):format(self.command, self.pid or "not started")
end

return M
