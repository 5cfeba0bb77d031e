local conc = require "luaconc"
local sim = require "spec.support.sim"

-- Each place where a task can wait: what it does there, for ever.
local waits = {
  sleep = function() conc.sleep(1e6) end,
  await = function() conc.spawn(sim.after(1e6)):await() end,
  ["group:await"] = function()
    local g <close> = conc.group()
    g:spawn(sim.after(1e6))
    g:await()
  end,
  ["the end of a group"] = function()
    local g <close> = conc.group()
    g:spawn(sim.after(1e6))
  end,
  ["the end of a task"] = function() conc.spawn(sim.after(1e6)) end,
  ["a nested run"] = function() conc.run(conc.sleep, 1e6) end,
  gather = function() conc.gather(sim.after(1e6), sim.after(1e6)) end,
  settle = function() conc.settle { sim.after(1e6), sim.after(1e6) } end,
  race = function() conc.race(sim.after(1e6), sim.after(1e6)) end,
  completed = function()
    for _ in conc.completed { sim.after(1e6), sim.after(1e6) } do end
  end,
  timeout = function() conc.timeout(2e6, conc.sleep, 1e6) end,
  ["a generator"] = function() conc.coroutine.wrap(conc.sleep)(1e6) end,
  ["queue:recv"] = function() conc.queue(1):recv() end,
  ["queue:send"] = function()
    local q = conc.queue(1)
    q:send(1)
    q:send(2)
  end,
  ["queue:recv_many"] = function() conc.queue(1):recv_many(5) end,
  ["queue:send_many"] = function() conc.queue(1):send_many { 1, 2, 3 } end,
  ["queue:iter"] = function() for _ in conc.queue(1):iter() do end end,
  ["shared lock:acquire"] = function()
    local lock = conc.shared.lock()
    conc.spawn(function()
      local _ <close> = lock:acquire()
      conc.sleep(1000)
    end)
    conc.yield()
    lock:acquire()
  end,
  ["shared semaphore:with"] = function() conc.shared.semaphore(0):with(print) end,
  ["shared event:wait"] = function() conc.shared.event():wait() end,
  ["shared barrier:wait"] = function() conc.shared.barrier(2):wait() end,
  ["shared array:wait"] = function() conc.shared.array("u8", 1):wait(1, 0) end,
  ["select at a shared event"] = function() conc.select { conc.shared.event() } end,
  ["channel:recv"] = function() conc.channel(1):recv() end,
  ["channel:send"] = function()
    local ch = conc.channel(1)
    ch:send(1)
    ch:send { 2 }
  end,
  ["channel:send of size 0"] = function() conc.channel(0):send "value" end,
  ["channel:recv_many"] = function() conc.channel(1):recv_many(5) end,
  ["channel:send_many"] = function() conc.channel(1):send_many { 1, { 2 }, "3" } end,
  ["select at channels"] = function()
    local ch = conc.channel(0)
    conc.select { ch, conc.channel(), { ch, "send", { 1 } } }
  end,
  ["channel:iter"] = function() for _ in conc.channel():iter() do end end,
  ["lock:acquire"] = function()
    local l = conc.lock()
    conc.spawn(function() l:acquire() conc.sleep(1e6) end)
    conc.yield()
    l:acquire()
  end,
  ["lock:with"] = function()
    local l = conc.lock()
    conc.spawn(function() l:acquire() conc.sleep(1e6) end)
    conc.yield()
    l:with(function() end)
  end,
  ["semaphore:acquire"] = function()
    local s = conc.semaphore(1)
    s:acquire()
    s:acquire()
  end,
  ["event:wait"] = function() conc.event():wait() end,
  ["condition:wait"] = function()
    local l = conc.lock()
    l:with(function() conc.condition(l):wait() end)
  end,
  ["barrier:wait"] = function() conc.barrier(2):wait() end,
  ["program:wait"] = function()
    assert(conc.popen { "sleep", "100", stdin = "null", stdout = "null" }):wait()
  end,
  -- The other end is kept: collected, it would be closed.
  ["stream:read"] = function()
    local s <close>, _ = conc.pair()
    s:read()
  end,
  ["stream:lines"] = function()
    local s <close>, _ = conc.pair()
    for _ in s:lines() do end
  end,
  ["stream:write"] = function()
    local s <close>, _ = conc.pair(1)
    s:write(("x"):rep(100000))
  end,
  ["stream:flush"] = function()
    local s <close>, _ = conc.pair(1)
    s:write "xx"
    s:flush()
  end,
  ["stream:shutdown"] = function()
    local s <close>, _ = conc.pair(1)
    s:write "xx"
    s:shutdown()
  end,
  ["stream:close"] = function()
    local s, _ = conc.pair(1)
    s:write "xx"
    s:close()
  end,
  ["select at streams"] = function()
    local s <close>, _ = conc.pair()
    local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local u <close> = assert(conc.udp.bind("127.0.0.1", 0))
    conc.select { { s, "read", "l" }, l, u, conc.event() }
  end,
  ["tcp read"] = function()
    local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local s <close> = assert(conc.tcp.connect("127.0.0.1", l:sock().port))
    s:read()
  end,
  ["tcp accept"] = function()
    local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    l:accept()
  end,
  ["unix read"] = function()
    local _ <close> = assert(conc.unix.listen "\0luaconc cancel_spec")
    local s <close> = assert(conc.unix.connect "\0luaconc cancel_spec")
    s:read(5)
  end,
  ["unix accept"] = function()
    local l <close> = assert(conc.unix.listen "\0luaconc cancel_spec")
    l:accept()
  end,
  ["unix connect at a full backlog"] = function()
    local path = "\0luaconc cancel_spec"
    local _ <close> = assert(conc.unix.listen(path, { backlog = 1 }))
    local held = {}
    local _ <close> = sim.on_close(function()
      for _, s in ipairs(held) do s:close() end
    end)
    repeat held[#held + 1] = assert(conc.unix.connect(path)) until false
  end,
  ["the end of a listener"] = function()
    local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    l:closed()
  end,
  ["tcp.serve"] = function()
    local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    conc.tcp.serve(l, print)
  end,
  ["udp recv"] = function()
    local u <close> = assert(conc.udp.bind("127.0.0.1", 0))
    u:recv()
  end,
  ["signal:wait"] = function()
    local signal <close> = assert(conc.signal "SIGUSR2")
    signal:wait()
  end,
}

describe("cancelling a job that waits in", function()
  for name, wait in pairs(waits) do
    it(name .. " ends it at once, running its <close> variables", function()
      sim.run(function()
        local start, seen = conc.now(), nil
        local h = conc.spawn(function()
          local _ <close> = sim.on_close(function(err) seen = err or "no error" end)
          wait()
        end)
        local ticker = conc.spawn(sim.after(10))
        conc.sleep(1)
        assert.equal("waiting", h:status())
        assert.is_true(h:cancel())
        assert.is_true(conc.is_cancelled(sim.raises(h.await, h)))
        assert.equal("cancelled", h:status())
        assert.near(start + 1, conc.now(), sim.tolerance)
        if name ~= "the end of a task" then
          assert.is_true(conc.is_cancelled(seen))
        end
        ticker:await()
      end)
    end)

    it(name .. " before it gets there raises in that wait", function()
      sim.run(function()
        local h = conc.spawn(function()
          conc.current():cancel()
          wait()
        end)
        local ticker = conc.spawn(sim.after(10))
        assert.is_true(conc.is_cancelled(sim.raises(h.await, h)))
        assert.equal("cancelled", h:status())
        ticker:await()
      end)
    end)

    it(name .. " by a deadline ends it too", function()
      sim.run(function()
        local start = conc.now()
        assert.same({ nil, "timed out", "ETIMEDOUT" }, { conc.timeout(2, function()
          wait()
          conc.sleep(1e6)
        end) })
        assert.near(start + 2, conc.now(), sim.tolerance)
      end)
    end)
  end
end)

-- How long a look-up takes nobody knows: it may be over before.
describe("cancelling a job that looks a name up", function()
  for name, look in pairs {
    ["dns.lookup"] = function() return conc.dns.lookup "localhost" end,
    ["dns.reverse"] = function() return conc.dns.reverse "127.0.0.1" end,
    ["tcp.connect"] = function() return conc.tcp.connect("localhost", 1) end,
  } do
    it("by " .. name .. " ends it, or lets it have its answer", function()
      for turns = 0, 3 do
        sim.run(function()
          local h = conc.spawn { look, keep = true }
          for _ = 1, turns do conc.yield() end
          h:cancel()
          local ok, err = pcall(h.await, h)
          assert.is_true(ok or conc.is_cancelled(err))
        end)
      end
    end)
  end
end)

describe("cancel", function()
  it("returns true once, and false after the end", function()
    sim.run(function()
      local h = conc.spawn(sim.after(10))
      conc.yield()
      assert.is_true(h:cancel())
      pcall(h.await, h)
      assert.is_false(h:cancel())
      local done = conc.spawn(function() end)
      done:await()
      assert.is_false(done:cancel())
      assert.equal("done", done:status())
    end)
  end)

  it("of a job that hasn't started lets it never start", function()
    sim.run(function()
      local ran = false
      local h = conc.spawn(function() ran = true end)
      assert.is_true(h:cancel())
      assert.equal("ECANCELED", sim.raises(h.await, h).code)
      assert.is_false(ran)
    end)
  end)

  it("tells its reason", function()
    sim.run(function()
      local seen
      local h = conc.spawn(function()
        local _ <close> = sim.on_close(function(err) seen = err end)
        conc.sleep(1000)
      end)
      conc.yield()
      h:cancel("the user went away")
      local err = sim.raises(h.await, h)
      sim.shows(err, "the user went away")
      sim.shows(seen, "the user went away")
    end)
  end)

  it("is no failure: neither group nor run raises", function()
    sim.run(function()
      do
        local g <close> = conc.group()
        g:spawn(sim.after(1000)):cancel()
        local h = g:spawn(sim.after(1000))
        conc.yield()
        h:cancel()
      end
      conc.spawn(sim.after(1000)):cancel()
    end)
  end)

  it("of a task that returns all the same leaves it ended", function()
    sim.run(function()
      local h = conc.spawn(function()
        pcall(conc.sleep, 1000)
        return "swallowed it once"
      end)
      conc.yield()
      h:cancel()
      pcall(h.await, h)
      local status = h:status()
      assert.is_true(status == "done" or status == "cancelled", status)
    end)
  end)

  it("of the running task itself raises at its next wait", function()
    sim.run(function()
      local list, log = sim.log()
      local h = conc.spawn(function()
        conc.current():cancel()
        log "still computing"
        conc.sleep(1)
        log "never"
      end)
      pcall(h.await, h)
      assert.same({ "still computing" }, list)
    end)
  end)

  it("reaches jobs that are started in the cancelled task", function()
    sim.run(function()
      local list, log = sim.log()
      local h = conc.spawn(function()
        conc.current():cancel()
        conc.spawn(function() conc.sleep(1) log "never" end)
      end)
      pcall(h.await, h)
      assert.same({}, list)
    end)
  end)
end)

describe("a cancelled task", function()
  it("gets the cancellation at every wait, until it ends", function()
    sim.run(function()
      local count = 0
      local h = conc.spawn(function()
        for _ = 1, 10 do
          if not pcall(conc.sleep, 1) then count = count + 1 end
        end
      end)
      conc.yield()
      local start = conc.now()
      h:cancel()
      pcall(h.await, h)
      assert.equal(10, count)
      assert.near(start, conc.now(), sim.tolerance)
    end)
  end)

  it("gets it in waits that would not have to wait", function()
    sim.run(function()
      local q, e, l = conc.queue(5), conc.event(), conc.lock()
      q:send(1)
      e:set()
      local raised = 0
      local h = conc.spawn(function()
        conc.current():cancel()
        local ready = {
          function() q:recv() end, function() q:send(2) end,
          function() e:wait() end, function() l:acquire() end,
          function() conc.yield() end, function() conc.sleep(0) end,
        }
        for _, f in ipairs(ready) do
          if not pcall(f) then raised = raised + 1 end
        end
      end)
      pcall(h.await, h)
      assert.equal(6, raised)
      assert.equal(1, q:len())
      l:acquire()
      l:release()
    end)
  end)

  it("that loops around pcall can't freeze the others", function()
    sim.run(function()
      local rounds, seen = 0
      local h = conc.spawn { function()
        for _ = 1, 90 do
          rounds = rounds + 1
          pcall(conc.sleep, 1)
        end
      end, keep = true }
      conc.yield()
      h:cancel()
      for _ = 1, 10 do conc.yield() end
      seen = rounds
      pcall(h.await, h)
      assert.is_true(seen > 1 and seen < 40, "it ran " .. seen .. " rounds meanwhile")
      assert.equal(90, rounds)
    end)
  end)

  it("that swallows its cancellation 100 times is closed and reported", function()
    local rounds, closed = 0, false
    local err = sim.fails(function()
      local h = conc.spawn { function()
        local _ <close> = sim.on_close(function() closed = true end)
        while rounds < 100000 do
          rounds = rounds + 1
          pcall(conc.sleep, 1)
        end
      end, name = "glutton" }
      conc.yield()
      h:cancel()
    end)
    assert.is_true(closed)
    assert.is_true(rounds >= 100 and rounds <= 102, "it ran " .. rounds .. " rounds")
    sim.shows(err, "glutton", "100")
  end)

  it("that swallows it in a generator is closed as well", function()
    local rounds, closed = 0, 0
    local err = sim.fails(function()
      local h = conc.spawn(function()
        local _ <close> = sim.on_close(function() closed = closed + 1 end)
        conc.coroutine.wrap(function()
          local _ <close> = sim.on_close(function() closed = closed + 1 end)
          while rounds < 100000 do
            rounds = rounds + 1
            pcall(conc.sleep, 1)
          end
        end)()
      end)
      conc.yield()
      h:cancel()
    end)
    assert.equal(2, closed)
    assert.is_true(rounds <= 102)
    assert.not_nil(err)
  end)

  it("that swallows it as a group's body is closed, its jobs with it", function()
    local rounds, closed = 0, 0
    sim.fails(function()
      local h = conc.spawn(function()
        local g <close> = conc.group()
        g:spawn(function()
          local _ <close> = sim.on_close(function() closed = closed + 1 end)
          conc.sleep(1000)
        end)
        while rounds < 100000 do
          rounds = rounds + 1
          pcall(conc.sleep, 1)
        end
      end)
      conc.yield()
      conc.yield()
      h:cancel()
    end)
    assert.equal(1, closed)
  end)

  it("that is closed while others work leaves them in peace", function()
    local list, log = sim.log()
    local glutton
    local err = sim.fails(function()
      local g <close> = conc.group()
      g:spawn(function()
        for i = 1, 3 do
          conc.shield(conc.sleep, 1)
          log(i)
        end
      end)
      glutton = g:spawn(function()
        for _ = 1, 100000 do pcall(conc.sleep, 1) end
      end)
      conc.yield()
      glutton:cancel()
      conc.shield(conc.sleep, 5)
    end)
    assert.same({ 1, 2, 3 }, list)
    assert.not_nil(err)
  end)

  it("runs its <close> variables in order, each of which may wait in a shield", function()
    local list, log = sim.log()
    sim.run(function()
      local h = conc.spawn(function()
        local _ <close> = sim.on_close(function()
          conc.shield(conc.sleep, 1)
          log "outer"
        end)
        local _ <close> = sim.on_close(function()
          conc.shield(conc.sleep, 1)
          log "inner"
        end)
        conc.sleep(1000)
      end)
      conc.yield()
      h:cancel()
    end)
    assert.same({ "inner", "outer" }, list)
  end)

  it("whose clean-up waits without a shield gets the cancellation there", function()
    sim.run(function()
      local seen
      local h = conc.spawn(function()
        local _ <close> = sim.on_close(function()
          seen = sim.raises(conc.sleep, 1)
        end)
        conc.sleep(1000)
      end)
      conc.yield()
      h:cancel()
      pcall(h.await, h)
      assert.is_true(conc.is_cancelled(seen))
    end)
  end)
end)

describe("an error that unwinds", function()
  it("lets <close> variables wait, outside any cancellation", function()
    sim.run(function()
      local start = conc.now()
      local err = sim.raises(function()
        local _ <close> = sim.on_close(function() conc.sleep(2) end)
        error("mine", 0)
      end)
      assert.equal("mine", err)
      assert.near(start + 2, conc.now(), sim.tolerance)
    end)
  end)

  it("lets them wait when it leaves the task too", function()
    local list, log = sim.log()
    local err = sim.fails(function()
      conc.spawn(function()
        local _ <close> = sim.on_close(function()
          conc.sleep(2)
          log "closed"
        end)
        error("mine", 0)
      end)
    end)
    sim.shows(err, "mine")
    assert.same({ "closed" }, list)
  end)
end)

describe("shield", function()
  it("hands arguments on, and returns the results", function()
    sim.run(function()
      assert.same({ 1, nil, 3, n = 3 },
        table.pack(conc.shield(function(...) conc.yield() return ... end, 1, nil, 3)))
    end)
  end)

  it("raises its function's error", function()
    sim.run(function()
      local mine = {}
      assert.equal(mine, sim.raises(conc.shield, sim.failing(1, mine)))
    end)
  end)

  it("keeps a cancellation off until it is left", function()
    sim.run(function()
      local list, log = sim.log()
      local start = conc.now()
      local h = conc.spawn(function()
        conc.shield(function()
          conc.sleep(5)
          conc.sleep(5)
          log "finished"
        end)
        conc.sleep(1000)
        log "never"
      end)
      conc.sleep(1)
      h:cancel()
      assert.equal("ECANCELED", sim.raises(h.await, h).code)
      assert.same({ "finished" }, list)
      assert.near(start + 10, conc.now(), sim.tolerance)
    end)
  end)

  it("keeps an outer deadline off, and lets an inner one through", function()
    sim.run(function()
      local start = conc.now()
      local inner
      local results = { conc.timeout(2, function()
        conc.shield(function()
          inner = { conc.timeout(5, conc.sleep, 1000) }
        end)
        conc.sleep(1)
      end) }
      assert.same({ nil, "timed out", "ETIMEDOUT" }, inner)
      assert.same({ nil, "timed out", "ETIMEDOUT" }, results)
      assert.near(start + 5, conc.now(), sim.tolerance)
    end)
  end)

  it("keeps the failure of a sibling off until it is left", function()
    local list, log = sim.log()
    local err = sim.fails(function()
      conc.spawn(sim.failing(1, "boom"))
      conc.shield(function() conc.sleep(5) log "finished" end)
      conc.sleep(1000)
      log "never"
    end)
    sim.shows(err, "boom")
    assert.same({ "finished" }, list)
  end)

  it("nests", function()
    sim.run(function()
      local h = conc.spawn(function()
        conc.shield(function()
          conc.shield(conc.sleep, 1)
          conc.sleep(1)
        end)
        return "end of shield"
      end)
      conc.yield()
      local start = conc.now()
      h:cancel()
      pcall(h.await, h)
      assert.near(start + 2, conc.now(), sim.tolerance)
    end)
  end)

  it("refuses what can't be called", function()
    sim.run(function() sim.shows(sim.raises(conc.shield, 1), "shield") end)
  end)
end)

-- An operation looks whether it is cancelled when it is called.
describe("a cancellation that comes before the wait, but after that", function()
  local function expect_end(job)
    conc.timeout(10, pcall, job.await, job)
    assert.equal("cancelled", job:status())
  end

  it("ends the next wait of a call whose first was served", function()
    sim.run(function()
      local q = conc.queue(1)
      local job = conc.spawn(function() q:send_many { 1, 2, 3 } end)
      conc.yield()
      assert.equal(1, q:try_recv())
      job:cancel()
      expect_end(job)
      assert.equal(2, q:try_recv())
      assert.same({ nil, "empty", "EAGAIN" }, { q:try_recv() })
    end)
  end)

  local sends = {
    send = function(ch, value) ch:send(value) end,
    send_many = function(ch, value) ch:send_many { value } end,
    select = function(ch, value) conc.select { { ch, "send", value } } end,
  }

  for name, send in pairs(sends) do
    it("ends a " .. name .. " of a value whose __transfer cancels it", function()
      local meta = getmetatable(io.stdout)
      function meta.__transfer()
        conc.current():cancel()
        return tostring, "sent"
      end
      local ok, err = pcall(sim.run, function()
        local ch = conc.channel(0)
        expect_end(conc.spawn(send, ch, io.stdout))
        assert.same({ nil, "empty", "EAGAIN" }, { ch:try_recv() })
      end)
      meta.__transfer = nil
      if not ok then error(err, 0) end
    end)
  end
end)

describe("is_cancelled", function()
  it("tells the library's cancellations from all other values", function()
    sim.run(function()
      local h = conc.spawn(sim.after(1))
      h:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(h.await, h)))
    end)
    for _, other in ipairs { "ECANCELED", 1, true, {}, print } do
      assert.is_false(conc.is_cancelled(other))
    end
    assert.is_false(conc.is_cancelled(nil))
    assert.is_false(conc.is_cancelled((sim.raises(conc.sleep, "x"))))
  end)
end)
