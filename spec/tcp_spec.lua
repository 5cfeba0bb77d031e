-- TCP: connecting, listening, serving. What TCP streams share with all others
-- is in spec/contract/stream_*_spec.lua.

local conc = require "luaconc"
local core = require "luaconc.core"
local dial = require "luaconc.dial"
local testing = require "luaconc.testing"
local limits = require "spec.support.limits"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"
local names = require "spec.support.names"

local tcp = conc.tcp
local settle, waiting = streams.settle, streams.waiting

local HERE = "127.0.0.1"
local CLOSED = { nil, "closed", "EBADF" }
local WOKEN = { nil, "closed", "ECANCELED" }   -- closed in the middle of it
local LATE = { nil, "timed out", "ETIMEDOUT" }

-- `it`, with `f(listener, port)` in a task.
local function with(promise, f, opts)
  it(promise, function()
    streams.run(function()
      local listener <close> = assert(tcp.listen(HERE, 0, opts))
      return f(listener, listener:sock().port)
    end)
  end)
end

-- A port of this machine where nobody listens.
local function dead_port()
  local listener <close> = assert(tcp.listen(HERE, 0))
  return listener:sock().port
end

-- A listener whose backlog is full: the next connect waits for ever.
local function full(f)
  local listener <close> = assert(tcp.listen(HERE, 0, { backlog = 1 }))
  local port = listener:sock().port
  local first <close> = assert(tcp.connect(HERE, port))
  local second <close> = assert(tcp.connect(HERE, port))
  f(port, first, second)
end

-- Connects to `port`, says `text` and returns all that comes back.
local function ask(port, text)
  local s <close> = assert(tcp.connect(HERE, port))
  assert(s:write(text))
  assert(s:shutdown())
  return s:read "a"
end

local function echo(s)
  for data in s:lines "L" do assert(s:write(data)) end
end

