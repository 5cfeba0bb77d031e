-- What every stream promises of writing and closing; the kinds are listed in
-- spec/support/streams.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local settle, waiting = streams.settle, streams.waiting

local EOF = { nil, "end of file", "EOF" }
local CLOSED = { nil, "closed", "EBADF" }
local WOKEN = { nil, "closed", "ECANCELED" }   -- closed in the middle of it
local AN_END = streams.AN_END

streams.each(it, function(title, with, kind)
  describe(title .. ": write", function()
    with("takes strings and numbers, as files do, and gives the stream", function(a, b)
      local file = io.tmpfile()
      local values = { "x", 1, -2.5, 1e100, 2^53, "", 0.1, math.mininteger }
      file:write(table.unpack(values))
      file:seek("set")
      assert.equal(a, a:write(table.unpack(values)))
      a:shutdown()
      assert.equal(file:read "a", b:read "a")
      file:close()
    end, AN_END)

    with("of nothing is nothing", function(a, b)
      assert.equal(a, a:write())
      assert.equal(a, a:write(""))
      assert.equal(a, a:write("", "", ""))
      a:shutdown()
      assert.equal("", b:read "a")
    end, AN_END)

    with("takes any number of strings, of any length", function(a, b)
      local list = {}
      for i = 1, 200 do list[i] = streams.bytes(i * 17 % 5000, i) end
      list[30] = streams.bytes(700000, 30)
      conc.spawn(function()
        assert(a:write(table.unpack(list)))
        a:shutdown()
      end)
      assert.is_true(table.concat(list) == b:read "a")
    end, AN_END)

    with("refuses other values, and writes nothing then", function(a, b)
      sim.shows(sim.raises(function() a:write("x", {}) end),
        "bad argument #2 to 'write'", "string expected, got table")
      sim.shows(sim.raises(function() a:write(nil) end),
        "bad argument #1 to 'write'")
      local many = {}
      for i = 1, 40 do many[i] = "x" end
      many[40] = true
      sim.shows(sim.raises(function() a:write(table.unpack(many)) end),
        "bad argument #40 to 'write'")
      a:write("only this")
      a:shutdown()
      assert.equal("only this", b:read "a")
    end, AN_END)

    with("waits where a slow reader leaves too much queued", function(a, b)
      local chunk = streams.bytes(2^20)
      local done = 0
      local writer = conc.spawn(function()
        for _ = 1, 8 do
          assert(a:write(chunk))
          done = done + 1
        end
        assert(a:shutdown())
      end)
      settle()
      local before = done
      assert.equal("waiting", writer:status())
      assert.is_true(before < 8)
      settle()
      assert.equal(before, done)
      for _ = 1, 8 do
        assert.is_true(chunk == streams.read_all(b, #chunk))
        conc.sleep(0.001)
      end
      assert.same(EOF, { b:read() })
      writer:await()
      assert.equal(8, done)
    end, AN_END)

    -- Packets: a head that says whose they are and how long, then the body.
    local function write_packet(stream, who, parts, size)
      local list = {}
      for i = 1, parts do list[i] = who:rep(size) end
      return stream:write(who, " ", parts * size, "\n", table.unpack(list))
    end

    -- Reads packets to the end; how many there were of each.
    local function count_packets(stream)
      local count = {}
      for head in stream:lines() do
        local who, size = head:match "^(%a) (%d+)$"
        assert(who, "a packet begins in the middle of another")
        assert(streams.read_all(stream, tonumber(size)) == who:rep(tonumber(size)))
        count[who] = (count[who] or 0) + 1
      end
      return count
    end

    with("of several tasks never mixes their bytes", function(a, b)
      local jobs = {}
      for i, letter in ipairs { "a", "b", "c" } do
        jobs[i] = conc.spawn(function()
          for n = 1, 5 do assert(write_packet(a, letter, n * n, 30000 // i)) end
        end)
      end
      conc.spawn(function()
        for _, job in ipairs(jobs) do job:await() end
        a:shutdown()
      end)
      assert.same({ a = 5, b = 5, c = 5 }, count_packets(b))
    end, AN_END)

    with("is all or nothing, also for tasks that are cancelled in it or late", function(a, b)
      local begun = { a = 0, b = 0, c = 0 }
      local function write(who, size)
        begun[who] = begun[who] + 1
        return write_packet(a, who, 20, size)
      end
      local job = conc.spawn { function()
        while true do write("a", 20000) end
      end, keep = true }
      local late = conc.spawn(function()
        for _ = 1, 3 do conc.timeout(0.002, write, "b", 30000) end
        begun.over = true
      end)
      local reader = conc.spawn(function()
        while not begun.over do conc.sleep(0.001) end
        return count_packets(b)
      end)
      settle()
      job:cancel()
      late:await()
      for _ = 1, 3 do assert(write("c", 1)) end
      a:shutdown()
      begun.over = nil
      assert.same(begun, reader:await())
      assert.is_true(begun.a > 0)
    end, AN_END)

    with("after shutdown fails", function(a)
      a:shutdown()
      assert.equal("EPIPE", select(3, a:write("x")))
    end, AN_END)

    with("to a peer that has gone fails at last, and so does flush", function(a, b)
      b:close()
      local ok, message, code
      for _ = 1, 100 do
        ok, message, code = a:write("x")
        if not ok then break end
        conc.sleep(0.001)
      end
      assert.is_string(message)
      assert.is_truthy(code == "EPIPE" or code == "ECONNRESET", code)
      assert.equal(code, select(3, a:write("x")))
      assert.equal(code, select(3, a:flush()))
      assert.is_true(a:close())
    end, AN_END)

    with("in the background tells its error in the next call", function(a, b)
      local _, writer = streams.fill(a, ("x"):rep(200000))
      writer:cancel()
      b:close()
      settle()
      local ok, message, code = a:close()
      assert.is_nil(ok)
      assert.is_string(message)
      assert.is_truthy(code == "EPIPE" or code == "ECONNRESET", code)
    end, AN_END)

    with("wakes a waiting writer when the peer goes", function(a, b)
      local _, writer = streams.fill(a, ("x"):rep(200000))
      local waiter = conc.spawn(function() return a:write("y") end)
      b:close()
      local ok, _, code = waiter:await()
      assert.is_nil(ok)
      assert.is_truthy(code == "EPIPE" or code == "ECONNRESET", code)
      writer:cancel()
    end, AN_END)
  end)

  describe(title .. ": flush and shutdown", function()
    with("return at once where nothing is queued", function(a, b)
      assert.is_true(a:flush())
      a:write("x")
      assert.is_true(a:flush())
      assert.is_true(a:shutdown())
      assert.is_true(a:shutdown())
      assert.is_true(a:flush())
      assert.equal("x", b:read "a")
    end, AN_END)

    with("wait until all is sent", function(a, b)
      local accepted, writer = streams.fill(a, ("x"):rep(100000))
      writer:cancel()
      local flusher = waiting(a.flush, a)
      local ender = waiting(a.shutdown, a)
      assert.equal(accepted, #b:read "a")
      assert.is_true(flusher:await())
      assert.is_true(ender:await())
    end, AN_END)

    with("leave the other direction open", function(a, b)
      if kind.oneway then
        assert.is_true(a:shutdown())
        assert.same(EOF, { b:read() })
        assert.equal("EPERM", select(3, b:write("x")))
        assert.equal("EPERM", select(3, a:read()))
        return
      end
      a:write("question")
      a:shutdown()
      assert.equal("question", b:read "a")
      b:write("answer")
      b:shutdown()
      assert.equal("answer", a:read "a")
    end, AN_END)
  end)

  describe(title .. ": close", function()
    with("sends what is queued before", function(a, b)
      local accepted, writer = streams.fill(a, ("x"):rep(100000))
      writer:cancel()
      local closer = waiting(a.close, a)
      assert.equal("closed", select(2, a:read()))
      assert.equal("closed", select(2, a:write("late")))
      assert.equal(accepted, #b:read "a")
      assert.is_true(closer:await())
    end, AN_END)

    with("of a variable that is left does the same", function(a, b)
      local accepted
      local filled = conc.event()
      conc.spawn(function()
        local s <close> = a
        local writer
        accepted, writer = streams.fill(s, ("x"):rep(100000))
        writer:cancel()
        filled:set()
      end)
      filled:wait()
      local all = b:read "a"
      assert.equal(accepted, #all)
    end, AN_END)

    with("in a cancelled task does not wait", function(a, b)
      local closed = false
      local job = conc.spawn(function()
        local _ <close> = sim.on_close(function() closed = true end)
        local s <close> = a
        while true do s:write(("x"):rep(100000)) end
      end)
      settle()
      job:cancel()
      settle()
      assert.is_true(closed)
      assert.same(CLOSED, { a:read() })
      assert.is_true(#b:read "a" > 0)
    end, AN_END)

    with("twice is harmless, and says true", function(a)
      assert.is_true(a:close())
      assert.is_true(a:close())
      assert.is_truthy(tostring(a):find("closed", 1, true))
    end, AN_END)

    with("makes every other call fail", function(a)
      a:close()
      assert.same(CLOSED, { a:read() })
      assert.same(CLOSED, { a:read "a" })
      assert.same(CLOSED, { a:write("x") })
      assert.same(CLOSED, { a:write() })
      assert.same(CLOSED, { a:flush() })
      assert.same(CLOSED, { a:shutdown() })
      assert.same(CLOSED, { a:timeout(1) })
      assert.same(CLOSED, { a:peer() })
      assert.same(CLOSED, { a:sock() })
    end, AN_END)

    with("wakes a reader", function(_, b)
      local reader = waiting(b.read, b, 10)
      assert.is_true(b:close())
      assert.same(WOKEN, { reader:await() })
    end, AN_END)

    with("by another task wakes writers once all is sent", function(a, b)
      local accepted, writer = streams.fill(a, ("x"):rep(100000))
      local closer = waiting(a.close, a)
      assert.equal(accepted, #b:read "a")
      assert.is_true(closer:await())
      assert.same(CLOSED, { writer:await() })   -- the write after that
    end, AN_END)

    with("tells the peer", function(a, b)
      local reader = waiting(b.read, b, "a")
      a:close()
      assert.equal("", reader:await())
    end, AN_END)

    it("is done by the collector where nobody did", function()
      conc.run(function() kind.pair() end)
      collectgarbage()
      collectgarbage()
      conc.run(conc.yield)
    end)
  end)

  describe(title .. ": reset", function()
    with("closes at once, and the peer does not wait for more", function(a, b)
      local reader = waiting(b.read, b, 10)
      a:write("abc")
      settle()
      assert.is_true(a:reset())
      local data, _, code = reader:await()
      assert.is_truthy(data == "abc" or code == "ECONNRESET", data or code)
      if kind.resets then assert.equal("ECONNRESET", code) end
      assert.same(CLOSED, { a:read() })
      assert.is_true(a:reset())
    end, AN_END)

    with("drops what is queued", function(a, b)
      local accepted, writer = streams.fill(a, ("x"):rep(100000))
      a:reset()
      assert.equal("ECANCELED", select(3, writer:await()))
      local got, code = 0
      repeat
        local data, _
        data, _, code = b:read()
        got = got + #(data or "")
      until not data
      assert.is_true(got < accepted)
      assert.equal(kind.resets and "ECONNRESET" or "EOF", code)
    end, AN_END)
  end)
end)
