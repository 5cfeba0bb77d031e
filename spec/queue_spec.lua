local conc = require "luaconc"
local sim = require "spec.support.sim"

-- What queues and channels have in common is in contract/queue_spec.lua.

describe("a queue", function()
  it("hands on items in order, by reference", function()
    sim.run(function()
      local q = conc.queue(3)
      local mine = {}
      q:send(mine)
      q:send "second"
      q:send(3)
      assert.equal(mine, q:recv())
      assert.equal("second", q:recv())
      assert.equal(3, q:recv())
    end)
  end)

  it("keeps its items alive and lets them go once taken", function()
    sim.run(function()
      local q = conc.queue(10)
      local weak = setmetatable({}, { __mode = "v" })
      for i = 1, 10 do
        local item = { i }
        weak[i] = item
        q:send(item)
      end
      collectgarbage() collectgarbage()
      for i = 1, 10 do assert.equal(i, q:recv()[1]) end
      collectgarbage() collectgarbage()
      assert.is_nil(next(weak))
    end)
  end)

  it("is collected with what it holds when nobody holds it", function()
    local weak = setmetatable({}, { __mode = "v" })
    sim.run(function()
      local q = conc.queue(10)
      local item = { q }
      weak.item = item
      q:send(item)
    end)
    collectgarbage() collectgarbage()
    assert.is_nil(weak.item)
  end)
end)
