-- imap promises the same whatever engine its workers are.

local conc = require "luaconc"
local engines = require "spec.support.engines"
local sim = require "spec.support.sim"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local numbers, run = engines.numbers, engines.run

local function square(n) return n * n end

local function counter(most)
  local n = 0
  return function()
    if n == most then return nil end
    n = n + 1
    return n
  end, function() return n end
end

-- A job that is soon, but not at once, done.
local function late(n)
  require("luaconc").sleep(n * 7 % 5 / 1000)
  return n * n
end

for _, engine in ipairs { "task", "thread", "process" } do
  local function promise(text, workers, f)
    it(text, function()
      run(function()
        local pool <close> = conc.pool { engine = engine, workers = workers }
        return f(pool)
      end)
    end)
  end

  describe("imap on a pool of engine " .. engine, function()
    promise("gives index and results in order, of a list", 3, function(pool)
      local seen = 0
      for i, result in pool:imap(numbers(30), late) do
        seen = seen + 1
        expect.equal(seen, i)
        expect.equal(i * i, result)
      end
      expect.equal(30, seen)
      for _ in pool:imap({}, late) do expect.is_true(false) end
    end)

    promise("gives them as they come, each once", 3, function(pool)
      local sum, seen = 0, {}
      for i, result in pool:imap(numbers(30), late, { ordered = false }) do
        expect.is_nil(seen[i])
        expect.equal(i * i, result)
        seen[i], sum = true, sum + i
      end
      expect.equal(465, sum)
    end)

    promise("gives all results of a call, and nil", 2, function(pool)
      local rows = {}
      for i, a, b in pool:imap({ 1, 2, 3 }, function(n)
        if n ~= 2 then return n, -n end
      end) do
        rows[i] = { a, b }
      end
      expect.same({ { 1, -1 }, {}, { 3, -3 } }, rows)
    end)

    promise("takes no more from an endless iterator than it needs", 2,
      function(pool)
        local next, taken = counter(math.huge)
        for i, result in pool:imap(next, square, { window = 5 }) do
          expect.equal(i * i, result)
          expect.is_true(taken() <= i + 5, taken())
          if i == 100 then break end
        end
        expect.is_true(taken() <= 105)
        expect.equal(3, pool:submit(math.abs, -3):await())
      end)

    promise("takes items from a queue, and doesn't wait for them", 2, function(pool)
      local q = conc.queue(10)
      q:send(1)
      local step, map, state, closing = pool:imap(q, square)
      local _ <close> = closing
      expect.same({ 1, 1 }, { step(map, state) })
      q:send(5)
      expect.same({ 2, 25 }, { step(map, 1) })
      q:close()
      expect.is_nil(step(map, 2))
      expect.is_nil(step(map, 3))
    end)

    promise("raises a failure in its turn, and ends", 2, function(pool)
      local got = {}
      local err = sim.raises(function()
        for i, result in pool:imap(counter(1000), function(n)
          if n == 7 then error("seven", 0) end
          return n
        end, { window = 4 }) do
          got[i] = result
        end
      end)
      expect.equal("seven", tostring(err))
      expect.same(numbers(6), got)
      local stats = pool:stats()
      expect.equal(0, stats.running + stats.queued)
      expect.equal(3, pool:submit(math.abs, -3):await())
    end)

    promise("raises what its iterator raises, after what came before", 2,
      function(pool)
        local got = 0
        local err = sim.raises(function()
          local n = 0
          for _ in pool:imap(function()
            n = n + 1
            if n == 4 then error("no more", 0) end
            return n
          end, square) do
            got = got + 1
          end
        end)
        expect.equal("no more", tostring(err))
        expect.equal(3, got)
      end)

    promise("cancels what is on its way when it is left", 2, function(pool)
      for _, ordered in ipairs { true, false } do
        for i in pool:imap(numbers(50), function(n)
          if n > 3 then require("luaconc").sleep(1000) end
          return n
        end, { ordered = ordered }) do
          if i == 2 then break end
        end
        local stats = pool:stats()
        expect.equal(0, stats.running + stats.queued)
      end
    end)

    promise("is cancelled with its task, in each wait", 2, function(pool)
      for _, ordered in ipairs { true, false } do
        local job = conc.spawn { function()
          for _ in pool:imap(numbers(10), function()
            require("luaconc").sleep(1000)
          end, { ordered = ordered }) do end
        end, keep = true }
        conc.sleep(0.01)
        job:cancel()
        expect.is_true(conc.is_cancelled(select(2, pcall(job.await, job))))
        local stats = pool:stats()
        expect.equal(0, stats.running + stats.queued)
      end
    end)
  end)
end

describe("imap", function()
  it("works outside tasks", function()
    local pool = conc.pool { engine = "thread", workers = 2 }
    local sum = 0
    for _, result in pool:imap(numbers(20), square) do sum = sum + result end
    expect.equal(2870, sum)
    pool:close()
  end)

  it("that nobody goes on with does not keep its pool open", function()
    run(function()
      local pool = conc.pool { engine = "task", workers = 2 }
      local step, map = pool:imap(counter(100), square, { window = 3 })
      expect.same({ 1, 1 }, { step(map) })
      pool:close()
      local err = sim.raises(function()
        for _ in step, map do end
      end)
      expect.equal("the pool was closed before its imap", tostring(err))
    end)
  end)

  it("says what it was given in a wrong way", function()
    local pool <close> = conc.pool()
    for _, case in ipairs {
      { "#1 to 'imap' %(a list or an iterator expected, got 1", 1, square },
      { "#2 to 'imap' %(function expected, got nil", {} },
      { "#3 to 'imap' %(option 'window'", {}, square, { window = 0 } },
      { "#3 to 'imap' %(option 'ordered' must be true or false", {}, square,
        { ordered = 1 } },
      { "#3 to 'imap' %(unknown option 'size'", {}, square, { size = 1 } },
    } do
      local err = sim.raises(pool.imap, pool, table.unpack(case, 2, 4))
      expect.match(case[1], tostring(err))
    end
  end)

  it("tells which item can't be sent", function()
    run(function()
      local pool <close> = conc.pool { engine = "thread", workers = 1 }
      local err = sim.raises(function()
        for _ in pool:imap({ 1, { f = io.stdout } }, type) do end
      end)
      expect.equal("cannot send item 2.f: userdata 'FILE*' has no __transfer",
        tostring(err))
    end)
  end)
end)

describe("idle workers", function()
  for _, engine in ipairs { "thread", "process" } do
    it("end after their time, the last to work last: " .. engine, function()
      run(function()
        local pool <close> = conc.pool { engine = engine, workers = 3,
          idle = 0.02 }
        local function busy()
          local jobs = {}
          for i = 1, 3 do jobs[i] = pool:submit(late, 4) end
          for i = 1, 3 do jobs[i]:await() end
        end
        busy()
        expect.is_true(#pool:stats().workers > 0)
        while #pool:stats().workers > 0 do conc.sleep(0.005) end
        busy()
        expect.is_true(#pool:stats().workers > 0)
      end)
    end)
  end

  it("stay, unless there is a time", function()
    run(function()
      local pool <close> = conc.pool { engine = "thread", workers = 1 }
      pool:submit(math.abs, 1):await()
      conc.sleep(0.03)
      expect.equal(1, #pool:stats().workers)
    end)
  end)
end)
