local conc = require "luaconc"
local sim = require "spec.support.sim"

describe("run", function()
  it("returns its function's results, nils included", function()
    local results = table.pack(conc.run(function() return 1, nil, "x", nil end))
    assert.same({ 1, nil, "x", nil, n = 4 }, results)
  end)

  it("hands its further arguments to the function", function()
    local results = table.pack(conc.run(function(...) return ... end, 1, nil, 3, nil))
    assert.same({ 1, nil, 3, nil, n = 4 }, results)
  end)

  it("returns once every job has ended", function()
    local list, log = sim.log()
    sim.run(function()
      conc.spawn(function()
        conc.sleep(1)
        conc.spawn(function() conc.sleep(1) log "grandchild" end)
        log "child"
      end)
      log "root"
    end)
    assert.same({ "root", "child", "grandchild" }, list)
  end)

  it("cancels daemons once the other jobs have ended", function()
    local list, log = sim.log()
    local seconds = sim.took(function()
      conc.spawn { function()
        local _ <close> = sim.on_close(function() log "daemon closed" end)
        conc.sleep(1000)
        log "never"
      end, daemon = true }
      conc.spawn(function() conc.sleep(3) log "job" end)
    end)
    assert.same({ "job", "daemon closed" }, list)
    assert.near(3, seconds, sim.tolerance)
  end)

  it("waits for a daemon's clean-up", function()
    local list, log = sim.log()
    sim.run(function()
      conc.spawn { function()
        local _ <close> = sim.on_close(function()
          conc.shield(conc.sleep, 5)
          log "cleaned"
        end)
        conc.sleep(1000)
      end, daemon = true }
      conc.yield()
    end)
    assert.same({ "cleaned" }, list)
  end)

  it("raises a daemon's failure like any other", function()
    local err = sim.fails(function()
      conc.spawn { function() error("daemon broke", 0) end, daemon = true }
      conc.sleep(1)
    end)
    sim.shows(err, "daemon broke")
  end)

  it("raises its function's error", function()
    local err = sim.raises(conc.run, function() error("boom", 0) end)
    sim.shows(err, "boom")
  end)

  it("raises a table as it is", function()
    local mine = setmetatable({}, { __tostring = function() return "mine" end })
    assert.equal(mine, sim.raises(conc.run, function() error(mine) end))
  end)

  it("raises the failure of a job, having cancelled the rest", function()
    local list, log = sim.log()
    local mine = { "mine" }
    local err = sim.fails(function()
      conc.spawn(function()
        local _ <close> = sim.on_close(function() log(conc.now()) end)
        conc.sleep(1000)
      end)
      conc.spawn(sim.failing(1, mine))
      local _ <close> = sim.on_close(function() log(conc.now()) end)
      local start = conc.now()
      log(start)
      conc.sleep(1000)
    end)
    assert.equal(mine, err)
    assert.equal(3, #list)
    assert.near(list[1] + 1, list[2], sim.tolerance)
    assert.near(list[1] + 1, list[3], sim.tolerance)
  end)

  it("can run again after a failure", function()
    sim.raises(conc.run, function() error "first" end)
    assert.equal("second", conc.run(function() return "second" end))
  end)

  it("is a new group inside a task: it waits for its own jobs only", function()
    sim.run(function()
      local start = conc.now()
      local other = conc.spawn(sim.after(10))
      local value = conc.run(function(...)
        conc.spawn(sim.after(2))
        return ...
      end, "inner")
      assert.equal("inner", value)
      assert.near(start + 2, conc.now(), sim.tolerance)
      assert.equal("waiting", other:status())
    end)
  end)

  it("raises a job's failure inside a task, leaving its surroundings whole", function()
    local mine = { "mine" }
    local value = sim.run(function()
      local other = conc.spawn(sim.after(10, "other"))
      local err = sim.raises(conc.run, function()
        conc.spawn(function() error(mine) end)
        conc.sleep(1000)
      end)
      assert.equal(mine, err)
      return other:await()
    end)
    assert.equal("other", value)
  end)

  it("cancels its daemons inside a task too", function()
    local seconds = sim.took(function()
      conc.run(function()
        conc.spawn { function() conc.sleep(1000) end, daemon = true }
        conc.sleep(1)
      end)
    end)
    assert.near(1, seconds, sim.tolerance)
  end)

  it("refuses what can't be called", function()
    sim.shows(sim.raises(conc.run, 42), "run", "got 42")
  end)
end)

describe("run without a function", function()
  it("runs what was started so far", function()
    local list, log = sim.log()
    conc.spawn(log, "a")
    conc.spawn(function() conc.yield() log "c" end)
    conc.spawn(log, "b")
    assert.same({}, list)
    conc.run()
    assert.same({ "a", "b", "c" }, list)
  end)

  it("raises the failure of what was started", function()
    conc.spawn(function() error("started outside", 0) end)
    sim.shows(sim.raises(conc.run), "started outside")
  end)

  it("returns at once when nothing was started", function()
    conc.run()
  end)

  it("runs the jobs of groups that are still open too", function()
    local list, log = sim.log()
    do
      local g <close> = conc.group { current = false }
      g:spawn(function() conc.yield() conc.yield() log "in a group" end)
      conc.spawn(log, "in none")
      conc.run()
      assert.same({ "in none", "in a group" }, list)
      g:spawn(log, "later")
      conc.run(function() end)
      assert.equal("later", list[3])
    end
  end)

  it("cancels daemons once the other jobs have ended", function()
    local h = conc.spawn { function() conc.sleep(1000) end, daemon = true }
    conc.spawn(conc.yield)
    conc.run()
    assert.equal("cancelled", h:status())
  end)
end)

describe("outside tasks", function()
  it("a sleep drives the loop", function()
    local h = conc.spawn(function() return "ran" end)
    conc.sleep(0.001)
    assert.equal("done", h:status())
    assert.equal("ran", h:await())
  end)

  it("await drives the loop", function()
    local h = conc.spawn(function() conc.sleep(0.001) return 1, nil, 3 end)
    assert.same({ 1, nil, 3, n = 3 }, table.pack(h:await()))
  end)

  it("a wait lets jobs go on only while it lasts", function()
    local list, log = sim.log()
    local first = conc.spawn(function() conc.yield() log "first" end)
    local second = conc.spawn(function() conc.sleep(0.02) log "second" end)
    first:await()
    assert.same({ "first" }, list)
    second:await()
    assert.same({ "first", "second" }, list)
  end)

  it("a job's failure is raised by the wait that drives", function()
    local mine = { "mine" }
    conc.spawn(function() error(mine) end)
    assert.equal(mine, sim.raises(conc.sleep, 0.1))
    conc.sleep(0)
  end)

  it("a job's failure is raised once", function()
    local h = conc.spawn(function() error("only once", 0) end)
    sim.shows(sim.raises(conc.run), "only once")
    conc.run()
    conc.sleep(0)
    sim.shows(sim.raises(h.await, h), "only once")
  end)

  it("jobs can be started and run after a failure", function()
    conc.spawn(function() error("earlier", 0) end)
    sim.raises(conc.run)
    assert.equal(7, conc.spawn(function() return 7 end):await())
  end)

  it("every function works: queue, lock, event, semaphore, gather", function()
    local q, l, e = conc.queue(1), conc.lock(), conc.event()
    conc.spawn(function() conc.yield() q:send("item") e:set() end)
    assert.equal("item", q:recv())
    e:wait()
    l:acquire()
    conc.spawn(function() l:acquire() l:release() end)
    conc.yield()
    l:release()
    assert.same({ 1, 2 }, { conc.gather(
      function() return 1 end,
      function() conc.yield() return 2 end) })
    conc.run()
  end)

  it("a group waits for its jobs", function()
    local list, log = sim.log()
    do
      local g <close> = conc.group()
      conc.spawn(function() conc.yield() log "job" end)
      g:spawn(log, "other")
    end
    assert.equal(2, #list)
  end)

  it("a group raises its job's failure", function()
    local mine = { "mine" }
    local err = sim.raises(function()
      local _ <close> = conc.group()
      conc.spawn(function() error(mine) end)
    end)
    assert.equal(mine, err)
    conc.run()
  end)

  it("timeout, shield and scope work", function()
    assert.same({ nil, "timed out", "ETIMEDOUT" },
      { conc.timeout(0.001, conc.sleep, 100) })
    assert.equal(3, conc.timeout(100, function() conc.yield() return 3 end))
    assert.equal(4, conc.shield(function() conc.yield() return 4 end))
    local err = sim.raises(function()
      local s <close> = conc.scope()
      s:cancel()
      conc.sleep(100)
    end)
    assert.is_true(conc.is_cancelled(err))
    conc.sleep(0)
  end)

  it("a wait inside table.sort drives the loop", function()
    local list = { 3, 1, 2 }
    table.sort(list, function(a, b) conc.sleep(0) return a < b end)
    assert.same({ 1, 2, 3 }, list)
  end)

  it("there is no current job", function()
    assert.is_nil(conc.current())
  end)
end)

describe("now", function()
  it("counts seconds, as sleep does", function()
    sim.run(function()
      local start = conc.now()
      conc.sleep(2.5)
      assert.near(start + 2.5, conc.now(), sim.tolerance)
      assert.equal("float", math.type(conc.now()))
    end)
  end)

  it("never goes back", function()
    local last = conc.now()
    for _ = 1, 100 do
      local now = conc.now()
      assert.is_true(now >= last)
      last = now
    end
  end)
end)

describe("sleep", function()
  it("wakes the sleepers in order of their deadlines", function()
    local list, log = sim.log()
    sim.run(function()
      for _, seconds in ipairs { 5, 1, 4, 2, 3, 0 } do
        conc.spawn(function() conc.sleep(seconds) log(seconds) end)
      end
    end)
    assert.same({ 0, 1, 2, 3, 4, 5 }, list)
  end)

  it("wakes sleepers with one deadline in the order in which they came", function()
    local list, log = sim.log()
    sim.run(function()
      for i = 1, 20 do
        conc.spawn(function() conc.sleep(1) log(i) end)
      end
    end)
    for i = 1, 20 do assert.equal(i, list[i]) end
  end)

  it("of zero seconds lets the others run", function()
    local list, log = sim.log()
    sim.run(function()
      conc.spawn(log, "other")
      conc.sleep(0)
      log "sleeper"
    end)
    assert.same({ "other", "sleeper" }, list)
  end)

  it("never ends early", function()
    sim.run(function()
      for _, seconds in ipairs { 0.0001, 0.0015, 0.3333, 1e-9 } do
        local start = conc.now()
        conc.sleep(seconds)
        assert.is_true(conc.now() - start >= seconds - 1e-9)
      end
    end)
  end)

  it("refuses what is no length of time", function()
    for _, bad in ipairs { "soon", {}, false, 0 / 0 } do
      sim.shows(sim.raises(function() conc.sleep(bad) end), "'sleep'", "seconds")
    end
    sim.shows(sim.raises(function() conc.sleep() end), "'sleep'", "seconds")
  end)
end)

describe("yield", function()
  it("lets every ready task run once before it returns", function()
    local list, log = sim.log()
    sim.run(function()
      for i = 1, 3 do
        conc.spawn(function()
          for round = 1, 3 do
            log(round * 10 + i)
            conc.yield()
          end
        end)
      end
    end)
    assert.same({ 11, 12, 13, 21, 22, 23, 31, 32, 33 }, list)
  end)

  it("costs no time", function()
    assert.near(0, sim.took(function()
      for _ = 1, 1000 do conc.yield() end
    end), 1e-9)
  end)
end)
