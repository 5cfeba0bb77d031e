-- A program of any language as an engine: a command for the shell, which does
-- all jobs of a size and prints their results.
--
-- `{n}` in the command is the number of jobs, `{NAME}` a setting or a plain
-- field of what `setup` returned; in the environment they are LUACONC_N and
-- LUACONC_NAME. (Where one of these is called n, the number of jobs is
-- `{jobs}`, as it is everywhere.) Its time is that from its start to its end,
-- its own start-up included, as nobody can see from outside when its work
-- begins; what it prints must be equal in every run, and equal to the results
-- of the other engines, one on a line (or what the scenario's `show` makes of
-- them).

local program = require "luaconc.compare.program"

local M = {}

-- The plain values that a command may ask for.
local function values(request)
  local out = { n = request.size }
  for _, from in ipairs { request.set or {},
    type(request.ctx) == "table" and request.ctx or {} } do
    for name, v in pairs(from) do
      if type(name) == "string" and (type(v) == "string"
        or type(v) == "number") then out[name] = v end
    end
  end
  out.jobs = request.size
  return out
end

local function quoted(value)
  local text = tostring(value)
  if text:find "^[%w_./:-]+$" then return text end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The words that start the command.
---@param command string
---@param request table size, set, ctx
---@return string[]
function M.argv(command, request)
  local given = values(request)
  local argv = { "env" }
  for name, v in pairs(given) do
    if name:find "^[%w_]+$" then
      argv[#argv + 1] = "LUACONC_" .. name:upper() .. "=" .. tostring(v)
    end
  end
  table.sort(argv, function(a, b) return a == "env" and b ~= "env"
    or b ~= "env" and a < b end)
  local text = command:gsub("{([%a_][%w_]*)}", function(name)
    return given[name] and quoted(given[name]) or nil
  end)
  return table.move({ "sh", "-c", text }, 1, 3, #argv + 1, argv)
end

--- What results look like when a program prints them.
---@param scenario luaconc.compare.Scenario
---@param results any[]
---@return string
function M.text(scenario, results)
  if scenario.show then return (scenario.show(results):gsub("%s+$", "")) end
  local lines = {}
  for i, r in ipairs(results) do lines[i] = tostring(r) end
  return table.concat(lines, "\n")
end

local function short(line)
  if not line then return "nothing" end
  if #line > 60 then return "'" .. line:sub(1, 57) .. "...'" end
  return "'" .. line .. "'"
end

local function lines_of(text)
  local list = {}
  if text == "" then return list end
  for line in (text .. "\n"):gmatch "([^\n]*)\n" do list[#list + 1] = line end
  return list
end

--- How two texts differ: the first line that does, of each.
---@param mine string
---@param theirs string
---@return string mine, string theirs
function M.difference(mine, theirs)
  local a, b = lines_of(mine), lines_of(theirs)
  for i = 1, math.max(#a, #b) do
    if a[i] ~= b[i] then
      local where = math.max(#a, #b) > 1 and (" on line %d"):format(i) or ""
      return short(a[i]) .. where, short(b[i])
    end
  end
  return "the same", "the same"
end

--- Runs the command once.
---@param engine table
---@param request table
---@param limit number
---@return table? run, luaconc.compare.Failure? failure
function M.once(engine, request, limit)
  local ended, failure = program.run(M.argv(engine.command, request), "",
    limit, true)
  if not ended then return nil, failure end
  local e = ended.ending
  if e.signal or e.code ~= 0 then
    return nil, { message = e.signal and "was ended by " .. e.signal
      or ("ended with exit status %d"):format(e.code),
      printed = ended.printed }
  end
  return { wall = ended.stopped - ended.launched, user = e.user,
    system = e.system, voluntary = e.voluntary, involuntary = e.involuntary,
    delayed = 0, sent = 0, memory = ended.peak,
    job_memory = ended.peak / request.size, startup = 0, ready = 0,
    out = (ended.out:gsub("%s+$", "")) }
end

return M
