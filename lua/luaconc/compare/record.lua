-- The results as JSON: every run, every summary, and the machine.

local compare = require "luaconc.compare"
local advice = require "luaconc.compare.advice"
local core = require "luaconc.core"
local json = require "luaconc.compare.json"
local machine = require "luaconc.compare.machine"
local sweep = require "luaconc.compare.sweep"

local M = {}

local function row_of(row)
  local out = { engine = row.engine, failure = row.failure,
    estimate = row.estimate, order = row.order, speedup = row.speedup,
    workers = row.workers, outliers = row.outliers, unstable = row.unstable,
    runs = json.list {} }
  if row.failure then out.order = nil end
  for _, name in ipairs(compare.FIGURES) do out[name] = row[name] end
  for i, run in ipairs(row.runs) do
    local figures = { outlier = run.outlier }
    for _, name in ipairs(compare.FIGURES) do figures[name] = run[name] end
    out.runs[i] = figures
  end
  return out
end

local function size_of(size)
  local out = { size = size.size, crew = size.workers,
    interrupted = size.interrupted, baseline = size.baseline,
    rounds = size.rounds,
    failure = size.failure, pilot = size.pilot, rows = json.list {} }
  for i, row in ipairs(size.rows) do out.rows[i] = row_of(row) end
  if size.measured then
    out.advice, out.fits = advice.paragraph(size, compare.ratio)
  end
  return out
end

-- Where the winner changes as jobs grow in number.
local function changes_of(result)
  local changes = sweep.changes(result, compare.ratio)
  return changes[1] and changes or nil
end

--- The text of the file that `--json` writes. Times are seconds, memory is
--- bytes.
---@param results luaconc.compare.Result[]
---@return string
function M.text(results)
  local out = { format = 1, luaconc = core.version,
    machine = machine.describe(), scenarios = json.list {} }
  for i, result in ipairs(results) do
    local entry = { file = result.file, name = result.name,
      about = result.about, set = result.set and next(result.set)
        and result.set or nil, changes = changes_of(result),
      failure = result.failure, sizes = json.list {} }
    for k, size in ipairs(result.sizes) do entry.sizes[k] = size_of(size) end
    out.scenarios[i] = entry
  end
  return json.encode(out) .. "\n"
end

return M
