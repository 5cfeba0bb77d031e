-- The rounds of one size: every engine in turn, again and again, until the
-- figures are good enough or the time is spent.
--
-- The first round is a warm-up: its figures are thrown away, its results are
-- checked and compared. An engine whose run fails, now or later, is left out
-- from then on and shows no figures. In each round another engine begins, so
-- that none always runs in the wake of the same one. Before all that, a pilot
-- runs a few jobs, which tells how many workers they need.

local core = require "luaconc.core"
local engines = require "luaconc.compare.engines"
local outside = require "luaconc.compare.outside"
local plain = require "luaconc.compare.plain"
local run = require "luaconc.compare.run"
local stats = require "luaconc.compare.stats"
local trace = require "luaconc.compare.trace"
local workers = require "luaconc.compare.workers"

local M = {}

M.NARROW = 0.05 -- width of the interval of wall time, against the median
M.LEAST = 6     -- rounds before an interval is believed to be narrow
M.MOST = 40     -- rounds after which more would tell nothing new

---@class luaconc.compare.Row one engine's part in the table of a size
---@field engine string
---@field runs luaconc.compare.Run[] without results
---@field failure luaconc.compare.Failure?
---@field estimate {wall: number, size: integer}? instead of runs
---@field order integer[]? of the last run
---@field workers integer? where its engine has any

local function walls(row)
  local list = {}
  for i, r in ipairs(row.runs) do list[i] = r.wall end
  return list
end

local function is_narrow(row)
  return stats.width(stats.interval(walls(row))) <= M.NARROW
end

-- What a program printed, against what the results of the others look like.
local function verify_text(scenario, out, state, engine)
  if scenario.loose then return nil end
  if not state.text and state.results then
    local ok, text = pcall(outside.text, scenario, state.results)
    if not ok then return { message = "show failed: " .. text } end
    state.text = text
  end
  if not state.text then
    state.text = out
  elseif state.text ~= out then
    local mine, theirs = outside.difference(out, state.text)
    local itself = state.first == engine
    return { differs = itself, message = ("printed %s, but %s gives %s"):format(
      mine, itself and "another run of it" or state.first, theirs) }
  end
end

-- Calls the scenario's check, and compares with the first engine's results.
local function verify(scenario, size, results, state)
  if scenario.check then
    local ok, err = xpcall(scenario.check, function(e)
      return { message = "the results are wrong: " .. tostring(e),
        traceback = trace.here() }
    end, results, size)
    if not ok then return err end
  end
  if not state.results then
    state.results = results
    return nil
  end
  local path, mine, theirs = plain.difference(results, state.results)
  if not path then return nil end
  local job, rest = path:match "^%[(%d+)%](.*)$"
  return { message = ("job %s gave %s, but %s on %s%s"):format(job or "?",
    mine, theirs, state.first,
    (rest or "") ~= "" and " (at " .. rest .. ")" or "") }
end

-- Runs one engine once; returns the run if nothing is wrong with it.
local function run_engine(job, row)
  local r, failure = run.once({ file = job.scenario.file, engine = row.engine,
    size = job.size, ctx = job.ctx, workers = row.workers,
    set = job.scenario.set }, job.limit)
  if r and r.out then
    failure = verify_text(job.scenario, r.out, job.state, row.engine)
    job.state.first = job.state.first or (not failure and row.engine or nil)
  elseif r then
    failure = verify(job.scenario, job.size, r.results, job.state)
    job.state.first = job.state.first or (not failure and row.engine or nil)
  end
  if failure then
    row.failure, row.runs = failure, {}
    return nil
  end
  row.order = r.order
  r.results, r.order, r.out = nil, nil, nil
  return r
end

-- One round, begun by another engine each time. Returns whether any is left.
local function round(job, rows, n, keep)
  local any = false
  for k = 1, #rows do
    local row = rows[(k + n - 1) % #rows + 1]
    if not row.failure and not row.estimate then
      job.progress(row.engine, n)
      local r = run_engine(job, row)
      if r and keep then row.runs[#row.runs + 1] = r end
      any = any or r ~= nil
    end
  end
  return any
end

-- Whether another round is worth its time.
local function enough(job, rows, n, spent, last)
  if job.runs then return n >= job.runs end
  if n >= M.MOST or spent + last > job.budget then return true end
  if n < M.LEAST then return false end
  for _, row in ipairs(rows) do
    if #row.runs > 0 and not is_narrow(row) then return false end
  end
  return true
end

-- Runs a few jobs alone. What fails here fails again in the first round.
local function fly(job)
  if not job.scenario.job then return end
  local size = math.min(job.size, job.cores)
  job.progress("serial", -1)
  local r = run.once({ file = job.scenario.file, engine = "serial",
    size = size, ctx = job.ctx, set = job.scenario.set }, job.limit)
  job.pilot = r and workers.pilot(r, size)
end

local function prepare(job, rows)
  job.state = {}
  job.cores, job.most = core.machine().cores,
    workers.most(workers.descriptors())
  fly(job)
  for _, row in ipairs(rows) do
    if engines.get(row.engine).workers then
      row.workers = job.workers and math.min(job.workers, job.size)
        or workers.choose(job.size, job.cores, job.most, job.pilot)
    end
  end
end

---@class luaconc.compare.Job
---@field scenario luaconc.compare.Scenario
---@field size integer
---@field ctx any
---@field limit number seconds for one run
---@field budget number seconds for all rounds
---@field runs integer? this many rounds, whatever they take
---@field workers integer? of each engine that has any; as many as the jobs
--- need, unless given
---@field pilot luaconc.compare.Pilot? as measured
---@field progress fun(engine: string, round: integer) 0: warm-up, -1: pilot

--- Measures. Rows that carry an estimate are left alone.
---@param job luaconc.compare.Job
---@param rows luaconc.compare.Row[]
---@return integer rounds that count
function M.measure(job, rows)
  local start = core.clock()
  prepare(job, rows)
  if not round(job, rows, 0, false) then return 0 end
  local n = 0
  repeat
    local before = core.clock()
    n = n + 1
    local any = round(job, rows, n, true)
    local now = core.clock()
  until not any or enough(job, rows, n, now - start, now - before)
  return n
end

return M
