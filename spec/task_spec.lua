local conc = require "luaconc"
local sim = require "spec.support.sim"

describe("spawn", function()
  it("starts tasks in turn, not at once, first in first out", function()
    local list, log = sim.log()
    sim.run(function()
      for i = 1, 5 do conc.spawn(log, i) end
      log "spawned"
      conc.yield()
      log "after"
    end)
    assert.same({ "spawned", 1, 2, 3, 4, 5, "after" }, list)
  end)

  it("hands its further arguments to the function", function()
    local got
    sim.run(function()
      conc.spawn(function(...) got = table.pack(...) end, 1, nil, "x", nil)
    end)
    assert.same({ 1, nil, "x", nil, n = 4 }, got)
  end)

  it("takes options in a table, next to function and arguments", function()
    sim.run(function()
      local h = conc.spawn { function(...) return ... end, 1, "two", name = "namely" }
      assert.equal("namely", h.name)
      assert.same({ 1, "two" }, { h:await() })
    end)
  end)

  it("passes arguments by reference", function()
    local mine = {}
    local got = sim.run(function()
      return conc.spawn(function(t) t.seen = true return t end, mine):await()
    end)
    assert.equal(mine, got)
    assert.is_true(mine.seen)
  end)

  it("starts a job with thousands of arguments", function()
    local n = sim.run(function()
      local many = table.move({}, 1, 0, 1)
      for i = 1, 5000 do many[i] = i end
      return conc.spawn(function(...)
        return select("#", ...)
      end, table.unpack(many)):await()
    end)
    assert.equal(5000, n)
  end)

  it("accepts whatever can be called", function()
    local callable = setmetatable({}, { __call = function(_, x) return x end })
    assert.equal(5, sim.run(function() return conc.spawn { callable, 5 }:await() end))
    assert.equal("3", sim.run(function() return conc.spawn(tostring, 3):await() end))
  end)

  it("refuses what can't be called", function()
    for _, bad in ipairs { 42, "f", true, {} } do
      sim.shows(sim.raises(conc.spawn, bad), "spawn")
    end
    sim.shows(sim.raises(conc.spawn), "spawn")
    sim.shows(sim.raises(conc.spawn, { name = "none" }), "spawn")
  end)

  it("refuses options of the wrong type, by their names", function()
    local function f() end
    sim.shows(sim.raises(conc.spawn, { f, name = {} }), "name")
    sim.shows(sim.raises(conc.spawn, { f, nmae = "x" }), "nmae")
  end)

  it("runs a job whose handle nobody keeps", function()
    local ran = false
    sim.run(function()
      conc.spawn(function() conc.sleep(1) ran = true end)
      collectgarbage() collectgarbage()
      conc.sleep(2)
    end)
    assert.is_true(ran)
  end)
end)

