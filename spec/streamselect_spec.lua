-- Listeners and sockets for datagrams as cases of a select; streams are in
-- spec/contract/stream_*_spec.lua.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local waiting = streams.waiting

local function it_runs(promise, f)
  it(promise, function() streams.run(f) end)
end

-- Listeners, each with a function that connects to it.
local kinds = {
  tcp = function()
    local l = assert(conc.tcp.listen("127.0.0.1", 0))
    local port = l:sock().port
    return l, function() return assert(conc.tcp.connect("127.0.0.1", port)) end
  end,
  unix = function()
    local path = ("\0luaconc select %p"):format(streams)
    local l = assert(conc.unix.listen(path))
    return l, function() return assert(conc.unix.connect(path)) end
  end,
}

-- Are the two the ends of one connection?
local function joined(a, b)
  assert(a:write("?"))
  return b:read() == "?"
end

for name, make in pairs(kinds) do
  describe("a listener in a select: " .. name, function()
    it_runs("accepts who has come", function()
      local listener, connect = make()
      local l <close> = listener
      local a <close> = connect()
      local key, accepted = conc.select { door = l, stop = conc.event() }
      local b <close> = accepted
      assert.equal("door", key)
      assert.is_true(joined(a, b))
    end)

    it_runs("waits for somebody", function()
      local listener, connect = make()
      local l <close> = listener
      local job = waiting(conc.select, { { l, "accept" } })
      sim.shows(conc.tree(), "select")
      local a <close> = connect()
      local _, accepted = job:await()
      local b <close> = accepted
      assert.is_true(joined(a, b))
    end)

    it_runs("takes nobody where another case wins", function()
      local listener, connect = make()
      local l <close> = listener
      local stop = conc.event()
      local job = waiting(conc.select, { l, stop = stop })
      stop:set()
      local a <close> = connect()
      assert.equal("stop", (job:await()))
      local b <close> = l:accept()
      assert.is_true(joined(a, b))
    end)

    it_runs("leaves the turn to those who wait already", function()
      local listener, connect = make()
      local l <close> = listener
      local first = waiting(l.accept, l)
      local second = waiting(conc.select, { l })
      local a <close> = connect()
      local b <close> = first:await()
      assert.is_true(joined(a, b))
      assert.equal("waiting", second:status())
      local c <close> = connect()
      local _, accepted = second:await()
      local d <close> = accepted
      assert.is_true(joined(c, d))
    end)

    it_runs("tells a limit and a close", function()
      local listener = make()
      local l <close> = listener
      l:timeout(0.002)
      assert.same({ 1, nil, "timed out", "ETIMEDOUT" }, { conc.select { l } })
      l:timeout()
      local job = waiting(conc.select, { l })
      l:close()
      assert.same({ 1, nil, "closed", "ECANCELED" }, { job:await() })
      assert.same({ 1, nil, "closed", "EBADF" }, { conc.select { l } })
    end)

    it_runs("goes on where another task was quicker", function()
      local listener, connect = make()
      local l <close> = listener
      local taken
      local job = waiting(conc.select, { l, conc.event() })
      local a <close> = connect()
      -- Runs before the task of the select, which has been chosen.
      conc.spawn(function() taken = l:timeout(0.05):accept() end)
      local _, accepted = job:await()
      conc.sleep(0.06)
      local b <close> = taken or accepted
      local c <close> = taken and accepted or nil
      assert.is_true(joined(a, b))
      assert.is_nil(c)
    end)
  end)

  describe("a limit of accept: " .. name, function()
    it("does not begin anew when another task is quicker", function()
      sim.run(function()
        local listener, connect = make()
        local l <close> = listener
        local start = conc.now()
        local late = conc.spawn(function()
          return select(3, l:timeout(10):accept())
        end)
        conc.sleep(6)
        -- It is woken, but somebody else takes what it was woken for.
        local a <close> = connect()
        local b
        repeat
          b = l:timeout(0):accept()
          if not b then conc.yield() end
        until b or late:status() == "done"
        if not b then return end   -- it was quicker itself
        local s <close> = b
        assert.equal("ETIMEDOUT", late:await())
        assert.near(start + 10, conc.now(), 0.1)
        assert.is_true(joined(a, s))
      end)
    end)
  end)
end

describe("a udp socket in a select", function()
  local function pair()
    local a = assert(conc.udp.bind("127.0.0.1", 0))
    return a, assert(conc.udp.connect("127.0.0.1", a:sock().port))
  end

  it_runs("gives a datagram and where it is from", function()
    local first, second = pair()
    local a <close> = first
    local b <close> = second
    local job = waiting(conc.select, { mail = a })
    b:send("one")
    local key, data, from = job:await()
    assert.same({ "mail", "one" }, { key, data })
    assert.equal(b:sock().port, from.port)
    b:send("two")
    b:send("three")
    assert.same("two", (select(2, conc.select { { a, "recv" } })))
    assert.same("three", (select(2, conc.select { a })))
  end)

  it_runs("loses none where another case wins", function()
    local first, second = pair()
    local a <close> = first
    local b <close> = second
    local stop = conc.event()
    local job = waiting(conc.select, { a, stop = stop })
    stop:set()
    b:send("kept")
    assert.equal("stop", (job:await()))
    assert.equal("kept", (a:recv()))
  end)

  it_runs("tells a limit and a close", function()
    local first, second = pair()
    local a <close> = first
    local _ <close> = second
    a:timeout(0.002)
    assert.same({ 1, nil, "timed out", "ETIMEDOUT" }, { conc.select { a } })
    a:timeout()
    local job = waiting(conc.select, { a })
    a:close()
    assert.same({ 1, nil, "closed", "ECANCELED" }, { job:await() })
    assert.same({ 1, nil, "closed", "EBADF" }, { conc.select { a } })
  end)
end)
