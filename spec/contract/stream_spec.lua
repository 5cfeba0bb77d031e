-- What every stream promises. The kinds are listed in spec/support/streams.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"
local testing = require "luaconc.testing"
local core = require "luaconc.core"

local settle, waiting = streams.settle, streams.waiting

local EOF = { nil, "end of file", "EOF" }
local CLOSED = { nil, "closed", "EBADF" }
local WOKEN = { nil, "closed", "ECANCELED" }   -- closed in the middle of it
local LATE = { nil, "timed out", "ETIMEDOUT" }

local AN_END = "the end of the input"

for _, kind in ipairs(streams.kinds) do
  local title = (kind.title or kind.name)
    .. (kind.seed and ", in random order" or "")

  -- `it` with a connected pair; both are closed at the end. Cases that are
  -- about AN_END hold for kinds that have one.
  local function with(promise, f, what)
    if what == AN_END and kind.endless then return end
    it(promise, function() streams.with(kind, f) end)
  end

  describe(title .. ": read", function()
    with("gives whatever is there without a format", function(a, b)
      a:write("one", "two")
      assert.equal("onetwo", b:read())
      a:write("three")
      assert.equal("three", b:read(nil))
    end)

    with("waits until there is something", function(a, b)
      local reader = waiting(b.read, b)
      a:write("late")
      assert.equal("late", reader:await())
    end)

    with("gives as many bytes as asked for, whatever the pieces", function(a, b)
      local data = streams.bytes(10000)
      conc.spawn(function()
        for i = 1, #data, 37 do
          a:write(data:sub(i, i + 36))
          if i % 5 == 0 then conc.sleep(0) end
        end
      end)
      local got = {}
      for _, n in ipairs { 1, 999, 3000, 0, 6000 } do
        got[#got + 1] = streams.read_all(b, n)
      end
      assert.is_true(data == table.concat(got))
    end)

    with("gives fewer bytes only at the end, then says so", function(a, b)
      a:write("abcde")
      a:shutdown()
      assert.equal("abc", b:read(3))
      assert.equal("de", b:read(3))
      assert.same(EOF, { b:read(3) })
      assert.same(EOF, { b:read(0) })
    end, AN_END)

    with("of 0 bytes tells whether there are any", function(a, b)
      local reader = waiting(b.read, b, 0)
      a:write("x")
      assert.equal("", reader:await())
      assert.equal("", b:read(0))
      assert.equal("x", b:read(1))
    end)

    with("gives lines with and without their ends", function(a, b)
      a:write("one\ntwo\r\n\n", "four\n")
      assert.equal("one", b:read "l")
      assert.equal("two\r\n", b:read "L")
      assert.equal("", b:read "l")
      assert.equal("four", b:read "*l")
    end)

    with("gives the last line though it has no end", function(a, b)
      a:write("one\ntwo")
      a:shutdown()
      assert.equal("one\n", b:read "L")
      assert.equal("two", b:read "L")
      assert.same(EOF, { b:read "L" })
      assert.same(EOF, { b:read "l" })
    end, AN_END)

    with("finds lines across the borders of chunks", function(a, b)
      local text = "first\n\nthird line\nx\n"
      conc.spawn(function()
        for c in text:gmatch "." do
          a:write(c)
          conc.sleep(0.0005)
        end
        a:shutdown()
      end)
      local got = {}
      for line in b:lines "L" do got[#got + 1] = line end
      assert.same({ "first\n", "\n", "third line\n", "x\n" }, got)
    end, AN_END)

    with("gives a line longer than any buffer", function(a, b)
      local long = ("abcdefghij"):rep(50000)
      conc.spawn(function() a:write("short\n", long, "\nrest\n") end)
      assert.equal("short", b:read "l")
      assert.is_true(long == b:read "l")
      assert.equal("rest", b:read "l")
    end)

    with("gives thousands of lines of a chunk, in order", function(a, b)
      conc.spawn(function()
        local list = {}
        for i = 1, 20000 do list[i] = i .. "\n" end
        a:write(table.concat(list))
        a:shutdown()
      end)
      local n = 0
      for line in b:lines() do
        n = n + 1
        assert(line == tostring(n))
      end
      assert.equal(20000, n)
    end, AN_END)

    with("'a' gives everything up to the end, then an empty string", function(a, b)
      conc.spawn(function()
        a:write("some, ")
        conc.sleep(0.002)
        a:write("more")
        a:shutdown()
      end)
      assert.equal("some, more", b:read "a")
      assert.equal("", b:read "a")
      assert.same(EOF, { b:read() })
    end, AN_END)

    with("takes up what another format has left", function(a, b)
      a:write("head\n12345tail\nrest")
      a:shutdown()
      assert.equal("head", b:read "l")
      assert.equal("12345", b:read(5))
      assert.equal("tail\n", b:read "L")
      assert.equal("rest", b:read())
      assert.same(EOF, { b:read() })
    end, AN_END)

    with("says the end again each time", function(a, b)
      a:close()
      for _ = 1, 3 do assert.same(EOF, { b:read() }) end
    end, AN_END)

    with("gives bytes of every value unchanged", function(a, b)
      local data = streams.bytes(300000, 7)
      conc.spawn(function() a:write(data) a:shutdown() end)
      assert.is_true(data == b:read "a")
    end, AN_END)

    with("refuses what is no format", function(_, b)
      for _, bad in ipairs { "x", "", "n", "*", true, {}, -1, 1.5 } do
        sim.shows(sim.raises(function() b:read(bad) end),
          "bad argument #1 to 'read'")
      end
      sim.shows(sim.raises(b.read, "not a stream"), kind.name)
      sim.shows(sim.raises(b.read, io.stdout), kind.name)
      sim.shows(sim.raises(b.read), kind.name)
    end)

    with("by a second task while one waits raises", function(a, b)
      local reader = waiting(b.read, b)
      sim.shows(sim.raises(b.read, b), "another task is reading", kind.name)
      a:write("for the first")
      assert.equal("for the first", reader:await())
    end)

    with("keeps what comes while nobody reads", function(a, b)
      a:write("1")
      assert.equal("1", b:read())
      a:write("2")
      settle()
      a:write("3")
      settle()
      assert.equal("23", b:read(2))
    end)

    with("takes no more than it may keep while nobody reads", function(a, b)
      a:write("x")
      b:read()
      local before = testing.counts().bytes
      local accepted, writer = streams.fill(a, ("y"):rep(65536))
      -- The writer's queue, in blocks of 64 KiB, and what the reader keeps.
      assert.is_true(testing.counts().bytes - before < 4 * 65536)
      writer:cancel()
      conc.spawn(function() a:write("z") a:shutdown() end)
      local all = b:read "a"
      assert.equal(accepted + 1, #all)
      assert.equal("z", all:sub(-1))
    end, AN_END)

    with("never freezes other tasks, however much there is", function(a, b)
      local line = ("z"):rep(20) .. "\n"
      conc.spawn(function() a:write(line:rep(50000)) a:shutdown() end)
      local turns, done = 0, false
      conc.spawn(function()
        while not done do
          turns = turns + 1
          conc.yield()
        end
      end)
      local n = 0
      for _ in b:lines() do n = n + 1 end
      done = true
      assert.equal(50000, n)
      assert.is_true(turns > 3)
    end, AN_END)

    it("works outside tasks", function()
      local a, b
      conc.run(function() a, b = kind.pair() end)
      a:write("line\nmore")
      assert.equal("line", b:read "l")
      a:close()
      assert.equal("more", b:read "a")
      assert.same(EOF, { b:read() })
      b:close()
    end)

    it("outside tasks yields to a task that was quicker", function()
      local a, b
      conc.run(function() a, b = kind.pair() end)
      local turns = {}
      conc.spawn(function()
        for i = 1, 3 do
          conc.sleep(0.002)
          turns[i] = i
          a:write(i, "\n")
        end
      end)
      for i = 1, 3 do assert.equal(tostring(i), b:read "l") end
      assert.same({ 1, 2, 3 }, turns)
      a:close()
      b:close()
    end)

    with("works in a generator", function(a, b)
      local numbers = conc.coroutine.wrap(function()
        for line in b:lines() do conc.coroutine.yield(tonumber(line)) end
      end)
      conc.spawn(function()
        for i = 1, 3 do
          a:write(i, "\n")
          conc.sleep(0.001)
        end
        a:shutdown()
      end)
      assert.same({ 1, 2, 3 }, { numbers(), numbers(), numbers() })
      assert.is_nil(numbers())
    end, AN_END)
  end)

  describe(title .. ": a limit", function()
    local LONG = { nil, "longer than its limit", "EMSGSIZE" }

    with("keeps a peer from filling the memory with one line", function(a, b)
      local reader = waiting(b.read, b, "l")
      conc.spawn(function() a:write(("x"):rep(core.stream.longest + 1), "\n") end)
      assert.same(LONG, { reader:await() })
      assert.is_true(#b:read() > 0)
    end)

    with("is the caller's choice, the end of the line included", function(a, b)
      a:write("12345\n12345\n123456789\n")
      assert.equal("12345", b:read("l", 6))
      assert.same(LONG, { b:read("L", 5) })
      assert.equal("12345\n", b:read("L", 6))
      assert.same(LONG, { b:read("l", 4) })
      assert.equal("123456789", b:read("l", math.huge))
      a:write("abc")
      assert.same(LONG, { b:read("l", 3) })
      assert.equal("abc", b:read())
    end)

    with("of 'a' is all that may come", function(a, b)
      a:write("12345")
      a:shutdown()
      assert.same(LONG, { b:read("a", 4) })
      assert.equal("12345", b:read("a", 5))
    end, AN_END)

    with("is raised by lines", function(a, b)
      a:write("1\n22\n333\n")
      local got = {}
      local err = sim.raises(function()
        for line in b:lines("l", 3) do got[#got + 1] = line end
      end)
      assert.equal("EMSGSIZE", err.code)
      assert.same({ "1", "22" }, got)
    end)

    with("that is none is refused", function(_, b)
      for _, limit in ipairs { 0, -1, 1.5, "x", {} } do
        assert.has_error(function() b:read("l", limit) end)
      end
    end)
  end)

  describe(title .. ": read_until", function()
    with("gives what comes before a delimiter, which is taken", function(a, b)
      a:write("head\r\n\r\nbody|rest")
      assert.equal("head", b:read_until "\r\n\r\n")
      assert.equal("body", b:read_until "|")
      assert.equal("rest", b:read())
    end)

    with("finds it wherever it is cut", function(a, b)
      for at = 1, 8 do
        local text = "one<--->two<--->"
        local reader = waiting(function()
          return b:read_until "<--->" .. "," .. b:read_until "<--->"
        end)
        a:write(text:sub(1, at))
        settle()
        a:write(text:sub(at + 1, 12))
        settle()
        a:write(text:sub(13))
        assert.equal("one,two", reader:await())
      end
    end)

    with("is not fooled by beginnings of it", function(a, b)
      a:write("aaab|aab|aaaab")
      assert.equal("a", b:read_until "aab")
      assert.equal("|", b:read_until "aab")
      assert.equal("|aa", b:read_until "aab")
    end)

    with("has a limit, the delimiter included", function(a, b)
      a:write("12345;")
      assert.same({ nil, "longer than its limit", "EMSGSIZE" },
        { b:read_until(";", 5) })
      assert.equal("12345", b:read_until(";", 6))
    end)

    with("leaves what is there at the end without it", function(a, b)
      a:write("rest")
      a:shutdown()
      assert.same({ nil, "end of file", "EOF" }, { b:read_until ";" })
      assert.equal("rest", b:read "a")
    end, AN_END)

    with("can be cancelled and timed out, and loses nothing", function(a, b)
      a:write("par")
      local reader = waiting(b.read_until, b, ";")
      reader:cancel()
      settle()
      b:timeout(0.001)
      assert.same({ nil, "timed out", "ETIMEDOUT" }, { b:read_until ";" })
      b:timeout(nil)
      a:write("t;")
      assert.equal("part", b:read_until ";")
    end)

    with("refuses an empty delimiter, and what is none", function(_, b)
      assert.has_error(function() b:read_until "" end)
      assert.has_error(function() b:read_until() end)
      assert.has_error(function() b:read_until {} end)
    end)
  end)

  describe(title .. ": lines", function()
    with("goes through lines, or pieces of the format", function(a, b)
      a:write("a\nbc\n12345678")
      a:shutdown()
      local got = {}
      for line in b:lines() do
        got[#got + 1] = line
        if #got == 2 then break end
      end
      for piece in b:lines(3) do got[#got + 1] = piece end
      assert.same({ "a", "bc", "123", "456", "78" }, got)
    end, AN_END)

    with("raises where reading fails, as io.lines does", function(_, b)
      b:timeout(0.001)
      local err = sim.raises(function() for _ in b:lines() do end end)
      assert.equal("ETIMEDOUT", err.code)
      b:close()
      err = sim.raises(function() for _ in b:lines() do end end)
      assert.equal("EBADF", err.code)
    end, AN_END)

    with("refuses 'a' and what is no format", function(_, b)
      sim.shows(sim.raises(b.lines, b, "a"), "'a' reads once")
      sim.shows(sim.raises(b.lines, b, "q"), "a number of bytes, or nothing expected")
    end)
  end)

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

    with("of several tasks never mixes their bytes", function(a, b)
      local function writer(letter)
        for _ = 1, 5 do assert(a:write(letter:rep(150000), "\n")) end
      end
      local jobs = {}
      for _, letter in ipairs { "a", "b", "c" } do
        jobs[#jobs + 1] = conc.spawn(writer, letter)
      end
      conc.spawn(function()
        for _, job in ipairs(jobs) do job:await() end
        a:shutdown()
      end)
      local count = { a = 0, b = 0, c = 0 }
      for line in b:lines() do
        local letter = line:sub(1, 1)
        assert(line == letter:rep(150000))
        count[letter] = count[letter] + 1
      end
      assert.same({ a = 5, b = 5, c = 5 }, count)
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

  describe(title .. ": timeout", function()
    with("limits a read, which loses nothing", function(a, b)
      assert.equal(b, b:timeout(0.005))
      assert.same(LATE, { b:read() })
      a:write("par")
      assert.same(LATE, { b:read "l" })
      assert.same(LATE, { b:read(10) })
      a:write("t\n")
      assert.equal("part", b:read "l")
      b:timeout(nil)
      local reader = waiting(b.read, b)
      conc.sleep(0.01)
      assert.equal("waiting", reader:status())
      a:write("x")
      assert.equal("x", reader:await())
    end)

    with("of 0 takes what is there", function(a, b)
      b:timeout(0)
      assert.same(LATE, { b:read() })
      a:write("x")
      settle()
      local data = b:read()
      assert.equal("x", data)
    end)

    with("limits a write; what was accepted is sent whole", function(a, b)
      a:timeout(0.005)
      local chunk, n = streams.bytes(300000), 0
      local results
      repeat
        n = n + 1
        results = { a:write(chunk) }
      until not results[1]
      assert.same(LATE, results)
      assert.same(LATE, { a:flush() })
      a:timeout()
      conc.spawn(function()
        assert(a:write("tail"))
        assert(a:shutdown())
      end)
      for _ = 1, n do assert.is_true(chunk == streams.read_all(b, #chunk)) end
      assert.equal("tail", b:read "a")
    end, AN_END)

    with("limits a close, which closes nevertheless", function(a)
      local _, writer = streams.fill(a, ("x"):rep(100000))
      writer:cancel()
      a:timeout(0.005)
      assert.same(LATE, { a:close() })
      assert.same(CLOSED, { a:read() })
    end, AN_END)

    with("refuses what is no time", function(a)
      for _, bad in ipairs { -1, 0 / 0, "soon", {} } do
          sim.shows(sim.raises(function() a:timeout(bad) end),
          "bad argument #1 to 'timeout'")
      end
    end)
  end)

  describe(title .. ": cancelling a job that", function()
    with("reads loses nothing", function(a, b)
      for _, format in ipairs { 10, "l", "a", false } do
        local reader = waiting(b.read, b, format or nil)
        if format then
          a:write("ab")
          settle()
        end
        reader:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(reader.await, reader)))
        if format then assert.equal("ab", b:read()) end
      end
      a:write("still\n")
      assert.equal("still", b:read "l")
    end)

    with("reads, after its data has come, hands the data over", function(a, b)
      local seen
      local reader = waiting(function()
        seen = b:read()
        conc.sleep(1)
      end)
      a:write("data")
      settle()
      reader:cancel()
      settle()
      assert.equal("data", seen)
    end)

    with("writes leaves what was accepted, in order", function(a, b)
      local chunk = streams.bytes(200000)
      local n = 0
      local writer = conc.spawn { function()
        while true do
          n = n + 1
          a:write(chunk)
        end
      end, keep = true }
      settle()
      writer:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(writer.await, writer)))
      conc.spawn(function()
        assert(a:write("tail"))
        assert(a:shutdown())
      end)
      for _ = 1, n do assert.is_true(chunk == streams.read_all(b, #chunk)) end
      assert.equal("tail", b:read "a")
    end, AN_END)

    with("flushes or half-closes ends the wait only", function(a, b)
      local accepted, writer = streams.fill(a, ("x"):rep(100000))
      writer:cancel()
      for _, name in ipairs { "flush", "shutdown" } do
        local job = waiting(a[name], a)
        job:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
      end
      assert.equal(accepted, #b:read "a")
    end, AN_END)

    with("closes closes at once", function(a)
      local _, writer = streams.fill(a, ("x"):rep(100000))
      writer:cancel()
      local closer = waiting(a.close, a)
      closer:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(closer.await, closer)))
      assert.same(CLOSED, { a:read() })
    end)

    with("was cancelled before refuses every wait", function(a, b)
      a:write("there already")
      settle()
      local refused = 0
      local job = conc.spawn { function()
        conc.current():cancel()
        for _, call in ipairs { "read", "write", "flush", "shutdown" } do
          local ok, err = pcall(b[call], b)
          if not ok and conc.is_cancelled(err) then refused = refused + 1 end
        end
      end, keep = true }
      pcall(job.await, job)
      assert.equal(4, refused)
      assert.equal("there already", b:read())
    end, AN_END)

    with("waits by a deadline around it is told so", function(_, b)
      assert.same(LATE, { conc.timeout(0.005, b.read, b) })
      assert.same(LATE, { conc.timeout(0.005, b.read, b, "l") })
    end)
  end)

  describe(title .. ": as a case of a select", function()
    with("gives what is there, with the key", function(a, b)
      a:write("one\ntwo\n")
      settle()
      assert.same({ "input", "one" }, { conc.select { input = { b, "read", "l" } } })
      assert.same({ b, "tw" }, { conc.select { [b] = { b, "read", 2 } } })
      assert.same({ 1, "o\n" }, { conc.select { b } })
    end)

    with("waits until it has what was asked for", function(a, b)
      local job = waiting(conc.select, { { b, "read", "l" }, conc.event() })
      a:write("par")
      settle()
      assert.equal("waiting", job:status())
      a:write("t\nrest")
      assert.same({ 1, "part" }, { job:await() })
      assert.equal("rest", b:read())
    end)

    with("takes nothing where another case wins", function(a, b)
      for _ = 1, 3 do
        local stop = conc.event()
        local job = waiting(conc.select, { { b, "read", "l" }, stop = stop })
        a:write("ab")
        settle()
        stop:set()
        assert.same({ "stop", true }, { job:await() })
      end
      a:write("\n")
      assert.equal("ababab", b:read "l")
    end)

    with("takes from one of two", function(a, b)
      if kind.oneway then return end
      local job = waiting(conc.select, { a = a, b = b })
      a:write("to b")
      b:write("to a")
      local key, data = job:await()
      assert.equal("to " .. key, data)
      local other = key == "a" and b or a
      assert.equal("to " .. (key == "a" and "b" or "a"), other:read())
    end)

    with("loses nothing in a race with another reader", function(a, b)
      local got = {}
      for i = 1, 20 do
        local job = waiting(conc.select, { b })
        a:write(("%02d"):format(i))
        if i % 2 == 0 then conc.yield() end
        local ok, data = job:status() ~= "done", nil
        if ok then ok, data = pcall(b.read, b, 2) end
        if ok then
          got[#got + 1] = data
          job:cancel()
          local chosen, _, more = pcall(job.await, job)
          if chosen then got[#got + 1] = more end
        else
          got[#got + 1] = select(2, job:await())
        end
      end
      a:write("end")
      a:shutdown()
      got[#got + 1] = b:read "a"
      local all = {}
      for i = 1, 20 do all[i] = ("%02d"):format(i) end
      assert.equal(table.concat(all) .. "end", table.concat(got))
    end, AN_END)

    with("tells the end, a limit and a close", function(a, b)
      b:timeout(0.002)
      assert.same({ 1, table.unpack(LATE, 1, 3) }, { conc.select { b } })
      b:timeout()
      local job = waiting(conc.select, { b })
      a:close()
      assert.same({ 1, nil, "end of file", "EOF" }, { job:await() })
      b:close()
      assert.same({ 1, nil, "closed", "EBADF" }, { conc.select { b } })
    end, AN_END)

    with("is woken by a close", function(_, b)
      local job = waiting(conc.select, { b })
      b:close()
      assert.same({ 1, nil, "closed", "ECANCELED" }, { job:await() })
    end, AN_END)

    with("can be cancelled, and leaves the stream free", function(a, b)
      local job = waiting(conc.select, { b })
      sim.shows(sim.raises(b.read, b), "another task is reading")
      sim.shows(sim.raises(conc.select, { b }), "another task is reading")
      job:cancel()
      settle()
      a:write("x")
      assert.equal("x", b:read())
    end)

    with("refuses the same stream twice, and what is no format", function(a, b)
      sim.shows(sim.raises(conc.select, { b, b }), "another task is reading")
      for _, bad in ipairs { "q", "", -1, 1.5, true, {} } do
        assert.has_error(function() conc.select { { b, "read", bad } } end)
      end
      assert.has_error(function() conc.select { { b, "write", "x" } } end)
      a:write("x")
      assert.equal("x", b:read())
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
        local data
        data, _, code = b:read()
        got = got + #(data or "")
      until not data
      assert.is_true(got < accepted)
      assert.equal(kind.resets and "ECONNRESET" or "EOF", code)
    end, AN_END)
  end)

  describe(title .. ": a waiting task", function()
    with("is named in the tree", function(a, b)
      local reader = waiting(b.read, b)
      sim.shows(conc.tree(), "read of " .. kind.name)
      local _, writer = streams.fill(a, ("x"):rep(100000))
      sim.shows(conc.tree(), "write to " .. kind.name)
      local flusher = waiting(a.flush, a)
      sim.shows(conc.tree(), "flush of " .. kind.name)
      for _, job in ipairs { reader, writer, flusher } do job:cancel() end
    end)

    it("that others leave alone is no deadlock, but a wait", function()
      sim.run(function()
        local a, b = kind.pair()
        local first <close> = a
        local second <close> = b
        assert.equal(a, first)
        local start = conc.now()
        assert.same(LATE, { second:timeout(100):read() })
        assert.near(start + 100, conc.now(), sim.tolerance)
        assert.same(LATE, { conc.timeout(50, second.read, second) })
        assert.near(start + 150, conc.now(), sim.tolerance)
      end)
    end)
  end)

  describe(title .. ": the bounds", function()
    it("are what the documentation says", function()
      assert.equal(65536, core.stream.highwater)
      assert.equal(16384, core.stream.ahead)
    end)
  end)
end
