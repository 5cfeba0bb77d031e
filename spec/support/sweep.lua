-- Sweeps fail the first, the second, ... n-th call of a kind, until a run has
-- fewer of them. Where each run takes long, as under the sanitizers,
-- LUACONC_STEP has them go by so many at a time, by chance but the same each
-- time, so that neighbours are met in turn.

local M = {}

local STEP = tonumber(os.getenv "LUACONC_STEP") or 1

--- The n that follows.
function M.next(n)
  if n == 0 or STEP == 1 then return n + 1 end
  return n + 1 + (n * 7919) % (2 * STEP - 1)
end

return M
