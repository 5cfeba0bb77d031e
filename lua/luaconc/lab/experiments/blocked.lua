-- A thousand threads that wait beside two that compute: the CPU time that the
-- waiting ones take, by the system's own account of each thread.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "threads that wait, beside threads that compute"

-- Nanoseconds of CPU of each thread of this process.
local function account()
  local out = {}
  for name in io.popen("ls /proc/$PPID/task"):lines() do
    local file = io.open("/proc/self/task/" .. name .. "/schedstat")
    if file then
      out[name] = tonumber(file:read "l":match "^%d+")
      file:close()
    end
  end
  return out
end

local function compute(turns)
  local x = 1
  for i = 1, turns do x = (x * 1103515245 + i) % 2147483648 end
  return x
end

--- Seconds of CPU of those that wait and of those that compute.
function M.probes.share(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local gate = conc.channel(1)
    local group <close> = conc.group { keep = true }
    for _ = 1, args.n do
      assert(conc.thread(function() gate:recv() end))
    end
    conc.sleep(0.1)
    local before = account()
    local _, user, system = core.usage()
    local a = assert(conc.thread(compute, args.turns))
    local b = assert(conc.thread(compute, args.turns))
    a:await()
    b:await()
    local after, waiting = account(), 0
    local _, user2, system2 = core.usage()
    local own = io.open("/proc/self/stat"):read "a":match "^%d+"
    for name, t in pairs(after) do
      if before[name] and name ~= own then
        waiting = waiting + (t - before[name]) / 1e9
      end
    end
    group:cancel()
    return { waiting = waiting,
      all = user2 - user + system2 - system }
  end)
end

function M.run(lab)
  local r = lab:probe("luaconc.lab.experiments.blocked", "share",
    { n = 1000, turns = lab:pick(20000000, 200000000) })
  return { share = r.waiting / r.all, rows = { { "CPU time of", "" },
    { "1,000 threads that wait", units.time(r.waiting) },
    { "the whole program", units.time(r.all) } } }
end

return M