describe("tcp.connect", function()
  with("connects to a numeric address", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port))
    local b <close> = assert(l:accept())
    a:write("hello")
    assert.equal("hello", b:read())
  end)

  with("connects to a name", function(l, port)
    if not names.localhost() then pending "localhost is unknown here" end
    local a <close> = assert(tcp.connect("localhost", port))
    local b <close> = assert(l:accept())
    b:write("hello")
    assert.equal("hello", a:read())
  end)

  it("connects over IPv6", function()
    local try <close> = tcp.listen("::1", 0)
    if not try then return pending "this machine has no IPv6" end
    streams.run(function()
      local l <close> = assert(tcp.listen("::1", 0))
      local a <close> = assert(tcp.connect("::1", l:sock().port))
      local b <close> = assert(l:accept())
      assert.same({ host = "::1", port = l:sock().port, family = "inet6" }, a:peer())
      a:write("six")
      assert.equal("six", b:read())
    end)
  end)

  it("works outside tasks", function()
    local l = assert(tcp.listen(HERE, 0))
    local a = assert(tcp.connect(names.near(), l:sock().port))
    local b = assert(l:accept())
    a:write("x")
    assert.equal("x", b:read())
    a:close()
    b:close()
    l:close()
  end)

  it("says which address refused", function()
    streams.run(function()
      local port = dead_port()
      local s, message, code = tcp.connect(HERE, port)
      assert.is_nil(s)
      assert.equal(("127.0.0.1:%d: connection refused"):format(port), message)
      assert.equal("ECONNREFUSED", code)
    end)
  end)

  it("says which name is unknown", function()
    streams.run(function()
      local s, message, code = tcp.connect("no such host", 80)
      assert.is_nil(s)
      assert.equal("no such host:80: ", message:sub(1, 17))
      assert.equal("EAI_", code:sub(1, 4))
    end)
  end)

  with("tries the addresses of a name in turn", function(l, port)
    local lookup = core.dns.lookup
    local asked
    core.dns.lookup = function(host)
      asked = host
      return { "127.0.0.77", HERE }
    end
    local a = assert(tcp.connect("two.example", port))
    assert.same({ host = HERE, port = port, family = "inet" }, a:peer())
    a:close()
    core.dns.lookup = function() return { "127.0.0.77", "127.0.0.78" } end
    local _, message, code = tcp.connect("two.example", port)
    core.dns.lookup = lookup
    assert.equal("two.example", asked)
    assert.equal("ECONNREFUSED", code)
    sim.shows(message, "two.example:" .. port)
    l:accept():close()
  end)

  it("gives up after its timeout", function()
    streams.run(full, function(port)
      local s, message, code = tcp.connect(HERE, port, { timeout = 0.02 })
      assert.is_nil(s)
      assert.equal(("127.0.0.1:%d: timed out"):format(port), message)
      assert.equal("ETIMEDOUT", code)
    end)
  end)

  -- With these addresses for every name.
  local function resolving(lookup, f)
    local before = core.dns.lookup
    local _ <close> = sim.on_close(function() core.dns.lookup = before end)
    core.dns.lookup = type(lookup) == "table" and function() return lookup end or lookup
    return f()
  end

  it("tries the next address beside one that does not answer", function()
    sim.run(full, function(port)
      local other <close> = assert(tcp.listen("127.0.0.77", port))
      resolving({ HERE, "127.0.0.77" }, function()
        local start = conc.now()
        local s <close> = assert(tcp.connect("two.example", port))
        assert.equal("127.0.0.77", s:peer().host)
        assert.near(start + 0.25, conc.now(), sim.tolerance)
        assert(other:accept()):close()
      end)
    end)
  end)

  it("gives up on all addresses after its timeout, the look-up included", function()
    sim.run(full, function(port)
      local start = conc.now()
      resolving({ HERE, HERE, HERE }, function()
        local _, message, code = tcp.connect("three.example", port, { timeout = 0.3 })
        assert.equal("ETIMEDOUT", code)
        assert.equal(("three.example:%d: timed out"):format(port), message)
      end)
      assert.near(start + 0.3, conc.now(), sim.tolerance)
      resolving(function() conc.sleep(10) return { HERE } end, function()
        assert.equal("ETIMEDOUT", select(3, tcp.connect("slow.example", port, { timeout = 2 })))
      end)
      assert.near(start + 2.3, conc.now(), sim.tolerance)
    end)
  end)

  it("that is cancelled amidst several addresses closes every socket", function()
    streams.run(full, function(port)
      resolving({ HERE, "127.0.0.77", HERE }, function()
        local before = testing.counts()
        local job = waiting(tcp.connect, "three.example", port)
        job:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
        settle()
        assert.equal(before.descriptors, testing.counts().descriptors)
        assert.equal(before.handles, testing.counts().handles)
      end)
    end)
  end)

  it("takes one and closes the other where two answer at once", function()
    sim.run(function()
      local closed = {}
      local winner = dial.race({ "a", "b", "c" }, function(address)
        if address == "c" then return nil, "is not asked", "EX" end
        conc.sleep(address == "a" and 0.375 or 0.125)
        return { name = address, close = function(s) closed[#closed + 1] = s.name end }
      end)
      assert.equal(1, #closed)
      assert.is_true(winner.name ~= closed[1])
    end)
  end)

  it("tells the last failure where all addresses fail", function()
    sim.run(function()
      local n = 0
      local s, message, code = dial.race({ "a", "b", "c" }, function(address)
        n = n + 1
        conc.sleep(0.1)
        return nil, "no " .. address, "E" .. address
      end)
      assert.same({ nil, "no c", "Ec" }, { s, message, code })
      assert.equal(3, n)
    end)
  end)

  it("asks the two families in turns", function()
    assert.same({ "::1", "1.1.1.1", "::2", "2.2.2.2", "::3" },
      dial.interleave { "::1", "::2", "1.1.1.1", "::3", "2.2.2.2" })
    assert.same({ "1.1.1.1", "2.2.2.2" }, dial.interleave { "1.1.1.1", "2.2.2.2" })
  end)

  with("connects from the address that it is told", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port, { from = "127.0.0.5" }))
    local b <close> = assert(l:accept())
    assert.equal("127.0.0.5", a:sock().host)
    assert.equal("127.0.0.5", b:peer().host)
    assert.equal("EADDRNOTAVAIL", select(3, tcp.connect(HERE, port, { from = "192.0.2.1" })))
  end)

  it("that is cancelled closes its socket", function()
    streams.run(full, function(port)
      local before = testing.counts()
      local job = waiting(tcp.connect, HERE, port)
      sim.shows(conc.tree(), "connect of tcp stream")
      job:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
      settle()
      assert.equal(before.descriptors, testing.counts().descriptors)
      assert.equal(before.handles, testing.counts().handles)
    end)
  end)

  it("that is cancelled while its name is looked up lets the answer go", function()
    streams.run(function()
      local job = conc.spawn { tcp.connect, "localhost", 1, keep = true }
      conc.yield()
      -- (Where all is slow, the name may have been looked up meanwhile.)
      local tree = conc.tree()
      if job:cancel() then
        assert.is_truthy(tree:find("dns lookup", 1, true)
          or tree:find("connect of tcp stream", 1, true), tree)
        assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
      else assert.equal("done", job:status()) end
    end)
  end)

  it("in a cancelled task opens nothing", function()
    streams.run(function()
      local port, err = dead_port(), nil
      local job = conc.spawn { function()
        conc.current():cancel()
        err = sim.raises(tcp.connect, HERE, port)
      end, keep = true }
      pcall(job.await, job)
      assert.is_true(conc.is_cancelled(err))
    end)
  end)

  it("refuses wrong arguments, by their places and names", function()
    local function shows(part, ...)
      sim.shows(sim.raises(tcp.connect, ...), part)
    end
    shows("bad argument #1 to 'connect' (a host expected, got nil)")
    shows("bad argument #1 to 'connect' (a host expected, got 80)", 80)
    shows("bad argument #2 to 'connect' (a port from 0 to 65535 expected, got nil)", HERE)
    shows("got 65536", HERE, 65536)
    shows("got -1", HERE, -1)
    shows("got 1.5", HERE, 1.5)
    shows("bad argument #3 to 'connect' (table of options expected, got 5)",
      HERE, 1, 5)
    shows("unknown option 'tiemout'", HERE, 1, { tiemout = 1 })
    shows("option 'timeout' must be seconds, 0 or more, got -1", HERE, 1, { timeout = -1 })
    shows("option 'nodelay' must be true or false", HERE, 1, { nodelay = 1 })
    shows("option 'from' must be a numeric address", HERE, 1, { from = "localhost" })
  end)
end)

