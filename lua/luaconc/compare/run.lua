-- One run: a scenario's jobs on one engine, in a process of its own.

local engines = require "luaconc.compare.engines"
local outside = require "luaconc.compare.outside"
local plain = require "luaconc.compare.plain"
local program = require "luaconc.compare.program"

local M = {}

---@class luaconc.compare.Run
---@field wall number seconds from the first job's start to the last one's end
---@field user number seconds of CPU in that time, in the program
---@field system number the same, in the system on its behalf
---@field voluntary integer context switches in that time
---@field involuntary integer
---@field delayed number seconds of `wall` spent waiting for a core
---@field sent integer bytes that states sent each other in that time
---@field memory integer peak of the process tree, in bytes; 0: not known
---@field job_memory number what the peak is above the memory before the
--- engine began, for each job
---@field startup number seconds from the start of the process to `wall`'s
---@field ready number those of them in which the engine started its workers
---@field order integer[] the jobs in the order in which they ended
---@field results any[]

---@class luaconc.compare.Failure
---@field message string
---@field job integer? the job that failed
---@field traceback string?
---@field printed string? the end of what the run printed

--- Runs the jobs once. Waits until that process is gone, however it ends.
---@param request {file: string, engine: string, size: integer, ctx: any,
--- workers: integer?, set: table?}
---@param limit number seconds after which it is ended
---@return luaconc.compare.Run? run, luaconc.compare.Failure? failure
function M.once(request, limit)
  local engine = engines.get(request.engine)
  if engine.command then return outside.once(engine, request, limit) end
  local input, message = plain.encode(request, "request")
  if not input then
    return nil, { message = message:gsub("^request%.", "")
      .. "; what setup returns must be plain data, as it goes to the "
      .. "processes that run the jobs" }
  end
  local ended, failure = program.run(program.lua
    "require('luaconc.compare.child').main()", input, limit)
  if not ended then return nil, failure end
  local report, unreadable
  if ended.report ~= "" then report, unreadable = plain.decode(ended.report) end
  if not report then return nil, program.broken(ended, unreadable) end
  if report.failure then
    report.failure.printed = ended.printed
    return nil, report.failure
  end
  report.memory = math.max(report.memory, ended.peak)
  report.job_memory = math.max(0, report.memory - report.before)
    / request.size
  report.startup = report.loaded - ended.launched + report.ready
  report.before, report.loaded = nil, nil
  return report
end

return M
