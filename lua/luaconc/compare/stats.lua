-- Statistics of repeated runs: the median, and intervals that say how far it
-- can be trusted.
--
-- Times of runs are skewed (a disturbed run is slower, never faster), so the
-- middle is the median and the intervals come from the bootstrap, which
-- assumes no distribution: the sample is drawn again and again from itself,
-- and the interval holds 95 % of the medians so found. The generator is
-- seeded, so the same figures always give the same interval.
--
-- A bootstrap needs something to draw from. Below `FEW` samples the interval
-- is from the lowest to the highest, which covers the true median with a
-- probability of 1 - 2^(1-n): 75 % for three runs, 94 % for five.
--
-- No sample is ever dropped. Those far outside are counted (by Tukey's rule:
-- beyond the quartiles by more than 1.5 times their distance), and a median
-- whose interval is wide is called unstable.

local M = {}

M.FEW = 6          -- samples from which on the bootstrap is used
M.RESAMPLES = 2000 -- the interval's ends then repeat to about 1 % of its width
M.LEVEL = 0.95
M.FENCE = 1.5      -- quartile distances beyond which a sample is an outlier
M.ENOUGH = 5       -- samples from which on quartiles tell outliers
M.UNSTABLE = 0.2   -- width of the interval, as a share of the median
M.GROSS = 1.5      -- the least factor worth telling of single runs
M.SEED = 0x1d872b41

local sort, floor = table.sort, math.floor

---@class luaconc.compare.Interval
---@field median number
---@field low number the interval's lower end
---@field high number the interval's upper end
---@field n integer samples (of the smaller list, where there are two)

