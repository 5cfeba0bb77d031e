-- The same test in many orders. A seed decides which ready task is next, and
-- what math.random gives, so a seed that fails fails again.

local check = require "luaconc.check"
local core = require "luaconc.core"
local testing = require "luaconc.testing"

local M = {}

--- Runs `f(seed)` once, under the virtual clock, in the order of the seed.
---@param seed integer
---@param f fun(seed: integer)
---@return boolean ok
---@return any err
function M.replay(seed, f)
  if math.type(seed) ~= "integer" then
    check.expected("replay", 1, "an integer", seed)
  end
  check.func("replay", 2, f)
  math.randomseed(seed)
  core.simulation.seed(seed)
  local ok, err = pcall(testing.virtual, f, seed)
  core.simulation.seed(nil)
  return ok, err
end

-- The seed that the environment asks for, alone.
local function only()
  local text = os.getenv "LUACONC_SEED"
  if not text then return nil end
  local seed = math.tointeger(tonumber(text))
  if not seed then
    error(("LUACONC_SEED must be an integer: %q"):format(text), 0)
  end
  return seed
end

--- Runs `f(seed)` for `n` seeds, from `opts.first` (1) on. Raises the first
--- failure, with its seed; LUACONC_SEED=SEED in the environment runs that one
--- alone.
---@param n integer
---@param f fun(seed: integer)
---@param opts { first: integer? }?
function M.seeds(n, f, opts)
  if math.type(n) ~= "integer" or n < 1 then
    check.expected("seeds", 1, "a number of seeds, 1 or more,", n)
  end
  local seed = only()
  local first = seed or opts and opts.first or 1
  for s = first, seed or first + n - 1 do
    local ok, err = M.replay(s, f)
    if not ok then
      error(("seed %d fails (LUACONC_SEED=%d runs it alone): %s")
        :format(s, s, tostring(err)), 0)
    end
  end
end

return M
