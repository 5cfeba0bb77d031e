-- Figures of a comparison, by engine, for claims: `whole` is the time of the
-- work and of starting the workers that it needed, which is what a program
-- pays that does this once.

local core = require "luaconc.core"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"

local M = {}

local cores = core.machine().cores

local function collect(row, f)
  local list = {}
  for i, run in ipairs(row.runs) do list[i] = f(run) end
  return list
end

local PICK = {
  whole = function(r) return r.wall + r.ready end,
  wall = function(r) return r.wall end,
  -- Without the time for which other programs held the cores; no less than
  -- what the cores must have worked for it.
  own = function(r)
    return math.max(r.wall - r.delayed, (r.user + r.system) / cores, 1e-6)
  end,
  delayed = function(r) return r.delayed / math.max(r.wall, 1e-6) end,
  cpu = function(r) return r.user + r.system end,
  memory = function(r) return r.memory end,
  job_memory = function(r) return math.max(r.job_memory, 1) end,
  switches = function(r) return r.voluntary + r.involuntary end,
  forced = function(r) return r.involuntary end,
  sent = function(r) return r.sent end,
}

--- The samples of each figure, by engine.
---@param size luaconc.compare.Size
---@return table<string, table<string, number[]>>
function M.of(size)
  local out = {}
  for _, row in ipairs(size.rows) do
    if row.wall then
      local entry = { workers = row.workers, jobs = size.size }
      for name, f in pairs(PICK) do entry[name] = collect(row, f) end
      out[row.engine] = entry
    end
  end
  return out
end

--- How many times a figure of `a` is that of `b`.
---@param a table
---@param b table
---@param name string
---@return luaconc.compare.Interval
function M.ratio(a, b, name)
  local below = {}
  for i, v in ipairs(b[name]) do below[i] = math.max(v, 1e-9) end
  return stats.ratio(a[name], below)
end

--- The engine with the lowest median of a figure, of those named.
---@param by table<string, table>
---@param engines string[]
---@param name string
---@return string engine
function M.least(by, engines, name)
  local best
  for _, engine in ipairs(engines) do
    if by[engine] and (not best or stats.median(by[engine][name])
      < stats.median(by[best][name])) then best = engine end
  end
  return best
end

M.CROWDED = 0.1 -- share of a run spent waiting for a core, to be told

--- What to say where other programs held the cores; else nil. For figures
--- that leave this time out.
---@param by table<string, table>
---@param engines string[]
---@return string?
function M.crowd(by, engines)
  local most = 0
  for _, engine in ipairs(engines) do
    local e = by[engine]
    if e then most = math.max(most, stats.median(e.delayed)) end
  end
  if most < M.CROWDED then return nil end
  return ("Other programs held the cores: runs waited for one for up to %s of "
    .. "their time, which luaconc's figures leave out, but not the "
    .. "table."):format(units.percent(math.min(most, 1)))
end

M.HEADING = { "jobs", "engine", "workers", "work", "with starting", "CPU",
  "memory a job", "switches a job" }

--- Lines of a table for readers, one for each engine.
---@param rows string[][] to which they are added
---@param by table<string, table>
---@param engines string[]
function M.add_rows(rows, by, engines)
  for _, engine in ipairs(engines) do
    local e = by[engine]
    if e then
      rows[#rows + 1] = { units.count(e.jobs), engine,
        e.workers and units.count(e.workers) or "-",
        units.time(stats.median(e.wall)), units.time(stats.median(e.whole)),
        units.time(stats.median(e.cpu)),
        units.size(stats.median(e.job_memory)),
        ("%.1f"):format(stats.median(e.switches) / e.jobs) }
    end
  end
end

--- The lines for some numbers of jobs, below the heading.
---@param rows string[][]
---@param jobs string[] as they are shown
---@return string[][]
function M.pick(rows, jobs)
  local wanted, out = {}, { rows[1] }
  for _, n in ipairs(jobs) do wanted[n] = true end
  for i = 2, #rows do
    if wanted[rows[i][1]] then out[#out + 1] = rows[i] end
  end
  return out
end

return M
