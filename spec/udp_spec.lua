-- Datagrams: sending, receiving, what is kept and dropped, groups.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local names = require "spec.support.names"
local streams = require "spec.support.streams"
local testing = require "luaconc.testing"

local udp = conc.udp
local settle, waiting = streams.settle, streams.waiting

local HERE = "127.0.0.1"
local CLOSED = { nil, "closed", "EBADF" }
local WOKEN = { nil, "closed", "ECANCELED" }
local LATE = { nil, "timed out", "ETIMEDOUT" }

-- `it`, with `f(socket, port)` in a task.
local function with(promise, f, opts)
  it(promise, function()
    streams.run(function()
      local socket <close> = assert(udp.bind(HERE, 0, opts))
      return f(socket, socket:sock().port)
    end)
  end)
end

describe("a udp socket", function()
  with("receives what is sent to it, and tells from where", function(a, port)
    local b <close> = assert(udp.bind(HERE, 0))
    assert.is_true(b:send("hello", HERE, port))
    local data, from = a:recv()
    assert.equal("hello", data)
    assert.same(b:sock(), from)
    assert.is_true(a:send("back", from.host, from.port))
    assert.equal("back", (b:recv()))
  end)

  with("waits until there is something", function(a, port)
    local job = waiting(a.recv, a)
    sim.shows(conc.tree(), "recv of udp socket")
    a:send("late", HERE, port)
    assert.equal("late", (job:await()))
  end)

  with("keeps datagrams apart, in order, empty and long ones too", function(a, port)
    local sent = { "one", "", "three", streams.bytes(60000), "five" }
    for _, data in ipairs(sent) do assert(a:send(data, HERE, port)) end
    for _, data in ipairs(sent) do assert.is_true(data == a:recv()) end
    assert.equal("EMSGSIZE", select(3, a:send(("x"):rep(70000), HERE, port)))
  end)

  with("may be connected to one peer", function(a, port)
    local b <close> = assert(udp.connect(names.near(), port))
    local c <close> = assert(udp.bind(HERE, 0))
    assert.same({ host = HERE, port = port, family = "inet" }, b:peer())
    assert.equal("ENOTCONN", select(3, a:peer()))
    assert.is_true(b:send("x"))
    local _, from = a:recv()
    assert.same(b:sock(), from)
    c:send("from a stranger", HERE, b:sock().port)
    a:send("from the peer", HERE, b:sock().port)
    assert.equal("from the peer", (b:recv()))
    assert.equal("EDESTADDRREQ", select(3, a:send("to nobody")))
    assert.equal("EISCONN", select(3, b:send("to another", HERE, port)))
  end)

  it("learns that its peer is not there, and stays of use", function()
    streams.run(function()
      local port
      do
        local gone <close> = assert(udp.bind(HERE, 0))
        port = gone:sock().port
      end
      local b <close> = assert(udp.connect(HERE, port))
      local job = waiting(b.recv, b)
      b:send("anybody there?")
      assert.equal("ECONNREFUSED", select(3, job:await()))
      local a <close> = assert(udp.bind(HERE, port))
      b:send("now?")
      assert.equal("now?", (a:recv()))
    end)
  end)

  with("serves several receivers in their order, each with another one", function(a, port)
    local jobs = {}
    for i = 1, 3 do jobs[i] = waiting(a.recv, a) end
    for i = 1, 3 do a:send(tostring(i), HERE, port) end
    for i = 1, 3 do assert.equal(tostring(i), (jobs[i]:await())) end
  end)

  with("keeps what nobody receives up to its bound, and counts the rest", function(a, port)
    a:send("first", HERE, port)
    a:recv()
    local chunk = ("x"):rep(5000)
    for i = 1, 10 do
      a:send(i .. chunk, HERE, port)
      conc.sleep(0.001)
    end
    settle()
    local dropped = a:dropped()
    assert.is_true(dropped > 0 and dropped < 10)
    for i = 1, 10 - dropped do assert.equal(i .. chunk, (a:recv())) end
    assert.same(LATE, { a:timeout(0):recv() })
    a:timeout()
    assert.equal(a, a:keep(0))
    for _ = 1, 3 do a:send("y", HERE, port) end
    settle()
    assert.equal(dropped + 2, a:dropped())
    assert.equal("y", (a:recv()))
  end, { keep = 20000 })

  with("does not keep empty ones without end", function(a, port)
    a:send("first", HERE, port)
    a:recv()
    for _ = 1, 40 do
      a:send("", HERE, port)
      conc.yield()
    end
    settle()
    assert.is_true(a:dropped() > 10)
  end, { keep = 1000 })

  with("limits a recv, and one that is cancelled takes nothing", function(a, port)
    assert.equal(a, a:timeout(0.002))
    assert.same(LATE, { a:recv() })
    assert.same(LATE, { conc.timeout(0.002, a.recv, a:timeout()) })
    local job = waiting(a.recv, a)
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
    a:send("kept", HERE, port)
    assert.equal("kept", (a:recv()))
    local refused
    job = conc.spawn { function()
      conc.current():cancel()
      refused = not pcall(a.recv, a) and not pcall(a.send, a, "x", HERE, port)
    end, keep = true }
    pcall(job.await, job)
    assert.is_true(refused)
  end)

  with("that is closed wakes who waits, and stays closed", function(a)
    local jobs = { waiting(a.recv, a), waiting(a.recv, a) }
    assert.is_true(a:close())
    for _, job in ipairs(jobs) do assert.same(WOKEN, { job:await() }) end
    assert.is_true(a:close())
    for _, call in ipairs { "recv", "sock", "peer", "dropped", "timeout" } do
      assert.same(CLOSED, { a[call](a) })
    end
    assert.same(CLOSED, { a:send("x") })
    assert.same(CLOSED, { a:ttl(1) })
    assert.same(CLOSED, { a:keep(1) })
    assert.same(CLOSED, { a:broadcast(true) })
    assert.same(CLOSED, { a:loopback(true) })
    assert.same(CLOSED, { a:join "224.0.0.251" })
    assert.equal("udp socket (closed)", tostring(a))
  end)

  with("never freezes others, however much comes", function(a, port)
    local turns, done = 0, false
    conc.spawn(function()
      while not done do
        turns = turns + 1
        conc.yield()
      end
    end)
    for i = 1, 2000 do
      assert(a:send(tostring(i), HERE, port))
      assert(a:recv())
    end
    done = true
    assert.is_true(turns > 3)
  end)

  it("works outside tasks", function()
    local a = assert(udp.bind(HERE, 0))
    a:send("x", HERE, a:sock().port)
    assert.equal("x", (a:recv()))
    a:close()
  end)

  it("is closed by the collector where nobody did", function()
    conc.run(function()
      local a = udp.bind(HERE, 0)
      a:send("x", HERE, a:sock().port)
      assert(a:recv())
      a:send("kept", HERE, a:sock().port)
      settle()
    end)
    collectgarbage()
    collectgarbage()
    conc.run(conc.yield)
  end)
end)

