-- conc.select: the first of several takes effect, and no other.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local sim = require "spec.support.sim"

local run = sim.run

-- The error that a call raises, as text.
local function failure(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err)
end

-- Calls f(send), where what is sent as a case's value calls `midway` when that
-- case begins: cases are tried first, which sends it once before.
local function while_begun(midway, f)
  local meta, calls = getmetatable(io.stdout), 0
  function meta.__transfer()
    calls = calls + 1
    if calls == 2 then midway() end
    return tostring, "sent"
  end
  local ok, err = pcall(f, io.stdout)
  meta.__transfer = nil
  if not ok then error(err, 0) end
end

describe("select", function()
  it("returns the key and the value of a queue that has one", function()
    run(function()
      local empty, full = conc.queue(), conc.queue()
      full:send "value"
      assert.same({ "b", "value" }, { conc.select { a = empty, b = full } })
      assert.equal(0, full:len())
    end)
  end)

  it("waits for the first of several queues", function()
    run(function()
      local a, b = conc.queue(), conc.queue()
      conc.spawn(function()
        conc.sleep(1)
        b:send(1)
        a:send(2)
      end)
      assert.same({ 2, 1 }, { conc.select { a, b } })
      conc.yield()
      assert.equal(1, a:len())
      assert.equal(0, b:len())
    end)
  end)

  it("takes one value only, where several come at once", function()
    run(function()
      local a, b = conc.queue(0), conc.queue(0)
      local sent = {}
      for name, q in pairs { a = a, b = b } do
        conc.spawn { function()
          q:send(name)
          sent[#sent + 1] = name
        end, daemon = true }
      end
      conc.yield()
      local key, value = conc.select { a = a, b = b }
      assert.equal(key, value)
      conc.yield()
      assert.same({ key }, sent)
    end)
  end)

  it("sends where there is room, and leaves nothing where another wins",
    function()
      run(function()
        local q, stop = conc.queue(1), conc.event()
        assert.same({ "out", true },
          { conc.select { out = { q, "send", 1 }, stop = stop } })
        conc.spawn(function()
          conc.sleep(1)
          stop:set()
        end)
        assert.same({ "stop", true },
          { conc.select { out = { q, "send", 2 }, stop = stop } })
        assert.equal(1, q:recv())
        assert.same({ nil, "empty", "EAGAIN" }, { q:try_recv() })
      end)
    end)

  it("meets another select at a queue without room", function()
    run(function()
      local q = conc.queue(0)
      local receiver = conc.spawn(function()
        return conc.select { got = q, [1] = conc.after(5) }
      end)
      conc.yield()
      assert.same({ "sent", true },
        { conc.select { sent = { q, "send", "x" }, [1] = conc.after(5) } })
      assert.same({ "got", "x" }, { receiver:await() })
    end)
  end)

  it("is served in its turn among others", function()
    run(function()
      local q, order = conc.queue(), {}
      local function plain(name)
        conc.spawn(function()
          local value = q:recv()
          order[#order + 1] = { name, value }
        end)
      end
      plain "first"
      conc.spawn(function()
        local _, value = conc.select { q, conc.event() }
        order[#order + 1] = { "select", value }
      end)
      plain "last"
      conc.yield()
      for i = 1, 3 do q:send(i) end
      conc.sleep(1)
      assert.same({ { "first", 1 }, { "select", 2 }, { "last", 3 } }, order)
    end)
  end)

  it("tells of queues that are closed", function()
    run(function()
      local q = conc.queue()
      conc.spawn(function()
        conc.sleep(1)
        q:close()
      end)
      assert.same({ "in", nil, "closed", "EOF" },
        { conc.select { ["in"] = q, [1] = conc.after(9) } })
      assert.same({ "out", nil, "closed", "EPIPE" },
        { conc.select { out = { q, "send", 1 }, never = conc.event() } })
      local r = conc.queue(0)
      conc.spawn(function()
        conc.sleep(1)
        r:close()
      end)
      assert.same({ "out", nil, "closed", "EPIPE" },
        { conc.select { out = { r, "send", 1 }, never = conc.event() } })
    end)
  end)

  it("gives the results of a job, or nil and its error", function()
    run(function()
      local group <close> = conc.group { keep = true }
      local good = group:spawn(function()
        conc.sleep(1)
        return 1, nil, 3
      end)
      local bad = group:spawn(function()
        conc.sleep(2)
        error("boom", 0)
      end)
      local results = table.pack(conc.select { good = good, bad = bad })
      assert.same({ "good", 1, nil, 3, n = 4 }, results)
      assert.same({ "bad", nil, "boom" }, { conc.select { bad = bad } })
      assert.same({ "bad", nil, "boom" }, { conc.select { bad = bad } })
    end)
  end)

  it("waits for threads beside the rest", function()
    conc.run(function()
      local job = conc.thread(math.max, 3, 4)
      assert.same({ "job", 4 },
        { conc.select { job = job, late = conc.after(10) } })
    end)
  end)

  it("has timers, which may be used again", function()
    run(function()
      local timer, start = conc.after(2), conc.now()
      assert.same({ "t" }, { conc.select { t = timer, e = conc.event() } })
      assert.equal(2, conc.now() - start)
      assert.same({ "t" }, { conc.select { t = timer, e = conc.event() } })
      timer:wait()
      local other = conc.after(3)
      other:wait()
      assert.equal(5, conc.now() - start)
    end)
  end)

  it("works outside tasks", function()
    local q = conc.queue()
    conc.spawn(function() q:send(1) end)
    assert.same({ "q", 1 }, { conc.select { q = q, t = conc.after(5) } })
  end)

  it("can be cancelled, and then has done nothing", function()
    run(function()
      local full, empty = conc.queue(1), conc.queue()
      full:send(1)
      local job = conc.spawn { function()
        conc.select { { full, "send", 2 }, empty, conc.after(9), conc.event() }
      end, keep = true }
      conc.yield()
      job:cancel()
      assert.match("cancelled", failure(job.await, job))
      assert.equal(1, full:recv())
      assert.equal(0, full:len())
      empty:send(5)
      assert.equal(5, empty:recv())
      assert.is_nil(conc.timeout(1, conc.select, { empty }))
    end)
  end)

  it("names the case that is wrong", function()
    run(function()
      assert.match('case "x": a queue, event, job, timer or the like expected, '
        .. 'got "text"', failure(conc.select, { x = "text" }))
      assert.match('case 1: "jump" is nothing to wait for here',
        failure(conc.select, { { conc.queue(), "jump" } }))
      assert.match("no case: this would wait for ever",
        failure(conc.select, {}))
      assert.match("nil can't be sent",
        failure(conc.select, { { conc.queue(), "send" } }))
      local job
      job = conc.spawn { function() conc.select { job } end, keep = true }
      assert.match("can't await itself", failure(job.await, job))
      assert.match("table of cases expected", failure(conc.select, 1))
    end)
  end)

  it("is one wait among those of a deadlock", function()
    assert.match("waits for select", failure(conc.run, function()
      conc.select { conc.queue(), conc.event() }
    end))
  end)

  it("undoes what has begun where memory ends", function()
    local function attempt()
      run(function()
        local q = conc.queue(0)
        conc.select { { q, "send", 1 }, q, conc.after(1), conc.event() }
        assert.same({ nil, "empty", "EAGAIN" }, { q:try_recv() })
      end)
    end
    for _, fail in ipairs { testing.fail_alloc, testing.fail_lua } do
      for n = 1, 200 do
        fail(n)
        pcall(attempt)
        local hit = testing.failed()
        fail(nil)
        testing.check()
        if not hit then break end
      end
    end
    attempt()
  end)

  -- What the code of values and of finalisers does in the midst.

  it("is over where a thread serves a case while another begins", function()
    conc.run(function()
      local inbox, full = conc.channel(), conc.channel(1)
      local go, gone = conc.shared.event(), conc.shared.event()
      full:send "keeps it full"
      conc.thread(function(ch, first, second)
        first:wait()
        ch:send "came"
        second:set()
      end, inbox, go, gone)
      while_begun(function()
        local limit = os.clock() + 10
        go:set()
        repeat until gone:is_set() or os.clock() > limit
      end, function(value)
        assert.same({ 1, "came" }, { conc.select { inbox, { full, "send", value } } })
      end)
      assert.equal(1, #full)
    end)
  end)

  -- Each: what happens midway, the case, and its results.
  local changes = {
    ["a queue gets a value"] = function()
      local q = conc.queue()
      return function() q:try_send "came" end, q, "came"
    end,
    ["a queue gets room"] = function()
      local q = conc.queue(1)
      q:try_send "keeps it full"
      return function() q:try_recv() end, { q, "send", "gone" }, true
    end,
    ["a queue is closed"] = function()
      local q = conc.queue()
      return function() q:close() end, q, nil, "closed", "EOF"
    end,
    ["an event is set"] = function()
      local event = conc.event()
      return function() event:set() end, event, true
    end,
    ["a signal is closed"] = function()
      local signal = conc.signal "SIGUSR1"
      return function() signal:close() end, signal, nil, "closed"
    end,
    ["the peer in memory is closed"] = function()
      local a, b = conc.pair()
      return function() a:close() end, b, nil, "end of file", "EOF"
    end,
    ["a stream is closed"] = function()
      local _, b = conc.pair()
      return function() b:close() end, b, nil, "closed"
    end,
    ["a listener is closed"] = function()
      local l = conc.tcp.listen("127.0.0.1", 0)
      return function() l:close() end, l, nil, "closed"
    end,
    ["a udp socket is closed"] = function()
      local u = conc.udp.bind("127.0.0.1", 0)
      return function() u:close() end, u, nil, "closed"
    end,
    ["a channel gets a value"] = function()
      local ch = conc.channel()
      return function() ch:try_send "came" end, ch, "came"
    end,
  }

  for what, prepare in pairs(changes) do
    it("sees that " .. what .. " while cases begin, before it or behind it",
      function()
        for place = 1, 2 do
          run(function()
            local full = conc.channel(1)
            full:send "keeps it full"
            local set = table.pack(prepare())
            while_begun(set[1], function(value)
              local cases = { { full, "send", value } }
              table.insert(cases, place, set[2])
              local got = table.pack(conc.select(cases))
              assert.equal(place, got[1])
              for i = 3, set.n do assert.equal(set[i], got[i - 1]) end
            end)
            assert.equal(1, #full)
            testing.check()
          end)
        end
      end)
  end

  it("does without cases that are taken away while they are tried", function()
    run(function()
      local full, event, meta = conc.channel(1), conc.event(), getmetatable(io.stdout)
      full:send "keeps it full"
      local cases = { { full, "send", io.stdout }, event, late = conc.after(1) }
      function meta.__transfer()
        if cases[2] == event then cases[2] = nil end
        return tostring, "sent"
      end
      local key = conc.select(cases)
      meta.__transfer = nil
      assert.equal("late", key)
    end)
  end)
end)