describe("a tcp stream", function()
  with("knows both of its ends", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port))
    local b <close> = assert(l:accept())
    assert.same({ host = HERE, port = port, family = "inet" }, a:peer())
    assert.same(a:peer(), b:sock())
    assert.same(a:sock(), b:peer())
    assert.is_true(a:sock().port ~= port)
  end)

  with("has options, which are told as they were set", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port, { nodelay = false }))
    local b <close> = assert(l:accept())
    assert.is_true(b:option "nodelay")
    assert.is_false(a:option "nodelay")
    assert.equal(a, a:option("nodelay", true))
    assert.is_true(a:option "nodelay")
    assert.is_false(a:option "keepalive")
    assert.equal(a, a:option("keepalive", 30))
    assert.equal(30, a:option "keepalive")
    a:option("keepalive", false)
    assert.is_false(a:option "keepalive")
    assert.is_false(a:option "user_timeout")
    assert.equal(a, a:option("user_timeout", 2.5))
    assert.equal(2.5, a:option "user_timeout")
    a:option("user_timeout", false)
    assert.is_false(a:option "user_timeout")
    for _, name in ipairs { "send_buffer", "receive_buffer" } do
      assert.equal(a, a:option(name, 20000))
      local bytes = a:option(name)
      assert.is_true(bytes == 20000 or bytes == 40000)
    end
    sim.shows(sim.raises(a.option, a, "colour"), "invalid option 'colour'")
    sim.shows(sim.raises(a.option, a, "nodelay", 1), "boolean expected, got number")
    sim.shows(sim.raises(a.option, a, "keepalive", 0), "bad argument")
    for _, bad in ipairs { 0, -1, 0 / 0, 1e9, "soon", true } do
      sim.shows(sim.raises(a.option, a, "user_timeout", bad), "bad argument")
    end
    sim.shows(sim.raises(a.option, a, "send_buffer", "much"), "bad argument")
    a:close()
    assert.same(CLOSED, { a:option "nodelay" })
  end)

  with("whose peer resets it gives what came, then the error", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port))
    local b <close> = assert(l:accept())
    b:write("begun")
    assert.equal("be", a:read(2))
    a:write("what b never reads")
    settle()
    b:close()
    settle()
    local results = { a:read "l" }
    assert.same({ nil, HERE .. ":" .. port .. ": connection reset by peer", "ECONNRESET" },
      results)
    assert.same(results, { a:read(10) })
    assert.equal("gun", a:read())
    assert.same(results, { a:read() })
    assert.same(results, { a:read "a" })
    assert.is_nil((a:write("x")))
  end)

  with("names its peer in an error of the system, at both ends", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port))
    local b <close> = assert(l:accept())
    local other = HERE .. ":" .. a:sock().port
    a:reset()
    settle()
    assert.same({ nil, other .. ": connection reset by peer", "ECONNRESET" }, { b:read() })
    local _, message = b:write("x")
    assert.equal(other .. ": connection reset by peer", message)
  end)

  -- The system tells of it once.
  with("whose peer resets it tells reader and writer, who comes first", function(l, port)
    for _, first in ipairs { "read", "write" } do
      local a <close> = assert(tcp.connect(HERE, port))
      local b <close> = assert(l:accept())
      a:reset()
      settle()
      for _, call in ipairs { first, first == "read" and "write" or "read" } do
        assert.equal("ECONNRESET", select(3, b[call](b, call == "write" and "x" or nil)))
      end
    end
  end)

  with("whose peer resets it wakes its reader", function(l, port)
    local a <close> = assert(tcp.connect(HERE, port))
    local b <close> = assert(l:accept())
    local reader = waiting(a.read, a)
    a:write("unread")
    settle()
    b:close()
    assert.equal("ECONNRESET", select(3, reader:await()))
  end)

  it("survives garbage that was meant for something else", function()
    streams.run(function()
      local l <close> = assert(tcp.listen(HERE, 0))
      local server = conc.spawn(tcp.serve, l, echo)
      for seed = 1, 20 do
        local text = streams.bytes(seed * 997, seed)
        assert.is_true(ask(l:sock().port, text) == text)
      end
      l:close()
      assert.is_true(server:await())
    end)
  end)
