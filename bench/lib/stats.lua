---Medians and their intervals. The resampling draws from a generator of our
---own with a fixed seed, so the same samples give the same interval on every
---Lua.
local M = {}

M.resamples = 2000

---@param list number[]
---@return number
function M.median(list)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  local n = #sorted
  if n % 2 == 1 then return sorted[n // 2 + 1] end
  return (sorted[n // 2] + sorted[n // 2 + 1]) / 2
end

---A multiplicative generator; good enough to draw rounds.
local function generator(seed)
  local state = seed
  return function(n)
    state = state * 48271 % 2147483647
    return state % n + 1
  end
end

local function interval(values)
  table.sort(values)
  local n = #values
  return values[math.max(1, math.floor(n * 0.025 + 0.5))],
    values[math.max(1, math.floor(n * 0.975 + 0.5))]
end

---Draws rounds with replacement and returns the 95 % interval of `figure`
---over the drawn rounds.
local function bootstrap(n, figure)
  local draw, values = generator(20240229), {}
  for i = 1, M.resamples do
    local picked = {}
    for k = 1, n do picked[k] = draw(n) end
    values[i] = figure(picked)
  end
  return interval(values)
end

local function pick(list, picked)
  local out = {}
  for i, round in ipairs(picked) do out[i] = list[round] end
  return out
end

---@param list number[]
---@return {median: number, low: number, high: number, n: integer}
function M.summary(list)
  local low, high = bootstrap(#list, function(picked)
    return M.median(pick(list, picked))
  end)
  return { median = M.median(list), low = low, high = high, n = #list }
end

---The ratio of the medians of two lists, `a` over `b`, whose i-th samples
---come from the same round. Rounds are drawn together: what slowed both in
---one round cancels out. The longer list is cut to the length of the other.
---@param a number[]
---@param b number[]
---@return {median: number, low: number, high: number, n: integer}
function M.ratio(a, b)
  local n = math.min(#a, #b)
  local function of(picked)
    return M.median(pick(a, picked)) / M.median(pick(b, picked))
  end
  local all = {}
  for i = 1, n do all[i] = i end
  local low, high = bootstrap(n, of)
  return { median = of(all), low = low, high = high, n = n }
end

return M
