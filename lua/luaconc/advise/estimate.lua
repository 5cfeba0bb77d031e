-- From what was seen of a place to what it would take on each engine.
--
-- A job computes for `cpu` seconds, holds its loop for `block` without
-- computing, and waits for `wait`. One after the other, n jobs take n times all
-- of it. Tasks overlap the waits of as many jobs as may run at a time, on one
-- core. Workers overlap whatever is no computing, and compute on as many cores
-- as there are; each costs its start, and each call its hand-over and its
-- bytes, which chunks share.

local workers = require "luaconc.compare.workers"

local M = {}

M.CLEARLY = 1.3  -- times as fast: less is within what estimates may err
M.LEAST = 0.001  -- seconds that a change must be worth
M.TASKS = 64     -- that run at a time in a pool of tasks, unless said
M.MANY = 10000   -- of them that may be proposed
M.SHARE = 20     -- a chunk computes so many times as long as it costs
M.CHUNKS = 4     -- for each worker at least, so that they end together
M.SMALL = 8      -- bytes of what was not seen

---@class luaconc.advise.Jobs
---@field n integer of one call
---@field cpu number seconds of a core that a job takes
---@field block number seconds for which it holds its loop besides
---@field wait number seconds for which it waits
---@field slowest number? seconds that the longest of them takes
---@field input number bytes of what it gets
---@field output number bytes of what it returns
---@field code number bytes of its function, with what that uses
---@field limit integer? of jobs at a time
---@field pooled boolean? its calls take a list, which goes over in chunks

-- Places whose jobs go to a pool, which has a limit of its own.
local POOLED = { ["conc.map"] = true, ["pool:map"] = true,
  ["pool:starmap"] = true, ["pool:imap"] = true, ["pool:submit"] = true }

local function limit_of(site, cores)
  if site.limit then return site.limit end
  if not POOLED[site.kind] then return M.MANY end
  return site.engine == "task" and M.TASKS or cores
end

--- What the jobs of a place are like.
---@param site table as `watch` reports it
---@param cores integer
---@return luaconc.advise.Jobs
function M.jobs(site, cores)
  local all = math.max(1, site.jobs)
  return { n = math.max(1, math.floor(all / site.calls + 0.5)),
    cpu = site.cpu / all, block = site.blocked / all, wait = site.wait / all,
    slowest = site.slowest,
    input = site.item_bytes or M.SMALL, output = site.result_bytes or M.SMALL,
    code = site.code or M.SMALL, limit = limit_of(site, cores),
    pooled = POOLED[site.kind] }
end

--- Seconds that a job takes.
---@param jobs luaconc.advise.Jobs
---@return number
function M.length(jobs) return jobs.cpu + jobs.block + jobs.wait end

local length = M.length

--- The share of its time for which a job keeps a core busy.
---@param jobs luaconc.advise.Jobs
---@return number
function M.share(jobs)
  local all = length(jobs)
  return all > 0 and jobs.cpu / all or 1
end

local function chunk_of(jobs, crew, cost)
  local each = length(jobs)
  local wanted = each > 0 and math.ceil(M.SHARE * cost.call / each) or jobs.n
  local most = math.max(1, jobs.n // (crew * M.CHUNKS))
  return math.max(1, math.min(wanted, most))
end

local function on_tasks(jobs, cost, limit)
  local held = jobs.cpu + jobs.block
  limit = math.min(jobs.n, limit)
  return { engine = "task", workers = limit,
    wall = math.max(jobs.n * (held + cost.call),
      math.ceil(jobs.n / limit) * jobs.wait + held, jobs.slowest or 0) }
end

local function on_workers(engine, jobs, cost, cores, crew)
  local chunk = jobs.pooled and chunk_of(jobs, crew, cost) or 1
  local over = jobs.n / chunk * (cost.call + jobs.code * cost.byte)
    + jobs.n * (jobs.input + jobs.output) * cost.byte
  local wall = math.max(jobs.n * jobs.cpu / math.min(cores, crew),
    math.ceil(jobs.n / crew) * length(jobs), jobs.slowest or 0)
  return { engine = engine, workers = crew, chunk = chunk,
    wall = crew * cost.start + over + wall }
end

local function crew_of(jobs, cores, most)
  return workers.choose(jobs.n, cores, most, { share = M.share(jobs),
    wall = math.max(workers.SHORT, jobs.n * length(jobs)) })
end

-- The engine in use, with the limit that it has.
local function in_use(jobs, costs, cores, most, engine)
  if engine == "task" then return on_tasks(jobs, costs.task, jobs.limit) end
  return on_workers(engine, jobs, costs[engine], cores,
    math.min(jobs.n, jobs.limit, most))
end

--- What each engine would take, in the order of what is simple.
---@param jobs luaconc.advise.Jobs
---@param costs table as `luaconc.advise.costs` measures them
---@param cores integer
---@param most integer workers that there may be
---@param current string the engine in use
---@return table[] each with engine, workers, chunk, wall; `now`: the engine in
--- use with the limit that it has
function M.all(jobs, costs, cores, most, current)
  local crew = crew_of(jobs, cores, most)
  return { now = in_use(jobs, costs, cores, most, current),
    { engine = "serial", wall = jobs.n * length(jobs) },
    on_tasks(jobs, costs.task, M.MANY),
    on_workers("thread", jobs, costs.thread, cores, crew),
    on_workers("process", jobs, costs.process, cores, crew) }
end

--- The engine to propose: the simplest of those than which none is clearly
--- quicker, and the one in use unless another is clearly quicker and worth a
--- millisecond.
---@param list table[] of `all`
---@param refusal string? why the jobs can't leave their state
---@return table best, table now
function M.choose(list, refusal)
  local now, least, best = list.now, math.huge, nil
  local function may(e)
    return not refusal or e.engine == "serial" or e.engine == "task"
  end
  for _, e in ipairs(list) do
    if may(e) then least = math.min(least, e.wall) end
  end
  for _, e in ipairs(list) do
    if not best and may(e) and e.wall <= least * M.CLEARLY then best = e end
  end
  if may(now) and (now.wall < best.wall * M.CLEARLY
    or now.wall - best.wall < M.LEAST) then best = now end
  return best, now
end

return M
