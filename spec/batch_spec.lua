-- What combinators_spec leaves open of gather, settle, race, completed and
-- timeout: handles handed in twice, losers, loops left early, tracebacks.

local conc = require "luaconc"
local sim = require "spec.support.sim"

-- A job that takes `seconds` to clean up when it is cancelled.
local function lingering(seconds, log, label)
  return function()
    local _ <close> = sim.on_close(function()
      conc.shield(conc.sleep, seconds)
      log(label)
    end)
    conc.sleep(1000)
  end
end

describe("a handle handed in twice", function()
  it("counts at both places", function()
    sim.run(function()
      local h = conc.spawn(sim.after(1, "x"))
      assert.same({ "x", "x" }, { conc.gather(h, h) })
      assert.same({ { ok = true, "x" }, { ok = true, "x" } },
        conc.settle { h, h })
      assert.equal("x", conc.race(h, h))
      local n = 0
      for each in conc.completed { h, h } do
        assert.equal(h, each)
        n = n + 1
      end
      assert.equal(2, n)
    end)
  end)
end)

describe("a callable table", function()
  it("is a function, not a list", function()
    sim.run(function()
      local callable = setmetatable({}, { __call = function() return "called" end })
      assert.equal("called", (conc.gather(callable)))
      assert.equal("called", conc.race(callable))
      sim.shows(sim.raises(conc.settle, callable), "settle", "a list")
    end)
  end)
end)

describe("gather", function()
  it("when it is cancelled leaves the handles that it was given alone", function()
    sim.run(function()
      local h = conc.spawn(sim.after(5, "mine"))
      assert.is_nil((conc.timeout(1, conc.gather, h, sim.after(1000))))
      assert.equal("waiting", h:status())
      assert.equal("mine", h:await())
    end)
  end)

  it("does not wait for handles that it cancels: their groups do", function()
    sim.run(function()
      local list, log = sim.log()
      local start = conc.now()
      do
        local g <close> = conc.group()
        local h = g:spawn(lingering(5, log, "handle"))
        conc.yield()
        assert.equal("boom", sim.raises(conc.gather, h, sim.failing(1, "boom")))
        assert.near(start + 1, conc.now(), sim.tolerance)
        assert.same({}, list)
      end
      assert.near(start + 6, conc.now(), sim.tolerance)
      assert.same({ "handle" }, list)
    end)
  end)

  it("of many functions gives as many results", function()
    sim.run(function()
      local list = {}
      for i = 1, 200 do list[i] = function() conc.sleep(i % 7) return i end end
      local results = conc.gather(list)
      for i = 1, 200 do assert(results[i] == i) end
    end)
  end)

  it("raises nil and false like any error", function()
    sim.run(function()
      local ok, err = pcall(conc.gather, function() error(nil) end)
      assert.same({ false, nil }, { ok, err })
      ok, err = pcall(conc.gather, function() error(false) end)
      assert.same({ false, false }, { ok, err })
    end)
  end)
end)

describe("race", function()
  it("returns all results of the winner, nils included", function()
    sim.run(function()
      assert.same({ 1, nil, 3, nil, n = 4 },
        table.pack(conc.race(sim.after(1, 1, nil, 3, nil), sim.after(2))))
      assert.equal(0, select("#", conc.race(function() end)))
    end)
  end)

  it("drops the failure of a loser, also of one that breaks its clean-up", function()
    sim.run(function()
      local won = conc.race(sim.after(1, "won"), sim.failing(1, "lost"), function()
        local _ <close> = sim.on_close(function() error "broken" end)
        conc.sleep(1000)
      end)
      assert.equal("won", won)
    end)
  end)

  it("keeps its winner when it is cancelled while the losers end", function()
    sim.run(function()
      local list, log = sim.log()
      local start = conc.now()
      local won = conc.timeout(2, function()
        local won = conc.race(sim.after(1, "won"), lingering(5, log, "loser"))
        log(won)
        return won
      end)
      assert.equal("won", won)
      assert.same({ "loser", "won" }, list)
      assert.near(start + 6, conc.now(), sim.tolerance)
    end)
  end)

  it("is lost by a cancelled handle", function()
    sim.run(function()
      local h = conc.spawn(sim.after(1000))
      h:cancel()
      assert.equal("won", conc.race(h, sim.after(1, "won")))
      assert.is_true(conc.is_cancelled(sim.raises(conc.race, h)))
    end)
  end)

  it("leaves handles of a group further out alone", function()
    sim.run(function()
      local h = conc.spawn(sim.after(5, "outer"))
      do
        local _ <close> = conc.group()
        assert.equal("won", conc.race(h, sim.after(1, "won")))
      end
      assert.equal("outer", h:await())
    end)
  end)
end)

