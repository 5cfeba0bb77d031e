-- What locks, semaphores, events and barriers promise, whoever waits for each
-- other by them: tasks of one state by local ones; tasks, threads and
-- processes by shared ones.

local conc = require "luaconc"

local SHARED = conc.shared

local suites = {
  { name = "tasks, by local ones", start = conc.spawn, make = conc },
  { name = "tasks, by shared ones", start = conc.spawn, make = SHARED },
  { name = "threads", start = conc.thread, make = SHARED },
  { name = "processes", start = conc.process, make = SHARED },
}

-- Lets others run until `f` says so.
local function until_true(f)
  for _ = 1, 10000 do
    if f() then return end
    conc.sleep(0.001)
  end
  error("this has not come true", 2)
end

-- Starts a job that first raises array[1], and does so right before it waits
-- for something; returns once it does wait.
local function start_waiter(suite, array, f, ...)
  local before, never = array:load(1), SHARED.event()
  local job = suite.start(function(...)
    -- The first wait of a process may wait for what waking it takes.
    conc.timeout(0.001, never.wait, never)
    return f(...)
  end, ...)
  until_true(function()
    return array:load(1) > before and job:status() == "waiting"
  end)
  return job
end

for _, suite in ipairs(suites) do
  local start, make = suite.start, suite.make

  describe("between " .. suite.name .. ", a lock", function()
    it("is held by one at a time", function()
      conc.run(function()
        local lock, array = make.lock(), SHARED.array("i64", 1)
        local jobs = {}
        for i = 1, 3 do
          jobs[i] = start(function()
            for _ = 1, 50 do
              lock:with(function()
                local value = array[1]
                conc.yield()
                array[1] = value + 1
              end)
            end
          end)
        end
        conc.gather(jobs)
        assert.equal(150, array[1])
      end)
    end)

    it("serves first come, first served, and is not taken back", function()
      conc.run(function()
        local lock, array = make.lock(), SHARED.array("i64", 10)
        lock:acquire()
        local jobs = {}
        for i = 1, 3 do
          jobs[i] = start_waiter(suite, array, function()
            array:add(1, 1)
            lock:acquire()
            array[array:add(2, 1) + 2] = i
            lock:release()
          end)
        end
        assert.is_nil((lock:try_acquire()))
        lock:release()
        lock:acquire()
        assert.same({ 1, 2, 3 }, { array[3], array[4], array[5] })
        lock:release()
        conc.gather(jobs)
      end)
    end)

    it("is had by try_acquire when it is free", function()
      conc.run(function()
        local lock = make.lock()
        assert.equal(lock, lock:try_acquire())
        local got, why, code = start(function()
          local got, why, code = lock:try_acquire()
          return got == nil, why, code
        end):await()
        assert.same({ true, "locked", "EAGAIN" }, { got, why, code })
        lock:release()
        assert.is_true(start(function()
          local free = lock:try_acquire() == lock
          lock:release()
          return free
        end):await())
      end)
    end)

    it("is released where a function or a block ends by an error", function()
      conc.run(function()
        local lock = make.lock()
        local ok = start(function()
          local one = pcall(lock.with, lock, error, "no")
          local two = pcall(function()
            local _ <close> = lock:acquire()
            error "no"
          end)
          return not one and not two
        end):await()
        assert.is_true(ok)
        assert.equal(lock, lock:try_acquire())
        lock:release()
      end)
    end)

    it("is nobody's who was cancelled while waiting for it", function()
      conc.run(function()
        local lock, array = make.lock(), SHARED.array("i64", 10)
        lock:acquire()
        local function wait()
          array:add(1, 1)
          lock:with(function() array:add(2, 1) end)
        end
        local first = start_waiter(suite, array, wait)
        local second = start_waiter(suite, array, wait)
        first:cancel()
        pcall(first.await, first)
        assert.equal("cancelled", first:status())
        lock:release()
        second:await()
        assert.equal(1, array[2])
        assert.equal(lock, lock:try_acquire())
        lock:release()
      end)
    end)

    it("is given up by a deadline", function()
      conc.run(function()
        local lock = make.lock()
        lock:acquire()
        local code = start(function()
          return select(3, conc.timeout(0.001, lock.acquire, lock))
        end):await()
        assert.equal("ETIMEDOUT", code)
        lock:release()
      end)
    end)

    it("tells misuse", function()
      conc.run(function()
        local lock = make.lock()
        assert.error_matches(function() lock:release() end, "the lock is not held")
        lock:acquire()
        assert.error_matches(function() lock:acquire() end,
          "this task holds the lock already: release it first")
        local ok, err = start(function()
          local ok, err = pcall(lock.release, lock)
          return ok, tostring(err)
        end):await()
        assert.is_false(ok)
        assert.matches("another task holds the lock", err)
        lock:release()
      end)
    end)
  end)

  describe("between " .. suite.name .. ", a semaphore", function()
    it("lets as many in as it has permits", function()
      conc.run(function()
        local semaphore, array = make.semaphore(2), SHARED.array("i64", 2)
        local jobs = {}
        for i = 1, 4 do
          jobs[i] = start(function()
            local most = 0
            for _ = 1, 20 do
              semaphore:with(function()
                most = math.max(most, array:add(1, 1))
                conc.yield()
                array:add(1, -1)
              end)
            end
            return most
          end)
        end
        local most = math.max(table.unpack(conc.gather(jobs)))
        assert.is_true(most >= 1 and most <= 2)
        assert.equal(0, array[1])
      end)
    end)

    it("hands permits from one to another", function()
      conc.run(function()
        local full, empty = make.semaphore(0), make.semaphore(3)
        local array = SHARED.array("i64", 1)
        local maker = start(function()
          for _ = 1, 30 do
            empty:acquire()
            array:add(1, 1)
            full:release()
          end
        end)
        for _ = 1, 30 do
          full:acquire()
          assert.is_true(array:add(1, -1) >= 0)
          empty:release()
        end
        maker:await()
        assert.is_nil((full:try_acquire()))
        for _ = 1, 3 do assert.equal(empty, empty:try_acquire()) end
      end)
    end)

    it("keeps the permit of one who was cancelled", function()
      conc.run(function()
        local semaphore, array = make.semaphore(0), SHARED.array("i64", 1)
        local job = start_waiter(suite, array, function()
          array:add(1, 1)
          semaphore:acquire()
        end)
        job:cancel()
        pcall(job.await, job)
        semaphore:release()
        assert.equal(semaphore, semaphore:try_acquire())
        assert.same({ nil, "no permit is free", "EAGAIN" }, { semaphore:try_acquire() })
      end)
    end)
  end)

  describe("between " .. suite.name .. ", an event", function()
    it("wakes all who wait, and who comes later", function()
      conc.run(function()
        local event, array = make.event(), SHARED.array("i64", 1)
        local function wait()
          array:add(1, 1)
          event:wait()
          return event:is_set()
        end
        local jobs = {}
        for i = 1, 3 do jobs[i] = start_waiter(suite, array, wait) end
        assert.is_false(event:is_set())
        event:set()
        assert.same({ true, true, true }, conc.gather(jobs))
        assert.is_true(start(wait):await())
        event:clear()
        assert.is_false(event:is_set())
        assert.equal("ETIMEDOUT", select(3, conc.timeout(0.001, event.wait, event)))
      end)
    end)

    it("is a case of select", function()
      conc.run(function()
        local event = make.event()
        assert.equal("late", (conc.select { event = event, late = conc.after(0.001) }))
        local job = start(function() event:set() end)
        assert.same({ "event", true }, { conc.select { event = event, late = conc.after(60) } })
        assert.same({ "event", true }, { conc.select { event = event } })
        job:await()
      end)
    end)
  end)

  describe("between " .. suite.name .. ", a barrier", function()
    it("lets all go on when the last has come, again and again", function()
      conc.run(function()
        local barrier, array = make.barrier(3), SHARED.array("i64", 4)
        local function round()
          local orders = {}
          for i = 1, 4 do
            array:add(i, 1)
            orders[i] = barrier:wait()
            assert(array:load(i) == 3, "one was not there yet")
          end
          return orders
        end
        local a, b = start(round), start(round)
        local lists = { round(), a:await(), b:await() }
        for i = 1, 4 do
          local orders = { lists[1][i], lists[2][i], lists[3][i] }
          table.sort(orders)
          assert.same({ 1, 2, 3 }, orders)
        end
      end)
    end)

    it("does not count who was cancelled", function()
      conc.run(function()
        local barrier, array = make.barrier(2), SHARED.array("i64", 1)
        local function wait()
          array:add(1, 1)
          return barrier:wait()
        end
        local gone = start_waiter(suite, array, wait)
        gone:cancel()
        pcall(gone.await, gone)
        local other = start_waiter(suite, array, wait)
        assert.equal(2, barrier:wait())
        assert.equal(1, other:await())
      end)
    end)
  end)
end
