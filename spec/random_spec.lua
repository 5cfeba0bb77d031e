-- Random programs under the virtual clock, their tasks run in a seeded order.
-- LUACONC_SEED=n runs one seed again; LUACONC_SEEDS=n tries that many.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local program = require "spec.support.program"
local sweep = require "spec.support.sweep"

-- One program in the order of its seed; its books.
local function try(seed)
  local p
  local left = testing.left(function()
    p = program.new(seed)
    local ok, err = testing.replay(seed, function() p:root() end)
    testing.check()
    if not ok and not p:expects(err) then error(err, 0) end
    p:audit()
  end)
  assert(not left, left)
  assert(testing.counts().ops == 0, "operations left behind")
  return p
end

-- The same while one allocation in Lua, or in C, fails. (Wrong results are
-- the business of fault_spec; here nothing may crash, hang or stay behind.)
local function try_short_of_memory(seed, arm, n)
  local p = program.new(seed)
  testing.seed(seed)
  collectgarbage "stop"
  arm(n)
  pcall(testing.virtual, p.root, p)
  local hit = testing.failed()
  arm(nil)
  collectgarbage "restart"
  testing.seed(nil)
  testing.check()
  p:audit_ends()
  p:close()
  assert(testing.counts().jobs == 0, "jobs left behind")
  assert(testing.counts().ops == 0, "operations left behind")
  return hit
end

-- The same outside tasks, where each wait drives the loop, in real time.
local function try_outside(seed)
  local p = program.new(seed, 0.00002)
  p.may_deadlock = true
  testing.seed(seed)
  for _ = 1, 3 do conc.spawn { p.root, p, keep = seed % 2 == 0 } end
  for _ = 1, seed % 30 do pcall(p.step, p, 1 + seed % 3) end
  local runs, ok = 0
  repeat
    runs, ok = runs + 1, pcall(conc.run)
  until ok or runs > 50
  testing.seed(nil)
  testing.check()
  assert(ok, "the failures have no end")
  assert(testing.counts().jobs == 0, "jobs left behind")
  p:audit()
end

local function replay(seed)
  local ok, p = xpcall(try, debug.traceback, seed)
  if not ok then error(("LUACONC_SEED=%d fails: %s"):format(seed, p), 0) end
  return p
end

describe("a random program", function()
  local only = tonumber(os.getenv "LUACONC_SEED")
  local first = only or 1
  local last = only or tonumber(os.getenv "LUACONC_SEEDS") or 300 // sweep.step

  it("ends every job once, and loses no item and no permit", function()
    local sent, begun, done = 0, 0, {}
    for seed = first, last do
      local p = replay(seed)
      sent, begun = sent + p.queue.n_sent, begun + p.begun
      for name in pairs(p.done) do done[name] = (done[name] or 0) + 1 end
    end
    if only then return end
    assert.is_true(sent > last and begun > 5 * last, "they did too little")
    for _, name in ipairs(program.names) do
      assert.is_true((done[name] or 0) > last // 20, "too few have done " .. name)
    end
  end)

  for what, arm in pairs { Lua = testing.fail_lua, C = testing.fail_alloc } do
    it("ends every job once although an allocation in " .. what .. " fails", function()
      local hits = 0
      for seed = first, math.min(last, first + 9 // sweep.step) do
        local n = 1
        while try_short_of_memory(seed, arm, n) do
          hits = hits + 1
          n = n + 1 + n // 4
        end
      end
      assert.is_true(hits > 0)
    end)
  end

  it("ends every job once outside tasks too", function()
    for seed = first, math.min(last, first + 59 // sweep.step) do
      local ok, err = xpcall(try_outside, debug.traceback, seed)
      testing.seed(nil)
      if not ok then error(("LUACONC_SEED=%d fails outside: %s"):format(seed, err), 0) end
    end
  end)

  it("runs the same way again from the same seed", function()
    for seed = first, math.min(last, first + 20) do
      local a, b = replay(seed), replay(seed)
      assert.same({ a.queue.taken, a.channel.taken, a.begun, #a.handles },
        { b.queue.taken, b.channel.taken, b.begun, #b.handles }, "seed " .. seed)
    end
  end)

  it("runs in another order from another seed", function()
    local orders = {}
    for seed = 1, 20 do
      local order = {}
      assert(testing.replay(seed, function()
        for i = 1, 10 do conc.spawn(function() order[#order + 1] = i end) end
      end))
      orders[table.concat(order, " ")] = true
    end
    local n = 0
    for _ in pairs(orders) do n = n + 1 end
    assert.is_true(n > 15, n)
  end)
end)
