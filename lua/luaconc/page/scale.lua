-- Axes: where a value lies between two ends, and which values get a tick.

local M = {}

-- 1, 2 or 5 times a power of ten, not below x.
local function nice(x)
  local power = 10 ^ math.floor(math.log(x, 10))
  for _, m in ipairs { 1, 2, 5, 10 } do
    if m * power >= x * 0.999999 then return m * power end
  end
end

local function linear(low, high)
  local step = nice(math.max(high - low, 1e-300) / 5)
  local from, to = math.floor(low / step + 1e-9) * step,
    math.ceil(high / step - 1e-9) * step
  if to <= from then to = from + step end
  local ticks = {}
  for i = 0, math.floor((to - from) / step + 0.5) do
    ticks[#ticks + 1] = from + i * step
  end
  return { low = from, high = to, ticks = ticks,
    at = function(v) return (v - from) / (to - from) end }
end

local function decades(from, to)
  return math.log(to / from, 10)
end

local function logarithmic(low, high)
  local from = 10 ^ math.floor(math.log(low, 10) + 1e-9)
  local to = 10 ^ math.ceil(math.log(high, 10) - 1e-9)
  if to <= from then to = from * 10 end
  -- A range well inside of whole decades is cut to 1, 2, 5.
  for _, m in ipairs { 5, 2 } do
    if from * m <= low * 1.0001 then
      from = from * m
      break
    end
  end
  for _, m in ipairs { 5, 2 } do
    if to / (10 / m) >= high * 0.9999 then to = to / (10 / m) end
  end
  -- One value alone stands in the middle.
  if to <= from * 1.0001 then from, to = from / 2, to * 2 end
  local ticks, power = {}, 10 ^ math.floor(math.log(from, 10) + 1e-9)
  local steps = decades(from, to) < 3 and { 1, 2, 5 } or { 1 }
  while power <= to * 1.0001 do
    for _, m in ipairs(steps) do
      local v = m * power
      if v >= from * 0.9999 and v <= to * 1.0001 then ticks[#ticks + 1] = v end
    end
    power = power * 10
  end
  local span = math.log(to / from)
  return { low = from, high = to, ticks = ticks, log = true,
    at = function(v) return math.log(math.max(v, from) / from) / span end }
end

M.WIDE = 30 -- times as much, from which on an axis is logarithmic

--- A scale for these values: linear from zero, or logarithmic where `log` says
--- so or they differ much.
---@param values number[]
---@param log boolean?
---@param base number? ticks are round multiples of it; 1 unless given
---@return table scale with `at(v)` in 0..1, `ticks`, `low`, `high`
function M.of(values, log, base)
  if base then return M.based(values, log, base) end
  local low, high = math.huge, -math.huge
  for _, v in ipairs(values) do
    if v == v and v < math.huge then
      low, high = math.min(low, v), math.max(high, v)
    end
  end
  if low > high then low, high = 0, 1 end
  if log == nil then log = low > 0 and high / low > M.WIDE end
  if log then
    low = low > 0 and low or 1e-9
    return logarithmic(low, math.max(high, low))
  end
  return linear(math.min(0, low), high)
end

--- A scale in multiples of a base: for bytes, in MiB.
---@param values number[]
---@param log boolean?
---@param base number
---@return table
function M.based(values, log, base)
  local scaled = {}
  for i, v in ipairs(values) do scaled[i] = v / base end
  local s = M.of(scaled, log)
  for i, v in ipairs(s.ticks) do s.ticks[i] = v * base end
  local at = s.at
  s.at = function(v) return at(v / base) end
  s.low, s.high = s.low * base, s.high * base
  return s
end

return M