local function sorted(list)
  local copy = table.move(list, 1, #list, 1, {})
  sort(copy)
  return copy
end

local function middle(ordered)
  local n = #ordered
  local half = n // 2
  if n % 2 == 1 then return ordered[half + 1] end
  return (ordered[half] + ordered[half + 1]) / 2
end

-- Numbers of 0..n-1 from a seed (xorshift64*, the upper half of each word).
local function generator(seed)
  local x = seed ~ 0x2545f4914f6cdd1d
  return function(n)
    x = x ~ (x >> 12)
    x = x ~ (x << 25)
    x = x ~ (x >> 27)
    return (((x * 0x2545f4914f6cdd1d) >> 32) * n) >> 32
  end
end

-- The median of as many draws from `ordered` as it has samples. Draws are
-- counted per place, so nothing is sorted.
local function resampled_median(ordered, draw, count)
  local n = #ordered
  for i = 1, n do count[i] = 0 end
  for _ = 1, n do
    local i = draw(n) + 1
    count[i] = count[i] + 1
  end
  local lower, upper = (n + 1) // 2, n // 2 + 1
  local seen, low = 0, nil
  for i = 1, n do
    seen = seen + count[i]
    if not low and seen >= lower then low = ordered[i] end
    if seen >= upper then return (low + ordered[i]) / 2 end
  end
end

-- The ends that leave (1 - LEVEL) / 2 of the values outside on either side.
local function ends(values)
  sort(values)
  local n = #values
  local outside = floor(n * (1 - M.LEVEL) / 2)
  return values[outside + 1], values[n - outside]
end

local function check(list, name)
  if type(list) ~= "table" or #list == 0 then
    error(name .. " must be a list with at least one number", 3)
  end
end

--- The middle of a list: the mean of the two middle ones where it is even.
---@param list number[] at least one
---@return number
function M.median(list)
  check(list, "list")
  return middle(sorted(list))
end

--- The median with its interval (see the top of this file).
---@param list number[] at least one
---@return luaconc.compare.Interval
function M.interval(list)
  check(list, "list")
  local ordered = sorted(list)
  local n = #ordered
  local low, high = ordered[1], ordered[n]
  if n >= M.FEW and low ~= high then
    local draw, count, medians = generator(M.SEED), {}, {}
    for i = 1, M.RESAMPLES do
      medians[i] = resampled_median(ordered, draw, count)
    end
    low, high = ends(medians)
  end
  return { median = middle(ordered), low = low, high = high, n = n }
end

--- How many times the median of `a` is that of `b`, with its interval. The
--- samples of `b` must be above zero.
---@param a number[] at least one
---@param b number[] at least one
---@return luaconc.compare.Interval
function M.ratio(a, b)
  check(a, "a")
  check(b, "b")
  local x, y = sorted(a), sorted(b)
  local n = math.min(#x, #y)
  local low, high = x[1] / y[#y], x[#x] / y[1]
  if n >= M.FEW then
    local draw, count, ratios = generator(M.SEED), {}, {}
    for i = 1, M.RESAMPLES do
      ratios[i] = resampled_median(x, draw, count)
        / resampled_median(y, draw, count)
    end
    low, high = ends(ratios)
  end
  return { median = middle(x) / middle(y), low = low, high = high, n = n }
end

-- The value below which a share of the ordered samples lies, between two of
-- them in proportion (type 7 of Hyndman and Fan, R's own).
local function quantile(ordered, share)
  local at = (#ordered - 1) * share + 1
  local below = floor(at)
  local a, b = ordered[below], ordered[below + 1] or ordered[below]
  return a + (b - a) * (at - below)
end

--- Which samples are outliers (see the top of this file): a list as long as
--- the first, and their number. Of less than `M.ENOUGH` samples, none is.
---@param list number[] at least one
---@return boolean[] marks, integer count
function M.outliers(list)
  check(list, "list")
  local ordered, marks, count = sorted(list), {}, 0
  local first, third = quantile(ordered, 0.25), quantile(ordered, 0.75)
  local reach = M.FENCE * (third - first)
  for i, v in ipairs(list) do
    marks[i] = #list >= M.ENOUGH
      and (v < first - reach or v > third + reach)
    if marks[i] then count = count + 1 end
  end
  return marks, count
end

-- Ranks of both lists in one order, ties getting their mean: the sum of those
-- of `a`, and the correction of the variance for ties.
local function ranks(a, b)
  local all = {}
  for _, v in ipairs(a) do all[#all + 1] = { v, true } end
  for _, v in ipairs(b) do all[#all + 1] = { v, false } end
  sort(all, function(x, y) return x[1] < y[1] end)
  local sum, ties, i = 0, 0, 1
  while i <= #all do
    local k = i
    while all[k + 1] and all[k + 1][1] == all[i][1] do k = k + 1 end
    local n = k - i + 1
    ties = ties + n ^ 3 - n
    for at = i, k do
      if all[at][2] then sum = sum + (i + k) / 2 end
    end
    i = k + 1
  end
  return sum, ties
end

-- How many of the orders of n and m samples give each value of U, for samples
-- without ties; how many there are in all.
local function orders(n, m)
  local ways = { [0] = { [0] = 1 } } -- by how many of the first list are placed
  for value = 1, n + m do
    for count = math.min(value, n), 1, -1 do
      local into = ways[count] or {}
      for sum, w in pairs(ways[count - 1] or {}) do
        local at = sum + value - count
        into[at] = (into[at] or 0) + w
      end
      ways[count] = into
    end
  end
  local total = 0
  for _, w in pairs(ways[n]) do total = total + w end
  return ways[n], total
end

M.EXACT = 12 -- samples of each list up to which all orders are counted

local function exact(u, n, m)
  local ways, total = orders(n, m)
  local below, above = 0, 0
  for value, w in pairs(ways) do
    if value <= u then below = below + w end
    if value >= u then above = above + w end
  end
  return math.min(1, 2 * math.min(below, above) / total)
end

-- The complementary error function, to 1.2e-7 (Press et al., "Numerical
-- Recipes", 6.2).
local function erfc(x)
  local z = math.abs(x)
  local t = 1 / (1 + 0.5 * z)
  local y = t * math.exp(-z * z - 1.26551223 + t * (1.00002368 + t
    * (0.37409196 + t * (0.09678418 + t * (-0.18628806 + t * (0.27886807 + t
    * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t
    * 0.17087277)))))))))
  return x >= 0 and y or 2 - y
end

--- The test of Mann and Whitney (Wilcoxon's for two samples): how probable a
--- difference in order as large as this is between lists of one distribution,
--- on both sides. Exact for short lists without ties, else by the normal
--- approximation with corrections for ties and continuity.
---@param a number[] at least one
---@param b number[] at least one
---@return number p, number u
function M.mann_whitney(a, b)
  check(a, "a")
  check(b, "b")
  local n, m = #a, #b
  local sum, ties = ranks(a, b)
  local u = sum - n * (n + 1) / 2
  if ties == 0 and n <= M.EXACT and m <= M.EXACT then
    return exact(u, n, m), u
  end
  local all = n + m
  local variance = n * m / 12 * (all + 1 - ties / (all * (all - 1)))
  if variance <= 0 then return 1, u end
  local z = math.max(0, math.abs(u - n * m / 2) - 0.5) / math.sqrt(variance)
  return math.min(1, erfc(z / math.sqrt(2))), u
end

--- How wide an interval is, as a share of its median.
---@param interval luaconc.compare.Interval
---@return number
function M.width(interval)
  if interval.high <= interval.low then return 0 end
  return (interval.high - interval.low) / interval.median
end

--- Whether a ratio leaves no doubt that the two differ, and by more than
--- `least` (a fraction; 0 unless given): +1 where the first is the larger,
--- -1 where the second is, 0 where nothing can be said. A single sample has no
--- interval: then only a factor of `M.GROSS` counts, and even that may be a
--- disturbance.
---@param ratio luaconc.compare.Interval
---@param least number?
---@return -1|0|1
function M.verdict(ratio, least)
  local factor = ratio.n < 2 and M.GROSS or 1 + (least or 0)
  if ratio.low > 1 and ratio.median >= factor then return 1 end
  if ratio.high < 1 and ratio.median <= 1 / factor then return -1 end
  return 0
end

return M
