-- What is told where nothing can go on in any thread or process; and that
-- nothing is told where something can.

local conc = require "luaconc"
local core = require "luaconc.core"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

local NAP = 0.1   -- seconds, as in src/inspect/still.c

-- Calls f as conc.run does; the error that it must raise.
local function deadlock(f, ...)
  local ok, err = pcall(conc.run, f, ...)
  assert.is_false(ok)
  assert.equal("EDEADLK", type(err) == "table" and err.code or tostring(err),
    tostring(err))
  return err.message
end

local function lines_with(text, ...)
  local n = 0
  for line in text:gmatch "[^\n]+" do
    local all = true
    for _, word in ipairs { ... } do all = all and line:find(word, 1, true) end
    if all then n = n + 1 end
  end
  return n
end

local function wait_for(ch) return ch:recv() end

local ENGINES = { "thread", "process" }

before_each(function() core.nap(0.005) end)
after_each(function() core.nap(NAP) end)

for _, engine in ipairs(ENGINES) do
  local start = conc[engine]

  describe("a " .. engine, function()
    it("and its starter that wait for each other's messages are told", function()
      local at, there
      local text = deadlock(function()
        local up, down = conc.channel(1), conc.channel(1)
        there = sim.line(1)
        start { function(u, d) d:recv() u:send(1) end, up, down, name = "peer" }
        at = sim.line(1)
        up:recv()
      end)
      sim.shows(text, "every task waits and nothing can wake them",
        "waits for channel:recv at " .. at, "0 in it",
        (" 'peer', started at %s:"):format(there),
        "task 1 'peer' waits for channel:recv at " .. there)
    end)

    it("that waits for a full channel is told", function()
      local text = deadlock(function()
        local ch = conc.channel(1)
        local h = start(function(c) c:send(1) c:send(2) end, ch)
        h:await()
        ch:recv()
      end)
      sim.shows(text, "for channel:send", "1 in it", "for await")
    end)

    it("whose lock another one holds, and the other way round, is told", function()
      local text = deadlock(function()
        local a, b = conc.shared.lock(), conc.shared.lock()
        local met = conc.shared.barrier(2)
        local function f(first, second, both)
          first:acquire()
          both:wait()
          second:acquire()
        end
        start { f, a, b, met, name = "left" }
        start { f, b, a, met, name = "right" }
      end)
      assert.equal(1, lines_with(text, "task 1 'left' waits for shared lock",
        "held by task 1 'right' of " .. engine))
      assert.equal(1, lines_with(text, "task 1 'right' waits for shared lock",
        "held by task 1 'left' of " .. engine))
      assert.equal(1, lines_with(text, "in a circle: ", "'left' of " .. engine,
        "'right' of " .. engine))
    end)

    it("that waits for its starter's lock is told, with the circle", function()
      local text = deadlock(function()
        local l = conc.shared.lock()
        conc.spawn { function()
          l:acquire()
          start { function(lock) lock:acquire() end, l, name = "low" }:await()
        end, name = "high" }
      end)
      sim.shows(text, "'high' of the program", "in a circle: task")
      assert.equal(1, lines_with(text, "in a circle", "'high' -> task 1 'low' of"))
    end)

    it("that waits for what has been closed, or has no other holder, goes on",
      function()
        conc.run(function()
          local ch, ready = conc.channel(1), conc.channel(1)
          local h = start(function(c, r)
            r:send(true)
            return select(3, c:recv())
          end, ch, ready)
          ready:recv()
          ch = nil   -- garbage that nobody would collect
          assert.is_nil(ch)
          assert.equal("EOF", h:await())
        end)
      end)

    it("is waited for while it computes, sleeps, or runs C code", function()
      conc.run(function()
        local up = conc.channel(1)
        local function computes(u)
          local till = os.clock() + 0.1
          while os.clock() < till do end
          u:send "computed"
        end
        local function sleeps(u)
          require "luaconc".sleep(0.1)
          u:send "slept"
        end
        local function blocks(u)
          os.execute "sleep 0.1"
          u:send "blocked"
        end
        for _, f in ipairs { computes, sleeps, blocks } do
          local h = start(f, up)
          assert.is_string(up:recv())
          h:await()
        end
      end)
    end)

    it("is waited for while one of its own does", function()
      local got = conc.run(function()
        local up = conc.channel(1)
        start(function(kind, u)
          local own = require "luaconc"
          own[kind](function(v)
            os.execute "sleep 0.15"
            v:send "there"
          end, u):await()
        end, engine, up)
        return up:recv()
      end)
      assert.equal("there", got)
    end)

    it("of another one that waits is told below it", function()
      local text = deadlock(function()
        local ch = conc.channel(1)
        start { function(kind, c)
          local own = require "luaconc"
          own[kind] { function(d) d:recv() end, c, name = "inner" }:await()
        end, engine, ch, name = "outer" }
      end)
      local outer = text:match "\n( *)in %w+ %d+ 'outer'"
      local inner = text:match("\n( *)in %w+ %d+ 'inner'")
      assert.is_truthy(outer and inner, text)
      assert.is_true(#inner > #outer)
      assert.equal(1, lines_with(text, "task 1 'inner' waits for channel:recv"))
    end)

    it("of a pool whose call waits for ever is told", function()
      local text = deadlock(function()
        local ch = conc.channel(1)
        local pool <close> = conc.pool { engine = engine, workers = 2,
          name = "mill" }
        pool:submit(wait_for, ch)
        pool:submit(math.abs, -1):await()
      end)
      sim.shows(text, "'mill", "for channel:recv", "for a letter")
    end)

    it("cleans up when that is told", function()
      local ended = conc.shared.counter(0)
      deadlock(function()
        local ch = conc.channel(1)
        for _ = 1, 2 do
          start(function(c, n)
            local _ <close> = setmetatable({}, { __close = function() n:add(1) end })
            c:recv()
          end, ch, ended)
        end
        ch:recv()
      end)
      assert.equal(2, ended:get())
    end)
  end)
end

describe("tasks of one state", function()
  it("that wait for each other's shared locks are told", function()
    local text = deadlock(function()
      local a, b = conc.shared.lock(), conc.shared.lock()
      conc.spawn { function() a:acquire() conc.yield() b:acquire() end, name = "x" }
      conc.spawn { function() b:acquire() conc.yield() a:acquire() end, name = "y" }
    end)
    assert.equal(1, lines_with(text, "'x' waits for shared lock:acquire",
      "held by task", "'y')"))
    assert.equal(1, lines_with(text, "in a circle: task"))
  end)

  it("that wait in a circle of shared and other locks are told", function()
    local text = deadlock(function()
      local a, b = conc.shared.lock(), conc.lock()
      conc.spawn { function() a:acquire() conc.yield() b:acquire() end, name = "x" }
      conc.spawn { function() b:acquire() conc.yield() a:acquire() end, name = "y" }
    end)
    assert.equal(1, lines_with(text, "in a circle: task", "'x'", "'y'"))
  end)

  it("that wait for shared objects are told of what", function()
    local text = deadlock(function()
      local s, e = conc.shared.semaphore(1), conc.shared.event()
      local b = conc.shared.barrier(3)
      s:acquire()
      conc.spawn(s.acquire, s)
      conc.spawn(e.wait, e)
      conc.spawn(b.wait, b)
    end)
    sim.shows(text, "shared semaphore 0x", "0 of 1 permits are free",
      "shared event 0x", "not set", "shared barrier 0x", "1 of 3 have come")
  end)

  it("are told where one of their locks is the code's outside tasks", function()
    local l = conc.shared.lock()
    l:acquire()
    local text = deadlock(function() l:acquire() end)
    sim.shows(text, "held by the code outside tasks")
    l:release()
  end)

  it("that wait on in their clean-up are ended, too", function()
    local l = conc.shared.lock()
    l:acquire()
    deadlock(function()
      conc.shield(function() l:acquire() end)
    end)
    l:release()
    conc.run(function() l:with(function() end) end)
  end)

  it("are not told where a signal, a timer or a stream is waited for", function()
    conc.run(function()
      local ch, term = conc.channel(1), conc.signal "SIGUSR2"
      local h = conc.thread(wait_for, ch)
      conc.spawn(function()
        term:wait()
        ch:send "signalled"
      end)
      conc.exec { "sh", "-c", "sleep 0.1; kill -USR2 $PPID" }
      assert.equal("signalled", h:await())
      term:close()
    end)
  end)
end)

describe("code outside tasks", function()
  it("that waits for ever is told, and may go on", function()
    local ch = conc.channel(1)
    local h = conc.thread(function(c) c:recv() end, ch)
    local ok, err = pcall(h.await, h)
    assert.is_false(ok)
    sim.shows(err.message, "the code outside tasks waits for await",
      "task 1 waits for channel:recv")
    assert.equal("EDEADLK", err.code)
    assert.equal("cancelled", h:status())
    assert.equal(3, conc.thread(math.abs, -3):await())
  end)
end)

describe("a fork", function()
  it("that waits with a thread of its own is told", function()
    local result = script.run [[
      local ok, err = pcall(conc.run, function()
        conc.process { function()
          local ch = conc.channel(1)
          conc.thread(function(c) c:recv() end, ch):await()
          ch:close()
        end, start = "fork", name = "twin" }
      end)
      say(tostring(ok), err.code)
      io.stderr:write(err.message)
    ]]
    assert.equal("falseEDEADLK\n", result.out)
    sim.shows(result.err, "'twin', started at", "for channel:recv")
  end)
end)

describe("under debug", function()
  it("a circle of shared locks is told at once, and where they were taken",
    function()
      for _, engine in ipairs(ENGINES) do
        local result = script.run(([[
          conc.debug.start()
          pcall(conc.run, function()
            local a, b = conc.shared.lock(), conc.shared.lock()
            local met = conc.shared.barrier(2)
            local function f(first, second, both)
              first:acquire()
              both:wait()
              second:acquire()
            end
            conc.%s { f, a, b, met, name = "left" }
            conc.%s { f, b, a, met, name = "right" }
          end)
        ]]):format(engine, engine))
        assert.equal(0, result.code, result.err)
        sim.shows(result.err, "these wait for each other's shared locks: task 1",
          "held by task 1 of another state, which took it at",
          "-> shared lock 0x")
        -- (Each tells it where both close the circle at the same moment.)
        local n = lines_with(result.err, "these wait for each other's")
        assert.is_true(n == 1 or n == 2, result.err)
      end
    end)

  it("a deadlock says where shared locks were taken", function()
    local result = script.run [[
      conc.debug.start()
      conc.run(function()
        local l = conc.shared.lock()
        l:acquire()
        conc.thread(function(lock) lock:acquire() end, l):await()
      end)
    ]]
    sim.shows(result.err, "of the program, which took it at")
  end)
end)

describe("nothing is told", function()
  -- Looks are as frequent as can be while messages go round: whoever sleeps has
  -- one on its way.
  it("while messages go round between threads and processes", function()
    core.nap(0.00002)
    conc.run(function()
      local ring = {}
      for i = 1, 5 do ring[i] = conc.channel(i % 2) end
      local function pass(from, to, n)
        local nap = require "luaconc.core".nap
        nap(0.00002)
        for _ = 1, n do to:send(from:recv() + 1) end
      end
      for i = 1, 3 do conc.thread(pass, ring[i], ring[i + 1], 1000) end
      conc.process(pass, ring[4], ring[5], 1000)
      local n = 0
      for _ = 1, 1000 do
        ring[1]:send(n)
        n = ring[5]:recv()
      end
      assert.equal(4000, n)
    end)
  end)

  it("while locks, events and results go round", function()
    core.nap(0.00002)
    conc.run(function()
      local l, n = conc.shared.lock(), conc.shared.counter(0)
      local function work(lock, count)
        for _ = 1, 200 do lock:with(count.add, count, 1) end
      end
      for _ = 1, 10 do
        local hs = { conc.thread(work, l, n), conc.thread(work, l, n) }
        for _, h in ipairs(hs) do h:await() end
      end
      assert.equal(4000, n:get())
    end)
  end)

  it("where a process that holds the lock is killed", function()
    conc.run(function()
      local l, ready = conc.shared.lock(), conc.channel(1)
      local h = conc.process { function(lock, r)
        lock:acquire()
        r:send(true)
        os.execute "sleep 5"
      end, l, ready, keep = true }
      ready:recv()
      local waiter = conc.thread(function(lock) return select(3, lock:acquire()) end, l)
      conc.exec { "sh", "-c", "sleep 0.05" }
      h:kill "SIGKILL"
      assert.equal("EOWNERDEAD", waiter:await())
      pcall(h.await, h)
    end)
  end)
end)
