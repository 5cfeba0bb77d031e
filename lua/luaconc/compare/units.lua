-- Figures for people: three digits and a unit.

local M = {}

local format = string.format

-- Three digits that count.
local function digits(value)
  if value >= 99.95 then return format("%.0f", value) end
  if value >= 9.995 then return format("%.1f", value) end
  return format("%.2f", value)
end

local TIMES = { { 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 0, "ns" } }

local function time_unit(seconds)
  for _, unit in ipairs(TIMES) do
    -- 999.6 ms is shown as 1.00 s
    if seconds >= unit[1] * 0.9995 then
      return unit[1] > 0 and unit[1] or 1e-9, unit[2]
    end
  end
end

--- "412 ms"
---@param seconds number
---@return string
function M.time(seconds)
  if seconds < 5e-10 then return "0 ms" end
  local scale, unit = time_unit(seconds)
  return digits(seconds / scale) .. " " .. unit
end

--- "408 to 420 ms": both in the unit of the larger.
---@param low number seconds
---@param high number seconds
---@return string
function M.time_range(low, high)
  if high < 5e-10 then return "0 ms" end
  local scale, unit = time_unit(high)
  local a, b = digits(low / scale), digits(high / scale)
  return (a == b and b or a .. " to " .. b) .. " " .. unit
end

--- "2.10 MiB"
---@param bytes number
---@return string
function M.memory(bytes)
  if bytes <= 0 then return "?" end
  if bytes >= 1 << 30 then return digits(bytes / (1 << 30)) .. " GiB" end
  if bytes >= 1 << 20 then return digits(bytes / (1 << 20)) .. " MiB" end
  return digits(bytes / 1024) .. " KiB"
end

--- "0 B", "814 B", "2.10 MiB": what may be little, or nothing.
---@param bytes number
---@return string
function M.size(bytes)
  if bytes < 1023.5 then return format("%.0f B", bytes) end
  return M.memory(bytes)
end

--- "12,345"
---@param n number
---@return string
function M.count(n)
  local s = format("%.0f", n)
  return (s:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

--- "0.041", "19.6", "20,340"
---@param ratio number
---@return string
function M.ratio(ratio)
  if ratio >= 999.5 then return M.count(ratio) end
  if ratio < 0.0995 and ratio > 0 then return format("%.3f", ratio) end
  return digits(ratio)
end

--- "0.4 %", "12 %"
---@param share number
---@return string
function M.percent(share)
  local p = share * 100
  if p > 0 and p < 0.05 then return "under 0.1 %" end
  return (p < 9.95 and p >= 0.05 and format("%.1f", p) or format("%.0f", p))
    .. " %"
end

--- "1 job", "20 jobs"
---@param n integer
---@param word string
---@return string
function M.plural(n, word)
  return M.count(n) .. " " .. word .. (n == 1 and "" or "s")
end

return M
