local conc = require "luaconc"
local testing = require "luaconc.testing"
local sim = require "spec.support.sim"

-- Fewer under tools that make everything slow.
local scale = tonumber(os.getenv "LUACONC_SCALE") or 1
local huge, large = math.ceil(100000 * scale), math.ceil(10000 * scale)

-- A small generator, so that all platforms draw the same.
local function numbers(seed)
  return function(n)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % n + 1
  end
end

describe("100,000 tasks", function()
  it("start, run and end, and leave nothing behind", function()
    local ran = 0
    local function job() ran = ran + 1 end
    sim.run(function()
      for _ = 1, huge do conc.spawn(job) end
    end)
    assert.equal(huge, ran)
    collectgarbage()
    local counts = testing.counts()
    assert.equal(0, counts.jobs)
    assert.equal(0, counts.ops)
    testing.check()
  end)

  it("sleep and wake in the order of their deadlines", function()
    local draw, last, woken = numbers(1), -1, 0
    sim.run(function()
      for _ = 1, huge do
        local seconds = draw(1000000) / 1000
        conc.spawn(function()
          conc.sleep(seconds)
          if seconds < last then error "out of order" end
          last = seconds
          woken = woken + 1
        end)
      end
    end)
    assert.equal(huge, woken)
  end)

  it("are cancelled together while they sleep", function()
    local closed = 0
    sim.run(function()
      local g <close> = conc.group()
      for _ = 1, huge do
        g:spawn(function()
          local _ <close> = sim.on_close(function() closed = closed + 1 end)
          conc.sleep(1000)
        end)
      end
      conc.sleep(1)
      g:cancel()
    end)
    assert.equal(huge, closed)
  end)

  it("are cancelled when the last of them fails", function()
    local closed = 0
    local err = sim.fails(function()
      for _ = 1, huge - 1 do
        conc.spawn(function()
          local _ <close> = sim.on_close(function() closed = closed + 1 end)
          conc.sleep(1000)
        end)
      end
      conc.spawn(sim.failing(1, "the last"))
    end)
    sim.shows(err, "the last")
    assert.equal(huge - 1, closed)
  end)

  it("go through a group with a limit", function()
    local running, most, ran = 0, 0, 0
    sim.run(function()
      local g <close> = conc.group { limit = 10 }
      for _ = 1, huge do
        g:spawn(function()
          running = running + 1
          most = math.max(most, running)
          conc.yield()
          running = running - 1
          ran = ran + 1
        end)
      end
    end)
    assert.equal(10, most)
    assert.equal(huge, ran)
  end)

  it("await one another in a chain", function()
    sim.run(function()
      local last = conc.spawn(sim.after(1, 0))
      for _ = 1, huge do
        local before = last
        last = conc.spawn(function() return before:await() + 1 end)
      end
      assert.equal(huge, last:await())
    end)
  end)

  it("are one another's children", function()
    local depth = 0
    sim.run(function()
      local function child()
        depth = depth + 1
        if depth < huge then conc.spawn(child) end
      end
      conc.spawn(child)
    end)
    assert.equal(huge, depth)
  end)

  it("that are one another's children are cancelled from the top", function()
    local depth, closed = 0, 0
    sim.run(function()
      local function child()
        local _ <close> = sim.on_close(function() closed = closed + 1 end)
        depth = depth + 1
        if depth < huge then conc.spawn(child) end
        conc.sleep(1000)
      end
      local h = conc.spawn(child)
      conc.sleep(1)
      h:cancel()
    end)
    assert.equal(huge, depth)
    assert.equal(huge, closed)
  end)

  it("that are one another's children fail to the top", function()
    local depth = 0
    local mine = {}
    local err = sim.fails(function()
      local function child()
        depth = depth + 1
        if depth == huge then error(mine) end
        conc.spawn(child)
      end
      conc.spawn(child)
    end)
    assert.equal(mine, err)
  end)
end)

