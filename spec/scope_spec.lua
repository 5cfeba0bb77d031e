local conc = require "luaconc"
local sim = require "spec.support.sim"

describe("a scope", function()
  it("does nothing unless it is cancelled", conc.test(function()
    local start = conc.now()
    do
      local s <close> = conc.scope()
      conc.sleep(2)
      assert.is_false(s.cancelled)
    end
    assert.near(start + 2, conc.now(), sim.tolerance)
  end))

  it("once cancelled makes every wait inside it raise until it is left", conc.test(function()
    local start = conc.now()
    do
      local s <close> = conc.scope()
      s:cancel()
      assert.is_true(s.cancelled)
      for _ = 1, 5 do
        local err = sim.raises(conc.sleep, 1)
        assert.equal("ECANCELED", err.code)
        assert.is_true(conc.is_cancelled(err))
      end
    end
    assert.near(start, conc.now(), sim.tolerance)
    conc.sleep(1)
    assert.near(start + 1, conc.now(), sim.tolerance)
  end))

  it("interrupts a wait when another task cancels it", conc.test(function()
    local start, s = conc.now(), nil
    local h = conc.spawn(function()
      sim.raises(function()
        local mine <close> = conc.scope()
        s = mine
        conc.sleep(1000)
      end)
      conc.sleep(1)
      return "went on"
    end)
    conc.sleep(2)
    s:cancel()
    assert.equal("went on", h:await())
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("leaves the waits of other tasks alone", conc.test(function()
    local other = conc.spawn(sim.after(5, "other"))
    do
      local s <close> = conc.scope()
      s:cancel()
      pcall(conc.sleep, 1)
    end
    assert.equal("other", other:await())
  end))

  it("cancelled by its outer scope raises inside and after the inner one", conc.test(function()
    local count = 0
    do
      local outer <close> = conc.scope()
      do
        local _ <close> = conc.scope()
        outer:cancel()
        if not pcall(conc.sleep, 1) then count = count + 1 end
      end
      if not pcall(conc.sleep, 1) then count = count + 1 end
    end
    assert.equal(2, count)
    conc.sleep(1)
  end))

  it("cancelled inside another leaves the outer one alone", conc.test(function()
    local outer <close> = conc.scope()
    do
      local inner <close> = conc.scope()
      inner:cancel()
      sim.raises(conc.sleep, 1)
    end
    conc.sleep(1)
    assert.is_false(outer.cancelled)
  end))

  it("holds for the groups opened in it", conc.test(function()
    local start, h = conc.now(), nil
    pcall(function()
      local s <close> = conc.scope()
      local g <close> = conc.group()
      h = g:spawn(sim.after(1000))
      conc.sleep(1)
      s:cancel()
    end)
    assert.equal("cancelled", h:status())
    assert.near(start + 1, conc.now(), sim.tolerance)
  end))

  it("can be cancelled after it was left, to no effect", conc.test(function()
    local s
    do
      local mine <close> = conc.scope()
      s = mine
    end
    s:cancel()
    conc.sleep(1)
  end))

  it("refuses wrong options, by their names", function()
    sim.shows(sim.raises(conc.scope, { timeout = "soon" }), "timeout")
    sim.shows(sim.raises(conc.scope, { deadline = {} }), "deadline")
    sim.shows(sim.raises(conc.scope, { timeuot = 1 }), "timeuot")
    sim.shows(sim.raises(conc.scope, 3), "scope")
  end)

  it("closed out of order raises", function()
    local err = sim.fails(function()
      local kept
      do
        local _ <close> = conc.scope()
        kept = conc.scope()
      end
      return kept
    end)
    sim.shows(err, "scope", "order")
  end)
end)

describe("a scope's timeout", function()
  it("cancels it by the clock", conc.test(function()
    local start = conc.now()
    do
      local s <close> = conc.scope { timeout = 2 }
      local err = sim.raises(conc.sleep, 1000)
      assert.is_true(conc.is_cancelled(err))
      assert.is_true(s.cancelled)
      sim.raises(conc.yield)
    end
    assert.near(start + 2, conc.now(), sim.tolerance)
    conc.sleep(1)
  end))

  it("does not fire after the scope was left", conc.test(function()
    do
      local _ <close> = conc.scope { timeout = 2 }
      conc.sleep(1)
    end
    conc.sleep(5)
  end))

  it("that is longer than the outer one's yields to it", conc.test(function()
    local start = conc.now()
    do
      local outer <close> = conc.scope { timeout = 1 }
      do
        local inner <close> = conc.scope { timeout = 10 }
        sim.raises(conc.sleep, 1000)
        assert.is_false(inner.cancelled and not outer.cancelled)
      end
      assert.near(start + 1, conc.now(), sim.tolerance)
      sim.raises(conc.sleep, 1)
    end
    conc.sleep(1)
  end))

  it("that is shorter than the outer one's ends the inner scope only", conc.test(function()
    local start = conc.now()
    do
      local outer <close> = conc.scope { timeout = 10 }
      do
        local _ <close> = conc.scope { timeout = 1 }
        sim.raises(conc.sleep, 1000)
      end
      assert.near(start + 1, conc.now(), sim.tolerance)
      conc.sleep(2)
      assert.is_false(outer.cancelled)
      sim.raises(conc.sleep, 1000)
      assert.near(start + 10, conc.now(), sim.tolerance)
    end
  end))

  it("of zero fires at the first wait that takes time", conc.test(function()
    local start = conc.now()
    do
      local _ <close> = conc.scope { timeout = 0 }
      sim.raises(conc.sleep, 1)
    end
    assert.near(start, conc.now(), sim.tolerance)
  end))
end)

describe("a scope's deadline", function()
  it("is a time of now's clock", conc.test(function()
    local at = conc.now() + 3
    do
      local s <close> = conc.scope { deadline = at }
      assert.near(at, s.deadline, sim.tolerance)
      sim.raises(conc.sleep, 1000)
    end
    assert.near(at, conc.now(), sim.tolerance)
  end))

  it("that has passed cancels the first wait", conc.test(function()
    conc.sleep(5)
    local start = conc.now()
    do
      local _ <close> = conc.scope { deadline = start - 1 }
      sim.raises(conc.sleep, 1)
    end
    assert.near(start, conc.now(), sim.tolerance)
  end))

  it("of many nested scopes fires at each in turn", conc.test(function()
    local start = conc.now()
    local function nest(depth)
      if depth == 0 then return sim.raises(conc.sleep, 1000) end
      local _ <close> = conc.scope { deadline = start + depth }
      nest(depth - 1)
      if depth < 20 then
        sim.raises(function()
          local _ <close> = conc.scope { deadline = start + depth + 0.5 }
          conc.sleep(1000)
        end)
      end
    end
    nest(20)
    assert.is_true(conc.now() - start < 20)
  end))
end)
