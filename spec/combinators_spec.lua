local conc = require "luaconc"
local sim = require "spec.support.sim"

-- A job that notes when it is closed: `note(label)`, then sleeps.
local function noting(seconds, label, note)
  return function()
    local _ <close> = sim.on_close(function(err)
      if err then note(label) end
    end)
    conc.sleep(seconds)
    return label
  end
end

describe("gather", function()
  it("runs all at once and returns the first result of each, as asked for", conc.test(function()
    local start = conc.now()
    local a, b, c = conc.gather(
      sim.after(2, "a", "more"), sim.after(3, "b"), sim.after(1, "c"))
    assert.same({ "a", "b", "c" }, { a, b, c })
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("returns one list for a list", conc.test(function()
    local results = table.pack(conc.gather { sim.after(2, "a"), sim.after(1, "b") })
    assert.same({ { "a", "b" }, n = 1 }, results)
  end))

  it("returns as many values as it got arguments, nils included", conc.test(function()
    local results = table.pack(conc.gather(
      function() end, function() return nil, "x" end, function() return 3 end))
    assert.same({ nil, nil, 3, n = 3 }, results)
  end))

  it("of nothing is nothing", conc.test(function()
    assert.equal(0, select("#", conc.gather()))
    assert.same({}, conc.gather {})
  end))

  it("takes handles as well", conc.test(function()
    local h = conc.spawn(sim.after(2, "handle"))
    local done = conc.spawn(sim.after(0, "done"))
    done:await()
    assert.same({ "handle", "done", "function" },
      { conc.gather(h, done, sim.after(1, "function")) })
  end))

  it("raises the first failure at once, having cancelled the rest", conc.test(function()
    local list, log = sim.log()
    local start = conc.now()
    local err = sim.raises(conc.gather,
      noting(1000, "a", log), sim.failing(1, "boom"), noting(1000, "c", log))
    assert.equal("boom", err)
    assert.near(start + 1, conc.now(), sim.tolerance)
    table.sort(list)
    assert.same({ "a", "c" }, list)
  end))

  it("waits for the clean-ups of those that it cancels", conc.test(function()
    local start = conc.now()
    sim.raises(conc.gather, sim.failing(1, "boom"), function()
      local _ <close> = sim.on_close(function() conc.shield(conc.sleep, 3) end)
      conc.sleep(1000)
    end)
    assert.near(start + 4, conc.now(), sim.tolerance)
  end))

  it("leaves the group around it whole when a function of its own fails", conc.test(function()
    local g <close> = conc.group()
    local other = g:spawn(sim.after(5, "other"))
    assert.equal("boom", sim.raises(conc.gather, sim.failing(1, "boom")))
    assert.equal("other", other:await())
  end))

  it("cancels handles too when one fails", conc.test(function()
    local h = conc.spawn(sim.after(1000))
    local failed = conc.spawn { sim.failing(1, "boom"), keep = true }
    assert.equal("boom", sim.raises(conc.gather, h, failed))
    pcall(h.await, h)
    assert.equal("cancelled", h:status())
  end))

  it("cancels what it started when it is cancelled", conc.test(function()
    local list, log = sim.log()
    conc.timeout(1, conc.gather, noting(1000, "a", log), noting(1000, "b", log))
    table.sort(list)
    assert.same({ "a", "b" }, list)
  end))

  it("raises ECANCELED when a handle was cancelled", conc.test(function()
    local h = conc.spawn(sim.after(1000))
    h:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(conc.gather, h)))
  end))

  it("starts its functions in order", conc.test(function()
    local list, log = sim.log()
    conc.gather(function() log(1) end, function() log(2) end, function() log(3) end)
    assert.same({ 1, 2, 3 }, list)
  end))

  it("refuses what is neither function nor handle, by its place", conc.test(function()
    sim.shows(sim.raises(conc.gather, print, 42), "gather", "2")
    sim.shows(sim.raises(conc.gather, { print, print, "x" }), "gather", "3")
  end))
end)

