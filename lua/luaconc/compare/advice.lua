-- Which engine fits, and why: one paragraph, from the figures of one size.
-- The reasons are the times with the intervals of their ratios, the share of
-- CPU in the jobs' time, and what the engine that fits costs in memory, CPU
-- and start-up; then, where it differs, what the rule of thumb says.

local character = require "luaconc.compare.character"
local engines = require "luaconc.compare.engines"
local rule = require "luaconc.compare.rule"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"
local verdict = require "luaconc.compare.verdict"

local M = {}

local format = string.format

local function title(row)
  return engines.get(row.engine).title
end

-- A program that was added keeps its name as it is.
local function capital(text)
  local first = text:match "^%S+"
  local ok, engine = pcall(engines.get, first)
  if ok and engine.command then return text end
  return (text:gsub("^%l", string.upper))
end

-- "Tasks fit", "The serial run fits"; of one round, "Tasks seem to fit"
local function fits(row)
  local one = title(row):find "^the " or engines.get(row.engine).single
  local verb = one and "fits" or "fit"
  if row.wall.n < 2 then verb = one and "seems to fit" or "seem to fit" end
  return capital(title(row)) .. " " .. verb
end

local function list(rows, show)
  local parts = {}
  for i, row in ipairs(rows) do parts[i] = show(row) end
  if #parts < 3 then return table.concat(parts, " and ") end
  return table.concat(parts, ", ", 1, #parts - 1) .. " and " .. parts[#parts]
end

local function took(row)
  return format("%s for %s", units.time(row.wall.median), title(row))
end

local function range(ratio)
  if ratio.n < 2 then return "one round, so no interval" end
  return format("%s to %s", units.ratio(ratio.low), units.ratio(ratio.high))
end

-- "4.00 s for the serial run (19.6 times as long; 19.1 to 20.0)"
local function behind(best, ratio, named)
  local as = named and " as " .. title(best) or ""
  return function(row)
    local r = ratio(row, best, "wall")
    return format("%s (%s times as long%s; %s)", took(row),
      units.ratio(r.median), as, range(r))
  end
end

local function estimates(v)
  return list(v.estimated, function(row)
    return format("about %s for %s, not run but estimated from the runs with "
      .. "%s (a larger --budget runs it)", units.time(row.estimate.wall),
      title(row), units.plural(row.estimate.size, "job"))
  end)
end

-- Where one engine alone has figures.
local function alone(size, v)
  local row = v.rows[1]
  if #v.estimated == 0 then
    return format("Only %s gave figures, so there is nothing to compare "
      .. "%s with.", title(row), title(row):find "^the " and "it" or "them")
  end
  return format("%s: %s took %s, against %s.",
    v.winner and fits(row) or "No verdict", units.plural(size.size, "job"),
    v.winner and units.time(row.wall.median) or took(row), estimates(v))
end

local function clear(size, v, ratio)
  local winner = v.tied[1]
  local jobs, time = units.plural(size.size, "job"),
    units.time(winner.wall.median)
  if not v.winner then
    return format("No verdict: %s took %s, against %s.", jobs, took(winner),
      list(v.slower, behind(winner, ratio)))
  elseif winner.engine ~= "serial" then
    return format("%s: %s took %s, against %s.", fits(winner), jobs, time,
      list(v.slower, behind(winner, ratio)))
  end
  return format("%s: %s took %s. %s.", fits(winner), jobs, time,
    capital(list(v.slower, function(row)
      local r = ratio(row, winner, "wall")
      return format("%s took %s times as long (%s)", title(row),
        units.ratio(r.median), range(r))
    end)))
end

-- How those that can't be told from the fastest differ from it.
local function closeness(v, ratio)
  local low, high, n, r = math.huge, 0, 0, nil
  for _, row in ipairs(v.tied) do
    if row ~= v.best then
      r = ratio(row, v.best, "wall")
      low, high, n = math.min(low, r.low), math.max(high, r.high), n + 1
    end
  end
  if n > 1 then
    return format("their ratios to the fastest lie between %.3f and %.3f",
      low, high)
  elseif r.low > 1 then
    return format("they differ by %s, too little to act upon",
      units.percent(r.median - 1))
  end
  return format("the ratio lies between %.3f and %.3f", r.low, r.high)
end

local function tie(v, ratio)
  if v.best.wall.n < 2 then
    return format("No verdict: %s; with one round there is no interval to go "
      .. "by.", list(v.tied, took))
  elseif v.crowded then
    return format("No verdict: %s, and the difference may be that of other "
      .. "processes.", list(v.tied, took))
  end
  local text = format("No clear difference: %s; %s.", list(v.tied, took),
    closeness(v, ratio))
  if not v.winner then return text end
  return text .. " " .. fits(v.winner) .. (v.winner == v.tied[1]
    and ", as the simplest." or ", as no simpler engine leads so clearly.")
end

local function first(size, v, ratio)
  if #v.rows == 1 then return alone(size, v) end
  local parts = { #v.tied > 1 and tie(v, ratio) or clear(size, v, ratio) }
  if #v.tied > 1 and #v.slower > 0 then
    parts[2] = format("Clearly slower: %s.",
      list(v.slower, behind(v.best, ratio, true)))
  end
  if #v.estimated > 0 then
    parts[#parts + 1] = capital(estimates(v)) .. "."
  end
  return table.concat(parts, " ")
end

-- What the winner takes more than the serial run.
local function price(serial, winner, size, ratio)
  if not serial or winner == serial then return nil end
  local parts = {}
  local memory = ratio(winner, serial, "memory")
  if memory and stats.verdict(memory, verdict.MATTERS) > 0 then
    local more = winner.memory.median - serial.memory.median
    parts[1] = format("%s more memory at the peak (%s a job)",
      units.memory(more), units.memory(more / size))
  end
  local cpu = (winner.user.median + winner.system.median)
    / (serial.user.median + serial.system.median)
  if cpu >= 1.1 and cpu < math.huge then
    parts[#parts + 1] = format("%s times the CPU time", units.ratio(cpu))
  end
  if #parts == 0 then return nil end
  return "The price is " .. table.concat(parts, " and ") .. "."
end

-- The start of the winner's workers, and whether it eats up what they save
-- against the fastest engine that has none.
local function start(v)
  local winner, other = v.winner, nil
  if not winner.workers then return nil end
  for _, row in ipairs(v.rows) do
    if not row.workers
      and (not other or row.wall.median < other.wall.median) then
      other = row
    end
  end
  local name = winner.workers == 1 and engines.get(winner.engine).one
    or title(winner)
  local text = format("Starting %s %s took %s before that",
    units.count(winner.workers), name, units.time(winner.ready.median))
  local saved = other and other.wall.median - winner.wall.median
  if not saved or saved > winner.ready.median then return text .. "." end
  return format("%s, more than the %s that they save: they pay where they "
    .. "are kept for further jobs.", text, units.time(math.max(0, saved)))
end

local function crowd(crowded)
  return crowded and format("Other processes kept the cores busy: runs waited "
    .. "for one for up to %s of their time, so measure again on a quieter "
    .. "machine.", units.percent(crowded)) or nil
end

-- Of programs alone nobody knows what their jobs are like.
local function any_engine(v)
  for _, row in ipairs(v.rows) do
    if not engines.get(row.engine).command then return true end
  end
  return false
end

--- The paragraph, or nil where nothing was measured, or one engine was asked
--- for.
---@param size luaconc.compare.Size
---@param ratio function `ratio` of `luaconc.compare`
---@return string? text, string? engine the one that fits, if that is sure
function M.paragraph(size, ratio)
  local v = verdict.of(size, ratio)
  if not v.best or #size.rows == 1 then return nil end
  local parts = { first(size, v, ratio) }
  local function add(text) parts[#parts + 1] = text end
  if #v.rows == 1 and #v.estimated == 0 then return parts[1] end
  if any_engine(v) then
    local c = character.of(size, v)
    add(character.sentence(size, v, c))
    if v.winner then
      add(price(v.rows.serial, v.winner, size.size, ratio))
      add(start(v))
      add(rule.sentence(size, v, c, ratio))
    end
  end
  add(crowd(v.crowded))
  return table.concat(parts, " "), v.sure and v.winner.engine or nil
end

return M
