local conc = require "luaconc"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

describe("a group", function()
  it("ends when all its jobs have ended", conc.test(function()
    local start = conc.now()
    do
      local g <close> = conc.group()
      g:spawn(sim.after(2))
      conc.spawn(sim.after(3))
      g:spawn(sim.after(1))
    end
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("waits for jobs that its jobs add while it closes", function()
    local list, log = sim.log()
    sim.run(function()
      do
        local g <close> = conc.group()
        g:spawn(function()
          conc.sleep(1)
          g:spawn(function() conc.sleep(1) log "late" end)
        end)
      end
      log "closed"
    end)
    assert.same({ "late", "closed" }, list)
  end)

  it("returns handles that can be awaited inside and after it", conc.test(function()
    local inside, after
    do
      local g <close> = conc.group()
      inside, after = g:spawn(sim.after(1, "a")), g:spawn(sim.after(2, "b"))
      assert.equal("a", inside:await())
    end
    assert.equal("b", after:await())
  end))

  it("takes options with a job", conc.test(function()
    local g <close> = conc.group()
    local h = g:spawn { function(x) return x end, 5, name = "five" }
    assert.equal("five", h.name)
    assert.equal(5, h:await())
  end))

  it("cancels its daemons once its other jobs have ended", function()
    local daemon
    local seconds = sim.took(function()
      local g <close> = conc.group()
      daemon = g:spawn { sim.after(1000), daemon = true }
      g:spawn(sim.after(2))
    end)
    assert.near(2, seconds, sim.tolerance)
    assert.equal("cancelled", daemon:status())
  end)

  it("without jobs costs nothing", function()
    assert.near(0, sim.took(function()
      for _ = 1, 1000 do local _ <close> = conc.group() end
    end), 1e-9)
  end)

  it("refuses wrong options, by their names", function()
    sim.shows(sim.raises(function() conc.group { limit = "two" } end), "'group'", "limit")
    sim.shows(sim.raises(function() conc.group { limit = 0 } end), "'group'", "limit")
    sim.shows(sim.raises(function() conc.group { lmiit = 2 } end), "'group'", "lmiit")
    sim.shows(sim.raises(function() conc.group(7) end), "'group'")
  end)
end)

describe("a failed job", function()
  it("fails its group at once: siblings and body are cancelled", function()
    local list, log = sim.log()
    sim.run(function()
      local start = conc.now()
      local err = sim.raises(function()
        local g <close> = conc.group()
        g:spawn(function()
          local _ <close> = sim.on_close(function(e)
            log(conc.is_cancelled(e) and "sibling cancelled")
          end)
          conc.sleep(1000)
        end)
        g:spawn(sim.failing(1, "boom"))
        local _ <close> = sim.on_close(function(e)
          log(conc.is_cancelled(e) and "body cancelled")
        end)
        conc.sleep(1000)
      end)
      assert.equal("boom", err)
      assert.near(start + 1, conc.now(), sim.tolerance)
    end)
    table.sort(list)
    assert.same({ "body cancelled", "sibling cancelled" }, list)
  end)

  it("is raised at the group's end although the body caught its cancellation", conc.test(function()
    local caught
    local err = sim.raises(function()
      local g <close> = conc.group()
      g:spawn(sim.failing(1, "boom"))
      caught = sim.raises(conc.sleep, 1000)
    end)
    assert.is_true(conc.is_cancelled(caught))
    assert.equal("boom", err)
  end))

  it("is raised at the group's end although the body never waited", conc.test(function()
    local mine = {}
    local err = sim.raises(function()
      local g <close> = conc.group()
      g:spawn(function() error(mine) end)
    end)
    assert.equal(mine, err)
  end))

  it("is raised once: run ends well when the group's end was caught", function()
    assert.equal("fine", sim.run(function()
      pcall(function()
        local g <close> = conc.group()
        g:spawn(sim.failing(1, "boom"))
      end)
      conc.sleep(1)
      return "fine"
    end))
  end)

  it("is the error that await raises, while the group fails all the same", conc.test(function()
    local mine, seen = {}, nil
    local err = sim.raises(function()
      local g <close> = conc.group()
      local h = g:spawn(sim.failing(1, mine))
      conc.shield(function() seen = sim.raises(h.await, h) end)
    end)
    assert.equal(mine, seen)
    assert.equal(mine, err)
  end))

  it("wins over the cancellation that it caused, not over an earlier failure", conc.test(function()
    local err = sim.raises(function()
      local g <close> = conc.group()
      g:spawn(sim.failing(1, "first"))
      g:spawn(sim.failing(2, "second"))
    end)
    assert.equal("first", err)
  end))

  it("passes through nested groups, closing each", function()
    local list, log = sim.log()
    sim.run(function()
      local err = sim.raises(function()
        local outer <close> = conc.group()
        outer:spawn(function()
          local _ <close> = sim.on_close(function() log "outer's other job" end)
          conc.sleep(1000)
        end)
        local inner <close> = conc.group()
        inner:spawn(function()
          local _ <close> = sim.on_close(function() log "inner's other job" end)
          conc.sleep(1000)
        end)
        inner:spawn(sim.failing(1, "deep"))
      end)
      assert.equal("deep", err)
    end)
    table.sort(list)
    assert.same({ "inner's other job", "outer's other job" }, list)
  end)

  it("of an outer group cancels what an inner group waits for", conc.test(function()
    local start = conc.now()
    local err = sim.raises(function()
      local outer <close> = conc.group()
      outer:spawn(sim.failing(1, "outer"))
      local inner <close> = conc.group()
      inner:spawn(sim.after(1000))
    end)
    assert.equal("outer", err)
    assert.near(start + 1, conc.now(), sim.tolerance)
  end))

  it("that broke in its clean-up is raised, not lost", conc.test(function()
    local err = sim.raises(function()
      local g <close> = conc.group()
      local h = g:spawn(function()
        local _ <close> = sim.on_close(function() error("clean-up broke", 0) end)
        conc.sleep(1000)
      end)
      conc.yield()
      h:cancel()
    end)
    assert.equal("clean-up broke", err)
  end))
end)

describe("keep", function()
  it("leaves the siblings alone, and await tells the failure", conc.test(function()
    local sibling
    do
      local g <close> = conc.group()
      sibling = g:spawn(sim.after(5, "sibling"))
      local h = g:spawn { sim.failing(1, "kept"), keep = true }
      assert.equal("kept", sim.raises(h.await, h))
    end
    assert.equal("sibling", sibling:await())
  end))

  it("raises at the group's end a failure that nobody looked at", conc.test(function()
    local start = conc.now()
    local err = sim.raises(function()
      local g <close> = conc.group()
      g:spawn(sim.after(5))
      g:spawn { sim.failing(1, "unseen"), keep = true }
    end)
    assert.equal("unseen", err)
    assert.near(start + 5, conc.now(), sim.tolerance)
  end))

  it("raises at the task's end and at run's end, where there is no group", function()
    sim.shows(sim.fails(function()
      conc.spawn { sim.failing(1, "unseen"), keep = true }
    end), "unseen")
    conc.spawn { function() error("unseen outside", 0) end, keep = true }
    sim.shows(sim.raises(conc.run), "unseen outside")
  end)

  it("as a group's option holds for all its jobs", conc.test(function()
    local sibling
    do
      local g <close> = conc.group { keep = true }
      sibling = g:spawn(sim.after(5, "sibling"))
      local failed = { g:spawn(sim.failing(1, "one")), conc.spawn(sim.failing(2, "two")) }
      assert.equal("one", sim.raises(failed[1].await, failed[1]))
      assert.equal("two", sim.raises(failed[2].await, failed[2]))
    end
    assert.equal("sibling", sibling:await())
  end))

  it("changes nothing for a job that succeeds or is cancelled", conc.test(function()
    local g <close> = conc.group { keep = true }
    g:spawn(sim.after(1))
    g:spawn(sim.after(1000)):cancel()
  end))
end)

describe("a group's limit", function()
  it("is how many of its jobs run at once", function()
    local running, most = 0, 0
    local seconds = sim.took(function()
      local g <close> = conc.group { limit = 3 }
      for _ = 1, 10 do
        g:spawn(function()
          running = running + 1
          most = math.max(most, running)
          conc.sleep(1)
          running = running - 1
        end)
      end
    end)
    assert.equal(3, most)
    assert.near(4, seconds, 4 * sim.tolerance)
  end)

  it("holds for spawn inside it too, and starts in order", function()
    local list, log = sim.log()
    sim.run(function()
      local _ <close> = conc.group { limit = 1 }
      for i = 1, 5 do
        conc.spawn(function() conc.sleep(6 - i) log(i) end)
      end
    end)
    assert.same({ 1, 2, 3, 4, 5 }, list)
  end)

  it("lets a cancelled job that hasn't started never start", function()
    local list, log = sim.log()
    sim.run(function()
      local g <close> = conc.group { limit = 1 }
      g:spawn(function() conc.sleep(1) log "first" end)
      local second = g:spawn(log, "second")
      g:spawn(log, "third")
      conc.yield()
      assert.is_true(second:cancel())
    end)
    assert.same({ "first", "third" }, list)
  end)

  it("starts none of those that wait once a job has failed", function()
    local list, log = sim.log()
    sim.run(function()
      local err = sim.raises(function()
        local g <close> = conc.group { limit = 1 }
        g:spawn(sim.failing(1, "boom"))
        for _ = 1, 3 do g:spawn(log, "never") end
      end)
      assert.equal("boom", err)
    end)
    assert.same({}, list)
  end)
end)

describe("the current group", function()
  it("is joined by spawn in the coroutine that made it", conc.test(function()
    local h
    do
      local _ <close> = conc.group()
      h = conc.spawn(sim.after(1))
    end
    assert.equal("done", h:status())
  end))

  it("is the innermost open one", conc.test(function()
    local a, b
    do
      local _ <close> = conc.group()
      a = conc.spawn(sim.after(5))
      do
        local _ <close> = conc.group()
        b = conc.spawn(sim.after(1))
      end
      assert.equal("done", b:status())
      assert.equal("waiting", a:status())
    end
    assert.equal("done", a:status())
  end))

  it("is not joined by spawn in another task", conc.test(function()
    local stranger, release = nil, conc.event()
    local task = conc.spawn(function()
      release:wait()
      stranger = conc.spawn(sim.after(100))
    end)
    local start = conc.now()
    do
      local _ <close> = conc.group()
      release:set()
      conc.sleep(1)
    end
    assert.near(start + 1, conc.now(), sim.tolerance)
    assert.equal("waiting", stranger:status())
    task:cancel()
  end))

  it("is not joined by spawn in another coroutine of the task", conc.test(function()
    local start, stranger = conc.now(), nil
    do
      local _ <close> = conc.group()
      conc.coroutine.wrap(function() stranger = conc.spawn(sim.after(5)) end)()
    end
    assert.near(start, conc.now(), sim.tolerance)
    stranger:await()
    assert.near(start + 5, conc.now(), sim.tolerance)
  end))

  it("is joined from other tasks by the group's own spawn", conc.test(function()
    local start = conc.now()
    do
      local g <close> = conc.group()
      g:spawn(function() end)
      conc.spawn(function() g:spawn(sim.after(5)) end)
    end
    assert.near(start + 5, conc.now(), sim.tolerance)
  end))

  it("is left out by current = false", conc.test(function()
    local start = conc.now()
    local h
    do
      local g <close> = conc.group { current = false }
      h = conc.spawn(sim.after(5))
      g:spawn(sim.after(1))
    end
    assert.near(start + 1, conc.now(), sim.tolerance)
    h:await()
  end))
end)

describe("a group's cancel", function()
  it("cancels its jobs, and the group ends without an error", conc.test(function()
    local start = conc.now()
    local a, b
    do
      local g <close> = conc.group()
      a, b = g:spawn(sim.after(1000)), g:spawn(sim.after(1000))
      conc.sleep(1)
      g:cancel()
    end
    assert.near(start + 1, conc.now(), sim.tolerance)
    assert.equal("cancelled", a:status())
    assert.equal("cancelled", b:status())
  end))

  it("waits for the clean-ups", conc.test(function()
    local start = conc.now()
    do
      local g <close> = conc.group()
      g:spawn(function()
        local _ <close> = sim.on_close(function() conc.shield(conc.sleep, 3) end)
        conc.sleep(1000)
      end)
      conc.yield()
      g:cancel()
    end
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("cancels jobs that are started after it", function()
    local list, log = sim.log()
    sim.run(function()
      local g <close> = conc.group()
      g:cancel()
      g:spawn(function() conc.sleep(1) log "never" end)
    end)
    assert.same({}, list)
  end)

  it("leaves jobs of the groups around it alone", conc.test(function()
    local other = conc.spawn(sim.after(5, "other"))
    do
      local g <close> = conc.group()
      g:spawn(sim.after(1000))
      g:cancel()
    end
    assert.equal("other", other:await())
  end))
end)

describe("a group's await", function()
  it("waits for the jobs that it has", conc.test(function()
    local start = conc.now()
    local g <close> = conc.group()
    g:spawn(sim.after(2))
    g:await()
    assert.near(start + 2, conc.now(), sim.tolerance)
    g:spawn(sim.after(1))
    g:await()
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("raises the failure, and the group's end raises the same", conc.test(function()
    local mine = {}
    local err = sim.raises(function()
      local g <close> = conc.group()
      g:spawn(sim.failing(1, mine))
      g:await()
    end)
    assert.equal(mine, err)
  end))

  it("from another task waits too", conc.test(function()
    local start, seen = conc.now(), nil
    do
      local g <close> = conc.group { current = false }
      g:spawn(sim.after(2))
      conc.spawn(function() g:await() seen = conc.now() end)
      conc.sleep(5)
    end
    assert.near(start + 2, seen, sim.tolerance)
  end))
end)

describe("leaving a group", function()
  it("by an error cancels first, then raises the error", conc.test(function()
    local start, h = conc.now(), nil
    local err = sim.raises(function()
      local g <close> = conc.group()
      h = g:spawn(sim.after(1000))
      conc.yield()
      error("my own", 0)
    end)
    assert.equal("my own", err)
    assert.equal("cancelled", h:status())
    assert.near(start, conc.now(), sim.tolerance)
  end))

  it("waits for all jobs in a cancelled scope too", function()
    local list, log = sim.log()
    sim.run(function()
      local h = conc.spawn(function()
        local g <close> = conc.group()
        g:spawn(function()
          local _ <close> = sim.on_close(function()
            conc.shield(conc.sleep, 5)
            log "cleaned"
          end)
          conc.sleep(1000)
        end)
        conc.sleep(1000)
      end)
      conc.sleep(1)
      local start = conc.now()
      h:cancel()
      pcall(h.await, h)
      assert.near(start + 5, conc.now(), sim.tolerance)
      assert.equal("cancelled", h:status())
    end)
    assert.same({ "cleaned" }, list)
  end)

  it("by break, return and goto waits as well", conc.test(function()
    local start = conc.now()
    for _ = 1, 10 do -- luacheck: ignore 512
      local g <close> = conc.group()
      g:spawn(sim.after(1))
      break
    end
    assert.near(start + 1, conc.now(), sim.tolerance)
    local value = (function()
      local g <close> = conc.group()
      g:spawn(sim.after(1))
      return "returned"
    end)()
    assert.equal("returned", value)
    assert.near(start + 2, conc.now(), sim.tolerance)
  end))

  it("out of order raises", function()
    local err = sim.fails(function()
      local kept
      do
        local _ <close> = conc.group()
        kept = conc.group()
      end
      return kept
    end)
    sim.shows(err, "group", "order")
  end)

  it("out of order leaves no job that outlives the task", conc.test(function()
    local job
    local task = conc.spawn(function()
      pcall(function()
        local outer <close> = conc.group()
        job = outer:spawn(sim.after(1000))
        local kept = conc.group()
        assert.not_nil(kept)
      end)
    end)
    pcall(task.await, task)
    local status = job:status()
    assert.is_true(status == "done" or status == "cancelled", status)
  end))

  it("then starting a job in it raises", conc.test(function()
    local g
    do
      local inner <close> = conc.group()
      g = inner
    end
    sim.shows(sim.raises(g.spawn, g, print), "closed")
  end))

  it("and closing it again is harmless", conc.test(function()
    local g
    do
      local inner <close> = conc.group()
      g = inner
      g:spawn(sim.after(1))
    end
    do local _ <close> = g end
  end))
end)

describe("a group that is never closed", function()
  it("holds its jobs for its task, which waits for them", conc.test(function()
    local list, log = sim.log()
    local h = conc.spawn(function()
      local g = conc.group { current = false }
      g:spawn(function() conc.sleep(5) log "job" end)
    end)
    pcall(h.await, h)
    collectgarbage()
    local ended = #list
    conc.sleep(10)
    assert.equal(ended, #list, "a job outlived its parent")
  end))
end)

describe("a group's own job", function()
  it("can't wait for the group's end: an error, not a hang", function()
    for _, wait in ipairs { "close", "await" } do
      local result = script.run(([[
        say(tostring((pcall(conc.run, function()
          local g = conc.group { current = false }
          g:spawn(function() g:%s() end)
          g:close()
        end))))
      ]]):format(wait))
      assert.equal(0, result.code, wait .. ": " .. result.err)
      assert.equal("false\n", result.out)
    end
  end)
end)
