-- The engines whose jobs run in states of their own: a pool of workers, over
-- which `map` spreads the jobs in chunks. Job and context go to the workers
-- by copy, once with each chunk.

local conc = require "luaconc"
local core = require "luaconc.core"

local M = {}

-- What is sent: the scenario's own function, called as everywhere.
local function wrap(job, ctx, name)
  return function(i)
    return require("luaconc.compare.work").call(job, i, ctx, name)
  end
end

local function tell()
  return require("luaconc.compare.work").tell()
end

local function nothing() end

-- A pool does with fewer workers where the system refuses more. Figures for
-- less than was asked for are none; the system says again why.
local function check_crew(pool, name, workers)
  local started = #pool:stats().workers
  if started == workers then return end
  local job, message = core[name](nothing)
  if job then job:await() end
  error({ message = ("only %d of %d workers started%s"):format(started,
    workers, job and "" or ": " .. message) }, 0)
end

-- Asks each worker once. As many questions as workers, asked in one turn
-- while none has anything to do, are one for each; the first time, that
-- starts the workers. `turn`: how often each was asked, this time included.
local function ask(pool, name, workers, turn)
  local handles, told = {}, {}
  for i = 1, workers do handles[i] = pool:submit(tell) end
  for i, h in ipairs(handles) do told[i] = h:await() end
  check_crew(pool, name, workers)
  for _, t in ipairs(told) do
    if t.asked ~= turn then error("a worker was asked twice", 0) end
  end
  return told
end

local function measure(name, meter, job, size, ctx, workers)
  local pool <close> = assert(conc.pool { engine = name, workers = workers })
  local jobs = {}
  for i = 1, size do jobs[i] = i end
  meter:start(ask(pool, name, workers, 1))
  local results = pool:map(jobs, wrap(job, ctx, name))
  meter:stop()
  meter:close(ask(pool, name, workers, 2))
  return results
end

-- What an engine says of a job or a context that can't cross names them, not
-- the function around them.
local function cleared(message)
  return (message:gsub("upvalue 'job' of function <[^>]*>", "the job")
    :gsub("upvalue 'ctx' of function <[^>]*>", "ctx")
    :gsub("^cannot send the function, ", "cannot send "))
end

-- What goes wrong here and is no job's failure happened in the engine, whose
-- own functions say nothing to the user: the message alone does.
local function attempt(...)
  local ok, result = pcall(measure, ...)
  if ok then return true, result end
  if conc.is_cancelled(result) or type(result) == "table"
    and not getmetatable(result) then return false, result end
  return false, { message = cleared(tostring(result)) }
end

--- The `run` of an engine (see `engines`) over a pool of that name.
---@param name string
---@return fun(meter: luaconc.compare.Meter, ...: any): any[]
function M.engine(name)
  return function(...)
    local ok, result = conc.run(attempt, name, ...)
    if ok then return result end
    error(result, 0)
  end
end

return M
