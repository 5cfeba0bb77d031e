-- For the tests of programs: made-up time, a seeded order, many seeds, a
-- simulated network, faults by name, and what a test leaves behind. And for
-- those of luaconc itself, which need a test build of the C part (`available`
-- tells): every allocation and every call of libuv made to fail, planted
-- faults, checks of invariants.

local core = require "luaconc.core"

local simulation = core.simulation

local M = { available = core.testing ~= nil }

-- The names are here so that a misspelt one is no missing feature.
local names = {
  "fail_alloc", "fail_uv", "fail_lua", "failed", "gc_stress", "check", "plant",
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

local function finish(was, ok, ...)
  simulation.clock(was)
  if not ok then core.raise((...)) end
  return ...
end

--- Like conc.run, under the virtual clock, which begins at 0 and jumps to the
--- next deadline when nothing else is to be done. Inside another it goes on
--- with that one's time.
---@param f function
---@param ... any
---@return any ...
function M.virtual(f, ...)
  local was = simulation.clock(true)
  return finish(was, pcall(core.run, f, ...))
end

--- From now on the next of the tasks that are ready is chosen by chance, the
--- same for the same seed; nil: first in, first out again.
---@param seed integer?
function M.seed(seed)
  simulation.seed(seed)
end

--- What there is: live `jobs`, open `handles`, requests (`ops`), and of the
--- process `descriptors`, `threads`, `children`; in a test build also `blocks`
--- and `bytes` of C memory.
---@return table<string, integer>
function M.counts()
  local counts = simulation.counts()
  for name, n in pairs(M.available and core.testing.memory() or {}) do
    counts[name] = n
  end
  return counts
end

-- Each in a file of its own, loaded at first use.
local from_file = {
  seeds = "luaconc.testing.seeds", replay = "luaconc.testing.seeds",
  link = "luaconc.testing.link", network = "luaconc.testing.network",
  faults = "luaconc.testing.faults",
  test = "luaconc.testing.case", left = "luaconc.testing.case",
  threads = "luaconc.testing.threads",
}

return setmetatable(M, {
  __index = function(self, name)
    local file = from_file[name]
    if not file then return nil end
    self[name] = require(file)[name]
    return self[name]
  end,
})
