-- Which engine fits, and why: one paragraph, from the figures of one size.
--
-- An engine fits if its median wall time is the lowest and the interval of
-- the ratio leaves no doubt. Where it does, the simplest of those that can't
-- be told from the fastest fits; simplest is the order of `engines.ORDER`.
-- One round tells only what seems to fit; and of runs on a crowded machine,
-- no tie is believed, and no lead that others' load may explain. The reasons
-- are the share of CPU in the jobs' time, and what the winner costs in memory
-- and CPU.

local engines = require "luaconc.compare.engines"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"

local M = {}

M.MATTERS = 0.02 -- a difference below this is none to act upon
M.WAITING = 0.2  -- share of CPU below which jobs mostly wait
M.COMPUTING = 0.8
M.CROWDED = 0.1  -- share of a run spent waiting for a core, to be told

local format = string.format

local function title(row)
  return engines.get(row.engine).title
end

-- "Tasks fit", "The serial run fits"; of one round, "Tasks seem to fit"
local function fits(row)
  local t = title(row)
  local one = t:find "^the "
  local verb = one and "fits" or "fit"
  if row.wall.n < 2 then verb = one and "seems to fit" or "seem to fit" end
  return t:gsub("^%l", string.upper) .. " " .. verb
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

-- The rows with figures, and the fastest of them.
local function measured(rows)
  local list_, best = {}, nil
  for _, row in ipairs(rows) do
    if row.wall then
      list_[#list_ + 1] = row
      if not best or row.wall.median < best.wall.median then best = row end
    end
  end
  return list_, best
end

-- How simple an engine is.
local function place(row)
  for i, name in ipairs(engines.ORDER) do
    if name == row.engine then return i end
  end
end

-- The largest share of its time for which a run waited for others to leave a
-- core; nil where that is little.
local function crowding(rows)
  local most = 0
  for _, row in ipairs(rows) do
    most = math.max(most, row.delayed.median / row.wall.median)
  end
  return most >= M.CROWDED and most or nil
end

-- Whether a row is slower than the fastest without doubt. On a crowded
-- machine it must be so without the time for which it was held up.
local function is_slower(row, best, ratio, crowded)
  if stats.verdict(ratio(row, best, "wall"), M.MATTERS) <= 0 then
    return false
  end
  return not crowded
    or row.wall.median - row.delayed.median > best.wall.median
end

-- Those that can't be told from the fastest, the simplest first, and those
-- that can.
local function divide(rows, best, ratio, crowded)
  local tied, slower = {}, {}
  for _, row in ipairs(rows) do
    local clear = row ~= best and is_slower(row, best, ratio, crowded)
    local into = clear and slower or tied
    into[#into + 1] = row
  end
  table.sort(tied, function(a, b) return place(a) < place(b) end)
  return tied, slower
end

-- Of the time that the run had a core for itself or needed none: where other
-- programs held the cores, jobs didn't wait, they were made to.
local function share_of_cpu(row)
  local own = row.wall.median - row.delayed.median
  return math.min(1, (row.user.median + row.system.median) / own)
end

local function crowd(crowded)
  return crowded and format("Other programs kept the cores busy: runs waited "
    .. "for one for up to %s of their time, so measure again on a quieter "
    .. "machine.", units.percent(crowded)) or nil
end

-- "a serial run keeps a core busy for 12 % of its time"
local function busy(row)
  local serial = row.engine == "serial"
  return format("%s a core busy for %s of %s time",
    serial and "a serial run keeps" or title(row) .. " keep",
    units.percent(share_of_cpu(row)), serial and "its" or "their")
end

-- Why: the jobs wait, compute, or both, going by the serial run if there is
-- one, as nothing overlaps there. `winner` is nil where there is no verdict.
local function character(rows, winner)
  local row = rows.serial or winner or rows[1]
  local share = share_of_cpu(row)
  if share <= M.WAITING then
    local why = ""
    if not winner then why = ""
    elseif winner.engine ~= "serial" then why = ", and the waits overlap"
    elseif rows.task then why = ", but too few waits overlap"
    end
    return format("The jobs mostly wait: %s%s.", busy(row), why)
  elseif share >= M.COMPUTING then
    local turns = winner and rows.task and winner ~= rows.task
    return format("The jobs compute: %s%s.", busy(row), turns
      and ", and tasks take turns on one core, with no waits to overlap"
      or "")
  end
  return format("The jobs wait and compute: %s, and only waits can overlap "
    .. "on one core.", busy(row))
end

-- What the winner takes more than the serial run.
local function price(serial, winner, size, ratio)
  if not serial or winner == serial then return nil end
  local parts = {}
  local memory = ratio(winner, serial, "memory")
  if memory and stats.verdict(memory, M.MATTERS) > 0 then
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

local function not_run(rows)
  local parts = {}
  for _, row in ipairs(rows) do
    if row.estimate then
      parts[#parts + 1] = format("about %s for %s, not run but estimated from "
        .. "the runs with %s (a larger --budget runs it)",
        units.time(row.estimate.wall), title(row),
        units.plural(row.estimate.size, "job"))
    end
  end
  return parts
end

-- The estimates leave no doubt where each is far above what was measured.
local function is_foreseen(rows, winner)
  local any = false
  for _, row in ipairs(rows) do
    local e = row.estimate
    if e and e.wall < stats.GROSS * winner.wall.median then return false end
    any = any or e ~= nil
  end
  return any
end

local function alone(rows, size, winner)
  local against = not_run(rows)
  if #against == 0 then
    return format("Only %s gave figures, so there is nothing to compare "
      .. "%s with.", title(winner), title(winner):find "^the " and "it"
      or "them")
  end
  local sure = is_foreseen(rows, winner)
  return format("%s: %s took %s, against %s.",
    sure and fits(winner) or "No verdict", units.plural(size, "job"),
    sure and units.time(winner.wall.median) or took(winner),
    table.concat(against, " and "))
end

local function clear(winner, slower, size, ratio)
  if winner.engine == "serial" then
    return format("%s: %s took %s. %s", fits(winner),
      units.plural(size, "job"), units.time(winner.wall.median),
      list(slower, function(row)
        local r = ratio(row, winner, "wall")
        return format("%s took %s times as long (%s)", title(row),
          units.ratio(r.median), range(r))
      end):gsub("^%l", string.upper) .. ".")
  end
  return format("%s: %s took %s, against %s.", fits(winner),
    units.plural(size, "job"), units.time(winner.wall.median),
    list(slower, function(row)
      local r = ratio(row, winner, "wall")
      return format("%s (%s times as long; %s)", took(row),
        units.ratio(r.median), range(r))
    end))
end

local function tie(tied, best, ratio, crowded)
  local other = tied[1] ~= best and tied[1] or tied[2]
  local r = ratio(other, best, "wall")
  local how
  if r.n < 2 then
    return format("No verdict: %s; with one round there is no interval to go "
      .. "by.", list(tied, took))
  elseif crowded then
    return format("No verdict: %s, and the difference may be that of other "
      .. "programs.", list(tied, took))
  elseif r.low > 1 then
    how = format("they differ by %s, too little to act upon",
      units.percent(r.median - 1))
  else
    how = format("the ratio lies between %.3f and %.3f", r.low, r.high)
  end
  return format("No clear difference: %s; %s. %s, as the simplest.",
    list(tied, took), how, fits(tied[1]))
end

-- Where one engine alone has figures.
local function only(size, rows, row)
  local text = alone(size.rows, size.size, row)
  if #not_run(size.rows) == 0 then return text end
  local sure = is_foreseen(size.rows, row)
  text = text .. " " .. character(rows, sure and row or nil)
  return text, sure and row.wall.n >= 2 and row.engine or nil
end

--- The paragraph, or nil where nothing was measured, or one engine was asked
--- for.
---@param size luaconc.compare.Size
---@param ratio function `ratio` of `luaconc.compare`
---@return string? text, string? engine the one that fits, if that is sure
function M.paragraph(size, ratio)
  local rows, best = measured(size.rows)
  if not best then return nil end
  for _, row in ipairs(rows) do rows[row.engine] = row end
  if #size.rows == 1 then return nil end
  if #rows == 1 then return only(size, rows, best) end
  local crowded = crowding(rows)
  local tied, slower = divide(rows, best, ratio, crowded)
  local open = #tied > 1 and (crowded or best.wall.n < 2)
  local winner = not open and tied[1] or nil
  local parts = { #tied > 1 and tie(tied, best, ratio, crowded)
    or clear(winner, slower, size.size, ratio) }
  if #tied > 1 and #slower > 0 then
    parts[#parts + 1] = format("Clearly slower: %s.", list(slower, took))
  end
  parts[#parts + 1] = character(rows, winner)
  parts[#parts + 1] = winner
    and price(rows.serial, winner, size.size, ratio) or nil
  parts[#parts + 1] = crowd(crowded)
  local sure = winner and winner.wall.n >= 2
  return table.concat(parts, " "), sure and winner.engine or nil
end

return M
