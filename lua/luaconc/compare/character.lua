-- What the jobs of a size do: wait, compute, or both, and what the engine
-- that fits makes of it. A sentence, with the figures that it goes by.
--
-- The serial run tells it best, as nothing overlaps there; else the pilot.

local engines = require "luaconc.compare.engines"
local units = require "luaconc.compare.units"

local M = {}

M.WAITING = 0.2   -- share of CPU below which jobs mostly wait
M.COMPUTING = 0.8

local format = string.format

---@class luaconc.compare.Character
---@field share number of a core that a job keeps busy while it runs alone
---@field wait number? seconds for which a job waits
---@field says string

-- Of the time that a run had a core for itself or needed none: where other
-- programs held the cores, jobs didn't wait, they were made to. (Workers also
-- wait for each other; of them, all time counts.)
local function cores_busy(row)
  local own = row.wall.median - (row.workers and 0 or row.delayed.median)
  return (row.user.median + row.system.median) / own
end

local function of_run(row, size)
  local share = math.min(1, cores_busy(row) / (row.workers or 1))
  local serial = row.engine == "serial"
  local one = engines.get(row.engine).single
  return { share = share,
    wait = serial and row.wall.median * (1 - share) / size or nil,
    says = format("%s a core busy for %s of %s time",
      serial and "a serial run keeps"
        or engines.get(row.engine).title .. (one and " keeps" or " keep"),
      units.percent(share), (serial or one) and "its" or "their") }
end

--- What a job is like, without what engines make of it.
---@param size luaconc.compare.Size
---@param v luaconc.compare.Verdict
---@return luaconc.compare.Character
function M.of(size, v)
  local pilot = size.pilot
  if v.rows.serial then return of_run(v.rows.serial, size.size) end
  if not pilot then return of_run(v.winner or v.rows[1], size.size) end
  return { share = pilot.share,
    wait = pilot.wall * (1 - pilot.share) / pilot.size,
    says = format("one after the other, they keep a core busy for %s of "
      .. "their time", units.percent(pilot.share)) }
end

-- "threads keep 1.97 cores busy"
local function keeps(row)
  return format("%s keep %s cores busy", engines.get(row.engine).title,
    units.ratio(cores_busy(row)))
end

-- The fastest of the engines with workers, or nil.
local function with_workers(v)
  local best
  for _, row in ipairs(v.rows) do
    if row.workers and (not best or row.wall.median < best.wall.median) then
      best = row
    end
  end
  return best
end

-- Why one core is enough for jobs that compute.
local function one_core(size, v)
  local parts = {}
  local task, other = v.rows.task, with_workers(v)
  if task and v.winner ~= task then
    parts[1] = "tasks take turns on one core, with no waits to overlap"
  end
  if other and v.winner.wall.median < other.wall.median then
    parts[#parts + 1] = format("with %s a job takes %s longer",
      engines.get(other.engine).title, units.time((other.wall.median
        - v.winner.wall.median) / size.size))
  end
  return parts[1] and ", and " .. table.concat(parts, "; ") or ""
end

local function waiting(v)
  local winner, task = v.winner, v.rows.task
  if winner.engine == "serial" then
    return task and ", but too few waits overlap" or ""
  elseif winner.workers and task and v.rows.serial then
    if cores_busy(task) >= M.COMPUTING then
      return ", and the waits overlap; tasks fill one core"
    elseif task.wall.median > 0.9 * v.rows.serial.wall.median then
      return ", and the waits overlap, but not on tasks: there, calls that "
        .. "block hold all jobs"
    end
  end
  return ", and the waits overlap"
end

--- The sentence. `v.winner` is nil where there is no verdict.
---@param size luaconc.compare.Size
---@param v luaconc.compare.Verdict
---@param c luaconc.compare.Character
---@return string
function M.sentence(size, v, c)
  local winner = v.winner
  if c.share <= M.WAITING then
    return format("The jobs mostly wait: %s%s.", c.says,
      winner and waiting(v) or "")
  elseif c.share >= M.COMPUTING then
    local why = ""
    if winner then
      why = winner.workers and ", and " .. keeps(winner) or one_core(size, v)
    end
    return format("The jobs compute: %s%s.", c.says, why)
  end
  local why = ", and only waits can overlap on one core"
  if winner and winner.workers then why = ", and " .. keeps(winner) end
  return format("The jobs wait and compute: %s%s.", c.says, why)
end

return M
