-- One task that computes among 100 that are to run every millisecond: the
-- longest that they had to wait, with and without a pause in it. And two tasks
-- that take two locks in opposite order.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "a greedy task among 100, and a cycle of locks"

local function compute(core, seconds, pause)
  local stop, conc = core.clock() + seconds, require "luaconc"
  local look = core.clock()
  while core.clock() < stop do
    if pause and core.clock() - look > 0.001 then
      conc.yield()
      look = core.clock()
    end
  end
end

--- The longest gap between two turns of any of the others.
function M.probes.wait(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  local longest, over = 0, false
  conc.run(function()
    for _ = 1, 100 do
      conc.spawn(function()
        local last = core.clock()
        while not over do
          conc.sleep(0.001)
          local now = core.clock()
          longest = math.max(longest, now - last)
          last = now
        end
      end)
    end
    conc.sleep(0.005)
    compute(core, args.seconds, args.pause)
    over = true
  end)
  return { longest = longest }
end

--- Whether a cycle of locks is told of, and how soon.
function M.probes.cycle()
  local conc = require "luaconc"
  local core = require "luaconc.core"
  local before = core.clock()
  local ok, err = pcall(conc.run, function()
    local a, b = conc.lock(), conc.lock()
    local function take(first, second)
      first:acquire()
      conc.sleep(0.001)
      second:acquire()
    end
    conc.spawn(take, a, b)
    conc.spawn(take, b, a)
  end)
  return { locked = not ok, seconds = core.clock() - before,
    said = not ok and tostring(err):match "^[^\n]*" or "nothing" }
end

function M.run(lab)
  local module = "luaconc.lab.experiments.greedy"
  local seconds = lab:pick(0.3, 2)
  local held = lab:probe(module, "wait", { seconds = seconds })
  local shared = lab:probe(module, "wait", { seconds = seconds, pause = true })
  local cycle = lab:probe(module, "cycle")
  return { held = held.longest, shared = shared.longest,
    deadlocks = cycle.locked and 1 or 0, told = cycle.seconds,
    said = cycle.said, rows = { { "case", "" },
      { "longest wait beside a greedy task", units.time(held.longest) },
      { "the same, where it yields", units.time(shared.longest) },
      { "a cycle of two locks is told after", units.time(cycle.seconds) } } }
end

return M
