-- How many workers an engine gets that has any.
--
-- A worker runs one job at a time, so what it can do with a core depends on
-- what jobs do: where they compute, more workers than cores gain nothing;
-- where a job keeps a core busy for a tenth of its time, it takes ten for
-- each core. That is cores / share, but never more than jobs, and never more
-- than `M.MOST`. (The formula is that of B. Goetz, "Java Concurrency in
-- Practice", 8.2.) The share is measured: a pilot runs the first few jobs one
-- after the other, before all else.

local M = {}

M.MOST = 128    -- each has a loop with its descriptors; 1,024 are usual
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

--- The number of workers.
---@param size integer jobs
---@param cores integer
---@param pilot luaconc.compare.Pilot? nil: as if jobs computed
---@return integer
function M.choose(size, cores, pilot)
  local share = pilot and pilot.wall >= M.SHORT and pilot.share or 1
  local wanted = M.MOST
  if share * M.MOST > cores then wanted = math.floor(cores / share + 0.5) end
  return math.min(size, math.max(wanted, cores))
end

return M
