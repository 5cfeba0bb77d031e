-- Read, add one, write back: by tasks with and without a wait in between, by
-- threads on a shared array with and without an atomic operation.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "read, add one, write back, by several workers"

local WORKERS = 4

local function tasks(conc, times, wait_inside)
  local n = 0
  conc.run(function()
    for _ = 1, WORKERS do
      conc.spawn(function()
        for _ = 1, times do
          local read = n
          if wait_inside then conc.yield() end
          n = read + 1
          if not wait_inside then conc.yield() end
        end
      end)
    end
  end)
  return n
end

local function threads(conc, times, atomic)
  return conc.run(function()
    local array = conc.shared.array("i64", 1)
    array[1] = 0
    local jobs = {}
    for i = 1, WORKERS do
      jobs[i] = assert(conc.thread(function()
        for _ = 1, times do
          if atomic then array:add(1, 1) else array[1] = array[1] + 1 end
        end
      end))
    end
    for _, job in ipairs(jobs) do job:await() end
    return array[1]
  end)
end

--- Updates lost for each million. `debug`: as under `luaconc run --debug`.
function M.probes.race(args)
  local conc = require "luaconc"
  if args.debug then conc.debug.start() end
  local f = args.engine == "task" and tasks or threads
  if args.engine == "thread" and not (conc.shared and conc.shared.array) then
    return { missing = "conc.shared.array is not there yet" }
  end
  local n = f(conc, args.times, args.option)
  return { lost = (WORKERS * args.times - n) / (WORKERS * args.times) * 1e6 }
end

local CASES = {
  { "inside", "tasks, a wait in between", "task", true },
  { "outside", "tasks, no wait in between", "task", false },
  { "plain", "threads on a shared array", "thread", false },
  { "watched", "the same under --debug", "thread", false, debug = true },
  { "atomic", "threads, atomic add", "thread", true },
}

local function count_reports(printed)
  local _, n = (printed or ""):gsub("warning: [^\n]* of a shared array", "")
  return n
end

--- For each case, by name: updates lost of a million, and reports of it.
function M.run(lab)
  local out = { reports = {},
    rows = { { "who", "lost of a million", "reports" } } }
  for i, case in ipairs(CASES) do
    local r, printed = lab:probe("luaconc.lab.experiments.races", "race",
      { engine = case[3], option = case[4], debug = case.debug,
        times = lab:pick(case[3] == "task" and 5000 or 100000,
          case.debug and 100000 or 500000) })
    out[case[1]] = r.lost
    out.reports[case[1]] = r.lost and count_reports(printed)
    out.missing = out.missing or r.missing
    out.rows[i + 1] = { case[2], r.lost and units.count(r.lost) or "?",
      tostring(out.reports[case[1]] or "?") }
  end
  return out
end

return M
