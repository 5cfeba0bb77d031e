-- What becomes of shared objects when who uses them ends, in whatever way:
-- nobody waits for ever, and nothing is left behind.

local conc = require "luaconc"
local sim = require "spec.support.sim"

local shared = conc.shared

local function until_true(f)
  for _ = 1, 10000 do
    if f() then return end
    conc.sleep(0.001)
  end
  error("this has not come true", 2)
end

local engines = { task = conc.spawn, thread = conc.thread, process = conc.process }

-- A job that raises array[1] when it has got to where it is to end.
local function start(engine, f, ...)
  return engines[engine] { f, ..., keep = true }
end

describe("a shared lock", function()
  for engine in pairs(engines) do
    it("of a " .. engine .. " that returns with it goes to the next, who is told", function()
      conc.run(function()
        local lock = shared.lock()
        start(engine, function() lock:acquire() end):await()
        assert.is_true(lock:abandoned())
        local held, why, code = lock:acquire()
        assert.equal(lock, held)
        assert.equal("EOWNERDEAD", code)
        sim.shows(why, "whoever held the lock has ended with it")
        assert.is_true(lock:abandoned())
        lock:release()
        assert.is_false(lock:abandoned())
        assert.equal(1, select("#", lock:acquire()))
        lock:release()
      end)
    end)

    it("of a " .. engine .. " that fails or is cancelled goes to who waits", function()
      conc.run(function()
        for _, how in ipairs { "fails", "is cancelled" } do
          local lock, array = shared.lock(), shared.array("i64", 1)
          local job = start(engine, function()
            lock:acquire()
            array:store(1, 1)
            while how == "is cancelled" or array:load(1) < 2 do conc.sleep(0.001) end
            error "in the midst"
          end)
          until_true(function() return array:load(1) == 1 end)
          local next_one = conc.spawn(function()
            local code = select(3, lock:acquire())
            lock:release()
            return code
          end)
          conc.yield()
          if how == "fails" then array:store(1, 2) else job:cancel() end
          assert.equal("EOWNERDEAD", next_one:await(), how)
          assert.is_false((pcall(job.await, job)))
          assert.equal(1, select("#", lock:acquire()))
          lock:release()
        end
      end)
    end)
  end

  it("is not abandoned where a block gives it back on the way out", function()
    conc.run(function()
      local lock = shared.lock()
      for engine in pairs(engines) do
        local job = start(engine, function()
          lock:with(function() error "no" end)
        end)
        pcall(job.await, job)
        assert.is_false(lock:abandoned())
      end
    end)
  end)

  it("is told of in try_acquire and inside with, too", function()
    conc.run(function()
      local lock = shared.lock()
      conc.spawn(function() lock:acquire() end):await()
      assert.is_true(lock:with(lock.abandoned, lock))
      conc.spawn(function() lock:acquire() end):await()
      assert.equal("EOWNERDEAD", select(3, lock:try_acquire()))
      lock:release()
    end)
  end)

  it("of a process that is killed goes to the next of any state", function()
    conc.run(function()
      for next_one in pairs(engines) do
        local lock, array = shared.lock(), shared.array("i64", 1)
        local victim = start("process", function()
          lock:acquire()
          array:store(1, 1)
          array:notify(1)
          conc.sleep(600)
        end)
        while array:load(1) == 0 do array:wait(1, 0) end
        local waiter = start(next_one, function()
          return select(3, lock:acquire())
        end)
        until_true(function() return waiter:status() == "waiting" end)
        victim:kill "SIGKILL"
        assert.equal("EOWNERDEAD", waiter:await())
        local _, err = pcall(victim.await, victim)
        assert.equal("SIGKILL", err.signal)
        assert.is_true(lock:abandoned())
      end
    end)
  end)

  it("waited for by one who is killed passes it by", function()
    conc.run(function()
      local lock, array = shared.lock(), shared.array("i64", 1)
      lock:acquire()
      local victim = start("process", function()
        array:store(1, 1)
        lock:acquire()
      end)
      until_true(function() return array:load(1) == 1 and victim:status() == "waiting" end)
      local other = conc.thread(function()
        array:store(1, 2)
        local n = select("#", lock:acquire())
        lock:release()
        return n
      end)
      until_true(function() return array:load(1) == 2 and other:status() == "waiting" end)
      victim:kill "SIGKILL"
      pcall(victim.await, victim)
      lock:release()
      assert.equal(1, other:await())
    end)
  end)

  it("of a task that is closed against its will is abandoned", function()
    sim.run(function()
      local lock = shared.lock()
      local stubborn = conc.spawn { function()
        lock:acquire()
        while true do pcall(conc.sleep, 1) end
      end, keep = true }
      conc.yield()
      stubborn:cancel()
      assert.is_false((pcall(stubborn.await, stubborn)))
      assert.equal("EOWNERDEAD", select(3, lock:acquire()))
      lock:release()
    end)
  end)

  it("granted to a task that never gets to know goes on to the next", function()
    conc.run(function()
      local lock = shared.lock()
      lock:acquire()
      local first = conc.spawn(function() lock:acquire() lock:release() end)
      conc.yield()
      local second = conc.spawn(function() return select("#", lock:acquire()) end)
      conc.yield()
      lock:release()
      first:cancel()
      pcall(first.await, first)
      assert.equal(1, second:await())
    end)
  end)

  it("is gone with its last handle, also while it is held or waited for", function()
    for _ = 1, 3 do
      conc.run(function()
        local lock = shared.lock()
        local job = start("task", function() lock:acquire() lock:acquire() end)
        sim.shows(select(2, pcall(job.await, job)), "holds the lock already")
        lock:acquire()
        conc.thread(function() return conc.timeout(0.001, lock.acquire, lock) end):await()
      end)
      collectgarbage()
    end
  end)
end)

