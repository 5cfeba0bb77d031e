-- Where one engine begins to win over another, as work grows: by bisection on
-- a logarithmic scale, as costs grow by factors.

local M = {}

M.CLOSE = 1.1 -- the two numbers between which it lies differ by no more

---@class luaconc.compare.Crossing
---@field from integer the last number with the verdict of the lower end
---@field to integer? the first with that of the upper end; nil: no crossing
---@field before integer verdict at the lower end: 1, 0, -1 (as of `stats`)
---@field after integer at the upper end

--- Finds it between two numbers, where `ask(n)` gives the verdict at n: 1, 0
--- (no clear difference) or -1. Of several crossings it finds one.
---@param low integer
---@param high integer
---@param ask fun(n: integer): integer
---@param close number? in place of `M.CLOSE`
---@return luaconc.compare.Crossing
function M.find(low, high, ask, close)
  local before, after = ask(low), ask(high)
  if before == after then
    return { from = high, before = before, after = after }
  end
  while high / low > (close or M.CLOSE) and high - low > 1 do
    local middle = math.floor(math.sqrt(low * high) + 0.5)
    middle = math.min(math.max(middle, low + 1), high - 1)
    if ask(middle) == after then high = middle else low = middle end
  end
  return { from = low, to = high, before = before, after = after }
end

return M