describe("settle", function()
  it("runs all to the end whatever fails", conc.test(function()
    local start, mine = conc.now(), {}
    local results = conc.settle {
      sim.after(3, "a"), sim.failing(1, mine), sim.after(2, "c") }
    assert.near(start + 3, conc.now(), sim.tolerance)
    assert.equal(3, #results)
    assert.same({ ok = true, "a" }, results[1])
    assert.is_false(results[2].ok)
    assert.equal(mine, results[2][1])
    assert.same({ ok = true, "c" }, results[3])
  end))

  it("tells that a job was cancelled", conc.test(function()
    local h = conc.spawn(sim.after(1000))
    h:cancel()
    local result = conc.settle { h }[1]
    assert.is_false(result.ok)
    assert.equal("ECANCELED", result[1].code)
  end))

  it("has looked at the failures: nothing raises them later", conc.test(function()
    local kept = conc.spawn { sim.failing(1, "kept"), keep = true }
    conc.settle { kept, sim.failing(2, "own") }
  end))

  it("of nothing is an empty list", function()
    sim.run(function() assert.same({}, conc.settle {}) end)
  end)

  it("cancels what it started when it is cancelled", conc.test(function()
    local list, log = sim.log()
    conc.timeout(1, conc.settle, { noting(1000, "a", log) })
    assert.same({ "a" }, list)
  end))

  it("refuses what is no list of functions and handles", conc.test(function()
    sim.shows(sim.raises(conc.settle, 1), "settle")
    sim.shows(sim.raises(conc.settle, { print, 42 }), "settle", "2")
  end))
end)

describe("race", function()
  it("returns the first success, having cancelled what it started", conc.test(function()
    local list, log = sim.log()
    local start = conc.now()
    local winner = conc.race(noting(1000, "slow", log), sim.after(2, "fast"),
      noting(1000, "slower", log))
    assert.equal("fast", winner)
    assert.near(start + 2, conc.now(), sim.tolerance)
    table.sort(list)
    assert.same({ "slow", "slower" }, list)
  end))

  it("is not won by a failure", conc.test(function()
    assert.equal("late", conc.race(
      sim.failing(1, "x"), sim.after(3, "late"), sim.failing(2, "y")))
  end))

  it("raises the last error if all fail", conc.test(function()
    local start, mine = conc.now(), {}
    assert.equal(mine, sim.raises(conc.race,
      sim.failing(1, "early"), sim.failing(3, mine), sim.failing(2, "middle")))
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("takes one list as well", conc.test(function()
    assert.equal("a", conc.race { sim.after(1, "a"), sim.after(2, "b") })
  end))

  it("waits for the clean-ups of the losers", conc.test(function()
    local start = conc.now()
    conc.race(sim.after(1), function()
      local _ <close> = sim.on_close(function() conc.shield(conc.sleep, 3) end)
      conc.sleep(1000)
    end)
    assert.near(start + 4, conc.now(), sim.tolerance)
  end))

  it("cancels handles of the caller's group", conc.test(function()
    local _ <close> = conc.group()
    local h = conc.spawn(sim.after(1000))
    assert.equal("won", conc.race(h, sim.after(1, "won")))
    pcall(h.await, h)
    assert.equal("cancelled", h:status())
  end))

  it("leaves handles of other groups alone", conc.test(function()
    local h = conc.spawn(sim.after(10, "mine"))
    conc.spawn(function()
      assert.equal("won", conc.race(h, sim.after(1, "won")))
    end):await()
    assert.equal("waiting", h:status())
    assert.equal("mine", h:await())
  end))

  it("is won by the first in order where several have ended", conc.test(function()
    local a, b = conc.spawn(sim.after(0, "a")), conc.spawn(sim.after(0, "b"))
    conc.sleep(1)
    assert.equal("a", conc.race(a, b))
  end))

  it("of nothing raises", function()
    sim.run(function() sim.shows(sim.raises(conc.race), "race") end)
  end)

  it("cancels what it started when it is cancelled", conc.test(function()
    local list, log = sim.log()
    conc.timeout(1, conc.race, noting(1000, "a", log))
    assert.same({ "a" }, list)
  end))

  it("refuses what is neither function nor handle, by its place", conc.test(function()
    sim.shows(sim.raises(conc.race, print, 42), "race", "2")
  end))
end)

describe("completed", function()
  it("gives the handles in order of completion", conc.test(function()
    local start, list = conc.now(), {}
    for h in conc.completed { sim.after(3, "c"), sim.after(1, "a"), sim.after(2, "b") } do
      list[#list + 1] = h:await() .. math.floor(conc.now() - start + 0.5)
    end
    assert.same({ "a1", "b2", "c3" }, list)
  end))

  it("gives the very handles that were handed in", conc.test(function()
    local slow, fast = conc.spawn(sim.after(2)), conc.spawn(sim.after(1))
    local list = {}
    for h in conc.completed { slow, fast } do list[#list + 1] = h end
    assert.equal(fast, list[1])
    assert.equal(slow, list[2])
    assert.equal(2, #list)
  end))

  it("gives failed and cancelled ones too", conc.test(function()
    local cancelled = conc.spawn(sim.after(1000))
    cancelled:cancel()
    local list = {}
    for h in conc.completed { cancelled, sim.failing(1, "boom"), sim.after(2) } do
      list[#list + 1] = h:status()
      if h:status() == "failed" then
        assert.equal("boom", sim.raises(h.await, h))
      end
    end
    assert.same({ "cancelled", "failed", "done" }, list)
  end))

  it("does not lose a failure that nobody looked at", function()
    local err = sim.fails(function()
      for _ in conc.completed { sim.failing(1, "unseen"), sim.after(2) } do end
    end)
    sim.shows(err, "unseen")
  end)

  it("lets no job outlive the task when its loop is left early", function()
    local seconds = sim.took(function()
      for h in conc.completed { sim.after(1, "first"), sim.after(1000) } do -- luacheck: ignore 512
        assert.equal("first", h:await())
        break
      end
    end)
    assert.is_true(seconds < 1001)
  end)

  it("of nothing gives nothing", conc.test(function()
    for _ in conc.completed {} do error "there is none" end
  end))
end)

describe("timeout", function()
  local timed_out = { nil, "timed out", "ETIMEDOUT", n = 3 }

  it("returns its function's results", conc.test(function()
    assert.same({ 1, nil, 3, n = 3 }, table.pack(conc.timeout(5, function(...)
      conc.sleep(1)
      return ...
    end, 1, nil, 3)))
  end))

  it("returns nil, \"timed out\", \"ETIMEDOUT\" at the deadline", conc.test(function()
    local start = conc.now()
    assert.same(timed_out, table.pack(conc.timeout(2, conc.sleep, 1000)))
    assert.near(start + 2, conc.now(), sim.tolerance)
  end))

  it("raises its function's error", conc.test(function()
    local mine = {}
    assert.equal(mine, sim.raises(conc.timeout, 5, sim.failing(1, mine)))
  end))

  it("runs its function in this task", conc.test(function()
    assert.equal(conc.current(), conc.timeout(5, conc.current))
  end))

  it("returns the results also if the function returns after the deadline", conc.test(function()
    local value = conc.timeout(2, function()
      pcall(conc.sleep, 1000)
      return "all the same"
    end)
    assert.equal("all the same", value)
  end))

  it("cancels and waits for the jobs started in it", conc.test(function()
    local start, h = conc.now(), nil
    local results = table.pack(conc.timeout(2, function()
      h = conc.spawn(function()
        local _ <close> = sim.on_close(function() conc.shield(conc.sleep, 3) end)
        conc.sleep(1000)
      end)
      conc.sleep(1000)
    end))
    assert.same(timed_out, results)
    assert.equal("cancelled", h:status())
    assert.near(start + 5, conc.now(), sim.tolerance)
  end))

  it("waits for the jobs started in it when the function returns in time", conc.test(function()
    local start = conc.now()
    assert.equal("value", conc.timeout(5, function()
      conc.spawn(sim.after(2))
      return "value"
    end))
    assert.near(start + 2, conc.now(), sim.tolerance)
  end))

  it("raises the failure of a job started in it", conc.test(function()
    local mine = {}
    assert.equal(mine, sim.raises(conc.timeout, 5, function()
      conc.spawn(sim.failing(1, mine))
      conc.sleep(1000)
    end))
  end))

  it("leaves nothing behind: waits after it are not cancelled", conc.test(function()
    local start = conc.now()
    conc.timeout(1, conc.sleep, 1000)
    conc.timeout(1, function() end)
    conc.sleep(5)
    assert.near(start + 6, conc.now(), sim.tolerance)
  end))

  it("nests: the shorter one fires, whichever it is", conc.test(function()
    local inner, outer
    outer = table.pack(conc.timeout(1, function()
      inner = table.pack(conc.timeout(2, conc.sleep, 1000))
      return "unreached"
    end))
    assert.same(timed_out, outer)
    assert.is_nil(inner)
    outer = conc.timeout(2, function()
      inner = table.pack(conc.timeout(1, conc.sleep, 1000))
      return "reached"
    end)
    assert.equal("reached", outer)
    assert.same(timed_out, inner)
  end))

  it("does not take a cancellation from outside for its own", conc.test(function()
    local after = false
    local h = conc.spawn(function()
      conc.timeout(1000, conc.sleep, 2000)
      after = true
    end)
    conc.sleep(1)
    h:cancel()
    assert.equal("ECANCELED", sim.raises(h.await, h).code)
    assert.is_false(after)
  end))

  it("raises an error of the clean-up after the deadline", conc.test(function()
    local err = sim.raises(conc.timeout, 1, function()
      local _ <close> = sim.on_close(function() error("clean-up broke", 0) end)
      conc.sleep(1000)
    end)
    assert.equal("clean-up broke", err)
  end))

  it("of a function that swallows its cancellation for ever ends all the same", function()
    local rounds = 0
    local err = sim.fails(function()
      conc.timeout(1, function()
        while rounds < 100000 do
          rounds = rounds + 1
          pcall(conc.sleep, 10)
        end
      end)
    end)
    assert.is_true(rounds <= 103, rounds)
    assert.not_nil(err)
  end)

  it("refuses wrong arguments", conc.test(function()
    sim.shows(sim.raises(conc.timeout, "x", print), "timeout", "seconds")
    sim.shows(sim.raises(conc.timeout, 1, "x"), "timeout")
    sim.shows(sim.raises(conc.timeout, 0 / 0, print), "timeout", "seconds")
  end))
end)
