-- Comparisons, also for scripts: `run` measures scenarios, `statistics` has the
-- arithmetic, `report` makes text, JSON, CSV or a page of the results.
--
-- One scenario, on every engine, at every size.
--
-- `setup` runs in this process, in a group of its own, so that a server
-- which it starts goes on in this loop while each measured process runs its
-- jobs; what it returns goes to those processes as plain data. At the end of
-- the size the group is cancelled.

local conc = require "luaconc"
local engines = require "luaconc.compare.engines"
local plan = require "luaconc.compare.plan"
local rounds = require "luaconc.compare.rounds"
local rows = require "luaconc.compare.rows"
local scenario = require "luaconc.compare.scenario"
local stats = require "luaconc.compare.stats"
local trace = require "luaconc.compare.trace"

local M = {}

M.BUDGET = 25 -- seconds for one scenario

---@class luaconc.compare.Options
---@field engines string[]? all that there are, unless given
---@field sizes integer[]? those of the scenario, unless given
---@field sweep integer[]? two numbers of jobs: sizes between them instead, and
--- bisection where another engine begins to win
---@field commands { name: string, command: string }[]? programs as engines
---@field runs integer? rounds, whatever they take
---@field budget number? seconds for each scenario
---@field limit number? seconds for one run
---@field workers integer|integer[]|nil of engines that have any, one
--- each; as many as the jobs need, unless given
---@field set table<string, string|number>? settings for the scenario
---@field loose boolean? programs may print something else each time
---@field progress fun(text: string)? told what runs now
---@field done fun(size: luaconc.compare.Size, result: luaconc.compare.Result)?

---@class luaconc.compare.Size
---@field size integer
---@field rounds integer
---@field rows luaconc.compare.Row[]
---@field cores integer? of this machine
---@field most integer? workers that there may be
---@field pilot luaconc.compare.Pilot? what the first jobs showed
---@field measured boolean all rounds were run, whatever failed after them
---@field interrupted boolean? by Ctrl-C
---@field loose boolean? results were not compared
---@field workers integer? where several numbers of them are compared
---@field failure luaconc.compare.Failure? of setup, of what it started, or of
--- teardown

---@class luaconc.compare.Result
---@field file string
---@field name string?
---@field about string?
---@field failure luaconc.compare.Failure? the scenario couldn't be read
---@field sizes luaconc.compare.Size[]

M.FIGURES, M.row, M.ratio, M.summarise = rows.FIGURES, rows.row, rows.ratio,
  rows.summarise

-- The time that a run will take, going by the next smaller size; nil where
-- nothing smaller was measured, or where jobs may overlap.
local function foresee(result, engine, size)
  local best
  if not engines.get(engine).adds_up then return nil end
  for _, earlier in ipairs(result.sizes) do
    local row = M.row(earlier.rows, engine)
    if row and row.wall and earlier.size < size
      and (not best or earlier.size > best.size) then
      best = { size = earlier.size,
        wall = row.wall.median * size / earlier.size }
    end
  end
  return best
end

-- The rows of a size. An engine that would need more than the time that is
-- left (for warm-up and one round) gets its estimate in place of runs.
local function make_rows(result, options, size, left)
  local list = {}
  for i, engine in ipairs(options.engines) do
    local row = { engine = engine, runs = {} }
    local foreseen = foresee(result, engine, size)
    if foreseen and not options.runs and 2 * foreseen.wall > left then
      row.estimate = foreseen
    end
    list[i] = row
  end
  return list
end

local function on_close(f)
  return setmetatable({}, { __close = f })
end

local function handler(err)
  if conc.is_cancelled(err) then return err end
  return { message = tostring(err), traceback = trace.here() }
end

-- Calls a function of the scenario in this process; raises a failure.
local function call(what, f, ...)
  local ok, result = xpcall(f, handler, ...)
  if ok then return result end
  if type(result) == "table" and not conc.is_cancelled(result) then
    result.message = what .. " failed: " .. result.message
  end
  error(result, 0)
end

local function measure(job, list)
  local s = job.scenario
  local group <close> = conc.group()
  if s.setup then job.ctx = call("setup", s.setup, job.size) end
  local _ <close> = on_close(function()
    if s.teardown then
      conc.shield(call, "teardown", s.teardown, job.ctx)
    end
  end)
  job.rounds = rounds.measure(job, list)
  group:cancel()
end

-- A failure to be shown; cancellations (Ctrl-C) go on.
local function failure_of(err)
  if conc.is_cancelled(err) then error(err, 0) end
  if type(err) == "table" and err.traceback and not getmetatable(err) then
    return err
  end
  return { message = "what setup started failed: " .. tostring(err),
    traceback = conc.traceback(err) }
end

