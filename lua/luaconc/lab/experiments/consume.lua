-- Jobs whose results are large: taken as they come, a few at a time, or
-- gathered and taken at the end. Peak of what Lua holds.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "large results, consumed as they come or gathered"

local JOBS, BYTES = 200, 64 << 10

local function job(conc, i)
  conc.sleep(0.001 * (i % 10))
  return ("%d "):format(i):rep(BYTES // 4)
end

local function peak_of(body)
  local conc = require "luaconc"
  local most = 0
  local function look()
    collectgarbage()
    most = math.max(most, collectgarbage "count" * 1024)
  end
  collectgarbage()
  local before = collectgarbage "count" * 1024
  conc.run(body, conc, look)
  return { peak = most - before }
end

--- All results are there before the first is looked at.
function M.probes.gather()
  return peak_of(function(conc, look)
    local list = {}
    for i = 1, JOBS do list[i] = function() return job(conc, i) end end
    local results = conc.gather(list)
    look()
    for _, text in ipairs(results) do assert(#text > 0) end
  end)
end

--- At most ten jobs run; each result is dropped once it was looked at.
function M.probes.completed()
  return peak_of(function(conc, look)
    local permits, queue = conc.semaphore(10), conc.queue(10)
    conc.spawn(function()
      for i = 1, JOBS do
        permits:acquire()
        conc.spawn(function() queue:send(job(conc, i)) end)
      end
    end)
    for i = 1, JOBS do
      local text = queue:recv()
      assert(#text > 0)
      permits:release()
      if i % 20 == 0 then look() end
    end
  end)
end

function M.run(lab)
  local module = "luaconc.lab.experiments.consume"
  local by = lab:rounds(lab:pick(3, 6), module,
    { { "gather", "gather" }, { "completed", "completed" } })
  local median = require("luaconc.lab").median
  local function size(list) return units.size(median(list, "peak").median) end
  return { share = require("luaconc.lab").ratio(by.completed, by.gather,
    "peak"), rows = { { "peak of results that are gathered",
      size(by.gather) }, { "and of those consumed as they come",
      size(by.completed) } } }
end

return M
