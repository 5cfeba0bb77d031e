-- Numbers by chance that are the same in every run.

local M = {}

--- A generator of numbers from 0 to below 1.
function M.randoms(seed)
  local x = seed
  return function()
    x = (x * 6364136223846793005 + 1442695040888963407)
    return ((x >> 11) & ((1 << 53) - 1)) / (1 << 53)
  end
end

M.MEDIAN = 1 + math.log(2) / 10

--- Times of runs: a floor, and a tail on the slow side. Their true median is
--- MEDIAN.
function M.times(random, n)
  local list = {}
  for i = 1, n do list[i] = 1 - math.log(1 - random()) / 10 end
  return list
end

return M
