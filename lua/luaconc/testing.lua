-- Seams for tests of programs and of luaconc itself: made-up time, a seeded
-- order, failures on demand, counters. Only a test build of the C part has
-- them; `available` tells.

local core = require "luaconc.core"

local M = { available = core.testing ~= nil }

-- The names are here so that a misspelt one is no missing feature.
local names = {
  "virtual", "seed", "fail_alloc", "fail_uv", "fail_lua", "failed",
  "gc_stress", "counts", "check", "plant",
}

local function missing(name)
  return function()
    error("luaconc.testing." .. name .. " needs the test build of "
      .. "luaconc.core: put build/test/?.so first in LUA_CPATH", 2)
  end
end

for _, name in ipairs(names) do
  M[name] = M.available and core.testing[name] or missing(name)
end

if M.available then
  local function finish(ok, ...)
    core.testing.clock(false)
    if not ok then error((...), 0) end
    return ...
  end

  -- Like conc.run, under the virtual clock, which begins at 0.
  function M.virtual(f, ...)
    core.testing.clock(true)
    return finish(pcall(core.run, f, ...))
  end
end

return M
