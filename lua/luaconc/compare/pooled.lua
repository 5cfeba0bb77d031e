-- The engines whose jobs run in states of their own: a pool of workers, over
-- which `map` spreads the jobs in chunks. Job and context go to the workers
-- by copy, once with each chunk.

local conc = require "luaconc"

local M = {}

-- What is sent: the scenario's own function, called as everywhere.
local function wrap(job, ctx)
  return function(i)
    return require("luaconc.compare.work").call(job, i, ctx)
  end
end

local function tell()
  return require("luaconc.compare.work").tell()
end

-- Asks each worker once. As many questions as workers, asked in one turn
-- while none has anything to do, are one for each; the first time, that
-- starts the workers. `turn`: how often each was asked, this time included.
local function ask(pool, workers, turn)
  local handles, told = {}, {}
  for i = 1, workers do handles[i] = pool:submit(tell) end
  for i, h in ipairs(handles) do told[i] = h:await() end
  for _, t in ipairs(told) do
    if t.asked ~= turn then error("a worker was asked twice", 0) end
  end
  return told
end

local function measure(name, meter, job, size, ctx, workers)
  local pool <close> = assert(conc.pool { engine = name, workers = workers })
  local jobs = {}
  for i = 1, size do jobs[i] = i end
  meter:start(ask(pool, workers, 1))
  local results = pool:map(jobs, wrap(job, ctx))
  meter:stop()
  meter:close(ask(pool, workers, 2))
  return results
end

--- The `run` of an engine (see `engines`) over a pool of that name.
---@param name string
---@return fun(meter: luaconc.compare.Meter, ...: any): any[]
function M.engine(name)
  return function(...)
    return conc.run(measure, name, ...)
  end
end

return M