describe("a loop over completed that is left early", function()
  it("by break cancels the rest and waits for it", function()
    sim.run(function()
      local list, log = sim.log()
      local start = conc.now()
      for h in conc.completed { sim.after(1, "first"), lingering(3, log, "rest") } do
        if h:await() == "first" then break end
      end
      assert.same({ "rest" }, list)
      assert.near(start + 4, conc.now(), sim.tolerance)
    end)
  end)

  it("by an error raises that error, having done the same", function()
    sim.run(function()
      local list, log = sim.log()
      local mine = {}
      assert.equal(mine, sim.raises(function()
        for _ in conc.completed { sim.after(1), lingering(3, log, "rest") } do
          error(mine)
        end
      end))
      assert.same({ "rest" }, list)
    end)
  end)

  it("by a cancellation does the same", function()
    sim.run(function()
      local list, log = sim.log()
      assert.is_nil((conc.timeout(2, function()
        for _ in conc.completed { lingering(3, log, "rest") } do end
      end)))
      assert.same({ "rest" }, list)
    end)
  end)

  it("leaves the handles that it was given alone", function()
    sim.run(function()
      local slow = conc.spawn(sim.after(5, "slow"))
      for h in conc.completed { sim.after(1), slow } do
        if h:status() == "done" then break end
      end
      assert.equal("slow", slow:await())
    end)
  end)

  it("raises a failure that nobody looked at", function()
    sim.run(function()
      assert.equal("unseen", sim.raises(function()
        for h in conc.completed { sim.failing(1, "unseen"), sim.after(2) } do
          if h:status() == "done" then break end
        end
      end))
    end)
  end)

  it("lets its body use groups of its own", function()
    sim.run(function()
      local start = conc.now()
      for _ in conc.completed { sim.after(1), sim.after(2) } do
        local g <close> = conc.group()
        conc.spawn(sim.after(3))
        g:spawn(sim.after(4))
      end
      assert.near(start + 9, conc.now(), 2 * sim.tolerance)
    end)
  end)
end)

describe("timeout", function()
  it("takes a timeout of math.huge for none", function()
    sim.run(function()
      assert.equal("done", conc.timeout(math.huge, sim.after(1e6, "done")))
    end)
  end)

  it("hands a swallowed deadline's results on, nils included", function()
    sim.run(function()
      assert.same({ nil, nil, n = 2 }, table.pack(conc.timeout(1, function()
        pcall(conc.sleep, 10)
        return nil, nil
      end)))
    end)
  end)
end)

describe("the traceback of an error that passed through", function()
  for name, through in pairs {
    gather = function(f) conc.gather(f) end,
    race = function(f) conc.race(f) end,
    timeout = function(f) conc.timeout(10, f) end,
    completed = function(f)
      for h in conc.completed { f } do h:await() end
    end,
    settle = function(f) error(conc.settle { f }[1][1], 0) end,
  } do
    it(name .. " shows where it was raised first", function()
      sim.run(function()
        local at
        local function broken()
          conc.sleep(1)
          at = sim.line(1)
          error("a text of its own: " .. name, 0)
        end
        local err = sim.raises(through, broken)
        assert.equal("a text of its own: " .. name, err)
        sim.shows(conc.traceback(err), at)
      end)
    end)
  end
end)

