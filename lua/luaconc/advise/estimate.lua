-- From what was seen of a place to what it would take on each engine.
--
-- A job takes `cpu` seconds of a core and waits for `wait`. One after the
-- other, n jobs take n (cpu + wait). Tasks overlap the waits of as many jobs as
-- may run at a time, on one core. Workers overlap both, as far as there are
-- cores; each costs its start, and each call its hand-over and its bytes, which
-- chunks share.

local workers = require "luaconc.compare.workers"

local M = {}

M.CLEARLY = 1.3  -- times as fast, below which the engine in use stays
M.TASKS = 64     -- that run at a time in a pool of tasks, unless said
M.MANY = 10000   -- of them that may be proposed
M.SHARE = 20     -- a chunk computes so many times as long as it costs
M.CHUNKS = 4     -- for each worker at least, so that they end together

---@class luaconc.advise.Jobs
---@field n integer
---@field cpu number seconds of a core that a job takes
---@field wait number seconds for which it waits
---@field bytes number that go over for a job, both ways
---@field limit integer? of jobs at a time

--- What the jobs of a place are like.
---@param site table as `watch` reports it
---@return luaconc.advise.Jobs
function M.jobs(site)
  local n = math.max(1, site.jobs)
  local cpu, wait
  local wall = site.job_wall / n
  if site.engine == "task" then
    -- The loop's thread computed for all of them; while one waits, others do.
    cpu = site.busy / site.calls / math.max(1, n / site.calls)
    local others = math.max(0, site.busy / site.calls - cpu)
    wait = math.max(0, wall - cpu - others)
  else
    cpu = site.job_cpu / n
    wait = math.max(0, wall - cpu)
  end
  local bytes = site.engine ~= "task" and site.sent / n
    or (site.item_bytes or 8) + (site.result_bytes or 8)
  return { n = math.max(1, math.floor(n / site.calls + 0.5)), cpu = cpu,
    wait = wait, bytes = bytes,
    limit = site.kind == "job" and M.MANY or site.limit }
end

--- The share of its time for which a job keeps a core busy.
---@param jobs luaconc.advise.Jobs
---@return number
function M.share(jobs)
  local all = jobs.cpu + jobs.wait
  return all > 0 and jobs.cpu / all or 1
end

local function chunk_of(jobs, crew, cost)
  local each = jobs.cpu + jobs.wait
  local wanted = each > 0 and math.ceil(M.SHARE * cost.call / each) or jobs.n
  local most = math.max(1, jobs.n // (crew * M.CHUNKS))
  return math.max(1, math.min(wanted, most))
end

local function on_tasks(jobs, cost, limit)
  limit = math.min(jobs.n, limit)
  return { engine = "task", workers = limit,
    wall = math.max(jobs.n * (jobs.cpu + cost.call),
      math.ceil(jobs.n / limit) * jobs.wait + jobs.cpu) }
end

local function on_workers(engine, jobs, cost, cores, most)
  local crew = workers.choose(jobs.n, cores, most, { share = M.share(jobs),
    wall = math.max(workers.SHORT, jobs.n * (jobs.cpu + jobs.wait)) })
  local chunk = chunk_of(jobs, crew, cost)
  local over = jobs.n / chunk * cost.call + jobs.n * jobs.bytes * cost.byte
  local each = jobs.cpu + jobs.wait
  local wall = math.max(jobs.n * jobs.cpu / math.min(cores, crew),
    math.ceil(jobs.n / crew) * each)
  return { engine = engine, workers = crew, chunk = chunk,
    start = crew * cost.start, wall = crew * cost.start + over + wall }
end

--- What each engine would take, in the order of what is simple.
---@param jobs luaconc.advise.Jobs
---@param costs table as `luaconc.advise.costs` measures them
---@param cores integer
---@param most integer workers that there may be
---@return table[] each with engine, workers, chunk, wall; `now`: tasks with the
--- limit that they have
function M.all(jobs, costs, cores, most)
  return { now = on_tasks(jobs, costs.task, jobs.limit or M.TASKS),
    { engine = "serial", wall = jobs.n * (jobs.cpu + jobs.wait) },
    on_tasks(jobs, costs.task, M.MANY),
    on_workers("thread", jobs, costs.thread, cores, most),
    on_workers("process", jobs, costs.process, cores, most) }
end

--- The engine to propose: the simplest of those that are not clearly behind
--- the quickest, and the one in use unless another is clearly quicker.
---@param list table[] of `all`
---@param current string
---@param refusal string? why the jobs can't leave their state
---@return table best, table now
function M.choose(list, current, refusal)
  local now, least = nil, math.huge
  local function may(e)
    return not refusal or e.engine == "serial" or e.engine == "task"
  end
  for _, e in ipairs(list) do
    if e.engine == current then now = current == "task" and list.now or e end
    if may(e) then least = math.min(least, e.wall) end
  end
  local best
  for _, e in ipairs(list) do
    if not best and may(e) and e.wall <= least * 1.1 then best = e end
  end
  if now and may(now) and now.wall < best.wall * M.CLEARLY then best = now end
  return best, now or list[1]
end

return M
