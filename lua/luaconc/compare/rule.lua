-- The rule of thumb that is told everywhere, and where the figures differ.
--
-- It says: processes for work that computes; threads for few jobs with short
-- waits; tasks for many jobs with long waits. For few jobs with long waits,
-- for many with short ones, and for jobs that do both, it says nothing.

local character = require "luaconc.compare.character"
local engines = require "luaconc.compare.engines"
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

-- What speaks for one engine against another, beside the time.
local function costs(a, b)
  local parts = {}
  local function add(text, x, y, show)
    if x > 0 and x < y then
      parts[#parts + 1] = format(text, show(x), show(y))
    end
  end
  if a.workers and b.workers then
    add("start in %s against %s", a.ready.median, b.ready.median, units.time)
  end
  add("take %s of memory at the peak against %s", a.memory.median,
    b.memory.median, units.memory)
  if #parts == 0 then return "" end
  return ", and " .. table.concat(parts, " and ")
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
  local r = ratio(row, winner, "wall")
  local cost = costs(winner, row)
  if winner.engine == "serial" then
    cost = cost:gsub(", and take", ", and it takes")
  else
    cost = cost:gsub(", and ", ", and " .. engines.get(winner.engine).title
      .. " ", 1)
  end
  return format("The rule of thumb says %s for %s; here they take %s times as "
    .. "long as %s (%s to %s)%s.", engines.get(name).title, what,
    units.ratio(r.median), engines.get(winner.engine).title,
    units.ratio(r.low), units.ratio(r.high), cost)
end

return M