describe("a shared semaphore", function()
  it("gets back what a state took that ended, and no more than it had", function()
    conc.run(function()
      for _, engine in ipairs { "thread", "process" } do
        local semaphore = shared.semaphore(3)
        start(engine, function()
          semaphore:acquire()
          semaphore:acquire()
        end):await()
        for _ = 1, 3 do assert.equal(semaphore, semaphore:try_acquire()) end
        assert.is_nil((semaphore:try_acquire()))
      end
    end)
  end)

  it("that signals is not disturbed by who ends", function()
    conc.run(function()
      local items = shared.semaphore(0)
      for _ = 1, 3 do items:release() end
      conc.thread(function() items:acquire() items:acquire() end):await()
      assert.equal(items, items:try_acquire())
      assert.is_nil((items:try_acquire()))
    end)
  end)

  it("counts a permit once that another has given back", function()
    conc.run(function()
      local semaphore, event = shared.semaphore(2), shared.event()
      local job = conc.thread(function()
        semaphore:acquire()
        event:wait()
      end)
      until_true(function()
        local one = semaphore:try_acquire()
        local two = one and semaphore:try_acquire()
        if one then semaphore:release() end
        if two then semaphore:release() end
        return one and not two
      end)
      semaphore:release()
      event:set()
      job:await()
      for _ = 1, 2 do assert.equal(semaphore, semaphore:try_acquire()) end
      assert.is_nil((semaphore:try_acquire()))
    end)
  end)

  it("gets back what a process took that was killed", function()
    conc.run(function()
      local semaphore, event = shared.semaphore(1), shared.event()
      local victim = start("process", function()
        semaphore:acquire()
        event:set()
        conc.sleep(600)
      end)
      event:wait()
      local waiter = conc.thread(function() return semaphore:acquire() ~= nil end)
      victim:kill "SIGKILL"
      assert.is_true(waiter:await())
      pcall(victim.await, victim)
      assert.equal(semaphore, semaphore:try_acquire())
    end)
  end)
end)

