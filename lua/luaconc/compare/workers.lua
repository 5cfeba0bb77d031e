-- How many workers an engine gets that has any.
--
-- A worker runs one job at a time, so what it can do with a core depends on
-- what jobs do: where they compute, more workers than cores gain nothing;
-- where a job keeps a core busy for a tenth of its time, it takes ten for
-- each core. That is cores / share, but never more than jobs, never more than
-- `M.MOST`, and never more than there are descriptors for. (The formula is
-- that of B. Goetz, "Java Concurrency in Practice", 8.2.) The share is
-- measured: a pilot runs the first few jobs one after the other, before all
-- else.

local M = {}

M.MOST = 512
M.NEEDS = 10    -- descriptors of a worker: its loop's, its link's, a job's
M.SPARE = 64    -- descriptors that are left for the rest
M.SHORT = 0.001 -- seconds below which a pilot's share tells nothing

---@class luaconc.compare.Pilot
---@field size integer how many jobs it ran
---@field wall number seconds, without those spent waiting for a core
---@field share number of them, that the jobs kept a core busy

--- What a run of the serial engine tells, for what follows.
---@param r luaconc.compare.Run
---@param size integer
---@return luaconc.compare.Pilot
function M.pilot(r, size)
  local wall = math.max(r.wall - r.delayed, 1e-9)
  return { size = size, wall = wall,
    share = math.min(1, (r.user + r.system) / wall) }
end

--- The most that there may be, where a process may open so many descriptors.
---@param descriptors integer?
---@return integer
function M.most(descriptors)
  if not descriptors then return M.MOST end
  return math.max(1, math.min(M.MOST, (descriptors - M.SPARE) // M.NEEDS))
end

--- How many descriptors a process may open; nil where there is no limit, or
--- where it can't be told.
---@return integer?
function M.descriptors()
  local file = io.open "/proc/self/limits"
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return math.tointeger(tonumber(text:match "\nMax open files%s+(%d+)"))
end

--- The number of workers.
---@param size integer jobs
---@param cores integer
---@param most integer
---@param pilot luaconc.compare.Pilot? nil: as if jobs computed
---@return integer
function M.choose(size, cores, most, pilot)
  local share = pilot and pilot.wall >= M.SHORT and pilot.share or 1
  local wanted = most
  if share * most > cores then wanted = math.floor(cores / share + 0.5) end
  return math.min(size, most, math.max(wanted, cores))
end

return M
