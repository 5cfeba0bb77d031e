-- Pools: the same promises by every engine, then what is each one's own.

local conc = require "luaconc"
local core = require "luaconc.core"
local support = require "spec.support.engines"
local lfs = require "lfs"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

local ENGINES = { "task", "thread", "process" }

local eventually, numbers = support.eventually, support.numbers

-- Functions that cross to other states, so they use what these have, too.

local function double(x) return x * 2 end

local function nap(seconds, ...)
  require "luaconc".sleep(seconds)
  return ...
end

local function fail(err) error(err, 0) end

-- Leaves a file behind that tells that it ran.
local function touch(path)
  assert(io.open(path, "w")):close()
end

local function exists(path) return lfs.attributes(path) ~= nil end

-- A path of its own where nothing is, and what removes it in the end.
local function path_of_none()
  local path = os.tmpname()
  os.remove(path)
  return path, sim.on_close(function() os.remove(path) end)
end

local function each_engine(f)
  for _, engine in ipairs(ENGINES) do f(engine, engine ~= "task") end
end

each_engine(function(engine, remote)
  local function new(workers, name)
    return conc.pool { engine = engine, workers = workers or 2, name = name }
  end

  -- The body as the root task, with a pool that is closed after it.
  local function with_pool(workers, body)
    return conc.run(function()
      local pool <close> = new(workers)
      return body(pool)
    end)
  end

  describe("submit to a pool of engine " .. engine, function()
    it("gives a handle with all results, nils included", function()
      with_pool(2, function(pool)
        local job = pool:submit(function(...) return nil, select("#", ...), ... end,
          1, nil, "x", nil)
        assert.is_true(core.is_job(job))
        assert.same({ nil, 4, 1, nil, "x", nil, n = 6 }, table.pack(job:await()))
        assert.same(0, select("#", pool:submit(function() end):await()))
        assert.equal("done", job:status())
      end)
    end)

    it("takes what can be called, and C functions", function()
      with_pool(1, function(pool)
        assert.equal("AB", pool:submit(string.upper, "ab"):await())
        assert.equal(5, pool:submit(math.max, 5, 3):await())
      end)
    end)

    it("runs as many at a time as there are workers", function()
      with_pool(2, function(pool)
        local jobs = {}
        for i = 1, 5 do jobs[i] = pool:submit(nap, 0.02, i) end
        eventually(function() return pool:stats().running == 2 end)
        local stats = pool:stats()
        assert.equal(3, stats.queued)
        assert.equal(remote and 2 or 0, #stats.workers)
        for i = 1, 5 do assert.equal(i, jobs[i]:await()) end
        assert.equal(5, pool:stats().done)
      end)
    end)

    it("takes them in the order in which they came", function()
      local path <const>, _ <close> = path_of_none()
      with_pool(1, function(pool)
        local function append(text)
          local file <close> = assert(io.open(path, "a"))
          file:write(text)
        end
        for i = 1, 9 do pool:submit(append, i) end
      end)
      local file <close> = assert(io.open(path))
      assert.equal("123456789", file:read "a")
    end)

    it("starts workers when they are first needed", function()
      with_pool(2, function(pool)
        assert.equal(0, #pool:stats().workers)
        for _ = 1, 3 do pool:submit(double, 1):await() end
        assert.equal(remote and 1 or 0, #pool:stats().workers)
      end)
    end)

    it("passes an error on, with both tracebacks", function()
      with_pool(1, function(pool)
        local at, started
        at = sim.line(1)
        local function broken() error("broken, a text of its own") end
        started = sim.line(1)
        local job = pool:submit(broken)
        local err = sim.raises(job.await, job)
        assert.equal(at .. ": broken, a text of its own", err)
        sim.shows(conc.traceback(err), at, started, "was started at:")
        if remote then assert.is_false(sim.has(conc.traceback(err), "poolworker")) end
        assert.equal(err, sim.raises(job.await, job))
        assert.equal("failed", job:status())

        job = pool:submit(fail, { code = "EMINE", list = { 1, 2 } })
        assert.same({ code = "EMINE", list = { 1, 2 } }, sim.raises(job.await, job))
        job = pool:submit(fail, nil)
        assert.is_nil(sim.raises(job.await, job))
        -- As in any other job, no line of the library's comes before the text.
        job = pool:submit(error, "plain")
        assert.equal("plain", sim.raises(job.await, job))
        assert.equal("plain", sim.raises(pool.map, pool, { "plain" }, error))
        assert.equal(5, pool:stats().failed)
      end)
    end)

    it("leaves the others alone when one fails", function()
      with_pool(2, function(pool)
        local bad, good = pool:submit(fail, "bad"), pool:submit(nap, 0.01, "good")
        assert.equal("bad", sim.raises(bad.await, bad))
        assert.equal("good", good:await())
        assert.equal("again", pool:submit(nap, 0, "again"):await())
      end)
    end)

    it("has jobs that end with what they started", function()
      with_pool(1, function(pool)
        local path <const>, _ <close> = path_of_none()
        pool:submit(function(write)
          local c = require "luaconc"
          c.spawn(function() c.sleep(0.01) write(path) end)
        end, touch):await()
        assert.is_true(exists(path))
        local job = pool:submit(function()
          local c = require "luaconc"
          c.spawn(error, "inside", 0)
          c.sleep(100)
        end)
        assert.equal("inside", sim.raises(job.await, job))
      end)
    end)

    it("hands job-local values down, and keeps none for the next job", function()
      with_pool(1, function(pool)
        local function who() return require "luaconc".locals().user end
        conc.locals().user = "Ada"
        local first = pool:submit(function()
          local locals = require "luaconc".locals()
          local user = locals.user
          locals.user, locals.more = "Eve", 1
          return user
        end)
        conc.locals().user = nil
        assert.equal("Ada", first:await())
        assert.is_nil(pool:submit(who):await())
        assert.is_nil(pool:submit(function()
          return require "luaconc".locals().more
        end):await())
        assert.is_nil(conc.locals().user)
      end)
    end)
  end)

  describe("a cancelled job of a pool of engine " .. engine, function()
    it("that is queued never runs", function()
      with_pool(1, function(pool)
        local path <const>, _ <close> = path_of_none()
        local first = pool:submit(nap, 0.01)
        local second = pool:submit(touch, path)
        local third = pool:submit(nap, 0, 3)
        assert.is_true(second:cancel())
        assert.is_true(conc.is_cancelled(sim.raises(second.await, second)))
        assert.equal(3, third:await())
        first:await()
        assert.is_false(exists(path))
        assert.equal(1, pool:stats().cancelled)
        assert.equal(0, pool:stats().queued)
      end)
    end)

    it("that runs is ended, its clean-up too, and the pool goes on", function()
      with_pool(1, function(pool)
        local path <const>, _ <close> = path_of_none()
        local begun <const>, _ <close> = path_of_none()
        local job = pool:submit(function(write)
          local c = require "luaconc"
          local _ <close> = setmetatable({}, { __close = function()
            c.shield(c.sleep, 0.01)
            write(path)
          end })
          write(begun)
          c.sleep(1000)
        end, touch)
        eventually(function() return exists(begun) end)
        local before = pool:stats().workers[1]
        assert.is_true(job:cancel())
        assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
        assert.is_true(exists(path))
        assert.equal("next", pool:submit(nap, 0, "next"):await())
        local after = pool:stats().workers[1]
        if remote then assert.not_equal(before.id, after.id) end
        assert.equal(1, pool:stats().cancelled)
        assert.is_true(#pool:stats().workers <= 1)
      end)
    end)

    if remote then
      it("that computes is ended", function()
        with_pool(1, function(pool)
          local begun <const>, _ <close> = path_of_none()
          local job = pool:submit(function(write)
            write(begun)
            while true do end
          end, touch)
          eventually(function() return exists(begun) end)
          job:cancel("enough")
          assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
          assert.equal(4, pool:submit(double, 2):await())
        end)
      end)
    end
  end)

  describe("map by a pool of engine " .. engine, function()
    it("returns the first result of each, in order, whatever the chunk", function()
      with_pool(2, function(pool)
        for _, n in ipairs { 0, 1, 2, 7, 300 } do
          for _, chunk in ipairs { 0, 1, 3, 1000 } do
            local opts = chunk > 0 and { chunk = chunk } or nil
            local results = pool:map(numbers(n), function(x) return x * 2, "more" end, opts)
            assert.equal(n, #results)
            for i = 1, n do assert(results[i] == 2 * i) end
          end
        end
      end)
    end)

    it("keeps false and nil in their places", function()
      with_pool(2, function(pool)
        local results = pool:map({ 1, 2, 3, 4, 5 }, function(x)
          if x == 2 then return false elseif x ~= 4 then return x end
        end)
        for i, want in pairs { 1, false, 3, 5 } do
          assert.equal(want, results[i == 4 and 5 or i])
        end
        assert.is_nil(results[4])
      end)
    end)

    it("keeps the order when the first take longest", function()
      with_pool(3, function(pool)
        local results = pool:map({ 0.03, 0.02, 0.01, 0 }, function(s)
          require "luaconc".sleep(s)
          return s
        end, { chunk = 1 })
        assert.same({ 0.03, 0.02, 0.01, 0 }, results)
      end)
    end)

    it("raises a failure unchanged, and tells which item it was about", function()
      with_pool(2, function(pool)
        local at = sim.line(2)
        local err = sim.raises(pool.map, pool, numbers(40), function(x)
          if x == 23 then error({ number = x }) end
          return x
        end)
        assert.same({ number = 23 }, err)
        sim.shows(conc.traceback(err), "in item 23 of the list", at)
        err = sim.raises(pool.map, pool, numbers(40), function(x)
          if x == 23 then error("number " .. x) end
        end, { chunk = 40 })
        sim.shows(err, "number 23")
        sim.shows(conc.traceback(err), "in item 23 of the list")
        assert.equal(2, pool:stats().failed)
      end)
    end)

    it("ends the rest when one fails, and no other map", function()
      with_pool(3, function(pool)
        local other = conc.spawn(pool.map, pool, { 0.02, 0.03 }, nap, { chunk = 1 })
        local err = sim.raises(pool.map, pool, { "wait", "fail", "wait", "wait" },
          function(what)
            local c = require "luaconc"
            if what == "fail" then error("failed", 0) end
            c.sleep(1000)
          end, { chunk = 1 })
        assert.equal("failed", err)
        other:await()
        local stats = pool:stats()
        assert.same({ 0, 0, 2, 1, 3 }, { stats.queued, stats.running, stats.done,
          stats.failed, stats.cancelled })
        assert.same({ 2, 4 }, pool:map({ 1, 2 }, double))
      end)
    end)

    it("that is cancelled ends its jobs and leaves the pool as it was", function()
      with_pool(2, function(pool)
        assert.same({ nil, "timed out", "ETIMEDOUT" }, { conc.timeout(0.02, pool.map,
          pool, { 1000, 1000, 1000 }, nap, { chunk = 1 }) })
        assert.equal(0, pool:stats().running)
        assert.equal(0, pool:stats().queued)
        assert.same({ 2, 4 }, pool:map({ 1, 2 }, double))
      end)
    end)

    it("of more chunks than are started beforehand is complete", function()
      if engine == "process" then return end
      with_pool(4, function(pool)
        local results = pool:map(numbers(2500), double, { chunk = 1 })
        for i = 1, 2500 do assert(results[i] == 2 * i) end
        local err = sim.raises(pool.map, pool, numbers(2500), function(x)
          if x == 2400 then error("late", 0) end
        end, { chunk = 1 })
        assert.equal("late", err)
      end)
    end)

    it("works outside tasks", function()
      local pool <close> = new(2)
      assert.same({ 2, 4, 6 }, pool:map({ 1, 2, 3 }, double))
      assert.equal("x", pool:submit(nap, 0.001, "x"):await())
    end)
  end)

  describe("conc.map by engine " .. engine, function()
    it("is a pool for one call", function()
      local function check()
        assert.same({ 2, 4, 6 }, conc.map({ 1, 2, 3 }, double, { engine = engine }))
        assert.same({ 2, 4, 6 }, conc.map({ 1, 2, 3 }, double,
          { engine = engine, limit = 1, chunk = 2 }))
        assert.same({}, conc.map({}, double, { engine = engine }))
        assert.equal("no 2", sim.raises(conc.map, { 1, 2, 3 }, function(x)
          if x == 2 then error("no 2", 0) end
        end, { engine = engine }))
      end
      check()
      conc.run(check)
    end)

    it("can be used inside a job of another pool", function()
      with_pool(2, function(pool)
        local results = pool:map({ 1, 2 }, function(x)
          local c = require "luaconc"
          return c.map({ x, x + 1 }, function(y) return y * 10 end,
            { engine = engine, limit = 1 })
        end)
        assert.same({ { 10, 20 }, { 20, 30 } }, results)
      end)
    end)
  end)

  describe("the end of a pool of engine " .. engine, function()
    it("finishes what was accepted", function()
      conc.run(function()
        local pool = new(1)
        local jobs = {}
        for i = 1, 3 do jobs[i] = pool:submit(nap, 0.005, i) end
        pool:close()
        for i = 1, 3 do
          assert.equal("done", jobs[i]:status())
          assert.equal(i, jobs[i]:await())
        end
        assert.same({}, pool:stats().workers)
        assert.equal(3, pool:stats().done)
      end)
    end)

    it("raises a failure that nobody has looked at, once", function()
      conc.run(function()
        local pool = new(2)
        pool:submit(fail, "unseen")
        assert.equal("unseen", sim.raises(pool.close, pool))
        assert.is_nil(pool:close())
        assert.equal("unseen", sim.raises(function()
          local second <close> = new(2)
          second:submit(fail, "unseen")
        end))
        local third <close> = new(2)
        local job = third:submit(fail, "seen")
        sim.raises(job.await, job)
      end)
    end)

    it("by an error cancels what runs and what is queued", function()
      conc.run(function()
        local jobs = {}
        assert.equal("left", sim.raises(function()
          local pool <close> = new(1)
          for i = 1, 3 do jobs[i] = pool:submit(nap, 1000) end
          conc.sleep(0.005)
          error("left", 0)
        end))
        for i = 1, 3 do assert.equal("cancelled", jobs[i]:status()) end
      end)
    end)

    it("comes once; who closes it meanwhile waits as well", function()
      conc.run(function()
        local pool = new(1)
        local job = pool:submit(nap, 0.01)
        local function close()
          pool:close()
          return job:status()
        end
        assert.same({ "done", "done" }, conc.gather { close, close })
        pool:close()
      end)
    end)

    it("is the end of submit and map", function()
      conc.run(function()
        local pool = new(1)
        pool:close()
        local at = sim.line(1)
        local _, err = pcall(function() pool:submit(double, 1) end)
        assert.equal(at .. ": the pool is closed: give it jobs before it is closed", err)
        sim.shows(sim.raises(pool.map, pool, { 1 }, double), "the pool is closed")
      end)
    end)

    it("waits for all in a cancelled scope, too", function()
      conc.run(function()
        local scope <close> = conc.scope()
        local pool <close> = new(2)
        local job = pool:submit(nap, 1000)
        conc.sleep(0.005)
        scope:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(pool.map, pool, { 1 }, double)))
        local late = pool:submit(double, 1)
        pool:close()
        assert.equal("cancelled", job:status())
        assert.equal("cancelled", late:status())
      end)
    end)

    it("comes with the task that made it, where nobody closed it", function()
      local pool, job
      conc.run(function()
        pool = new(1)
        pool:submit(double, 1):await()
        job = pool:submit(nap, 0.005, "late")
      end)
      assert.equal("done", job:status())
    end)

    it("is the end of its workers when its group is cancelled", function()
      conc.run(function()
        local h = conc.spawn { function()
          local pool <close> = new(2)
          pool:map({ 1000, 1000, 1000 }, nap)
        end, keep = true }
        conc.sleep(0.01)
        h:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(h.await, h)))
      end)
    end)
  end)

  describe("the end of a script with a pool of engine " .. engine, function()
    local function run(text)
      return script.run(("local ENGINE = %q\n"):format(engine) .. text)
    end

    it("leaves nothing behind where the pool is idle and open", function()
      local result = run [[
        pool = conc.pool { engine = ENGINE, workers = 2 }
        say(table.concat(pool:map({ 1, 2, 3 }, function(x) return x + 1 end), " "))
      ]]
      assert.same({ 0, "2 3 4\n", "" }, { result.code, result.out, result.err })
    end)

    it("cancels what runs, and says so", function()
      local result = run [[
        pool = conc.pool { engine = ENGINE, workers = 2, name = "worker" }
        pool:submit(function() require "luaconc".sleep(1000) end)
        conc.sleep(0.02)
      ]]
      assert.equal(0, result.code)
      sim.shows(result.err, "still running at the end of the script", "worker")
    end)

    it("by os.exit in a task closes it", function()
      local result = run [[
        conc.run(function()
          local pool <close> = conc.pool { engine = ENGINE, workers = 2 }
          pool:submit(function() require "luaconc".sleep(1000) end)
          conc.sleep(0.01)
          os.exit(3)
        end)
      ]]
      assert.same({ 3, "" }, { result.code, result.err })
    end)

    it("by Ctrl-C ends with status 130", function()
      local result = run [[
        conc.run(function()
          local pool <close> = conc.pool { engine = ENGINE, workers = 2 }
          local _ <close> = on_close(function() say "closing" end)
          conc.spawn(function() conc.sleep(0.02) interrupt() end)
          pool:map({ 1, 2, 3 }, function() require "luaconc".sleep(1000) end)
        end)
      ]]
      assert.same({ 130, "closing\n" }, { result.code, result.out })
    end)
  end)
end)

describe("what can't be sent to or from a worker", function()
  for _, engine in ipairs { "thread", "process" } do
    it("is named with its path, and the worker goes on (" .. engine .. ")", function()
      conc.run(function()
        local pool <close> = conc.pool { engine = engine, workers = 1 }
        local at
        local function refusal(f, ...)
          at = sim.line(1)
          pool:submit(f, ...)
        end
        local err = sim.raises(refusal, double, { 1, { file = io.stdout } })
        assert.equal(at .. ": cannot send argument #2[2].file: userdata 'FILE*' has no "
          .. "__transfer", err)
        local file = io.stdout
        sim.shows(sim.raises(refusal, function() return file end),
          at .. ": cannot send argument #1, upvalue 'file'")
        sim.shows(sim.raises(refusal, double, pool), "cannot send argument #2")
        local function message(f, ...)
          local job = pool:submit(f, ...)
          return sim.raises(job.await, job)
        end
        sim.shows(message(function() return 1, { out = io.stdout } end),
          "cannot send result #2.out: userdata 'FILE*'")
        sim.shows(message(function() error(io.stdout) end), "file (0x")
        sim.shows(sim.raises(pool.map, pool, { 1, 2, 3, io.stdout }, double,
          { chunk = 2 }), "cannot send item 4: userdata")
        sim.shows(sim.raises(pool.map, pool, { 1, 2, { at = { io.stdout } } }, double,
          { chunk = 3 }), "cannot send item 3.at[1]: userdata")
        sim.shows(sim.raises(pool.map, pool, { 1, 2, 3 }, function(x)
          return x == 3 and io.stdout
        end, { chunk = 1 }), "cannot send the result of item 3: userdata")
        sim.shows(sim.raises(pool.map, pool, { 1 }, function() return file end),
          "cannot send the function, upvalue 'file'")
        assert.equal(4, pool:submit(double, 2):await())
        assert.equal(1, #pool:stats().workers)
      end)
    end)
  end
end)

describe("what is sent to a worker", function()
  it("is what it was when it was given to the pool", function()
    for _, engine in ipairs { "thread", "process" } do
      conc.run(function()
        local pool <close> = conc.pool { engine = engine, workers = 1 }
        local first = pool:submit(nap, 0.01)
        local list = { 1, 2, 3 }
        local job = pool:submit(function(t) return #t end, list)
        list[4] = 4
        assert.equal(3, job:await())
        first:await()
      end)
    end
  end)

  it("can be a channel", function()
    conc.run(function()
      local pool <close> = conc.pool { engine = "thread", workers = 2 }
      local channel = conc.channel(1)
      pool:submit(function(c) for i = 1, 3 do c:send(i) end end, channel)
      local job = pool:submit(function(c) return c:recv() + c:recv() + c:recv() end, channel)
      assert.equal(6, job:await())
      local cancelled = pool:submit(nap, 0, channel)
      cancelled:cancel()
    end)
  end)
end)

describe("a worker that dies", function()
  local function with_processes(body)
    conc.run(function()
      local pool <close> = conc.pool { engine = "process", workers = 1, name = "smith" }
      body(pool)
    end)
  end

  -- In a worker: the id of its process.
  local function pid()
    local file <close> = assert(io.open "/proc/self/stat")
    return tonumber(file:read "a":match "^%d+")
  end

  local function kill(id) os.execute("kill -KILL " .. id) end

  it("fails its own job, by the name of the signal, and is replaced", function()
    with_processes(function(pool)
      local first = pool:submit(pid):await()
      assert.equal(first, pool:stats().workers[1].pid)
      local bad = pool:submit(function(k, p) k(p()) end, kill, pid)
      local good = pool:submit(double, 21)
      local err = sim.raises(bad.await, bad)
      assert.same({ "EWORKER", "SIGKILL" }, { err.code, err.signal })
      sim.shows(err.message, "smith", "was killed by SIGKILL")
      assert.equal(42, good:await())
      assert.not_equal(first, pool:submit(pid):await())
      assert.equal(1, pool:stats().failed)
      assert.equal(1, #pool:stats().workers)
    end)
  end)

  it("fails its map", function()
    with_processes(function(pool)
      local err = sim.raises(pool.map, pool, numbers(8), function(x)
        if x == 3 then os.exit(7) end
        return x
      end, { chunk = 1 })
      assert.same({ "EWORKER", 7 }, { err.code, err.exit })
      sim.shows(conc.traceback(err), "in item 3 of the list")
      assert.same({ 2 }, pool:map({ 1 }, double))
    end)
  end)

  it("while it is idle fails nobody", function()
    with_processes(function(pool)
      local id = pool:submit(pid):await()
      kill(id)
      eventually(function()
        for _, job in ipairs(conc.jobs()) do
          if job.engine == "process" then return false end
        end
        return true
      end)
      assert.not_equal(id, pool:submit(pid):await())
    end)
  end)

  it("while it is idle fails nobody at the end of the pool either", function()
    with_processes(function(pool) kill(pool:submit(pid):await()) end)
  end)

  it("at any time leaves nothing behind", function()
    with_processes(function(pool)
      for i = 1, 10 do
        local id = pool:submit(pid):await()
        local jobs = {}
        for k = 1, 4 do jobs[k] = pool:submit(nap, 0.002, k) end
        conc.sleep(0.001 * (i % 5))
        kill(id)
        for k = 1, 4 do
          local ok, result = pcall(jobs[k].await, jobs[k])
          assert(ok and result == k or result.code == "EWORKER", tostring(result))
        end
      end
    end)
  end)
end)

describe("where the system refuses a worker", function()
  it("the others do the work; without any, a job fails", function()
    conc.run(function()
      local pool <close> = conc.pool { engine = "thread", workers = 3 }
      testing.fail_uv(1, "EAGAIN")
      local first = pool:submit(nap, 0, 1)
      local err = sim.raises(first.await, first)
      assert.is_true(testing.failed())
      assert.equal("EAGAIN", err.code)
      sim.shows(err.message, "cannot start thread", "pool worker 1")

      assert.equal(1, pool:submit(nap, 0, 1):await())
      local jobs = { pool:submit(nap, 0.02, 1), pool:submit(nap, 0, 2) }
      testing.fail_uv(1, "EAGAIN")
      conc.sleep(0.005)
      assert.is_true(testing.failed())
      assert.same({ 2, 1 }, { pool:stats().running, #pool:stats().workers })
      assert.equal(2, jobs[2]:await())
      assert.equal(1, jobs[1]:await())
      assert.same({ 2, 4, 6 }, pool:map({ 1, 2, 3 }, double, { chunk = 1 }))
    end)
  end)

  it("a job that stands in line can be cancelled", function()
    conc.run(function()
      local pool <close> = conc.pool { engine = "thread", workers = 2 }
      local first = pool:submit(nap, 0.02, 1)
      conc.yield()
      local second = pool:submit(nap, 0, 2)
      testing.fail_uv(1, "EAGAIN")
      conc.yield()
      conc.yield()
      assert.is_true(testing.failed())
      second:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(second.await, second)))
      assert.equal(3, pool:submit(nap, 0, 3):await())
      assert.equal(1, first:await())
    end)
  end)
end)

describe("wrong use of pools", function()
  local function message(f)
    local _, err = pcall(f)
    local line = debug.getinfo(f, "S").linedefined
    assert.equal(line, tonumber(tostring(err):match "pool_spec%.lua:(%d+): "), err)
    return err:match ": (.*)"
  end

  it("is told at the caller's line", function()
    conc.run(function()
      local pool <close> = conc.pool()
      local texts = {
        [message(function() conc.pool(5) end)] =
          "bad argument #1 to 'pool' (table of options expected, got 5)",
        [message(function() conc.pool { engine = "fibre" } end)] =
          "bad argument #1 to 'pool' (option 'engine' must be \"task\", \"thread\" "
          .. "or \"process\", got \"fibre\")",
        [message(function() conc.pool { workers = 0 } end)] =
          "bad argument #1 to 'pool' (option 'workers' must be an integer from 1 to "
          .. "1000000, got 0)",
        [message(function() conc.pool { workers = "2" } end)] =
          "bad argument #1 to 'pool' (option 'workers' must be an integer from 1 to "
          .. "1000000, got \"2\")",
        [message(function() conc.pool { tries = 3 } end)] =
          "bad argument #1 to 'pool' (unknown option 'tries'; did you mean 'retries'?)",
        [message(function() pool:submit(5) end)] =
          "bad argument #1 to 'submit' (function expected, got 5: pass the function "
          .. "itself, f, not what it returns, f())",
        [message(function() pool:map(5, double) end)] =
          "bad argument #1 to 'map' (list expected, got 5)",
        [message(function() pool:map({}) end)] =
          "bad argument #2 to 'map' (function expected, got nil: pass the function "
          .. "itself, f, not what it returns, f())",
        [message(function() pool:map({}, double, { chunk = 1.5 }) end)] =
          "bad argument #3 to 'map' (option 'chunk' must be an integer from 1 to "
          .. "1000000, got 1.5)",
        [message(function() conc.map({}, double, { workers = 2 }) end)] =
          "bad argument #3 to 'map' (unknown option 'workers'; options: chunk, engine, limit, "
            .. "on_progress, priority, retries, timeout)",
        [message(function() conc.map(nil, double) end)] =
          "bad argument #1 to 'map' (list expected, got nil)",
        [message(function() pool.close() end)] =
          "bad argument #1 to 'close' (pool expected, got nil: methods are "
          .. "called with a colon, object:method())",
      }
      for got, wanted in pairs(texts) do assert.equal(wanted, got) end
    end)
  end)
end)

describe("the number of workers", function()
  it("is that of the cores which this process may use, unless said", function()
    local pipe <close> = assert(io.popen "nproc")
    assert.equal(tonumber(pipe:read "a"), core.cores())
    conc.run(function()
      local pool <close> = conc.pool { engine = "thread" }
      for _ = 1, core.cores() + 2 do pool:submit(nap, 0.02) end
      eventually(function() return pool:stats().running == core.cores() end)
      assert.equal(2, pool:stats().queued)
    end)
  end)

  it("is 64 for tasks", function()
    sim.run(function()
      local pool <close> = conc.pool()
      for _ = 1, 70 do pool:submit(conc.sleep, 1) end
      conc.sleep(0.5)
      assert.same({ 64, 6 }, { pool:stats().running, pool:stats().queued })
    end)
  end)
end)

describe("a name", function()
  it("is that of the pool's jobs and workers", function()
    conc.run(function()
      local pool <close> = conc.pool { engine = "thread", workers = 1, name = "smith" }
      local job = pool:submit(nap, 0.02)
      conc.sleep(0.005)
      assert.equal("smith", job.name)
      sim.shows(conc.tree(), "'smith'", "'smith 1'", "spec/pool_spec.lua")
      assert.is_false(sim.has(conc.tree(), "lua/luaconc/"))
    end)
  end)
end)

describe("a job of a pool of tasks that closes its own pool", function()
  it("is told that it can't, and the pool goes on", function()
    sim.run(function()
      local pool <close> = conc.pool { workers = 2 }
      local job = pool:submit(function() pool:close() end)
      sim.shows(sim.raises(job.await, job), "can't wait for the end of the group")
      assert.equal(4, pool:submit(double, 2):await())
    end)
  end)
end)

describe("a job of a pool of tasks that waits for its own pool", function()
  it("is found to be a deadlock", function()
    local err = sim.fails(function()
      local pool <close> = conc.pool { workers = 1 }
      pool:submit(function() return pool:map({ 1 }, double) end):await()
    end)
    sim.shows(err, "deadlock")
  end)
end)

describe("where memory ends", function()
  -- Whatever fails, the pool ends, and the same works again afterwards.
  for seam, engines in pairs { fail_alloc = { "thread" }, fail_lua = { "task", "thread" } } do
    for _, engine in ipairs(engines) do
      it(("at any place, a pool of engine %s ends in order (%s)"):format(engine, seam),
        function()
          local function body()
            local pool <close> = conc.pool { engine = engine, workers = 2 }
            local job = pool:submit(double, 4)
            local results = pool:map({ 1, 2, 3 }, double, { chunk = 1 })
            return results[3] + job:await()
          end
          assert.equal(14, conc.run(body))
          local hits = 0
          for n = 1, 400 do
            -- Without a collection, in which Lua might free what it then
            -- needs again for the call of pcall itself.
            collectgarbage()
            collectgarbage "stop"
            testing[seam](n)
            local ok, result = pcall(conc.run, body)
            local hit = testing.failed()
            testing[seam](nil)
            collectgarbage "restart"
            if not hit then
              assert.is_true(ok)
              break
            end
            hits = hits + 1
            if ok then assert.equal(14, result)
            else sim.shows(tostring(result), "memory") end
            pcall(conc.run)
            assert.equal(0, testing.counts().jobs)
          end
          assert.is_true(hits > 0)
          testing.check()
          assert.equal(14, conc.run(body))
        end)
    end
  end
end)
