-- What must be said of the figures of a size, a sentence each.

local core = require "luaconc.core"
local engines = require "luaconc.compare.engines"
local machine = require "luaconc.compare.machine"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"
local workers = require "luaconc.compare.workers"

local M = {}

M.SHORT = 10 -- jobs up to which the order of their ends is told

local format = string.format

local function names_of(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.engine end
  if #list < 2 then return list[1] end
  return table.concat(list, ", ", 1, #list - 1) .. " and " .. list[#list]
end

-- Where jobs of some engine ended in another order than they were started.
local function order(size)
  if size.size < 2 or size.size > M.SHORT then return nil end
  local parts, other = {}, false
  for _, row in ipairs(size.rows) do
    if row.wall and row.order then
      for i, job in ipairs(row.order) do other = other or i ~= job end
      parts[#parts + 1] = row.engine .. " " .. table.concat(row.order, " ")
    end
  end
  if not other then return nil end
  return "Jobs in the order in which they ended: "
    .. table.concat(parts, "; ") .. "."
end

-- Why there were so many workers, where that follows from the pilot.
local function reason(size, rows)
  if not (size.cores and size.pilot) then return "" end
  for _, row in ipairs(rows) do
    if row.workers ~= workers.choose(size.size, size.cores, size.most,
      size.pilot) then return "" end
  end
  return format(" on %s, as jobs keep a core busy for %s of their time%s",
    units.plural(size.cores, "core"), units.percent(size.pilot.share),
    rows[1].workers == size.most and ", and no more are taken" or "")
end

local function crew(size)
  local parts, rows = {}, {}
  for _, row in ipairs(size.rows) do
    if row.workers and row.wall then
      local engine = engines.get(row.engine)
      rows[#rows + 1] = row
      parts[#rows] = format("%s %s", units.count(row.workers),
        row.workers == 1 and engine.one or engine.title)
    end
  end
  if #parts == 0 then return nil end
  return "Workers: " .. table.concat(parts, ", ") .. reason(size, rows) .. "."
end

local function unstable(size)
  local rows = {}
  for _, row in ipairs(size.rows) do
    if row.unstable then rows[#rows + 1] = row end
  end
  if #rows == 0 then return nil end
  return format("Unstable: %s (the interval of the median is wider than %s of "
    .. "it).", names_of(rows), units.percent(stats.UNSTABLE))
end

local function outliers(size)
  local parts = {}
  for _, row in ipairs(size.rows) do
    if row.wall and (row.outliers or 0) > 0 then
      parts[#parts + 1] = format("%s %d of %d", row.engine, row.outliers,
        row.wall.n)
    end
  end
  if #parts == 0 then return nil end
  return format("Outliers, which count like all runs: %s (beyond the "
    .. "quartiles by more than %g times their distance).",
    table.concat(parts, ", "), stats.FENCE)
end

-- What the time of a program is, beside that of engines.
local function programs(size)
  local names, other = {}, false
  for _, row in ipairs(size.rows) do
    if row.wall and engines.get(row.engine).command then
      names[#names + 1] = row
    elseif row.wall then
      other = true
    end
  end
  if #names == 0 or not other then return nil end
  return ("The time of %s is that from its start to its end, start-up "
    .. "included; that of engines begins when their workers are ready.")
    :format(names_of(names))
end

-- Of a program nobody can tell for how long it was kept from a core; what can
-- be told is that others wanted one.
local function load(size)
  local any = false
  for _, row in ipairs(size.rows) do
    any = any or row.wall and engines.get(row.engine).command ~= nil
  end
  local cores = core.machine().cores
  local now = any and machine.load()
  if not now or now < cores + 1 then return nil end
  return format("The machine is busy (a load of %.1f on %s), and the times of "
    .. "programs have what that costs in them.", now,
    units.plural(cores, "core"))
end

--- The remarks on a size.
---@param size luaconc.compare.Size
---@return string[]
function M.of(size)
  local list = {}
  for _, remark in ipairs { order, crew, programs, load, unstable, outliers } do
    list[#list + 1] = remark(size)
  end
  return list
end

return M
