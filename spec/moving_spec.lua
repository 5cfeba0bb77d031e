-- Streams, listeners and files that move to another state, and what is left
-- of them where they were.

local conc = require "luaconc"
local core = require "luaconc.core"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"
local testing = require "luaconc.testing"

local settle, waiting = streams.settle, streams.waiting

local WHERE = { thread = "closed: it was moved to another thread",
  process = "closed: it was moved to another process" }

local function start(engine, f, ...)
  local options = { f, ... }
  options.keep = true
  return conc[engine](options)
end

-- The kinds that move, each once.
local kinds = {}
for _, kind in ipairs(streams.kinds) do
  local moves = kind.name ~= "memory stream" and not kind.endless
  if not kind.seed and moves then
    kinds[#kinds + 1] = kind
  end
end

for _, engine in ipairs { "thread", "process" } do
  local gone = { nil, WHERE[engine], "EBADF" }

  for _, kind in ipairs(kinds) do
    local function with(promise, f)
      it(promise, function() streams.with(kind, f) end)
    end

    describe(kind.name .. " moved to a " .. engine, function()
      with("is read there, from where it was", function(a, b)
        a:write("one\ntwo\nthree")
        assert.equal("one", b:read "l")
        local job = start(engine, function(s)
          return s:read "l", s:read(5), s:read "a"
        end, b)
        a:write(" and more")
        a:shutdown()
        assert.same({ "two", "three", " and more" }, { job:await() })
      end)

      with("is written there", function(a, b)
        local job = start(engine, function(s)
          s:write("hello ")
          s:write(("x"):rep(300000))
          return s:close()
        end, a)
        local data = b:read "a"
        assert.equal(300006, #data)
        assert.is_true(job:await())
      end)

      with("is closed here, and says where it went", function(_, b)
        local job = start(engine, function(s) return s:close() end, b)
        assert.same(gone, { b:read() })
        assert.same(gone, { b:write("x") })
        assert.same(gone, { b:flush() })
        assert.same(gone, { b:shutdown() })
        assert.same(gone, { b:timeout(1) })
        sim.shows(tostring(b), WHERE[engine])
        assert.is_true(b:close())
        assert.is_true(job:await())
      end)

      with("comes back, and is another one", function(a, b)
        a:write("12")
        local c <close> = start(engine, function(s)
          assert(s:read(1) == "1")
          return s
        end, b):await()
        assert.not_equal(b, c)
        assert.equal("2", c:read(1))
        a:write("3")
        assert.equal("3", c:read())
      end)

      with("tells the end there that it has seen here", function(a, b)
        a:write("rest")
        assert.equal("re", b:read(2))
        a:close()
        settle()
        local job = start(engine, function(s)
          local data = s:read "a"
          return data, (select(3, s:read()))
        end, b)
        assert.same({ "st", "EOF" }, { job:await() })
      end)

      with("keeps its limit and its half-close", function(a, b)
        b:timeout(0.01)
        local late = start(engine, function(s)
          return (select(3, s:read()))
        end, b)
        assert.equal("ETIMEDOUT", late:await())
        a:shutdown()
        local job = start(engine, function(s)
          return (select(3, s:write "x"))
        end, a)
        assert.equal("EPIPE", job:await())
      end)

      with("stays where it is while a task uses it", function(a, b)
        local reader = waiting(b.read, b)
        sim.shows(sim.raises(start, engine, print, b), "cannot send argument #2",
          kind.name, "is being read by a task")
        a:write("x")
        assert.equal("x", reader:await())
        local _, writer = streams.fill(a, ("y"):rep(100000))
        sim.shows(sim.raises(start, engine, print, a),
          "is being written by a task")
        writer:cancel()
        settle()
        sim.shows(sim.raises(start, engine, print, { { a } }),
          "cannot send argument #2[1][1]", "not sent yet", "flush")
        assert.equal("y", b:read(1))
        b:close()
        sim.shows(sim.raises(start, engine, print, b), "is closed")
      end)

      with("stays where it is when something else can't go", function(a, b)
        a:write("still here")
        local err = sim.raises(start, engine, print, b, coroutine.create(print))
        sim.shows(err, "cannot send argument #3")
        assert.equal("still here", b:read())
      end)

      with("goes once in a message, however often it is named", function(a, b)
        a:write("x")
        local job = start(engine, function(list)
          return list[1] == list[2], list[2]:read()
        end, { b, b })
        assert.same({ true, "x" }, { job:await() })
      end)

      with("closes the connection where its job dies of an error", function(a, b)
        local reader = not kind.oneway and waiting(a.read, a)
        local job = start(engine, function(s) error(s:timeout(1) and "dies") end, b)
        sim.shows(sim.raises(job.await, job), "dies")
        if reader then assert.equal("EOF", select(3, reader:await())) end
      end)
    end)
  end

  describe("a listener moved to a " .. engine, function()
    local kind_of = {
      tcp = function()
        local l = assert(conc.tcp.listen("127.0.0.1", 0))
        local port = l:sock().port
        return l, function()
          return assert(conc.tcp.connect("127.0.0.1", port))
        end
      end,
      unix = function()
        local path = os.tmpname()
        os.remove(path)
        return assert(conc.unix.listen(path)), function()
          return assert(conc.unix.connect(path))
        end, path
      end,
    }

    for name, make in pairs(kind_of) do
      local function it_runs(promise, f)
        it(promise .. " (" .. name .. ")", function() streams.run(f) end)
      end

      it_runs("accepts there", function()
        local l, connect = make()
        local early <close> = connect()   -- waits in the backlog
        local job = start(engine, function(listener)
          local n = 0
          for _ = 1, 3 do
            local s <close> = assert(listener:accept())
            s:write(s:read "l", "!")
            n = n + 1
          end
          listener:close()
          return n
        end, l)
        assert.same(gone, { l:accept() })
        assert.same(gone, { l:sock() })
        sim.shows(tostring(l), WHERE[engine])
        early:write("a\n")
        assert.equal("a!", early:read "a")
        for _ = 1, 2 do
          local c <close> = connect()
          c:write("b\n")
          assert.equal("b!", c:read "a")
        end
        assert.equal(3, job:await())
      end)

      it_runs("stays while somebody accepts from it or serves", function()
        local l, connect = make()
        local _ <close> = l
        local acceptor = waiting(l.accept, l)
        sim.shows(sim.raises(start, engine, print, l), "has a task in accept")
        connect():close()
        acceptor:await():close()
        local closed = waiting(l.closed, l)
        sim.shows(sim.raises(start, engine, print, l), "is being served")
        closed:cancel()
      end)

      it_runs("copies of it serve in several workers", function()
        local l, connect, path = make()
        local jobs = {}
        for i = 1, 3 do
          jobs[i] = start(engine, function(listener, number)
            local c = require "luaconc"
            c.tcp.serve(listener, function(s)
              local line = s:read "l"
              if line == "stop" then listener:close() end
              s:write(line, " ", number)
            end)
            return "stopped"
          end, assert(l:dup()), i)
        end
        local seen = 0
        for _ = 1, 30 do
          local c <close> = connect()
          c:write("hello\n")
          local number = c:read "a":match "^hello (%d)$"
          assert.is_truthy(number)
          seen = seen + 1
        end
        assert.equal(30, seen)
        for _ = 1, 3 do
          local c <close> = connect()
          c:write("stop\n")
          c:read "a"
        end
        for i = 1, 3 do assert.equal("stopped", jobs[i]:await()) end
        l:close()
        assert.is_nil(path and conc.fs.stat(path))
      end)
    end

    it("removes its file when it is closed there", function()
      streams.run(function()
        local path = os.tmpname()
        os.remove(path)
        local l = assert(conc.unix.listen(path))
        local job = start(engine, function(listener)
          local at = listener:sock().path
          listener:close()
          return at
        end, l)
        assert.equal(path, job:await())
        assert.same({ nil, "ENOENT" },
          { (select(1, conc.unix.connect(path))),
            (select(3, conc.unix.connect(path))) })
      end)
    end)
  end)

  describe("a file moved to a " .. engine, function()
    local function with_file(promise, text, mode, f)
      it(promise, function()
        streams.run(function()
          local path = os.tmpname()
          assert(conc.fs.write_file(path, text))
          local file <close> = assert(conc.fs.open(path, mode))
          f(file, path)
          os.remove(path)
        end)
      end)
    end

    with_file("is read there, from its place", "one\ntwo\nthree\n", "r",
      function(file, path)
        assert.equal("one", file:read "l")
        local job = start(engine, function(f) return f:read "l", f:read "a" end,
          file)
        assert.same({ "two", "three\n" }, { job:await() })
        local _, message, code = file:read "l"
        assert.equal("EBADF", code)
        sim.shows(message, path, WHERE[engine])
      end)

    with_file("is written there, at its place", "12345", "r+",
      function(file, path)
        assert.equal("12", file:read(2))
        local back <close> = start(engine, function(f)
          assert(f:write("x"))
          assert(f:flush())
          return f
        end, file):await()
        assert(back:write("y"))
        assert(back:close())
        assert.equal("12xy5", conc.fs.read_file(path))
      end)

    with_file("stays while something is held back", "", "w",
      function(file)
        assert(file:write("held"))
        sim.shows(sim.raises(start, engine, print, file), "not written yet",
          "flush")
        assert(file:flush())
        local job = start(engine, function(f) return f:seek("cur") end, file)
        assert.equal(4, job:await())
      end)
  end)
end

describe("moving", function()
  it("is refused to memory streams, standard streams and bytes", function()
    streams.run(function()
      local a, b = conc.pair()
      local first <close> = a
      local second = b
      sim.shows(sim.raises(conc.thread, print, first), "memory stream",
        "is in memory, and stays in its state")
      second:close()
      local out <close> = require "luaconc.core".standard(1)
      sim.shows(sim.raises(conc.thread, print, out),
        "is a standard stream")
      local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      sim.shows(sim.raises(conc.codec.encode, l), "can't be kept as bytes")
    end)
  end)

  for _, engine in ipairs { "thread", "process" } do
    it("goes by a channel to a " .. engine, function()
      streams.run(function()
        local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
        local port = listener:sock().port
        local work = conc.channel(4)
        local worker = start(engine, function(ch)
          for s in ch:iter() do
            s:write("served\n")
            s:close()
          end
        end, work)
        for _ = 1, 5 do
          local c <close> = assert(conc.tcp.connect("127.0.0.1", port))
          assert(work:send(assert(listener:accept())))
          assert.equal("served\n", c:read "a")
        end
        work:close()
        worker:await()
      end)
    end)
  end

  it("closes what nobody receives", function()
    streams.run(function()
      local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      local c <close> = assert(conc.tcp.connect("127.0.0.1",
        listener:sock().port))
      local ch = conc.channel(1)
      assert(ch:send(assert(listener:accept())))
      ch = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.same({ nil, "end of file", "EOF" }, { c:read() })
    end)
  end)

  -- `f(s, c)` with a stream to be sent and its peer, which then reads the end:
  -- nobody has kept the stream open.
  local function abandons(promise, f)
    it(promise, function()
      streams.run(function()
        local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
        local before = core.road.count()
        do
          local c <close> = assert(conc.tcp.connect("127.0.0.1", listener:sock().port))
          local s = assert(listener:accept())
          assert(c:write "two\nlines\n" and s:read "l" == "two")   -- some bytes go along
          f(s, c:timeout(10))
          collectgarbage()
          collectgarbage()
          assert.same({ nil, "end of file", "EOF" }, { c:read() })
        end
        assert.equal(before, (core.road.count()))
      end)
    end)
  end

  describe("to a process", function()
    abandons("is closed where the process dies before it has it", function(s)
      local job = conc.process { function() return 1 end, s, keep = true }
      job:kill "SIGKILL"
      pcall(job.await, job)
    end)

    abandons("is closed where the process never asks for its letter", function(s)
      local go = conc.channel(1)
      local job = conc.process(function(channel) return channel:recv() end, go)
      assert(core.post(job, s))
      assert(go:send "end")
      assert.equal("end", job:await())
    end)

    abandons("is closed where nobody asks for the result", function(s)
      local job = conc.process(function(moved) return moved end, s)
      while job:status() ~= "done" do conc.sleep(0.001) end
    end)

    abandons("is closed with the channel that it was left in", function(s)
      local ch, go = conc.channel(4), conc.channel(1)
      local job = conc.process(function(channel, begin)
        begin:recv()
        return channel:len()
      end, ch, go)
      assert(ch:send(s))
      assert(go:send "go")
      assert.equal(1, job:await())
    end)

    abandons("is closed where who has the channel is killed", function(s)
      local ch, said = conc.channel(4), conc.channel(1)
      local job = conc.process { function(channel, back)
        back:send(channel:len())
        require "luaconc".sleep(60)
      end, ch, said, keep = true }
      said:recv()
      assert(ch:send(s))
      job:kill "SIGKILL"
      pcall(job.await, job)
    end)

    abandons("is closed where the rest of the message can't be sent", function(s)
      local ch = conc.channel(1)
      conc.process(function(channel) return channel:len() end, ch):await()
      ch:close()
      assert.equal("EPIPE", select(3, ch:send(s)))
    end)
  end)

  it("in a callback takes along what libuv has just brought", function()
    streams.run(function()
      local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      local c <close> = assert(conc.tcp.connect("127.0.0.1",
        listener:sock().port))
      local s = assert(listener:accept())
      local job = waiting(function()
        local line = s:read "l"
        return line, conc.thread(function(t) return t:read "l" end, s):await()
      end)
      c:write("first\nsecond\n")
      assert.same({ "first", "second" }, { job:await() })
    end)
  end)

  it("survives the failure of any allocation, and of any call", function()
    local function move()
      streams.run(function()
        local a, b = streams.kinds[1].pair()
        local first <close> = a
        assert(first:write("ab\nc"))
        assert(b:read "l")
        local ok, s = pcall(function()
          local ch = conc.channel(1)
          assert(ch:send(b))
          return assert(ch:recv())
        end)
        if ok then assert(s:close()) else b:close() end
      end)
    end
    for _, fault in ipairs { testing.fail_alloc, testing.fail_lua,
      function(n) testing.fail_uv(n, n and "EMFILE") end } do
      local n, hit = 0
      repeat
        n = n + 1
        collectgarbage()
        collectgarbage "stop"
        fault(n)
        pcall(move)
        hit = testing.failed()
        fault(nil)
        collectgarbage "restart"
        testing.check()
      until not hit or n > 1000
      assert.is_true(n < 1000)
    end
    conc.thread(conc.now):await()   -- an encoder that failed is not used again
  end)
end)
