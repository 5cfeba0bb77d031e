-- Pools beyond submit and map: what they do with workers that are to be made
-- ready, are worn out, are lost, or take too long; and with jobs that go first.

local conc = require "luaconc"
local core = require "luaconc.core"
local engines = require "spec.support.engines"
local sim = require "spec.support.sim"

local ENGINES = { "task", "thread", "process" }

local eventually, numbers = engines.eventually, engines.numbers

local function double(x) return x * 2 end

local function nap(seconds, ...)
  require "luaconc".sleep(seconds)
  return ...
end

local function pid()
  local file <close> = assert(io.open "/proc/self/stat")
  return file:read "n"
end

-- How often it was called, counted in a file; kills its process at first.
local function die_at_first(path, times)
  local file = assert(io.open(path, "a"))
  file:write "x"
  file:close()
  local count = #io.open(path):read "a"
  if count <= times then
    os.execute "kill -KILL $PPID"
    require "luaconc".sleep(100)
  end
  return count
end

local function temporary()
  local path = os.tmpname()
  return path, sim.on_close(function() os.remove(path) end)
end

local function with_pool(opts, body)
  return conc.run(function()
    local pool <close> = conc.pool(opts)
    return body(pool)
  end)
end

for _, engine in ipairs(ENGINES) do
  local remote = engine ~= "task"

  describe("a pool of engine " .. engine, function()
    it("maps lists of arguments by starmap", function()
      with_pool({ engine = engine, workers = 2 }, function(pool)
        local list = {}
        for i = 1, 50 do list[i] = { i, 2 * i } end
        local sums = pool:starmap(list, function(a, b) return a + b end)
        for i = 1, 50 do assert(sums[i] == 3 * i) end
        assert.same({}, pool:starmap({}, double))
        sim.shows(sim.raises(pool.starmap, pool, { { 1 }, 2 }, double),
          "bad argument #1 to 'starmap' (item 2 must be a list of arguments, got 2)")
        sim.shows(sim.raises(pool.starmap, pool, 1, double), "bad argument #1 to 'starmap'")
      end)
    end)

    it("tells of its progress", function()
      with_pool({ engine = engine, workers = 2 }, function(pool)
        local seen, last = 0, 0
        pool:map(numbers(100), double, { chunk = 10, on_progress = function(done, total)
          assert(done == last + 10 and total == 100)
          last, seen = done, seen + 1
        end })
        assert.same({ 100, 10 }, { last, seen })
        local err = sim.raises(pool.map, pool, { 1, 2, 3 }, double,
          { on_progress = function() error("enough", 0) end })
        assert.equal("enough", err)
        assert.equal(4, pool:submit(double, 2):await())
      end)
    end)

    it("gives handles that say what runs them", function()
      with_pool({ engine = engine }, function(pool)
        local job = pool:submit(double, 1)
        assert.equal(engine, job.engine)
        job:await()
        assert.equal(engine, job.engine)
      end)
    end)

    it("makes each worker ready before its first job", function()
      with_pool({ engine = engine, workers = 2, name = "w",
        init = function(a, b) _G.pool_spec_ready = (_G.pool_spec_ready or 0) + a + b end,
        initargs = { 1, 2 } }, function(pool)
        local _ <close> = sim.on_close(function() _G.pool_spec_ready = nil end)
        local function look() return _G.pool_spec_ready end
        for _ = 1, 3 do assert.equal(3, pool:submit(look):await()) end
        local jobs = { pool:submit(nap, 0.01), pool:submit(nap, 0.01) }
        conc.gather(jobs)
        assert.same({ 3, 3, 3, 3 }, pool:map({ 1, 2, 3, 4 }, look, { chunk = 1 }))
      end)
    end)

    it("fails the jobs whose worker can't be made ready, and hangs nowhere", function()
      with_pool({ engine = engine, workers = 2, init = function() error("not ready", 0) end },
        function(pool)
          for _ = 1, 3 do
            local job = pool:submit(double, 1)
            assert.equal("not ready", sim.raises(job.await, job))
          end
          assert.equal("not ready", sim.raises(pool.map, pool, numbers(10), double))
          assert.same({ 0, 0 }, { pool:stats().running, pool:stats().queued })
        end)
    end)

    it("ends a job that takes too long, and goes on", function()
      with_pool({ engine = engine, workers = 1, job_timeout = 0.05 }, function(pool)
        local job = pool:submit(nap, 1000)
        local err = sim.raises(job.await, job)
        assert.equal("ETIMEDOUT", err.code)
        assert.match("^task %d+ took longer than 0.05 s %(job_timeout=%)$", err.message)
        assert.equal("failed", job:status())
        assert.equal(4, pool:submit { double, 2, timeout = 60 }:await())
        err = sim.raises(pool.map, pool, { 1000, 1000 }, nap)
        assert.equal("ETIMEDOUT", err.code)
        sim.shows(conc.traceback(err), "in item 1 of the list")
        assert.equal("own", pool:submit { nap, 0.06, "own", timeout = 60 }:await())
        job = pool:submit { nap, 1000, timeout = 0.01, name = "late" }
        assert.equal("late took longer than 0.01 s (timeout=)", sim.raises(job.await, job).message)
        assert.equal(3, pool:stats().failed)
      end)
    end)

    it("lets those of high priority go first, and others in their order", function()
      with_pool({ engine = engine, workers = 1 }, function(pool)
        local order, jobs = {}, {}
        local first = pool:submit(nap, 0.01)
        local function add(name, priority)
          jobs[#jobs + 1] = conc.spawn(function(h)
            local result = h:await()
            order[#order + 1] = result
          end, pool:submit { nap, 0.001, name, priority = priority })
        end
        for i, priority in ipairs { 0, -5, 3, 0, 7, 3, -5, 100, 0 } do
          add(i .. "", priority)
        end
        first:await()
        conc.gather(jobs)
        assert.equal("8 5 3 6 1 4 9 2 7", table.concat(order, " "))
      end)
    end)

    it("checks the options of a job", function()
      with_pool({ engine = engine, workers = 1 }, function(pool)
        sim.shows(sim.raises(pool.submit, pool, { double, 1, priority = 101 }),
          "option 'priority' must be an integer from -100 to 100, got 101")
        sim.shows(sim.raises(pool.submit, pool, { double, timeout = 0 }),
          "option 'timeout' must be seconds, more than 0, got 0")
        sim.shows(sim.raises(pool.submit, pool, { double, colour = 1 }), "unknown option 'colour'")
        sim.shows(sim.raises(pool.submit, pool, { 1, 2 }),
          "the table's first element must be the function")
        sim.shows(sim.raises(conc.pool, { init = 1 }), "option 'init' must be a function, got 1")
        sim.shows(sim.raises(conc.pool, { initargs = 1 }),
          "option 'initargs' must be a list, got 1")
        assert.equal("x", pool:submit { nap, 0, "x", name = "named" }:await())
      end)
    end)

    it("is ended by terminate, whatever it does", function()
      conc.run(function()
        local pool = conc.pool { engine = engine, workers = 2 }
        local jobs = {}
        for i = 1, 5 do jobs[i] = pool:submit(nap, 1000) end
        pool:submit(error, "unseen")
        eventually(function() return pool:stats().running == 2 end)
        pool:terminate()
        for i = 1, 5 do assert.equal("cancelled", jobs[i]:status()) end
        pool:terminate()
        pool:close()
        sim.shows(sim.raises(pool.submit, pool, double, 1), "the pool is closed")
      end)
    end)

    it("runs the rest when one job of several is cancelled", function()
      with_pool({ engine = engine, workers = 2 }, function(pool)
        local jobs = {}
        for i = 1, 6 do jobs[i] = pool:submit(nap, 0.01, i) end
        local map = conc.spawn(pool.map, pool, { 1, 2, 3 }, double)
        jobs[2]:cancel()
        jobs[5]:cancel()
        for i = 1, 6 do
          local ok, result = pcall(jobs[i].await, jobs[i])
          if i == 2 or i == 5 then assert.is_true(not ok and conc.is_cancelled(result))
          else assert.equal(i, result) end
        end
        assert.same({ 2, 4, 6 }, map:await())
      end)
    end)

    it("is a deadlock where nobody can end a wait, though its workers live", function()
      local queue, idle = conc.queue(1), 0
      local err = sim.raises(with_pool, { engine = engine, workers = 2 }, function(pool)
        pool:map({ 1, 2 }, double, { chunk = 1 })
        idle = #pool:stats().workers
        queue:recv()
      end)
      sim.shows(err, "deadlock", "queue:recv")
      assert.equal(remote and 2 or 0, idle)
    end)

    if remote then
      it("replaces a worker after its number of jobs", function()
        with_pool({ engine = engine, workers = 1, max_jobs = 3 }, function(pool)
          local seen, count = {}, 0
          for _ = 1, 7 do
            pool:submit(double, 1):await()
            for _, worker in ipairs(pool:stats().workers) do
              if not seen[worker.id] then count = count + 1 end
              seen[worker.id] = true
            end
          end
          -- (After its third job a worker is in no list.)
          assert.equal(3, count)
          assert.equal(300, #pool:map(numbers(300), double))
        end)
      end)

      it("refuses an init that can't be sent", function()
        local at, file = nil, io.stdout
        local err = sim.raises(function()
          at = sim.line(1)
          conc.pool { engine = engine, init = function() return file end }
        end)
        sim.shows(err, at, "cannot send argument #1, upvalue 'file'")
      end)

      it("may be made inside a job of a pool", function()
        with_pool({ engine = engine, workers = 2 }, function(pool)
          local results = pool:map({ 1, 2, 3 }, function(n)
            local c = require "luaconc"
            local inner <close> = c.pool { engine = "process", workers = 1 }
            return inner:submit(math.abs, -n):await()
          end, { chunk = 1 })
          assert.same({ 1, 2, 3 }, results)
        end)
      end)

      it("can't be sent to its workers, and says so", function()
        with_pool({ engine = engine, workers = 1 }, function(pool)
          sim.shows(sim.raises(pool.submit, pool, double, pool), "cannot send argument #2")
        end)
      end)
    end
  end)
end

describe("a pool of processes whose worker is lost", function()
  it("runs its job again, as often as it may", function()
    local path, _ <close> = temporary()
    with_pool({ engine = "process", workers = 2, retries = 2 }, function(pool)
      assert.equal(3, pool:submit(die_at_first, path, 2):await())
      local stats = pool:stats()
      assert.same({ 1, 0, 2, 2 }, { stats.done, stats.failed, stats.retried, stats.lost })
      os.remove(path)
      local job = pool:submit(die_at_first, path, 3)
      assert.equal("SIGKILL", sim.raises(job.await, job).signal)
      assert.equal(3, #io.open(path):read "a")
      os.remove(path)
      assert.equal(2, pool:submit { die_at_first, path, 1, retries = 1 }:await())
      os.remove(path)
      job = pool:submit { die_at_first, path, 1, retries = 0 }
      assert.equal("EWORKER", sim.raises(job.await, job).code)
    end)
  end)

  it("runs the items of a map again", function()
    local path, _ <close> = temporary()
    with_pool({ engine = "process", workers = 2 }, function(pool)
      local results = pool:map({ 1, 2, 3 }, function(i)
        if i ~= 2 then return 1 end
        local file <close> = assert(io.open(path, "a+"))
        if file:read "a" == "" then
          file:write("x"):close()
          os.exit(9)
        end
        return 1
      end, { retries = 1 })
      assert.same({ 1, 1, 1 }, results)
      assert.equal(1, pool:stats().retried)
      assert.equal(1, pool:stats().lost)
    end)
  end)

  it("repeats no job that failed by itself", function()
    with_pool({ engine = "process", workers = 1, retries = 5 }, function(pool)
      local job = pool:submit(error, "mine", 0)
      assert.equal("mine", sim.raises(job.await, job))
      assert.equal(0, pool:stats().retried)
    end)
  end)

  it("makes its workers ready again", function()
    with_pool({ engine = "process", workers = 1, init = function() _G.made = true end },
      function(pool)
        for _ = 1, 3 do
          local id = pool:submit(function(p) return _G.made and p() end, pid):await()
          assert.is_number(id)
          os.execute("kill -KILL " .. id)
          eventually(function() return not io.open("/proc/" .. id .. "/stat") end)
        end
      end)
  end)

  it("ends the job of one that is stopped, by its timeout", function()
    with_pool({ engine = "process", workers = 1, job_timeout = 0.1 }, function(pool)
      local job = pool:submit(function()
        os.execute "kill -STOP $PPID"
      end)
      assert.equal("ETIMEDOUT", sim.raises(job.await, job).code)
      assert.equal(4, pool:submit { double, 2, timeout = 60 }:await())
    end)
  end)

  it("counts those that die while they are idle", function()
    with_pool({ engine = "process", workers = 1 }, function(pool)
      os.execute("kill -KILL " .. pool:submit(pid):await())
      eventually(function() return core.jobs and #conc.jobs() == 1 end)
      assert.equal(4, pool:submit(double, 2):await())
      assert.equal(1, pool:stats().lost)
      assert.equal(0, pool:stats().failed)
    end)
  end)
end)
