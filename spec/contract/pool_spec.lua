-- What every pool promises, whatever engine its workers are.

local conc = require "luaconc"
local support = require "spec.support.engines"
local sim = require "spec.support.sim"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local engines = { "task", "thread", "process" }

local numbers, run = support.numbers, support.run
local eventually, failure = support.eventually, support.failure

local function square(n) return n * n end

for _, engine in ipairs(engines) do
  local own = engine ~= "task"

  local function pool_of(workers, f)
    return run(function()
      local pool <close> = conc.pool { engine = engine, workers = workers }
      return f(pool)
    end)
  end

  local function promise(text, workers, f)
    it(text, function() pool_of(workers, f) end)
  end

  describe("map on a pool of engine " .. engine, function()
    promise("gives the results in order, whoever is first", 3, function(pool)
      local results = pool:map(numbers(30), function(n)
        conc.sleep((n * 7 % 5) / 1000)
        return n * n
      end, { chunk = 1 })
      for i = 1, 30 do expect.equal(i * i, results[i]) end
      expect.equal(30, #results)
    end)

    promise("takes 10,000 small jobs", 2, function(pool)
      local results = pool:map(numbers(10000), square)
      expect.equal(10000, #results)
      for i = 1, 10000 do assert(results[i] == i * i) end
      expect.equal(10000, pool:stats().done)
    end)

    promise("of an empty list is an empty list", 2, function(pool)
      expect.same({}, pool:map({}, square))
      expect.equal(0, pool:stats().done)
    end)

    promise("gives the same for chunks of every size", 2, function(pool)
      local wanted = {}
      for i = 1, 10 do wanted[i] = i * i end
      for _, chunk in ipairs { 1, 2, 3, 9, 10, 11, 1000 } do
        expect.same(wanted, pool:map(numbers(10), square, { chunk = chunk }))
      end
      expect.same({ 1 }, pool:map({ 1 }, square))
    end)

    promise("needs no more jobs than there are workers", 8, function(pool)
      expect.same({ 1, 4 }, pool:map({ 1, 2 }, square))
      expect.is_true(#pool:stats().workers <= 2)
    end)

    promise("keeps false, strings and tables as they are", 2, function(pool)
      expect.same({ false, "a\0", { 1, { 2 } } },
        pool:map({ false, "a\0", { 1, { 2 } } }, function(v) return v end))
    end)

    promise("raises the first failure, unchanged, once the rest has ended", 2, function(pool)
      local function may_fail(n)
        if n == 3 then error({ item = n }) end
        conc.sleep(0.002)
        return n
      end
      for _, chunk in ipairs { 1, 4 } do
        local err = sim.raises(pool.map, pool, numbers(20), may_fail, { chunk = chunk })
        expect.same({ item = 3 }, err)
        expect.equal(0, pool:stats().running)
        expect.equal(0, pool:stats().queued)
      end
      expect.same({ 1, 4 }, pool:map({ 1, 2 }, square))
    end)

    promise("shows where it failed, and where map was called", 1, function(pool)
      local function fails()
        error "in the job"
      end
      local info = debug.getinfo(fails, "S")
      local failed_at = ("%s:%d"):format(info.short_src, info.linedefined + 1)
      local called_at = sim.line(1)
      local err = sim.raises(function() pool:map({ 1 }, fails) end)
      expect.equal(failed_at .. ": in the job", err)
      sim.shows(conc.traceback(err), failed_at, called_at)
    end)

    promise("that is cancelled ends its jobs, and the pool goes on", 2, function(pool)
      local _, _, code = conc.timeout(0.03, pool.map, pool, numbers(100),
        function() conc.sleep(1000) end, { chunk = 1 })
      expect.equal("ETIMEDOUT", code)
      expect.equal(0, pool:stats().running)
      expect.same({ 9 }, pool:map({ 3 }, square))
    end)

    promise("by several tasks at once keeps them apart", 2, function(pool)
      local lists = {}
      do
        local g <close> = conc.group()
        for i = 1, 4 do
          g:spawn(function()
            lists[i] = pool:map(numbers(50), function(n) return n * i end)
          end)
        end
      end
      for i = 1, 4 do
        for n = 1, 50 do assert(lists[i][n] == n * i) end
      end
    end)

    if own then
      promise("calls a copy, whose assignments stay there", 2, function(pool)
        local calls = 0
        pool:map(numbers(4), function() calls = calls + 1 end)
        expect.equal(0, calls)
      end)

      promise("refuses what can't cross, with its path", 2, function(pool)
        local err = sim.raises(pool.map, pool, { 1, { f = io.stdout } }, function() end)
        sim.shows(err, "item 2.f: userdata 'FILE*' has no __transfer")
        local file = io.stdout
        sim.shows(sim.raises(pool.map, pool, { 1 }, function() return file end),
          "FILE*", "__transfer")
        sim.shows(sim.raises(pool.map, pool, { 1 }, function() return io.stdout end),
          "FILE*", "__transfer")
        expect.same({ 4 }, pool:map({ 2 }, square))
      end)
    end
  end)

  describe("conc.map by engine " .. engine, function()
    it("is a pool for one call", function()
      run(function()
        expect.same({ 1, 4, 9 }, conc.map({ 1, 2, 3 }, square, { engine = engine, limit = 2 }))
        expect.same({}, conc.map({}, square, { engine = engine }))
        expect.equal("no", sim.raises(conc.map, { 1 }, function() error("no", 0) end,
          { engine = engine }))
      end)
    end)

    it("works outside tasks", function()
      expect.same({ 1, 4, 9 }, conc.map({ 1, 2, 3 }, square, { engine = engine, limit = 2 }))
    end)
  end)

  describe("submit to a pool of engine " .. engine, function()
    promise("gives a handle like any other", 1, function(pool)
      local job = pool:submit(function(...) return select("#", ...), ... end, nil, 2, nil)
      expect.same({ 3, nil, 2, nil, n = 4 }, table.pack(job:await()))
      expect.equal("done", job:status())
      expect.is_false(job:cancel())
      expect.same({ 3, nil, 2, nil, n = 4 }, table.pack(job:await()))
    end)

    promise("keeps errors for who awaits", 1, function(pool)
      for _, value in ipairs { "text", 42, false } do
        expect.equal(value, failure(pool:submit(error, value, 0)))
      end
      local job = pool:submit(error, nil)
      expect.same({ n = 2, false, nil }, table.pack(pcall(job.await, job)))
      expect.same({ 1, { 2 } }, failure(pool:submit(error, { 1, { 2 } })))
      expect.equal(5, pool:stats().failed)
      expect.equal(16, pool:submit(square, 4):await())
    end)

    promise("begins them in the order in which they came", 1, function(pool)
      local order, jobs = {}, {}
      for i = 1, 20 do jobs[i] = pool:submit(function() return i end) end
      for job in conc.completed(jobs) do order[#order + 1] = job:await() end
      expect.same(numbers(20), order)
    end)

    promise("runs no more of them than there are workers", 2, function(pool)
      local jobs = {}
      for i = 1, 5 do jobs[i] = pool:submit(conc.sleep, 0.02) end
      eventually(function() return pool:stats().running > 0 end)
      expect.is_true(pool:stats().running <= 2)
      expect.equal("ready", jobs[5]:status())
      conc.gather(jobs)
    end)

    promise("a queued job that is cancelled never runs", 1, function(pool)
      local first = pool:submit(conc.sleep, 0.02)
      local queued = pool:submit(error, "it ran", 0)
      expect.is_true(queued:cancel "not needed")
      sim.shows(failure(queued), "was cancelled: not needed")
      first:await()
      expect.equal(1, pool:stats().cancelled)
    end)

    promise("a running job that is cancelled gives its place to the next", 1, function(pool)
      local endless = pool:submit(conc.sleep, 1000)
      local next_one = pool:submit(square, 5)
      eventually(function() return pool:stats().running == 1 end)
      conc.sleep(0.005)
      endless:cancel()
      expect.is_true(conc.is_cancelled(failure(endless)))
      expect.equal(25, next_one:await())
    end)

    if own then
      promise("an answer that can't be read here costs no worker", 1, function(pool)
        pool:submit(square, 1):await()
        local id = pool:stats().workers[1].id
        local strange = pool:submit(function()
          local class = setmetatable({}, { __name = "strange" })
          require("luaconc").codec.register("nowhere.strange", class)
          return setmetatable({}, class)
        end)
        sim.shows(failure(strange), "nowhere.strange")
        expect.equal(25, pool:submit(square, 5):await())
        local workers = pool:stats().workers
        expect.equal(1, #workers)
        expect.equal(id, workers[1].id)
        expect.equal(3, workers[1].jobs)
      end)

      promise("a job that computes is cancelled, too", 1, function(pool)
        local endless = pool:submit(function() while true do end end)
        eventually(function() return pool:stats().running == 1 end)
        conc.sleep(0.01)
        endless:cancel()
        expect.is_true(conc.is_cancelled(failure(endless)))
        expect.equal(25, pool:submit(square, 5):await())
      end)

      promise("refuses what can't cross, with its path", 1, function(pool)
        local err = sim.raises(pool.submit, pool, function() end, 1, { f = io.stdout })
        sim.shows(err, "argument #3.f", "userdata 'FILE*' has no __transfer")
        expect.equal(4, pool:submit(square, 2):await())
      end)

      promise("runs them elsewhere, with globals of their own", 1, function(pool)
        local _ <close> = sim.on_close(function() _G.helper = nil end)
        _G.helper = function() end
        sim.shows(failure(pool:submit(function() helper() end)),  -- luacheck: ignore
          "global 'helper' does not exist in a " .. engine, "make it local")
      end)
    end
  end)

  describe("the end of a pool of engine " .. engine, function()
    it("finishes what was accepted", function()
      run(function()
        local pool = conc.pool { engine = engine, workers = 2 }
        local jobs = {}
        for i = 1, 6 do
          jobs[i] = pool:submit(function(n)
            conc.sleep(0.005)
            return n
          end, i)
        end
        pool:close()
        for i = 1, 6 do
          expect.equal("done", jobs[i]:status())
          expect.equal(i, jobs[i]:await())
        end
        pool:close()
        sim.shows(sim.raises(pool.submit, pool, square, 1), "the pool is closed")
        sim.shows(sim.raises(pool.map, pool, { 1 }, square), "the pool is closed")
      end)
    end)

    it("by an error cancels what is queued and what runs", function()
      run(function()
        local jobs = {}
        local err = sim.raises(function()
          local pool <close> = conc.pool { engine = engine, workers = 2 }
          for i = 1, 4 do jobs[i] = pool:submit(conc.sleep, 1000) end
          eventually(function() return pool:stats().running == 2 end)
          error("left", 0)
        end)
        expect.equal("left", err)
        for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
      end)
    end)

    it("raises a failure that nobody has looked at", function()
      run(function()
        local other
        local err = sim.raises(function()
          local pool <close> = conc.pool { engine = engine, workers = 1 }
          pool:submit(error, "unseen", 0)
          other = pool:submit(square, 3)
        end)
        expect.equal("unseen", err)
        expect.equal(9, other:await())
      end)
    end)

    it("without any job is quiet", function()
      run(function()
        local pool <close> = conc.pool { engine = engine, workers = 3 }
        expect.same({}, pool:stats().workers)
      end)
    end)

    it("comes by a cancellation from outside, too", function()
      run(function()
        local jobs = {}
        conc.timeout(0.03, function()
          local pool <close> = conc.pool { engine = engine, workers = 1 }
          for i = 1, 2 do jobs[i] = pool:submit(conc.sleep, 1000) end
          conc.gather(jobs)
        end)
        for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
      end)
    end)
  end)

  describe("stats of a pool of engine " .. engine, function()
    promise("tell of queued, running, done, failed and cancelled", 1, function(pool)
      local before = pool:stats()
      expect.same({ 0, 0, 0, 0 }, { before.queued, before.running, before.done, before.failed })
      local first = pool:submit(conc.sleep, 0.02)
      local second = pool:submit(error, "x")
      local third = pool:submit(square, 1)
      eventually(function() return pool:stats().running == 1 end)
      expect.equal(2, pool:stats().queued)
      third:cancel()
      conc.settle { first, second, third }
      local after = pool:stats()
      expect.same({ 0, 0, 1, 1, 1 },
        { after.queued, after.running, after.done, after.failed, after.cancelled })
      expect.equal(engine, after.engine)
      if own then
        expect.equal(1, #after.workers)
        expect.equal("number", type(after.workers[1].id))
        expect.equal(2, after.workers[1].jobs)
      end
    end)
  end)
end

describe("a worker process that is killed", function()
  local function pid()
    return tonumber((io.open("/proc/self/stat"):read "a"):match "^%d+")
  end

  local function killed(signal)
    local number = io.open("/proc/self/stat"):read "a":match "^%d+"
    os.execute(("kill -%s %s"):format(signal, number))
    conc.sleep(1000)
  end

  for _, signal in ipairs { "KILL", "ABRT" } do
    it("fails its own job only, by SIG" .. signal .. ", and is replaced", function()
      run(function()
        local pool <close> = conc.pool { engine = "process", workers = 2 }
        local good = pool:submit(function()
          conc.sleep(0.1)
          return "good"
        end)
        local bad = pool:submit(killed, signal)
        local queued = {}
        for i = 1, 4 do queued[i] = pool:submit(square, i) end
        local err = failure(bad)
        expect.equal("EWORKER", err.code)
        expect.equal("SIG" .. signal, err.signal)
        sim.shows(err, "process", "was killed by SIG" .. signal)
        expect.equal("failed", bad:status())
        expect.equal("good", good:await())
        for i = 1, 4 do expect.equal(i * i, queued[i]:await()) end
        local first = pool:submit(pid):await()
        expect.equal("number", type(first))
        expect.is_true(#pool:stats().workers <= 2)
      end)
    end)
  end

  it("while it was idle is no loss", function()
    run(function()
      local pool <close> = conc.pool { engine = "process", workers = 1 }
      local first = pool:submit(pid):await()
      os.execute("kill -KILL " .. first)
      conc.sleep(0.05)
      local second = pool:submit(pid):await()
      expect.not_equal(first, second)
    end)
  end)

  it("by os.exit tells the code", function()
    run(function()
      local pool <close> = conc.pool { engine = "process", workers = 1 }
      local real = pool:submit(function()
        local path = "/proc/self/exe"
        return path, os.exit(7)
      end)
      local err = failure(real)
      sim.shows(err, "exit")
      expect.equal(25, pool:submit(square, 5):await())
    end)
  end)

  it("ten times in a row, each job has its end", function()
    run(function()
      local pool <close> = conc.pool { engine = "process", workers = 2 }
      local jobs, lost = {}, 0
      for i = 1, 40 do
        jobs[i] = i % 4 == 0 and pool:submit(killed, "KILL") or pool:submit(square, i)
      end
      for i, result in ipairs(conc.settle(jobs)) do
        if i % 4 == 0 then
          assert(not result.ok and result[1].code == "EWORKER")
          lost = lost + 1
        else
          assert(result.ok and result[1] == i * i)
        end
      end
      expect.equal(10, lost)
    end)
  end)
end)
