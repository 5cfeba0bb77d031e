-- The rows of a size: the intervals of their figures, and ratios.

local stats = require "luaconc.compare.stats"

local M = {}

local FIGURES = { "wall", "user", "system", "voluntary", "involuntary",
  "delayed", "sent", "memory", "job_memory", "startup", "ready" }

M.FIGURES = FIGURES

local function figures(runs, name)
  local list = {}
  for i, r in ipairs(runs) do list[i] = r[name] end
  return list
end

--- Adds the intervals of all figures to measured rows, and what else can be
--- said of their runs.
---@param rows luaconc.compare.Row[]
function M.summarise(rows)
  for _, row in ipairs(rows) do
    if #row.runs > 0 then
      for _, name in ipairs(FIGURES) do
        row[name] = stats.interval(figures(row.runs, name))
      end
      local marks
      marks, row.outliers = stats.outliers(figures(row.runs, "wall"))
      for i, r in ipairs(row.runs) do r.outlier = marks[i] end
      row.unstable = row.wall.n > 1
        and stats.width(row.wall) > stats.UNSTABLE
    end
  end
  for _, row in ipairs(rows) do
    row.speedup = M.ratio(M.row(rows, "serial"), row, "wall")
  end
end

--- The row of an engine, or nil.
---@param rows luaconc.compare.Row[]
---@param engine string
---@return luaconc.compare.Row?
function M.row(rows, engine)
  for _, row in ipairs(rows) do
    if row.engine == engine then return row end
  end
end

--- How many times a figure of `a` is that of `b`, if both were measured.
---@param a luaconc.compare.Row?
---@param b luaconc.compare.Row?
---@param name string
---@return luaconc.compare.Interval?
function M.ratio(a, b, name)
  if not (a and b and #a.runs > 0 and #b.runs > 0) then return nil end
  local below = figures(b.runs, name)
  for _, v in ipairs(below) do
    if v <= 0 then return nil end
  end
  return stats.ratio(figures(a.runs, name), below)
end

return M
