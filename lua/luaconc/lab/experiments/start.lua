-- Starting a trivial job and waiting for its end, one after the other.

local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "start a trivial job and wait for its end, again and again"

local function job() return 1 end

local function starter(conc, kind)
  if kind == "task" then return function() return conc.spawn(job) end end
  if kind == "thread" then
    return function() return assert(conc.thread(job)) end
  end
  return function() return assert(conc.process { job, start = kind }) end
end

--- The seconds of each of `n` starts, after a few that warm up.
function M.probes.start(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local start = starter(conc, args.kind)
    for _ = 1, 3 do start():await() end
    local times = {}
    for i = 1, args.n do
      local before = core.clock()
      start():await()
      times[i] = core.clock() - before
    end
    return times
  end)
end

local function quantile(list, share)
  table.sort(list)
  return list[math.max(1, math.ceil(#list * share))]
end

local KINDS = { "task", "thread", "forkserver", "spawn" }

function M.run(lab)
  local counts = { task = lab:pick(500, 1000), thread = lab:pick(300, 1000),
    forkserver = lab:pick(200, 1000), spawn = lab:pick(50, 200) }
  local out = { median = {}, p99 = {}, samples = {},
    rows = { { "start", "times", "median", "slowest hundredth" } } }
  for _, kind in ipairs(KINDS) do
    local times = lab:probe("luaconc.lab.experiments.start", "start",
      { kind = kind, n = counts[kind] })
    out.median[kind] = stats.median(times)
    out.p99[kind] = quantile(times, 0.99)
    out.samples[kind] = times
    out.rows[#out.rows + 1] = { kind, units.count(#times),
      units.time(out.median[kind]), units.time(out.p99[kind]) }
  end
  return out
end

return M