describe("10,000", function()
  it("waiters of a queue are served in order", function()
    local last = 0
    sim.run(function()
      local q = conc.queue(1)
      for i = 1, large do
        conc.spawn(function()
          local item = q:recv()
          if item ~= i or last ~= i - 1 then error "out of order" end
          last = i
        end)
      end
      for i = 1, large do q:send(i) end
    end)
    assert.equal(large, last)
  end)

  it("senders of a queue are served in order", function()
    sim.run(function()
      local q = conc.queue(1)
      for i = 1, large do conc.spawn(function() q:send(i) end) end
      for i = 1, large do
        if q:recv() ~= i then error "out of order" end
      end
    end)
  end)

  it("waiters of a lock, a semaphore, an event, a condition, a barrier all pass", function()
    local passed = 0
    sim.run(function()
      local l, s, e, b = conc.lock(), conc.semaphore(3), conc.event(), conc.barrier(large)
      local cl = conc.lock()
      local c = conc.condition(cl)
      for _ = 1, large do
        conc.spawn(function()
          e:wait()
          l:acquire() conc.yield() l:release()
          s:acquire() conc.yield() s:release()
          cl:with(function() c:wait() end)
          b:wait()
          passed = passed + 1
        end)
      end
      conc.sleep(1)
      e:set()
      conc.sleep(1)
      cl:with(function() c:notify_all() end)
    end)
    assert.equal(large, passed)
  end)

  it("waiters of a lock are cancelled, the last first", function()
    sim.run(function()
      local l, handles = conc.lock(), {}
      l:acquire()
      for i = 1, large do handles[i] = conc.spawn(function() l:acquire() end) end
      conc.yield()
      for i = large, 1, -1 do handles[i]:cancel() end
      l:release()
      for i = 1, large do pcall(handles[i].await, handles[i]) end
      assert.is_truthy(l:try_acquire())
      l:release()
    end)
  end)

  it("functions are gathered, settled, raced and completed", function()
    sim.run(function()
      local draw, jobs = numbers(2), {}
      for i = 1, large do jobs[i] = sim.after(draw(1000), i) end
      local results = conc.gather(jobs)
      for i = 1, large do assert(results[i] == i) end
      results = conc.settle(jobs)
      for i = 1, large do assert(results[i][1] == i) end
      jobs[#jobs + 1] = sim.after(0.5, "winner")
      assert.equal("winner", conc.race(jobs))
      local n = 0
      for _ in conc.completed(jobs) do n = n + 1 end
      assert.equal(large + 1, n)
    end)
  end)

  it("groups, scopes and timeouts follow each other", function()
    sim.run(function()
      for i = 1, large do
        local g <close> = conc.group()
        local _ <close> = conc.scope { timeout = 1000 }
        g:spawn(conc.yield)
        assert(conc.timeout(10, function() return i end) == i)
      end
    end)
  end)

  it("groups lie in one another, and a failure passes through them all", function()
    sim.run(function()
      local function nest(depth)
        if depth == 0 then
          conc.spawn(sim.failing(1, "deepest"))
          conc.sleep(1000)
        end
        local _ <close> = conc.group()
        nest(depth - 1)
      end
      assert.equal("deepest", sim.raises(nest, large))
      conc.sleep(1)
    end)
  end)

  it("scopes lie in one another, and the outermost cancels", function()
    sim.run(function()
      local start = conc.now()
      local function nest(depth)
        if depth == 0 then return conc.sleep(1e6) end
        local _ <close> = conc.scope { timeout = 100 * depth }
        nest(depth - 1)
      end
      do
        local _ <close> = conc.scope { timeout = 10 }
        assert.is_true(conc.is_cancelled(sim.raises(nest, large)))
      end
      assert.near(start + 10, conc.now(), sim.tolerance)
    end)
  end)

  it("items wait in a queue", function()
    sim.run(function()
      local q = conc.queue(large)
      for round = 1, 3 do
        for i = 1, large do assert(q:try_send(i * round)) end
        for i = 1, large do assert(q:try_recv() == i * round) end
      end
    end)
  end)

  it("deadlocked jobs are listed, in a message of a size to read", function()
    local err = sim.fails(function()
      for _ = 1, large do
        conc.spawn(function() conc.event():wait() end)
      end
    end)
    sim.shows(err, "deadlock")
  end)

  it("errors are kept and looked at", function()
    sim.run(function()
      local g <close> = conc.group { keep = true }
      local handles = {}
      for i = 1, large do handles[i] = g:spawn(sim.failing(1, i)) end
      for i = 1, large do assert(sim.raises(handles[i].await, handles[i]) == i) end
    end)
  end)
end)

describe("nesting without end", function()
  -- Each calls `again` one level deeper.
  for name, nest in pairs {
    timeout = function(again) conc.timeout(1000, again) end,
    shield = function(again) conc.shield(again) end,
    ["lock:with"] = function(again) conc.lock():with(again) end,
    ["a generator"] = function(again) conc.coroutine.wrap(again)() end,
  } do
    it("of " .. name .. " raises an error, and the program goes on", function()
      local depth = 0
      local function again()
        depth = depth + 1
        if depth < 1000000 then nest(again) end
      end
      local err = sim.fails(again)
      assert.is_true(depth > 20 and depth < 1000000, depth)
      sim.shows(err, "overflow")
      assert.equal(1, sim.run(function() conc.sleep(1) return 1 end))
      testing.check()
    end)
  end

  it("of gather or run raises nothing: each function is a task of its own", function()
    for _, call in ipairs { conc.gather, conc.run } do
      local depth = 0
      sim.run(function()
        local function again()
          depth = depth + 1
          if depth < large then call(again) end
        end
        again()
      end)
      assert.equal(large, depth)
    end
  end)

  it("of recursion in a task raises Lua's own error", function()
    local function endless(n) return 1 + endless(n + 1) end
    -- A finaliser that Lua calls where the stack is full fails, once Lua has copied
    -- that stack twice: those of the tests before would take minutes.
    collectgarbage()
    collectgarbage()
    sim.shows(sim.fails(endless, 1), "stack overflow")
    assert.equal(1, sim.run(function() return 1 end))
  end)
end)