describe("a wrong call", function()
  -- The message, and the line of the caller.
  local function message(f)
    local _, err = pcall(f)
    local line = debug.getinfo(f, "S").linedefined
    assert.equal(line, tonumber(err:match "batch_spec%.lua:(%d+): "), err)
    return err:match ": (.*)"
  end

  it("says which argument, what was expected, and the line", function()
    sim.run(function()
      local texts = {
        [message(function() conc.gather(print, 42) end)] =
          "bad argument #2 to 'gather' (a function or a job expected, got 42: pass the "
          .. "function itself, f, not what it returns, f())",
        [message(function() conc.gather { print, "x" } end)] =
          "bad argument #1 to 'gather' (item 2: a function or a job expected, "
          .. "got \"x\": pass the function itself, f, not what it returns, f())",
        [message(function() conc.gather(nil) end)] =
          "bad argument #1 to 'gather' (a function or a job expected, got nil: pass the "
          .. "function itself, f, not what it returns, f())",
        [message(function() conc.gather(conc.current()) end)] =
          "bad argument #1 to 'gather' (a job can't wait for itself: wait for "
          .. "it in another)",
        [message(function() conc.settle(print) end)] =
          "bad argument #1 to 'settle' (a list of functions and jobs expected, "
          .. "got function)",
        [message(function() conc.settle { {} } end)] =
          "bad argument #1 to 'settle' (item 1: a function or a job expected, "
          .. "got table: pass the function itself, f, not what it returns, f())",
        [message(function() conc.completed() end)] =
          "bad argument #1 to 'completed' (a list of functions and jobs "
          .. "expected, got nil)",
        [message(function() conc.race() end)] =
          "bad argument #1 to 'race' (a function or a job expected, got none)",
        [message(function() conc.timeout(-1, print) end)] =
          "bad argument #1 to 'timeout' (a number of seconds, 0 or more, expected, got -1)",
        [message(function() conc.timeout("1", print) end)] =
          "bad argument #1 to 'timeout' (a number of seconds, 0 or more, expected, "
          .. "got \"1\")",
        [message(function() conc.timeout(1) end)] =
          "bad argument #2 to 'timeout' (function expected, got nil: pass the "
          .. "function itself, f, not what it returns, f())",
      }
      for got, wanted in pairs(texts) do assert.equal(wanted, got) end
    end)
  end)

  it("of a coroutine's own function names no line", function()
    for name, text in pairs {
      gather = "bad argument #1 to 'gather' (a function or a job expected, "
        .. "got 5: pass the function itself, f, not what it returns, f())",
      timeout = "bad argument #2 to 'timeout' (function expected, "
        .. "got nil: pass the function itself, f, not what it returns, f())",
    } do
      assert.equal(text, sim.raises(coroutine.wrap(conc[name]), 5))
    end
  end)

  it("of timeout is none where what it is given can be called", function()
    local callable = setmetatable({}, { __call = function(_, x) return x + 1 end })
    assert.equal(6, sim.run(conc.timeout, 1, callable, 5))
  end)

  it("starts nothing", function()
    sim.run(function()
      local list, log = sim.log()
      sim.raises(conc.gather, function() log "started" end, 42)
      sim.raises(conc.race, { function() log "started" end, 42 })
      conc.sleep(1)
      assert.same({}, list)
    end)
  end)
end)

describe("tree's text", function()
  it("has a line for each job: name, state, wait, place, start", function()
    sim.run(function()
      local waits_at, started_at
      started_at = sim.line(1)
      local h = conc.spawn { function()
        waits_at = sim.line(1)
        conc.sleep(10)
      end, name = "sleeper" }
      conc.yield()
      local line = conc.tree():match "[^\n]*sleeper[^\n]*"
      assert.equal(("  task %d 'sleeper': waiting for sleep at %s, 0 us "
        .. "(started at %s, 0 us ago)"):format(h.id, waits_at, started_at), line)
    end)
  end)

  it("is 'no live jobs' where there are none", function()
    assert.equal("no live jobs", conc.tree())
  end)
end)
