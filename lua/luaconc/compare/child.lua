-- The measured process: runs a scenario's jobs on one engine, once.
--
-- The request comes on standard input and the report leaves on descriptor 3,
-- both as plain data, so whatever a job prints can't garble them. Time and
-- usage are taken right before the engine starts and right after it has
-- ended: loading Lua, this file and the scenario is start-up, not work.

local core = require "luaconc.core"
local engines = require "luaconc.compare.engines"
local plain = require "luaconc.compare.plain"
local scenario = require "luaconc.compare.scenario"
local trace = require "luaconc.compare.trace"

local M = {}

-- What an error value says. A table without __tostring shows its contents.
local function describe(err)
  local meta = getmetatable(err)
  if type(err) ~= "table" or type(meta) == "table" and meta.__tostring then
    return tostring(err)
  elseif type(err.message) == "string" then
    return err.message
  end
  local text = meta == nil and plain.encode(err, "error")
  return "an error that is " .. (text and #text < 200 and text or "a table")
end

-- A job's error with its number and traceback, on its way through an engine.
local function annotate(i, err, traceback)
  return setmetatable(
    { job = i, message = describe(err), traceback = traceback },
    { __tostring = function(e) return e.message end })
end

-- `job` with its errors annotated. A cancellation passes as it is.
local function guard(job)
  local conc = package.loaded["luaconc"]
  return function(i, ctx)
    local ok, result = xpcall(job, function(err)
      if conc and conc.is_cancelled(err) then return err end
      return annotate(i, err, trace.here())
    end, i, ctx)
    if ok then return result end
    error(result, 0)
  end
end

local function failure_of(err)
  if type(err) == "table" and err.job then
    return { job = err.job, message = err.message, traceback = err.traceback }
  end
  return { message = tostring(err) }
end

local function on_engine_error(err)
  if type(err) == "table" and err.job then return err end
  return annotate(nil, err, trace.here())
end

-- Runs the jobs between two readings of clock and usage.
local function measure(engine, job, size, ctx)
  local order = {}
  local function finished(i) order[#order + 1] = i end
  collectgarbage()
  collectgarbage()
  local before = { core.usage() }
  local ok, results = xpcall(engine.run, on_engine_error, job, size, ctx,
    finished)
  local after = { core.usage() }
  if not ok then return { failure = failure_of(results) } end
  return {
    results = results,
    order = order,
    started = before[1],
    wall = after[1] - before[1],
    user = after[2] - before[2],
    system = after[3] - before[3],
    voluntary = after[4] - before[4],
    involuntary = after[5] - before[5],
    delayed = after[6] - before[6],
    memory = core.memory(),
  }
end

local function check_results(results, size)
  for i = 1, size do
    if results[i] == nil then
      return { job = i, message = "returned nothing; a job returns a value, "
        .. "by which the engines are compared" }
    end
  end
end

local function run(request)
  local s, message, traceback = scenario.load(request.file)
  if not s then
    return { failure = { message = message, traceback = traceback } }
  end
  local engine = engines.get(request.engine)
  local report = measure(engine, guard(s.job), request.size, request.ctx)
  if report.failure then return report end
  local wrong = check_results(report.results, request.size)
  return wrong and { failure = wrong } or report
end

--- Answers the request on standard input.
function M.main()
  local request = assert(plain.decode(io.read("a")))
  local out = assert(io.open("/dev/fd/3", "w"))
  local report = run(request)
  local text, message = plain.encode(report, "report")
  if not text then
    message = message:gsub("^report%.results%[(%d+)%]", "the result of job %1")
      .. "; results must be plain data, to be compared"
    text = plain.encode({ failure = { message = message } }, "report")
  end
  out:write(text)
  assert(out:close())
end

return M