describe("a shared port", function()
  it("gives each datagram to one of its sockets", function()
    streams.run(function()
      local a <close> = assert(udp.bind(HERE, 0, { reuseport = true }))
      local port = a:sock().port
      assert.equal("EADDRINUSE", select(3, udp.bind(HERE, port)))
      local b <close> = assert(udp.bind(HERE, port, { reuseport = true }))
      for i = 1, 20 do
        local c <close> = assert(udp.connect(HERE, port))
        assert(c:send(tostring(i)))
        local key, data = conc.select { a = a, b = b, late = conc.after(5) }
        assert.is_truthy(key == "a" or key == "b")
        assert.equal(tostring(i), data)
      end
    end)
  end)

  it("needs a descriptor", function()
    streams.run(function()
      testing.fail_uv(2, "EMFILE")
      local ok, _, code = udp.bind(HERE, 0, { reuseport = true })
      testing.fail_uv(nil)
      assert.same({ nil, "EMFILE" }, { ok, code })
    end)
  end)
end)

describe("groups and broadcasts", function()
  local GROUP = "224.0.0.251"

  it("reach all who have joined", function()
    streams.run(function()
      local a <close> = assert(udp.bind("0.0.0.0", 0, { reuseaddr = true }))
      local port = a:sock().port
      local b <close> = assert(udp.bind("0.0.0.0", port, { reuseaddr = true }))
      assert.is_true(a:join(GROUP, HERE))
      assert.is_true(b:join(GROUP, HERE))
      local c <close> = assert(udp.bind(HERE, 0, { ttl = 1 }))
      assert.is_true(c:loopback(true))
      assert.is_true(c:send("all", GROUP, port))
      assert.equal("all", (a:timeout(1):recv()))
      assert.equal("all", (b:timeout(1):recv()))
      assert.is_true(b:leave(GROUP, HERE))
      assert.equal("EADDRNOTAVAIL", select(3, b:leave(GROUP, HERE)))
    end)
  end)

  it("are refused unless they are allowed", function()
    streams.run(function()
      local a <close> = assert(udp.bind("0.0.0.0", 0))
      local b <close> = assert(udp.bind("0.0.0.0", 0, { broadcast = true }))
      local place = { "127.255.255.255", a:sock().port }
      assert.equal("EACCES", select(3, a:send("x", table.unpack(place))))
      assert.is_true(b:send("to all", table.unpack(place)))
      assert.equal("to all", (a:timeout(1):recv()))
      assert.is_true(a:broadcast(true))
      assert.is_true(a:send("x", table.unpack(place)))
    end)
  end)
end)

describe("conc.udp", function()
  it("names the address that it can't have", function()
    streams.run(function()
      local a <close> = assert(udp.bind(HERE, 0))
      local port = a:sock().port
      local s, message, code = udp.bind(HERE, port)
      assert.is_nil(s)
      assert.equal(("127.0.0.1:%d: address already in use"):format(port), message)
      assert.equal("EADDRINUSE", code)
      assert.equal("EAI_", select(3, udp.connect("no such host", 1)):sub(1, 4))
    end)
  end)

  it("refuses wrong arguments, at the line of the caller", function()
    local a <close> = assert(udp.bind(HERE, 0))
    local function shows(part, f)
      local err = sim.raises(f)
      sim.shows(err, part)
      assert.matches("udp_spec%.lua:" .. debug.getinfo(f, "S").linedefined .. ": ", err)
    end
    shows("bad argument #1 to 'bind' (a host expected, got nil)", function() udp.bind() end)
    shows("bad argument #2 to 'connect' (a port from 0 to 65535 expected, got 70000)",
      function() udp.connect(HERE, 70000) end)
    shows("unknown option 'v6only'", function() udp.connect(HERE, 1, { v6only = true }) end)
    shows("option 'ttl' must be an integer from 1 to 255",
      function() udp.bind(HERE, 0, { ttl = 0 }) end)
    shows("bad argument #1 to 'send'", function() a:send() end)
    shows("a numeric address expected", function() a:send("x", "localhost", 1) end)
    shows("bad argument #1 to 'ttl'", function() a:ttl(256) end)
    shows("bad argument #1 to 'broadcast'", function() a:broadcast() end)
  end)
end)
