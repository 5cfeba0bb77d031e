-- The algorithm of channels, as a small model that goes through every order of
-- its steps; and the same with faults in it, which it must find.

local sim = require "spec.support.sim"

-- Runs the model with this plant (0: none): its output and exit code.
local function run(plant)
  local binary <const> = os.tmpname()
  local _ <close> = sim.on_close(function() os.remove(binary) end)
  assert(os.execute(("%s -std=gnu11 -O2 -DPLANT=%d -o %s spec/model/exchange.c")
    :format(os.getenv "CC" or "cc", plant, binary)))
  local pipe = assert(io.popen(binary .. " 2>&1"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  return out, code
end

describe("the model of channels and selects", function()
  it("loses nothing, doubles nothing and lets nobody sleep in vain", function()
    local out, code = run(0)
    assert.equal(0, code, out)
    assert.matches("^ok: %d%d%d%d%d%d%d states\n$", out)
  end)

  for plant, finding in ipairs {
    "two cases of a select took effect",
    "a job sleeps though it need not",
    "a receiver has lost its item",
  } do
    it("finds the planted fault " .. plant, function()
      local out, code = run(plant)
      assert.equal(1, code)
      assert.matches(finding, out, 1, true)
    end)
  end
end)