describe("a task", function()
  it("is done when the jobs that it started are", function()
    sim.run(function()
      local start = conc.now()
      local h = conc.spawn(function()
        conc.spawn(sim.after(5))
        return "early"
      end)
      assert.equal("early", h:await())
      assert.near(start + 5, conc.now(), sim.tolerance)
    end)
  end)

  it("fails when a job that it started fails", function()
    local mine = { "mine" }
    local err = sim.fails(function()
      conc.spawn(function()
        conc.spawn(sim.failing(1, mine))
        conc.sleep(1000)
      end)
    end)
    assert.equal(mine, err)
  end)

  it("fails with its job's error although its function returned", function()
    local mine = { "mine" }
    sim.run(function()
      local h = conc.spawn { function()
        conc.spawn(sim.failing(1, mine))
        return "fine"
      end, keep = true }
      assert.equal(mine, sim.raises(h.await, h))
      assert.equal("failed", h:status())
    end)
  end)

  it("takes its jobs with it when it is cancelled", function()
    local list, log = sim.log()
    sim.run(function()
      local h = conc.spawn(function()
        conc.spawn(function()
          local _ <close> = sim.on_close(function() log "child" end)
          conc.sleep(1000)
        end)
        local _ <close> = sim.on_close(function() log "parent" end)
        conc.sleep(1000)
      end)
      conc.yield() conc.yield()
      h:cancel()
      pcall(h.await, h)
      assert.equal(2, #list)
    end)
  end)

  it("takes its jobs with it when it fails", function()
    local start
    sim.run(function()
      start = conc.now()
      local h = conc.spawn { function()
        conc.spawn(sim.after(1000))
        conc.yield()
        error "own failure"
      end, keep = true }
      sim.shows(sim.raises(h.await, h), "own failure")
      assert.near(start, conc.now(), sim.tolerance)
    end)
  end)
end)

describe("a handle", function()
  it("tells its engine, a name and an id of its own", function()
    sim.run(function()
      local a, b = conc.spawn(conc.yield), conc.spawn(conc.yield)
      assert.equal("task", a.engine)
      assert.equal("string", type(a.name))
      assert.not_nil(a.id)
      assert.not_equal(a.id, b.id)
    end)
  end)

  it("tells its status: ready, running, waiting, done", function()
    sim.run(function()
      local h = conc.spawn(function()
        assert.equal("running", conc.current():status())
        conc.sleep(1)
      end)
      assert.equal("ready", h:status())
      conc.yield()
      assert.equal("waiting", h:status())
      h:await()
      assert.equal("done", h:status())
    end)
  end)

  it("tells its status: failed, cancelled", function()
    sim.run(function()
      local failed = conc.spawn { function() error "x" end, keep = true }
      local cancelled = conc.spawn(sim.after(10))
      pcall(failed.await, failed)
      assert.equal("failed", failed:status())
      cancelled:cancel()
      pcall(cancelled.await, cancelled)
      assert.equal("cancelled", cancelled:status())
    end)
  end)

  it("has no fields that a user can set by mistake", function()
    sim.run(function()
      local h = conc.spawn(conc.yield)
      assert.is_nil(h.no_such_field)
      assert.is_false((pcall(function() h.name = "other" end)))
    end)
  end)
end)

describe("await", function()
  it("returns the job's results, nils included", function()
    sim.run(function()
      local h = conc.spawn(sim.after(1, nil, 2, nil))
      assert.same({ nil, 2, nil, n = 3 }, table.pack(h:await()))
    end)
  end)

  it("returns the same each time", function()
    sim.run(function()
      local mine = {}
      local h = conc.spawn(sim.after(1, mine, 2))
      for _ = 1, 3 do
        local a, b = h:await()
        assert.equal(mine, a)
        assert.equal(2, b)
      end
    end)
  end)

  it("raises the same each time", function()
    sim.run(function()
      local mine = {}
      local h = conc.spawn { sim.failing(1, mine), keep = true }
      for _ = 1, 3 do assert.equal(mine, sim.raises(h.await, h)) end
    end)
  end)

  it("raises a string unchanged", function()
    sim.run(function()
      local h = conc.spawn { sim.failing(0, "my words"), keep = true }
      assert.equal("my words", sim.raises(h.await, h))
    end)
  end)

  it("raises any value that a job raised: nil, false, a number", function()
    sim.run(function()
      for _, value in ipairs { false, 42, 1.5 } do
        local h = conc.spawn { function() error(value) end, keep = true }
        assert.equal(value, sim.raises(h.await, h))
      end
      local h = conc.spawn { function() error(nil) end, keep = true }
      sim.raises(h.await, h)
      assert.equal("failed", h:status())
    end)
  end)

  it("raises ECANCELED for a cancelled job", function()
    sim.run(function()
      local h = conc.spawn(sim.after(10))
      conc.yield()
      h:cancel()
      for _ = 1, 3 do
        local err = sim.raises(h.await, h)
        assert.equal("ECANCELED", err.code)
        assert.is_true(conc.is_cancelled(err))
        assert.equal("string", type(tostring(err)))
      end
    end)
  end)

  it("serves any number of waiters", function()
    local list, log = sim.log()
    sim.run(function()
      local h = conc.spawn(sim.after(1, "value"))
      for _ = 1, 5 do conc.spawn(function() log(h:await()) end) end
    end)
    assert.same({ "value", "value", "value", "value", "value" }, list)
  end)

  it("returns at once for a job that has ended", function()
    assert.near(0, sim.took(function()
      local h = conc.spawn(function() return 1 end)
      conc.yield()
      for _ = 1, 100 do h:await() end
    end), 1e-9)
  end)

  it("leaves the job alone when the one who waits is cancelled", function()
    sim.run(function()
      local job = conc.spawn(sim.after(5, "result"))
      local waiter = conc.spawn(function() job:await() end)
      conc.sleep(1)
      waiter:cancel()
      assert.equal("result", job:await())
      assert.equal("cancelled", waiter:status())
    end)
  end)

  it("refuses to wait for the task itself", function()
    local err = sim.fails(function() conc.current():await() end)
    assert.not_nil(err)
  end)

  it("refuses anything but a handle", function()
    local h = conc.spawn(function() end)
    conc.run()
    sim.shows(sim.raises(function() h.await {} end), "'await'")
  end)
end)

describe("current", function()
  it("is the handle of the running job", function()
    sim.run(function()
      local seen
      local h = conc.spawn { function() seen = conc.current() end, name = "me" }
      h:await()
      assert.equal(h, seen)
      assert.equal("me", seen.name)
      assert.not_equal(h, conc.current())
    end)
  end)

  it("is the same again after a wait, and inside conc.coroutine", function()
    sim.run(function()
      local me = conc.current()
      conc.sleep(1)
      assert.equal(me, conc.current())
      assert.equal(me, conc.coroutine.wrap(conc.current)())
    end)
  end)
end)

describe("locals", function()
  it("belong to the job", function()
    sim.run(function()
      conc.locals().x = "root"
      local h = conc.spawn(function()
        conc.locals().x = "child"
        conc.yield()
        return conc.locals().x
      end)
      assert.equal("child", h:await())
      assert.equal("root", conc.locals().x)
    end)
  end)

  it("are inherited by the jobs that a job starts", function()
    sim.run(function()
      conc.locals().request = "r1"
      local inherited = conc.spawn(function()
        return conc.spawn(function() return conc.locals().request end):await()
      end):await()
      assert.equal("r1", inherited)
    end)
  end)

  it("are kept apart between siblings", function()
    sim.run(function()
      local function job(value)
        conc.locals().mine = value
        conc.sleep(1)
        return conc.locals().mine
      end
      assert.same({ "a", "b" }, {
        conc.gather(function() return job "a" end, function() return job "b" end) })
      assert.is_nil(conc.locals().mine)
    end)
  end)

  it("are inherited through groups, gather and timeout", function()
    sim.run(function()
      conc.locals().who = "me"
      local function who() return conc.locals().who end
      local g <close> = conc.group()
      assert.equal("me", g:spawn(who):await())
      assert.equal("me", (conc.gather(who)))
      assert.equal("me", conc.timeout(1, who))
      assert.equal("me", conc.run(who))
    end)
  end)

  it("are the same table each time", function()
    sim.run(function() assert.equal(conc.locals(), conc.locals()) end)
  end)

  it("exist outside tasks, and are inherited from there", function()
    conc.locals().outside = "yes"
    local h = conc.spawn(function() return conc.locals().outside end)
    assert.equal("yes", h:await())
    conc.locals().outside = nil
  end)
end)
