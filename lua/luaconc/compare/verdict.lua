-- Which engine fits, going by the figures of one size.
--
-- An engine fits if its median wall time is the lowest and the interval of
-- the ratio leaves no doubt. Where it does, the simplest of those that can't
-- be told from the fastest fits; simplest is the order of `engines.ORDER`. It
-- must itself be clearly faster than those that are simpler still, else the
-- next one is tried. One round tells only what seems to fit; of runs on a
-- crowded machine, no tie is believed, and no lead that others' load may
-- explain; and an engine that was only estimated must be far behind. Programs
-- of --command are in no order of simplicity: where one of them can't be told
-- from another, none is named.

local engines = require "luaconc.compare.engines"
local stats = require "luaconc.compare.stats"

local M = {}

M.MATTERS = 0.02 -- a difference below this is none to act upon
M.CROWDED = 0.1  -- share of a run spent waiting for a core, to be told
M.SIBLINGS = 0.001 -- seconds

---@class luaconc.compare.Verdict
---@field rows luaconc.compare.Row[] those with figures, also by engine
---@field best luaconc.compare.Row? the lowest median
---@field tied luaconc.compare.Row[] not clearly slower, the simplest first
---@field slower luaconc.compare.Row[]
---@field winner luaconc.compare.Row? nil: none can be named
---@field sure boolean the winner had more than one round
---@field crowded number? share of a run spent waiting for a core, if high
---@field estimated luaconc.compare.Row[] not run
---@field foreseen boolean these are far behind the best

-- For how long others kept a run from a core. A worker that wakes up may also
-- find its siblings there, for less than `M.SIBLINGS`.
local function held_up(row)
  if not row.workers then return row.delayed.median end
  return row.delayed.median - M.SIBLINGS * row.voluntary.median
end

-- The largest share of its time for which a run was held up; nil where that
-- is little.
local function crowding(rows)
  local most = 0
  for _, row in ipairs(rows) do
    most = math.max(most, held_up(row) / row.wall.median)
  end
  return most >= M.CROWDED and math.min(most, 1) or nil
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

-- How simple an engine is.
local function place(row)
  return engines.place(row.engine)
end

local function divide(v, ratio)
  v.tied, v.slower = {}, {}
  for _, row in ipairs(v.rows) do
    local clear = row ~= v.best and is_slower(row, v.best, ratio, v.crowded)
    local into = clear and v.slower or v.tied
    into[#into + 1] = row
  end
  table.sort(v.tied, function(a, b) return place(a) < place(b) end)
end

local function is_foreseen(v)
  for _, row in ipairs(v.estimated) do
    if row.estimate.wall < stats.GROSS * v.best.wall.median then
      return false
    end
  end
  return true
end

-- What was measured, what only estimated, and the fastest.
local function sort_rows(v, rows)
  for _, row in ipairs(rows) do
    if row.wall then
      v.rows[#v.rows + 1] = row
      v.rows[row.engine] = row
      if not v.best or row.wall.median < v.best.wall.median then
        v.best = row
      end
    elseif row.estimate then
      v.estimated[#v.estimated + 1] = row
    end
  end
end

-- Whether it is clearly faster than all that are simpler and out of the race.
local function beats_simpler(row, v, ratio)
  for _, other in ipairs(v.slower) do
    if place(other) < place(row)
      and not is_slower(other, row, ratio, v.crowded) then return false end
  end
  return true
end

local function choose(v, ratio)
  for _, row in ipairs(v.tied) do
    if beats_simpler(row, v, ratio) then return row end
  end
  return v.best
end

--- The verdict on a size. Without any figures, `best` is nil and that is all.
---@param size luaconc.compare.Size
---@param ratio function `ratio` of `luaconc.compare`
---@return luaconc.compare.Verdict
function M.of(size, ratio)
  local v = { rows = {}, estimated = {}, tied = {}, slower = {},
    sure = false }
  sort_rows(v, size.rows)
  if not v.best then return v end
  v.crowded = crowding(v.rows)
  v.foreseen = is_foreseen(v)
  divide(v, ratio)
  local compared = #v.rows > 1 or #v.estimated > 0
  local open = #v.tied > 1 and (v.crowded or v.best.wall.n < 2
    or engines.get(v.tied[1].engine).command)
  if compared and v.foreseen and not open then
    v.winner = choose(v, ratio)
    v.sure = v.winner.wall.n >= 2
  end
  return v
end

return M
