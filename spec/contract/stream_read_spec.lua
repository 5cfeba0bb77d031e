-- What every stream promises of reading; the kinds are listed in
-- spec/support/streams.

local conc = require "luaconc"
local core = require "luaconc.core"
local testing = require "luaconc.testing"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local settle, waiting = streams.settle, streams.waiting

local EOF = { nil, "end of file", "EOF" }
local AN_END = streams.AN_END

streams.each(it, function(title, with, kind)
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

  describe(title .. ": the bounds", function()
    it("are what the documentation says", function()
      assert.equal(65536, core.stream.highwater)
      assert.equal(16384, core.stream.ahead)
    end)
  end)
end)
