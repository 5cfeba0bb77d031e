-- Jobs that wait and then compute: on tasks alone, on threads alone, and on
-- tasks that hand the computing to a pool of threads.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "jobs that wait and compute, three ways"

M.JOBS = 16

local function compute(turns)
  local x = 1
  for i = 1, turns do x = (x * 1103515245 + i) % 2147483648 end
  return x
end

-- What a thread of the pool computed, and for how long it waited for a core.
local function told(turns)
  local work = require "luaconc.compare.work"
  local before = work.tell().delayed
  local x = compute(turns)
  return { x, work.tell().delayed - before }
end

local function job(args)
  require("luaconc").sleep(args.wait)
  return compute(args.turns)
end

local WAYS = {}

function WAYS.tasks(conc, args, list)
  return conc.map(list, function() return job(args) end, { limit = #list })
end

function WAYS.threads(conc, args, list)
  local pool <close> = assert(conc.pool { engine = "thread",
    workers = #list })
  return pool:map(list, function() return job(args) end, { chunk = 1 })
end

function WAYS.both(conc, args, list)
  local pool <close> = assert(conc.pool { engine = "thread",
    workers = args.cores })
  local delayed = 0
  local results = conc.map(list, function()
    conc.sleep(args.wait)
    local r = pool:submit(told, args.turns):await()
    delayed = delayed + r[2]
    return r[1]
  end, { limit = #list })
  return results, delayed / args.cores
end

--- Seconds of one way; `own`: without those for which other programs held the
--- cores. (With more threads than cores, nobody can tell these apart.)
function M.probes.way(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  local work = require "luaconc.compare.work"
  return conc.run(function()
    local list = {}
    for i = 1, M.JOBS do list[i] = i end
    local before, delayed = core.clock(), work.tell().delayed
    local results, more = WAYS[args.way](conc, args, list)
    local time = core.clock() - before
    delayed = work.tell().delayed - delayed + (more or 0)
    assert(#results == M.JOBS and results[1] == compute(args.turns))
    return { time = time, own = math.max(time - delayed, args.wait) }
  end)
end

function M.run(lab)
  local args = { wait = lab.unit, turns = lab:pick(1500000, 10000000),
    cores = lab.cores }
  local calls, names = {}, { "tasks", "threads", "both" }
  for i, way in ipairs(names) do
    local own = { way = way }
    for k, v in pairs(args) do own[k] = v end
    calls[i] = { way, "way", own }
  end
  local by = lab:rounds(5, "luaconc.lab.experiments.mixed", calls)
  local rows = { { "way", "time", "without waits for a core" } }
  local median = require("luaconc.lab").median
  for i, way in ipairs(names) do
    rows[i + 1] = { way == "both" and "tasks over a pool of threads"
      or way .. " alone", units.time(median(by[way], "time").median),
      way == "threads" and "-" or units.time(median(by[way], "own").median) }
  end
  return { by = by, rows = rows }
end

return M
