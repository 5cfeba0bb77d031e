-- The measured process: runs a scenario's jobs on one engine, once.
--
-- The request comes on standard input and the report leaves on descriptor 3,
-- both as plain data, so whatever a job prints can't garble them. Time and
-- usage are taken right before the engine starts and right after it has
-- ended: loading Lua, this file and the scenario is start-up, not work.

local core = require "luaconc.core"
local engines = require "luaconc.compare.engines"
local new_meter = require("luaconc.compare.meter").new
local plain = require "luaconc.compare.plain"
local scenario = require "luaconc.compare.scenario"
local work = require "luaconc.compare.work"

local M = {}

-- What the engine raised: the failure of a job or one of its own, or an error.
local function failure_of(err)
  local meta = getmetatable(err)
  if type(err) == "table" and not meta and err.message then return err end
  return (work.failure(err))
end

local function measure(engine, request, job)
  collectgarbage()
  collectgarbage()
  local meter = new_meter(engine.apart)
  local loaded = core.clock()
  local before = core.memory()
  local began = core.clock()
  local ok, results = xpcall(engine.run, failure_of, meter, job, request.size,
    request.ctx, request.workers)
  if not ok then return { failure = results } end
  local report = meter:figures()
  report.results = results
  report.loaded = loaded
  report.ready = meter.started - began
  report.before = before
  return report
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
  local s, message, traceback = scenario.load(request.file, request.set)
  if not s then
    return { failure = { message = message, traceback = traceback } }
  end
  local engine = engines.get(request.engine)
  local report = measure(engine, request, s.job)
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
