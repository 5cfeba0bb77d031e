-- The rule of thumb that is told everywhere, and where the figures differ.
--
-- It says: processes for work that computes; threads for few jobs with short
-- waits; tasks for many jobs with long waits. For few jobs with long waits,
-- for many with short ones, and for jobs that do both, it says nothing.

local character = require "luaconc.compare.character"
local engines = require "luaconc.compare.engines"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"

local M = {}

M.LONG = 0.01 -- seconds from which on a job's wait is long
M.MANY = 100  -- jobs from which on they are many

local format = string.format

--- The engine that the rule names, and for what; nil where it names none.
---@param size integer
---@param c luaconc.compare.Character
---@return string? engine, string? what
function M.names(size, c)
  if c.share >= character.COMPUTING then
    return "process", "jobs that compute"
  elseif c.share > character.WAITING or not c.wait then
    return nil
  end
  local many, long = size >= M.MANY, c.wait >= M.LONG
  if many ~= long then return nil end
  return many and "task" or "thread",
    format("%s jobs with %s waits (%s of %s)", many and "many" or "few",
      long and "long" or "short", units.count(size), units.time(c.wait))
end

-- What speaks for the one that fits, beside the time.
local function costs(winner, row)
  local parts = {}
  local function add(what, field, show)
    local x, y = winner[field].median, row[field].median
    if x > 0 and x < y then
      parts[#parts + 1] = format("%s %s against %s", what, show(x), show(y))
    end
  end
  if winner.workers and row.workers then
    add("workers start in", "ready", units.time)
  end
  add("memory peaks at", "memory", units.memory)
  if #parts == 0 then return "" end
  return format("; with %s, %s", engines.get(winner.engine).title,
    table.concat(parts, " and "))
end

-- "they take 1.31 times as long as threads (1.25 to 1.36)"
local function compared(r, other)
  local low, high = units.ratio(r.low), units.ratio(r.high)
  if stats.verdict(r) == 0 then
    return format("their time does not differ clearly (%s to %s times as long "
      .. "as %s)", low, high, other)
  end
  return format("they take %s times as long as %s (%s to %s)",
    units.ratio(r.median), other, low, high)
end

--- A sentence where an engine fits that is not the rule's, and both were
--- measured; else nil.
---@param size luaconc.compare.Size
---@param v luaconc.compare.Verdict
---@param c luaconc.compare.Character
---@param ratio function `ratio` of `luaconc.compare`
---@return string?
function M.sentence(size, v, c, ratio)
  local name, what = M.names(size.size, c)
  local row, winner = v.rows[name], v.winner
  if not (row and winner and v.sure) or row == winner then return nil end
  local other = engines.get(winner.engine).title
  return format("The rule of thumb says %s for %s; here %s%s.",
    engines.get(name).title, what,
    compared(ratio(row, winner, "wall"), other), costs(winner, row))
end

return M