end)

describe("tcp.listen", function()
  with("on port 0 tells the port that the system chose", function(l, port)
    assert.same({ host = HERE, port = port, family = "inet" }, l:sock())
    assert.is_true(port > 0)
  end)

  with("on a port in use fails, and frees it when closed", function(l, port)
    local other, message, code = tcp.listen(HERE, port)
    assert.is_nil(other)
    assert.equal(("127.0.0.1:%d: address already in use"):format(port), message)
    assert.equal("EADDRINUSE", code)
    l:close()
    local again <close> = assert(tcp.listen(HERE, port))
    assert.equal(port, again:sock().port)
  end)

  with("shares a port where both ask for it", function(_, port)
    local other <close> = assert(tcp.listen(HERE, port, { reuseport = true }))
    assert.equal(port, other:sock().port)
  end, { reuseport = true })

  it("takes a name", function()
    if not names.localhost() then pending "localhost is unknown here" end
    streams.run(function()
      local l <close> = assert(tcp.listen("localhost", 0))
      assert.is_true(l:sock().port > 0)
    end)
  end)

  it("refuses wrong arguments, by their places and names", function()
    local function shows(part, ...)
      sim.shows(sim.raises(tcp.listen, ...), part)
    end
    shows("bad argument #1 to 'listen' (a host expected, got nil)")
    shows("bad argument #2 to 'listen'", HERE, "http")
    shows("option 'backlog' must be an integer, 1 or more, got 0", HERE, 0, { backlog = 0 })
    shows("unknown option 'reuse'", HERE, 0, { reuse = true })
  end)
end)

