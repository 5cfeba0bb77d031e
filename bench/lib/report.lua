---Turns what was measured into figures, verdicts and a table.
local stats = require "lib.stats"
local runner = require "lib.runner"

local M = {}

local function by_name(list, name)
  for _, c in ipairs(list) do
    if c.name == name then return c end
  end
end

local function good(value, limit, better)
  if better == "high" then return value >= limit end
  return value <= limit
end

-- `s` has a median and an interval; the interval says how sure we are.
local function verdict(s, limit, better)
  local met = good(s.median, limit, better)
  local whole = good(s.low, limit, better) == met
    and good(s.high, limit, better) == met
  local word = met and "met" or "MISSED"
  return whole and word or word .. ", but the interval reaches across"
end

-- A ratio is ours over the other's: which side is good follows `better`.
local function ratio_of(list, other, key)
  return stats.ratio(runner.figures(list[1], key), runner.figures(other, key))
end

local judges = {}

function judges.limit(target, bench, list)
  local s = stats.summary(runner.figures(list[1], target.key or bench.key))
  return s, target.value, target.unit or bench.unit
end

function judges.against(target, bench, list)
  local other = by_name(list, bench.reference.name)
  if #other.samples == 0 then return nil, other.problem end
  return ratio_of(list, other, target.key or bench.key), target.value,
    "x " .. other.name, target.note
end

function judges.ahead(target, bench, list)
  local other = by_name(list, target.peer)
  if #other.samples == 0 then
    return nil, target.peer .. ": " .. (other.missing or "failed"),
      other.missing
  end
  local what = "x " .. target.peer
  return ratio_of(list, other, target.key or bench.key), target.factor, what,
    target.key
end

local function judge(target, bench, list)
  local s, limit, what, note = judges[target.kind](target, bench, list)
  if not s then
    return { text = "cannot say: " .. limit, left_out = what ~= nil }
  end
  local better = target.better or bench.better
  local sign = better == "high" and "at least" or "at most"
  return {
    text = string.format("%s %s %s%s", sign, M.number(limit), what,
      note and " (" .. note .. ")" or ""),
    value = s, limit = limit, verdict = verdict(s, limit, better),
  }
end

---Everything that the table and the JSON file show.
function M.evaluate(bench, list)
  local out = { name = bench.name, title = bench.title, unit = bench.unit,
                better = bench.better, key = bench.key, contenders = {},
                targets = {} }
  local ours = list[1]
  for i, c in ipairs(list) do
    local entry = { name = c.name, role = c.role, missing = c.missing,
                    problem = c.problem, samples = c.samples }
    if #c.samples > 0 then
      entry.summary = stats.summary(runner.figures(c, bench.key))
      entry.also = {}
      for _, key in ipairs(bench.also or {}) do
        local figures = runner.figures(c, key)
        if #figures > 0 then entry.also[key] = stats.median(figures) end
      end
      if i > 1 and #ours.samples > 0 then
        entry.ratio = ratio_of(list, c, bench.key)
        entry.also_ratio = bench.also_ratio
          and ratio_of(list, c, bench.also_ratio)
      end
    end
    out.contenders[i] = entry
  end
  if #ours.samples > 0 then
    for i, target in ipairs(bench.targets) do
      out.targets[i] = judge(target, bench, list)
    end
  end
  return out
end

local function grouped(digits)
  return digits:reverse():gsub("(%d%d%d)(%d)", "%1,%2")
    :gsub("(%d%d%d)(%d)", "%1,%2"):reverse()
end

---Three significant digits, thousands grouped.
---@param v number
---@return string
function M.number(v)
  local size = math.abs(v)
  if size >= 1000 then return grouped(string.format("%.0f", v)) end
  if size >= 100 then return string.format("%.0f", v) end
  if size >= 10 then return string.format("%.1f", v) end
  if size >= 0.1 then return string.format("%.2f", v) end
  return string.format("%.3g", v)
end

local function range(s)
  return M.number(s.low) .. " .. " .. M.number(s.high)
end

local function print_row(entry, bench)
  local name = "  " .. entry.name .. (entry.role == "reference" and " *" or "")
  if entry.problem then
    print(string.format("%-28s FAILED: %s", name, entry.problem))
    if not entry.summary then return end
  end
  local ratio = entry.ratio and string.format("%6s (%s)",
    M.number(entry.ratio.median), range(entry.ratio)) or ""
  local also = {}
  for _, key in ipairs(bench.also or {}) do
    local v = entry.also[key]
    also[#also + 1] = string.format("%12s", v and M.number(v) or "")
    if key == bench.also_ratio then
      also[#also + 1] = string.format("%8s", entry.also_ratio
        and M.number(entry.also_ratio.median) or "")
    end
  end
  print((string.format("%-28s %10s  %-21s %3d  %-24s%s", name,
    M.number(entry.summary.median), range(entry.summary), entry.summary.n,
    ratio, table.concat(also)):gsub("%s+$", "")))
end

-- Those that did not run, by reason, a line each.
local function print_missing(contenders)
  local reasons, names = {}, {}
  for _, entry in ipairs(contenders) do
    local why = entry.missing
    if why and not names[why] then
      reasons[#reasons + 1], names[why] = why, {}
    end
    if why then table.insert(names[why], entry.name) end
  end
  for _, why in ipairs(reasons) do
    print("  " .. why .. ": " .. table.concat(names[why], ", "))
  end
end

-- A rate says something about a server only where the server had its CPU.
local function print_idle_note(contenders)
  for _, entry in ipairs(contenders) do
    local busy = entry.also and entry.also.server_busy
    if busy and busy < 0.9 and entry.role ~= "peer" then
      print(string.format("  note: the server of %s had %.0f %% of its CPU;"
        .. " the rates show what else ran here, server_us shows the server",
        entry.name, busy * 100))
      return
    end
  end
end

---Prints one benchmark's table.
function M.print(result, bench)
  local also = {}
  for _, key in ipairs(bench.also or {}) do
    also[#also + 1] = string.format("%12s", key)
    if key == bench.also_ratio then also[#also + 1] = "    ours:" end
  end
  print(string.format("\n%s: %s", result.name, result.title))
  print(string.format("%-28s %10s  %-21s %3s  %-24s%s",
    "  " .. (bench.better == "high" and "higher" or "lower") .. " is better",
    result.unit, "95 % interval", "n", "luaconc : this",
    table.concat(also)))
  for _, entry in ipairs(result.contenders) do
    if not entry.missing then print_row(entry, bench) end
  end
  print_missing(result.contenders)
  print_idle_note(result.contenders)
  for _, t in ipairs(result.targets) do
    if t.value then
      print(string.format("  target %s: %s (%s)  %s", t.text,
        M.number(t.value.median), range(t.value), t.verdict))
    elseif not t.left_out then -- else the peer is named above
      print("  target " .. t.text)
    end
  end
end

return M
