-- Letters between a job in a state of its own and who has started it: what the
-- luaconc that is written in Lua makes of threads and processes.

local conc = require "luaconc"
local core = require "luaconc.core"
local sim = require "spec.support.sim"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, assert = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local function promise(text, f)
  it(text, function() conc.run(f) end)
end

for _, engine in ipairs { "thread", "process" } do
  local start = conc[engine]

  describe("letters between a " .. engine .. " and its starter", function()
    promise("arrive in order, both ways, and none after the end", function()
      local job = start(function()
        local own = require "luaconc.core"
        while true do
          local _, word, n = own.take(nil)
          if word == "end" then return n end
          own.post(nil, word, n * 2)
        end
      end)
      for i = 1, 500 do core.post(job, "n", i) end
      for i = 1, 500 do
        assert.same({ true, "n", 2 * i }, { core.take(job) })
      end
      core.post(job, "end", 7)
      assert.equal(7, job:await())
      assert.same({ false }, { core.take(job) })
      assert.same({ nil, "closed", "EPIPE" }, { core.post(job, 1) })
    end)

    promise("wait without bound where the other side is slow", function()
      local job = start(function()
        local own, sum = require "luaconc.core", 0
        for _ = 1, 200 do
          own.post(nil, ("y"):rep(20000))
          sum = sum + #select(2, own.take(nil))
        end
        return sum
      end)
      for _ = 1, 200 do core.post(job, ("x"):rep(20000)) end
      local sum = 0
      for _ = 1, 200 do sum = sum + #select(2, core.take(job)) end
      assert.equal(4000000, sum)
      assert.equal(4000000, job:await())
    end)

    promise("that nobody has taken are freed, and don't hide the results", function()
      for n = 1, 20 do
        local job = start(function()
          local own = require "luaconc.core"
          for i = 1, 100 do own.post(nil, ("x"):rep(i * 100)) end
          own.take(nil)
          return n
        end)
        for i = 1, 100 do core.post(job, ("y"):rep(i * 100)) end
        assert.equal(n, job:await())
      end
    end)
  end)
end

describe("letters", function()
  promise("of a process are read up to its death", function()
    local job = conc.process { function()
      require "luaconc.core".post(nil, "last words")
      os.execute "kill -9 $PPID"
    end, keep = true }
    assert.same({ true, "last words" }, { core.take(job) })
    assert.same({ false }, { core.take(job) })
    local ok, err = pcall(job.await, job)
    assert.is_false(ok)
    assert.equal("SIGKILL", err.signal)
  end)

  promise("can't be sent to a task, or by a state that nobody started", function()
    local task = conc.spawn(conc.sleep, 0)
    assert.match("a task gets no letters", sim.raises(core.post, task))
    assert.match("nobody has started this state", sim.raises(core.take, nil))
  end)
end)
