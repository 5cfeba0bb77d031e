-- Work that must be synchronised: a counter that is read, held and written, a
-- bounded buffer, five philosophers; each with the tools of its engine.

local told = require "luaconc.lab.told"
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "a counter, a bounded buffer, five philosophers"

-- What both engines have under the same names.
local function tools(conc, engine)
  if engine == "task" then
    return { lock = conc.lock, channel = conc.queue, start = conc.spawn }
  end
  return { lock = conc.shared.lock, channel = conc.channel,
    start = function(...) return assert(conc[engine](...)) end }
end

local function await_all(jobs)
  local sum = 0
  for _, job in ipairs(jobs) do sum = sum + (job:await() or 0) end
  return sum
end

local WORK = {}

-- The number lies in a channel of one place: to take it out is to read it.
function WORK.counter(t, times)
  local cell, lock, jobs = t.channel(1), t.lock(), {}
  cell:send(0)
  local function raise()
    for _ = 1, times do
      lock:acquire()
      cell:send(cell:recv() + 1)
      lock:release()
    end
    return 0
  end
  for i = 1, 4 do jobs[i] = t.start(raise) end
  await_all(jobs)
  return 4 * times - cell:recv()
end

function WORK.buffer(t, times)
  local buffer = t.channel(8)
  local function produce()
    for i = 1, times do buffer:send(i) end
    return 0
  end
  local function consume()
    local sum = 0
    for _ = 1, times do sum = sum + buffer:recv() end
    return sum
  end
  local sum = await_all { t.start(produce), t.start(produce),
    t.start(consume), t.start(consume) }
  return times * (times + 1) - sum
end

-- Each takes the fork with the lower number first.
function WORK.philosophers(t, times)
  local forks, jobs = {}, {}
  for i = 1, 5 do forks[i] = t.lock() end
  for i = 1, 5 do
    local a, b = forks[math.min(i, i % 5 + 1)], forks[math.max(i, i % 5 + 1)]
    jobs[i] = t.start(function()
      local meals = 0
      for _ = 1, times do
        a:acquire()
        b:acquire()
        meals = meals + 1
        b:release()
        a:release()
      end
      return meals
    end)
  end
  return 5 * times - await_all(jobs)
end

--- Seconds of one problem, and errors: what was lost.
function M.probes.solve(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local before = core.clock()
    local ok, errors = pcall(function()
      return WORK[args.name](tools(conc, args.engine), args.times)
    end)
    if not ok then return { missing = told(errors) } end
    return { time = core.clock() - before, errors = math.abs(errors) }
  end)
end

M.NAMES = { "counter", "buffer", "philosophers" }

function M.run(lab)
  local module, out = "luaconc.lab.experiments.sync", { by = {}, rows = {
    { "problem", "task", "thread", "process" } } }
  for i, name in ipairs(M.NAMES) do
    local row = { name }
    for k, engine in ipairs { "task", "thread", "process" } do
      local list = {}
      for round = 1, lab:pick(3, 6) do
        local r = lab:probe(module, "solve", { name = name, engine = engine,
          times = lab:pick(2000, 20000) })
        if r.missing then
          out.missing = engine .. ": " .. r.missing
          break
        end
        list[round] = r
      end
      out.by[name .. "_" .. engine] = list[1] and list or nil
      local median = require("luaconc.lab").median
      row[k + 1] = list[1] and ("%s, %d errors"):format(units.time(
        median(list, "time").median), median(list, "errors").median) or "?"
    end
    out.rows[i + 1] = row
  end
  return out
end

return M