-- Ctrl-C in the middle of a size: what was measured so far is told.
local function interrupted(outcome, result, options)
  local list = {}
  for _, row in ipairs(outcome.rows) do
    outcome.rounds = math.max(outcome.rounds, #row.runs)
    if #row.runs > 0 or row.failure then list[#list + 1] = row end
  end
  if outcome.rounds == 0 then return end
  outcome.rows = list
  outcome.measured, outcome.interrupted = true, true
  table.insert(result.sizes, outcome)
  options.done(outcome, result)
end

local function measure_size(s, size, result, options, workers, left, share)
  local list = make_rows(result, options, size, left)
  local job = {
    scenario = s, size = size, limit = options.limit, runs = options.runs,
    budget = share, workers = workers,
    progress = function(engine, n)
      local round = n < 0 and "pilot" or n == 0 and "warm-up"
        or "round " .. n
      options.progress(("%s: %d job%s, %s, %s"):format(s.name, size,
        size == 1 and "" or "s", round, engine))
    end,
  }
  local ok, err = pcall(measure, job, list)
  local outcome = { size = size, rows = list, rounds = job.rounds or 0,
    cores = job.cores, most = job.most, pilot = job.pilot,
    measured = job.rounds ~= nil, loose = s.loose }
  M.summarise(list)
  if ok then return outcome end
  if conc.is_cancelled(err) then interrupted(outcome, result, options) end
  outcome.failure = failure_of(err)
  return outcome
end

local function with_defaults(options, s)
  local budget = options.budget or M.BUDGET
  local names = options.engines or s.job and engines.names() or {}
  names = table.move(names, 1, #names, 1, {})
  for _, command in ipairs(options.commands or {}) do
    engines.add(command.name, command.command)
    names[#names + 1] = command.name
  end
  return {
    engines = names,
    sizes = options.sizes or s.sizes,
    sweep = options.sweep,
    runs = options.runs,
    workers = options.workers,
    budget = budget,
    limit = options.limit or math.max(60, 10 * budget),
    progress = options.progress or function() end,
    done = options.done or function() end,
  }
end

--- Compares the engines on one scenario. Waits; must be called inside a task
--- or it drives the loop itself. What goes wrong with the scenario is part
--- of the result.
---@param file string? none: only the programs of `commands`
---@param options luaconc.compare.Options?
---@return luaconc.compare.Result
function M.scenario(file, options)
  options = options or {}
  local result = { file = file or "-", sizes = {} }
  local s, message, traceback
  if file then
    s, message, traceback = scenario.load(file, options.set)
  else
    s = scenario.bare(options.set)
    s.loose = options.loose
  end
  if not s then
    result.failure = { message = message, traceback = traceback }
    return result
  end
  result.name, result.about, result.set = s.name, s.about, options.set
  options = with_defaults(options, s)
  plan.run(result, options, M.ratio, function(size, workers, left, share)
    return measure_size(s, size, result, options, workers, left, share)
  end)
  return result
end

local function failed(size)
  if size.failure then return true end
  for _, row in ipairs(size.rows) do
    if row.failure then return true end
  end
  return false
end

--- Whether anything in it went wrong.
---@param result luaconc.compare.Result
---@return boolean
function M.failed(result)
  if result.failure then return true end
  for _, size in ipairs(result.sizes) do
    if failed(size) then return true end
  end
  return false
end

--- The arithmetic: `median`, `interval`, `ratio`, `verdict`, `outliers`,
--- `mann_whitney`; see luaconc.compare.stats.
M.statistics = stats

--- Compares the engines on one scenario after the other. Waits.
---@param files string|string[]
---@param options luaconc.compare.Options?
---@return luaconc.compare.Result[]
function M.run(files, options)
  if type(files) == "string" then files = { files } end
  if type(files) ~= "table" then
    error("bad argument #1 to 'run' (a file or a list of files expected, got "
      .. type(files) .. ")", 2)
  end
  local results = {}
  for i, file in ipairs(files) do
    local own = {}
    for name, value in pairs(options or {}) do own[name] = value end
    results[i] = M.scenario(file, own)
  end
  return results
end

local FORMS = { json = "record", csv = "csv", html = "book" }

local function as_text(results)
  local report = require "luaconc.compare.report"
  local style = require("luaconc.compare.text").new(nil)
  local out = {}
  for _, result in ipairs(results) do
    if result.failure then
      out[#out + 1] = report.failure(style, result)
    else
      out[#out + 1] = report.title(style, result)
      for _, size in ipairs(result.sizes) do
        out[#out + 1] = report.size(style, size, result)
      end
      out[#out + 1] = report.ending(style, result)
    end
  end
  return table.concat(out)
end

--- The results as text, or as `luaconc compare` writes them to a file.
---@param results luaconc.compare.Result[]
---@param form "text"|"json"|"csv"|"html"|nil "text" unless given
---@return string
function M.report(results, form)
  if form == nil or form == "text" then return as_text(results) end
  local module = FORMS[form]
  if not module then
    error(("bad argument #2 to 'report' (\"text\", \"json\", \"csv\" or "
      .. "\"html\" expected, got %s)"):format(tostring(form)), 2)
  end
  return require("luaconc.compare." .. module).text(results)
end

return M