describe("a shared barrier", function()
  it("tells those who wait that one has died who may have come", function()
    conc.run(function()
      local barrier, event = shared.barrier(3), shared.event()
      local victim = start("process", function()
        event:set()
        return barrier and conc.sleep(600)
      end)
      event:wait()
      local waiters = {}
      for i, engine in ipairs { "task", "thread" } do
        waiters[i] = start(engine, function() return select(3, barrier:wait()) end)
      end
      until_true(function()
        return waiters[1]:status() == "waiting" and waiters[2]:status() == "waiting"
      end)
      victim:kill "SIGKILL"
      for _, waiter in ipairs(waiters) do assert.equal("EOWNERDEAD", waiter:await()) end
      pcall(victim.await, victim)
    end)
  end)
end)

describe("what is shared", function()
  it("lets a process that waits for it sleep, also when it was woken before", function()
    conc.run(function()
      local first, second, turns = shared.event(), shared.event(), shared.array("i64", 2)
      local job = conc.process(function()
        local stats = require "luaconc".stats
        first:wait()
        turns[1] = stats().turns + 1
        second:wait()
        turns[2] = stats().turns + 1
      end)
      conc.sleep(0.1)
      first:set()
      until_true(function() return turns[1] > 0 end)
      conc.sleep(0.1)
      second:set()
      job:await()
      assert.is_true(turns[2] - turns[1] < 20, turns[2] - turns[1])
    end)
  end)

  it("is written whole by who is killed, or not at all: a map", function()
    conc.run(function()
      local map, counter = shared.map { memory = 1 << 18 }, shared.counter()
      for round = 1, 5 do
        local victim = start("process", function()
          for i = 1, math.huge do
            map:set(i % 50, { i, ("x"):rep(i % 500), i })
            counter:add()
          end
        end)
        local least = counter:get() + 20 * round
        until_true(function() return counter:get() > least end)
        victim:kill "SIGKILL"
        pcall(victim.await, victim)
        local n = 0
        for _, value in pairs(map) do
          assert.equal(value[1], value[3])
          assert.equal(value[1] % 500, #value[2])
          n = n + 1
        end
        assert.equal(n, #map)
      end
      for i = 0, 49 do map:delete(i) end
      assert.is_true(map:set("all", ("x"):rep((1 << 18) - 500)))
    end)
  end)

  it("is freed where the only process that had it is killed", function()
    conc.run(function()
      local kept, ready = shared.array("u8", 4096), shared.event()
      for _ = 1, 3 do
        local victim = start("process", function()
          local mine = { conc.shared.array("f64", 100000), conc.shared.map(),
            conc.shared.lock():acquire() }
          kept[1] = 1
          ready:set()
          return #mine, conc.sleep(600)
        end)
        ready:wait()
        ready:clear()
        victim:kill "SIGKILL"
        pcall(victim.await, victim)
      end
      assert.equal(1, kept[1])
    end)
  end)

  it("waits on nothing when the state ends in the midst of all waits", function()
    conc.run(function()
      local lock, semaphore = shared.lock(), shared.semaphore(0)
      local event, barrier, array = shared.event(), shared.barrier(9), shared.array("i8", 1)
      lock:acquire()
      for _, begin in ipairs { conc.thread, conc.process } do
        local job = begin { function()
          local waits = {
            function() lock:acquire() end, function() semaphore:acquire() end,
            function() event:wait() end, function() barrier:wait() end,
            function() array:wait(1, 0) end,
            function() conc.select { event, conc.after(600) } end,
          }
          for _, wait in ipairs(waits) do conc.spawn(wait) end
          array:add(1, 1)
          conc.yield()
          array:add(1, -1)
          conc.sleep(600)
        end, keep = true }
        until_true(function() return job:status() == "waiting" end)
        job:cancel()
        pcall(job.await, job)
        assert.equal("cancelled", job:status())
      end
      lock:release()
      assert.equal(1, select("#", lock:acquire()))
      semaphore:release()
      assert.equal(semaphore, semaphore:try_acquire())
      lock:release()
    end)
  end)
end)
