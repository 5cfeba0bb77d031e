-- Workers of a pool of processes are killed at random, by SIGKILL, while it
-- works: every job ends in one result or one error, and nothing hangs.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

local BATCH = 1000   -- jobs that are given to the pool at a time

local function double(n) return n * 2 end

-- One of the processes that live now, which are the pool's.
local function victim()
  local list = {}
  for _, job in ipairs(conc.jobs()) do
    if job.pid then list[#list + 1] = job end
  end
  return list[1] and list[math.random(#list)]
end

-- Kills so many, at moments that are spread over the jobs.
local function kill(pool, size)
  local killed, each = 0, size.jobs // size.kills
  while killed < size.kills do
    local stats = pool:stats()
    local ended = stats.done + stats.failed
    local job = ended >= killed * each and victim()
    if job and job:kill "SIGKILL" then killed = killed + 1 end
    conc.sleep(math.random() * 0.0005)
    if ended == size.jobs then break end
  end
  return killed
end

local function count(results, n, books)
  for i, result in ipairs(results) do
    if result.ok and result[1] == 2 * (n + i) then books.results = books.results + 1
    elseif not result.ok and type(result[1]) == "table"
      and result[1].code == "EWORKER" and result[1].signal == "SIGKILL" then
      books.lost = books.lost + 1
    else books.wrong = books.wrong + 1 end
  end
end

local function run(size, promise)
  local books = { results = 0, lost = 0, wrong = 0 }
  local pool = conc.pool { engine = "process", workers = size.workers,
    name = "killed" }
  local killer = conc.spawn(kill, pool, size)
  for n = 0, size.jobs - 1, BATCH do
    local jobs = {}
    for i = 1, math.min(BATCH, size.jobs - n) do
      jobs[i] = pool:submit(double, n + i)
    end
    count(conc.settle(jobs), n, books)
  end
  local killed = killer:await()
  pool:close()
  local stats = pool:stats()
  promise(books.results + books.lost == size.jobs and books.wrong == 0,
    "%d results and %d lost of %d jobs, %d wrong", books.results, books.lost,
    size.jobs, books.wrong)
  promise(stats.done == books.results and stats.failed == books.lost,
    "the pool says %d and %d", stats.done, stats.failed)
  promise(killed >= size.kills * 9 // 10, "only %d were killed", killed)
  promise(books.lost <= killed, "%d jobs lost by %d kills", books.lost, killed)
  return { { "jobs", size.jobs }, { "killed", killed },
    { "results", books.results }, { "lost", books.lost } }
end

loadtest.main {
  full = { jobs = 100000, kills = 1000, workers = 4 },
  small = { jobs = 400, kills = 10, workers = 2 },
  run = function(...) return conc.run(run, ...) end,
}
