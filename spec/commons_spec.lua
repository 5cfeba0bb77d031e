-- The memory that the processes of a family share, while all that is left of
-- what lies there is a message on its way.

local conc = require "luaconc"

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("the commons", function()
  it("stay for an argument that its sender has forgotten", function()
    for _ = 1, 5 do
      conc.run(function()
        local job = conc.process(function(c) return c:get() end, conc.shared.counter(42))
        collect()
        assert.equal(42, job:await())
      end)
      collect()
    end
  end)

  it("stay for a result that was made by a process which has ended", function()
    local function make(n) return require("luaconc").shared.counter(n) end
    for i = 1, 30 do
      conc.run(function()
        local job = conc.process(make, i)
        assert.equal(i, job:await():get())
      end)
      collect()
    end
  end)

  it("stay for a message between two processes, through a channel of ours", function()
    local function make(ch, n) ch:send(require("luaconc").shared.counter(n)) end
    local function take(ch)
      local c = ch:recv()
      return c:get()
    end
    for i = 1, 5 do
      conc.run(function()
        local ch = conc.channel(1)
        conc.process(make, ch, i):await()
        assert.equal(i, conc.process(take, ch):await())
      end)
      collect()
    end
  end)

  it("are gone when nobody has anything there", function()
    conc.run(function()
      local c = conc.shared.counter(1)
      conc.process(function(counter) counter:add(1) end, c):await()
      assert.equal(2, c:get())
    end)
    collect()
    -- Its mapping is named in the list of all that this process has mapped.
    local file <close> = assert(io.open "/proc/self/maps")
    assert.is_nil(file:read "a":find("memfd:luaconc ", 1, true))
  end)
end)
