local conc = require "luaconc"
local sim = require "spec.support.sim"

describe("tree", function()
  it("prints every job with the line where it waits, children indented", function()
    sim.run(function()
      local waits_at
      conc.spawn { function()
        conc.spawn { function()
          waits_at = sim.line(1)
          conc.sleep(10)
        end, name = "little" }
        conc.sleep(10)
      end, name = "big" }
      conc.sleep(1)
      local tree = conc.tree()
      sim.shows(tree, "big", "little", waits_at, "sleep")
      local function column(name)
        for line in tree:gmatch "[^\n]+" do
          local at = line:find(name, 1, true)
          if at then return at end
        end
      end
      assert.is_true(column "big" < column "little", tree)
    end)
  end)

  it("shows jobs that are ready or wait in a generator", function()
    sim.run(function()
      local waits_at
      conc.spawn { function()
        conc.coroutine.wrap(function()
          waits_at = sim.line(1)
          conc.sleep(10)
        end)()
      end, name = "generating" }
      conc.yield()
      conc.spawn { function() end, name = "not yet started" }
      sim.shows(conc.tree(), "generating", waits_at, "not yet started")
    end)
  end)

  it("shows where a job waits inside a group, a timeout and gather", function()
    sim.run(function()
      local waits_at
      conc.spawn { function()
        local _ <close> = conc.group()
        conc.timeout(1000, conc.gather, function()
          waits_at = sim.line(1)
          conc.sleep(10)
        end)
      end, name = "nesting" }
      conc.sleep(1)
      sim.shows(conc.tree(), "nesting", waits_at, "gather")
    end)
  end)

  it("shows no job that has ended", function()
    sim.run(function()
      conc.spawn { function() end, name = "ephemeral" }:await()
      assert.is_false(sim.has(conc.tree(), "ephemeral"))
    end)
  end)

  it("shows the jobs started outside tasks", function()
    local h = conc.spawn { function() conc.sleep(100) end, name = "outsider" }
    conc.yield()
    sim.shows(conc.tree(), "outsider")
    h:cancel()
    conc.run()
    assert.is_false(sim.has(conc.tree(), "outsider"))
  end)

  it("names every place where a task can wait", function()
    sim.run(function()
      local q, l, e = conc.queue(1), conc.lock(), conc.event()
      local s, b = conc.semaphore(0), conc.barrier(2)
      local c = conc.condition(l)
      local g = conc.spawn {
        function()
          conc.spawn { function() q:recv() end, name = "queue:recv" }
          conc.spawn { function() s:acquire() end, name = "semaphore:acquire" }
          conc.spawn { function() e:wait() end, name = "event:wait" }
          conc.spawn { function() b:wait() end, name = "barrier:wait" }
          conc.spawn { function() l:with(function() c:wait() end) end,
            name = "condition:wait" }
          conc.spawn { function() conc.sleep(100) end, name = "sleep" }
        end, name = "parent" }
      conc.sleep(1)
      local tree, seen = conc.tree(), 0
      for line in tree:gmatch "[^\n]+" do
        local name = line:match "%l+:%l+" or line:match "sleep"
        if name then
          local _, count = line:gsub(name, "")
          assert.is_true(count >= 2, line)
          seen = seen + 1
        end
      end
      assert.equal(6, seen, tree)
      g:cancel()
    end)
  end)
end)

describe("jobs", function()
  it("lists all live jobs and no ended one", function()
    sim.run(function()
      local ended = conc.spawn(function() end)
      local asleep = conc.spawn(sim.after(10))
      conc.yield()
      local live = {}
      for _, h in ipairs(conc.jobs()) do live[h] = true end
      assert.is_true(live[asleep])
      assert.is_true(live[conc.current()])
      assert.is_nil(live[ended])
    end)
    assert.same({}, conc.jobs())
  end)
end)
