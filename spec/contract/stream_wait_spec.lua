-- What every stream promises of waits: their limits, cancellation, and select;
-- the kinds are listed in spec/support/streams.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local settle, waiting = streams.settle, streams.waiting

local CLOSED = { nil, "closed", "EBADF" }
local LATE = { nil, "timed out", "ETIMEDOUT" }
local AN_END = streams.AN_END

streams.each(it, function(title, with, kind)
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
end)
