-- The rounds of one size: every engine in turn, again and again, until the
-- figures are good enough or the time is spent.
--
-- The first round is a warm-up: its figures are thrown away, its results are
-- checked and compared. An engine whose run fails, now or later, is left out
-- from then on and shows no figures. In each round another engine begins, so
-- that none always runs in the wake of the same one.

local core = require "luaconc.core"
local plain = require "luaconc.compare.plain"
local run = require "luaconc.compare.run"
local stats = require "luaconc.compare.stats"
local trace = require "luaconc.compare.trace"

local M = {}

M.NARROW = 0.05 -- width of the interval of wall time, against the median
M.LEAST = 5     -- rounds before an interval is believed to be narrow
M.MOST = 40     -- rounds after which more would tell nothing new

---@class luaconc.compare.Row one engine's part in the table of a size
---@field engine string
---@field runs luaconc.compare.Run[] without results
---@field failure luaconc.compare.Failure?
---@field estimate {wall: number, size: integer}? instead of runs
---@field order integer[]? of the last run

local function clock()
  return (core.usage())
end

local function walls(row)
  local list = {}
  for i, r in ipairs(row.runs) do list[i] = r.wall end
  return list
end

local function is_narrow(row)
  local i = stats.interval(walls(row))
  return i.high - i.low <= M.NARROW * i.median
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
    size = job.size, ctx = job.ctx }, job.limit)
  if r then
    failure = verify(job.scenario, job.size, r.results, job.state)
    job.state.first = job.state.first or (not failure and row.engine or nil)
  end
  if failure then
    row.failure, row.runs = failure, {}
    return nil
  end
  row.order = r.order
  r.results, r.order = nil, nil
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

---@class luaconc.compare.Job
---@field scenario luaconc.compare.Scenario
---@field size integer
---@field ctx any
---@field limit number seconds for one run
---@field budget number seconds for all rounds
---@field runs integer? this many rounds, whatever they take
---@field progress fun(engine: string, round: integer)

--- Measures. Rows that carry an estimate are left alone.
---@param job luaconc.compare.Job
---@param rows luaconc.compare.Row[]
---@return integer rounds that count
function M.measure(job, rows)
  job.state = {}
  local start = clock()
  if not round(job, rows, 0, false) then return 0 end
  local n = 0
  repeat
    local before = clock()
    n = n + 1
    local any = round(job, rows, n, true)
    local now = clock()
  until not any or enough(job, rows, n, now - start, now - before)
  return n
end

return M
