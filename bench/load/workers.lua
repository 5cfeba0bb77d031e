-- Many worker processes at once, each with a job: all of them are alive
-- together, say so, and then end with their results.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- In a worker: tells its number, and waits for one more.
local function work(number)
  local core = require "luaconc.core"
  core.post(nil, number)
  local _, more = core.take(nil)
  return number + more
end

local function run(size, promise)
  local core = require "luaconc.core"
  local jobs, began = {}, conc.now()
  for i = 1, size.workers do jobs[i] = assert(conc.process(work, i)) end
  local started = conc.now() - began
  local here_now, pids, distinct = 0, {}, 0
  for i, job in ipairs(jobs) do
    local _, number = core.take(job)
    if number == i then here_now = here_now + 1 end
    if not pids[job.pid] then distinct = distinct + 1 end
    pids[job.pid] = true
  end
  for _, job in ipairs(jobs) do core.post(job, 7) end
  local right = 0
  for i, job in ipairs(jobs) do
    if job:await() == i + 7 then right = right + 1 end
  end
  promise(here_now == size.workers, "only %d were there at once", here_now)
  promise(distinct == size.workers, "only %d processes", distinct)
  promise(right == size.workers, "%d of %d results are right", right, size.workers)
  return { { "workers", size.workers }, { "results", right },
    { "start_us", started / size.workers * 1e6 } }
end

loadtest.main {
  full = { workers = 1000 },
  small = { workers = 12 },
  descriptors = function(size) return 3 * size.workers + 60 end,
  run = function(...) return conc.run(run, ...) end,
}