describe("a tcp listener", function()
  with("accepts in the order of connecting", function(l, port)
    local clients = {}
    for i = 1, 5 do
      clients[i] = assert(tcp.connect(HERE, port))
      clients[i]:write(i)
    end
    for i = 1, 5 do
      local s <close> = assert(l:accept())
      assert.equal(tostring(i), s:read())
      clients[i]:close()
    end
  end)

  with("serves those who wait in the order of asking", function(l, port)
    local order, jobs = {}, {}
    for i = 1, 3 do
      jobs[i] = waiting(function()
        local s <close> = assert(l:accept())
        order[#order + 1] = i .. s:read()
      end)
    end
    for i = 1, 3 do
      local a <close> = assert(tcp.connect(HERE, port))
      a:write("abc", i)
      conc.sleep(0.005)
    end
    for _, job in ipairs(jobs) do job:await() end
    assert.same({ "1abc1", "2abc2", "3abc3" }, order)
  end)

  with("loses no connection to a cancelled accept", function(l, port)
    local job = waiting(l.accept, l)
    sim.shows(conc.tree(), "accept of tcp listener")
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
    local a <close> = assert(tcp.connect(HERE, port))
    a:write("here")
    local late = conc.spawn { l.accept, l, keep = true }
    late:cancel()
    pcall(late.await, late)
    local s <close> = assert(l:accept())
    assert.equal("here", s:read())
  end)

  with("limits an accept", function(l, port)
    assert.equal(l, l:timeout(0.005))
    assert.same(LATE, { l:accept() })
    local a <close> = assert(tcp.connect(HERE, port))
    local s <close> = assert(l:accept())
    assert.same(a:sock(), s:peer())
    assert.same(LATE, { l:accept() })
    assert.equal(l, l:timeout())
    assert.same(LATE, { conc.timeout(0.01, l.accept, l) })
  end)

  with("that is closed wakes all who wait, and stays closed", function(l, port)
    local jobs = { waiting(l.accept, l), waiting(l.accept, l) }
    assert.is_true(l:close())
    for _, job in ipairs(jobs) do assert.same(WOKEN, { job:await() }) end
    assert.is_true(l:close())
    assert.same(CLOSED, { l:accept() })
    assert.same(CLOSED, { l:sock() })
    assert.same(CLOSED, { l:timeout(1) })
    assert.equal("tcp listener (closed)", tostring(l))
    assert.equal("ECONNREFUSED", select(3, tcp.connect(HERE, port)))
  end)

  with("can be waited for until it is closed", function(l)
    local job = waiting(l.closed, l)
    sim.shows(conc.tree(), "the end of tcp listener")
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
    job = waiting(l.closed, l)
    l:close()
    assert.is_true(job:await())
    assert.is_true(l:closed())
  end)

  with("closes at the end of its variable", function(_, _)
    local l
    do
      local inner <close> = assert(tcp.listen(HERE, 0))
      l = inner
    end
    assert.same(CLOSED, { l:accept() })
  end)

  with("can be closed by the one it has just served", function(l, port)
    local job = waiting(function()
      local s <close> = assert(l:accept())
      l:close()
      return s:read()
    end)
    local other = waiting(l.accept, l)
    local a <close> = assert(tcp.connect(HERE, port))
    a:write("x")
    assert.equal("x", job:await())
    assert.same(WOKEN, { other:await() })
  end)

  it("accepts outside tasks", function()
    local l = assert(tcp.listen(HERE, 0))
    local client = conc.spawn(function()
      conc.sleep(0.005)
      return ask(l:sock().port, "outside")
    end)
    local s = assert(l:accept())
    s:write(s:read "a")
    s:close()
    assert.equal("outside", client:await())
    l:close()
  end)
end)

-- What a process says that may open few descriptors; `prelude` has a full
-- table of them: `fill()` takes all that are left, `free()` gives them back.
local few_descriptors = [[
  os.execute("prlimit --pid $PPID --nofile=48:48")
  local taken = {}
  local function fill()
    local file
    repeat
      file = io.open("/dev/null")
      taken[#taken + 1] = file
    until not file
  end
  local function free()
    for _, file in ipairs(taken) do file:close() end
    taken = {}
  end
  local l = assert(conc.tcp.listen("127.0.0.1", 0))
  local port = l:sock().port
]]

describe("where descriptors run out", function()
  it("accept waits until there are some again, at most for its limit", function()
    local said = script.run(few_descriptors .. [[
      conc.run(function()
        local a = assert(conc.tcp.connect("127.0.0.1", port))
        local timeout = conc.timeout   -- a file of its own
        a:write("patient")
        fill()
        say(select(3, l:timeout(0.03):accept()))
        say(select(3, timeout(0.03, l.accept, l:timeout())))
        say(select(3, conc.tcp.connect("127.0.0.1", port)))
        local first = conc.spawn { l.accept, l, keep = true }
        local second = conc.spawn(l.accept, l)
        conc.sleep(0.03)
        say(first:status(), " ", second:status())
        first:cancel()
        free()
        say(second:await():read())
      end)
    ]])
    assert.equal("", said.err)
    assert.equal("ETIMEDOUT\nETIMEDOUT\nEMFILE\nwaiting waiting\npatient\n", said.out)
    assert.equal(0, said.code)
  end)

  it("a listener can be closed while it waits for some", function()
    local said = script.run(few_descriptors .. [[
      conc.run(function()
        local a = assert(conc.tcp.connect("127.0.0.1", port))
        fill()
        local job = conc.spawn(l.accept, l)
        conc.sleep(0.005)
        l:close()
        say(select(3, job:await()))
        free()
        conc.sleep(0.03)
        a:close()
      end)
    ]])
    assert.equal("", said.err)
    assert.equal("ECANCELED\n", said.out)
    assert.equal(0, said.code)
  end)

  it("some are left for the handlers, and every connection is served", function()
    -- 64 descriptors, and 100 clients (another process) that all connect first.
    -- Until the first ones go, the server has nothing to do: nothing spins.
    local said = script.run [[
      local tcp = conc.tcp
      local function clients(port)
        local conc = require "luaconc"
        local list, good = {}, 0
        for i = 1, 100 do
          list[i] = assert(conc.tcp.connect("127.0.0.1", port))
          list[i]:write(i, "\n")
        end
        conc.sleep(0.2)
        for i, s in ipairs(list) do
          if s:read "l" == tostring(i) then good = good + 1 end
          s:close()
        end
        return good
      end
      local now, most, files = 0, 0, 0
      local function handler(s)
        now = now + 1
        most = math.max(most, now)
        local file <close> = io.open("/dev/null")
        if file then files = files + 1 end
        if file then file:close() end
        for line in s:lines() do s:write(line, "\n") end
        now = now - 1
      end
      conc.run(function()
        local l <close> = assert(tcp.listen("127.0.0.1", 0))
        local job = conc.process(clients, l:sock().port)
        os.execute("prlimit --pid $PPID --nofile=64:64")
        local cpu = os.clock()
        local server = conc.spawn(tcp.serve, l, handler)
        say(job:await(), " ", files)
        local lazy = os.clock() - cpu < 0.15
        say(most > 20 and most <= 56 and "some" or most, " ", lazy and "lazy" or "busy")
        l:close()
        server:await()
      end)
    ]]
    assert.equal("", said.err)
    assert.equal("100 100\nsome lazy\n", said.out)
    assert.equal(0, said.code)
  end)

  it("serve goes on when there are some again", function()
    local said = script.run(few_descriptors .. [[
      conc.run(function()
        local a = assert(conc.tcp.connect("127.0.0.1", port))
        fill()
        local server = conc.spawn(conc.tcp.serve, l, function(s)
          s:write(s:read())
        end)
        a:write("served")
        conc.sleep(0.1)
        free()
        say(a:read())
        l:close()
        say(tostring(server:await()))
      end)
    ]])
    assert.equal("", said.err)
    assert.equal("served\ntrue\n", said.out)
    assert.equal(0, said.code)
  end)
end)

describe("where no thread can be started", function()
  it("a name can't be looked up, and the process lives", function()
    if not names.localhost() then pending "localhost is unknown here" end
    local said = script.run [[
      local file = io.open "/proc/self/statm"
      local pages = file:read "n"
      file:close()
      conc.run(conc.sleep, 0.001)
      local limit = (pages + 2000) * 4096
      os.execute("prlimit --pid $PPID --as=" .. limit .. ":")
      say(select(3, conc.tcp.connect("localhost", 1)))
      os.execute("prlimit --pid $PPID --as=unlimited:")
      say(select(3, conc.tcp.connect("localhost", 1)))
    ]]
    assert.equal("", said.err)
    assert.equal("EAGAIN\nECONNREFUSED\n", said.out)
    assert.equal(0, said.code)
  end)
end)

-- (What it does with its handlers is in spec/server_spec.lua.)
describe("tcp.serve", function()
  -- A server of `handler` in a task; `f(port, job, listener)`; then it is
  -- stopped, and its result returned.
  local function serving(handler, opts, f)
    return streams.run(function()
      local listener <close> = assert(tcp.listen(HERE, 0))
      local job = conc.spawn { tcp.serve, listener, handler, opts, keep = true }
      f(listener:sock().port, job, listener)
      listener:close()
      return job:await()
    end)
  end

  it("runs the handler for each connection, and closes its stream", function()
    local kept
    local result = serving(function(s) kept = s s:write("bye") end, nil, function(port)
      for _ = 1, 3 do assert.equal("bye", ask(port, "")) end
    end)
    assert.is_true(result)
    assert.same(CLOSED, { kept:read() })
  end)

  it("by host and port tells its listener before it accepts", function()
    streams.run(function()
      local listener
      local server = conc.spawn(tcp.serve, HERE, 0, echo, {
        backlog = 10,
        ready = function(l) listener = l end,
      })
      while not listener do conc.yield() end
      assert.equal("ping\n", ask(listener:sock().port, "ping\n"))
      listener:close()
      assert.is_true(server:await())
    end)
  end)

  it("at an address that is taken fails as listen does", function()
    streams.run(function()
      local listener <close> = assert(tcp.listen(HERE, 0))
      local ok, _, code = tcp.serve(HERE, listener:sock().port, echo)
      assert.is_nil(ok)
      assert.equal("EADDRINUSE", code)
    end)
  end)

  it("stops when its listener is closed, once the handlers have ended", function()
    local ended = false
    streams.run(function()
      local listener = assert(tcp.listen(HERE, 0))
      local port = listener:sock().port
      local job = conc.spawn(tcp.serve, listener, function(s)
        s:write(s:read())
        conc.sleep(0.02)
        ended = true
      end)
      local a <close> = assert(tcp.connect(HERE, port))
      a:write("x")
      assert.equal("x", a:read())
      listener:close()
      assert.equal("ECONNREFUSED", select(3, tcp.connect(HERE, port)))
      assert.is_true(job:await())
    end)
    assert.is_true(ended)
  end)

  it("that is cancelled cancels its handlers and closes their streams", function()
    local ended = 0
    streams.run(function()
      local listener <close> = assert(tcp.listen(HERE, 0))
      local job = conc.spawn { tcp.serve, listener, function(s)
        local _ <close> = sim.on_close(function() ended = ended + 1 end)
        s:read()
      end, keep = true }
      local a <close> = assert(tcp.connect(HERE, listener:sock().port))
      local b <close> = assert(tcp.connect(HERE, listener:sock().port))
      settle()
      job:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
      assert.equal(2, ended)
      assert.equal("", a:read "a")
      assert.equal("", b:read "a")
    end)
  end)

  it("closes what it has accepted and not begun to handle", function()
    streams.run(function()
      local listener <close> = assert(tcp.listen(HERE, 0))
      local a <close> = assert(tcp.connect(HERE, listener:sock().port))
      local begun = false
      local job = conc.spawn { tcp.serve, listener, function() begun = true end, keep = true }
      conc.yield()
      job:cancel()
      pcall(job.await, job)
      assert.is_false(begun)
      assert.equal("", a:read "a")
    end)
  end)

  it("refuses wrong arguments, by their places and names", function()
    local function shows(part, ...)
      sim.shows(sim.raises(tcp.serve, ...), part)
    end
    shows("bad argument #1 to 'serve' (a host or a listener expected, got nil)")
    shows("bad argument #1 to 'serve' (a host or a listener expected, got queue)",
      conc.queue(), print)
    shows("bad argument #2 to 'serve'", HERE, "http", print)
    shows("bad argument #3 to 'serve' (function expected, got nil", HERE, 0)
    shows("option 'limit' must be an integer, 1 or more, got 0", HERE, 0, print, { limit = 0 })
    shows("unknown option 'limits'", HERE, 0, print, { limits = 1 })
    local listener <close> = assert(tcp.listen(HERE, 0))
    shows("bad argument #2 to 'serve' (function expected, got 5", listener, 5)
    shows("unknown option 'backlog'", listener, print, { backlog = 5 })
  end)
end)

describe("a wrong call", function()
  it("is told at the line of the caller", function()
    for _, f in ipairs {
      function() tcp.connect(80) end,
      function() tcp.connect(HERE, 1, { tiemout = 1 }) end,
      function() tcp.connect(HERE, 1, { timeout = -1 }) end,
      function() tcp.listen(HERE, 0, { backlog = 0 }) end,
      function() tcp.listen(HERE, 0, { timeout = 0 }) end,
      function() tcp.serve(HERE, 0, 5) end,
      function() tcp.serve(HERE, 0, print, { limit = 0 }) end,
      function() tcp.serve(conc.queue(), print) end,
    } do
      local line = debug.getinfo(f, "S").linedefined
      assert.matches("tcp_spec%.lua:" .. line .. ": bad argument #%d to '",
        sim.raises(f))
    end
  end)
end)

describe("a thousand connections", function()
  it("are all served, at the same time", function()
    if not limits.descriptors(2100) then pending "too few descriptors" end
    local said = script.run [[
      os.execute("prlimit --pid $PPID --nofile=2100:")
      local tcp, now, most, good = conc.tcp, 0, 0, 0
      local all = conc.event()
      local function handler(s)
        now = now + 1
        most = math.max(most, now)
        for line in s:lines() do s:write(line, "\n") end
        now = now - 1
      end
      conc.run(function()
        local l <close> = assert(tcp.listen("127.0.0.1", 0))
        local port = l:sock().port
        local server = conc.spawn(tcp.serve, l, handler)
        local clients <close> = conc.group()
        for i = 1, 1000 do
          clients:spawn(function()
            local s <close> = assert(tcp.connect("127.0.0.1", port))
            if i == 1000 then conc.sleep(0.01) all:set() end
            all:wait()
            s:write(i, "\n")
            if s:read "l" == tostring(i) then good = good + 1 end
          end)
        end
        clients:await()
        l:close()
        server:await()
      end)
      say(most, " ", good, " ", now)
    ]]
    assert.equal("", said.err)
    assert.equal("1000 1000 0\n", said.out)
    assert.equal(0, said.code)
  end)
end)
