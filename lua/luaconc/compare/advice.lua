-- Which engine fits, and why: one paragraph, from the figures of one size.
--
-- An engine fits if its median wall time is the lowest and the interval of
-- the ratio leaves no doubt. Where it does, the simplest of those that can't
-- be told from the fastest fits; simplest is the order of `--engines`' names
-- in the table. The reasons are the share of CPU in the jobs' time, and what
-- the winner costs in memory and CPU.

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

-- "tasks fit", "the serial run fits"
local function fits(row)
  local t = title(row)
  return t:gsub("^%l", string.upper)
    .. (t:find "^the " and " fits" or " fit")
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

-- Those that can't be told from the fastest, in the order of the table, and
-- those that can.
local function divide(rows, best, ratio)
  local tied, slower = {}, {}
  for _, row in ipairs(rows) do
    local clear = row ~= best
      and stats.verdict(ratio(row, best, "wall"), M.MATTERS) > 0
    local into = clear and slower or tied
    into[#into + 1] = row
  end
  return tied, slower
end

-- Of the time that the run had a core for itself or needed none: where other
-- programs held the cores, jobs didn't wait, they were made to.
local function share_of_cpu(row)
  local own = row.wall.median - row.delayed.median
  return math.min(1, (row.user.median + row.system.median) / own)
end

-- The share of its time for which a run waited for others to leave a core.
local function crowding(rows)
  local most = 0
  for _, row in ipairs(rows) do
    most = math.max(most, row.delayed.median / row.wall.median)
  end
  if most < M.CROWDED then return nil end
  return format("Other programs kept the cores busy: runs waited for one for "
    .. "up to %s of their time, so measure again on a quieter machine.",
    units.percent(most))
end

-- "a serial run keeps a core busy for 12 % of its time"
local function busy(row)
  local serial = row.engine == "serial"
  return format("%s a core busy for %s of %s time",
    serial and "a serial run keeps" or title(row) .. " keep",
    units.percent(share_of_cpu(row)), serial and "its" or "their")
end

-- Why: the jobs wait, compute, or both, going by the serial run if there is
-- one, as nothing overlaps there.
local function character(rows, winner)
  local row = rows.serial or winner
  local share = share_of_cpu(row)
  if share <= M.WAITING then
    local why = ""
    if winner.engine ~= "serial" then why = ", and the waits overlap"
    elseif rows.task then why = ", but too few waits overlap"
    end
    return format("The jobs mostly wait: %s%s.", busy(row), why)
  elseif share >= M.COMPUTING then
    local turns = rows.task and winner ~= rows.task
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

local function alone(rows, size, winner)
  local against = not_run(rows)
  if #against == 0 then
    return format("Only %s gave figures, so there is nothing to compare "
      .. "%s with.", title(winner), title(winner):find "^the " and "it"
      or "them")
  end
  return format("%s: %s took %s, against %s.", fits(winner),
    units.plural(size, "job"), units.time(winner.wall.median),
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

local function tie(tied, best, ratio)
  local other = tied[1] ~= best and tied[1] or tied[2]
  local r = ratio(other, best, "wall")
  local how
  if r.n < 2 then
    how = "with one round there is no interval to go by"
  elseif r.low > 1 then
    how = format("they differ by %s, too little to act upon",
      units.percent(r.median - 1))
  else
    how = format("the ratio lies between %.3f and %.3f", r.low, r.high)
  end
  return format("No clear difference: %s; %s. %s, as the simplest.",
    list(tied, took), how, fits(tied[1]))
end

--- The paragraph, or nil where nothing was measured, or one engine was asked
--- for.
---@param size luaconc.compare.Size
---@param ratio function `ratio` of `luaconc.compare`
---@return string? text, string? engine the one that fits
function M.paragraph(size, ratio)
  local rows, best = measured(size.rows)
  if not best then return nil end
  for _, row in ipairs(rows) do rows[row.engine] = row end
  if #size.rows == 1 then return nil end
  if #rows == 1 then
    local estimated = #not_run(size.rows) > 0
    local text = alone(size.rows, size.size, best)
    if estimated then
      text = text .. " " .. character(rows, best)
    end
    return text, estimated and best.engine or nil
  end
  local tied, slower = divide(rows, best, ratio)
  local winner = tied[1]
  local parts = { #tied > 1 and tie(tied, best, ratio)
    or clear(winner, slower, size.size, ratio) }
  if #tied > 1 and #slower > 0 then
    parts[#parts + 1] = format("Clearly slower: %s.", list(slower, took))
  end
  parts[#parts + 1] = character(rows, winner)
  parts[#parts + 1] = price(rows.serial, winner, size.size, ratio)
  parts[#parts + 1] = crowding(rows)
  return table.concat(parts, " "), winner.engine
end

return M
