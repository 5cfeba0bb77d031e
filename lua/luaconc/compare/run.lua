-- One run: a scenario's jobs on one engine, in a process of its own.

local conc = require "luaconc"
local core = require "luaconc.core"
local machine = require "luaconc.compare.machine"
local plain = require "luaconc.compare.plain"

local M = {}

-- Memory is sampled this often, in seconds, but never for more than a
-- twentieth of the time: walking a large process's pages takes milliseconds.
local INTERVAL, SHARE = 0.004, 20

-- A run that writes more than this, in bytes, is ended.
local FLOOD = 64 << 20

-- How much of what a failed run printed is kept, in bytes.
local PRINTED = 4000

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

local function command()
  local code = ("package.path, package.cpath = %q, %q "
    .. "require('luaconc.compare.child').main()"):format(package.path,
    package.cpath)
  return { machine.interpreter(), "-e", code }
end

-- Sleeps and looks until the process has ended. Returns how it ended, or
-- nil and why it was given up.
local function watch(process, limit)
  local start = core.clock()
  local pause = 0.001
  while true do
    conc.sleep(pause)
    local before = core.clock()
    process:sample()
    local ending = process:ended()
    if ending then return ending end
    local now = core.clock()
    if now - start > limit then
      return nil, ("was ended by SIGKILL as it ran longer than %g s "
        .. "(--limit)"):format(limit)
    elseif process:written() > FLOOD then
      return nil, ("was ended by SIGKILL as it had written %d MiB")
        :format(FLOOD >> 20)
    end
    pause = math.max(INTERVAL, (now - before) * SHARE)
  end
end

local function trimmed(text)
  return (text:gsub("%s+$", ""))
end

local function printed(process)
  local err = trimmed(process:output(2, PRINTED))
  local out = trimmed(process:output(1, PRINTED))
  local both = err ~= "" and out ~= "" and out .. "\n" .. err or out .. err
  return both ~= "" and both or nil
end

-- Ended without a report that can be read: by a signal, by os.exit, or by an
-- error outside the jobs, which it printed.
local function broken(process, ending, unreadable)
  local message
  if ending.signal then
    message = "was ended by " .. ending.signal
    if ending.signal == "SIGKILL" then
      message = message .. ", by someone else or for lack of memory"
    end
  elseif unreadable and ending.code == 0 then
    message = "its report can't be read: " .. unreadable
  else
    message = ("ended before its jobs did, with exit status %d")
      :format(ending.code)
  end
  return { message = message, printed = printed(process) }
end

--- Runs the jobs once. Waits until that process is gone, however it ends.
---@param request {file: string, engine: string, size: integer, ctx: any,
--- workers: integer?}
---@param limit number seconds after which it is ended
---@return luaconc.compare.Run? run, luaconc.compare.Failure? failure
function M.once(request, limit)
  local input, message = plain.encode(request, "request")
  if not input then
    return nil, { message = message:gsub("^request%.", "")
      .. "; what setup returns must be plain data, as it goes to the "
      .. "processes that run the jobs" }
  end
  local launched = core.clock()
  local process <close>, err = core.measure(command(), input)
  if not process then return nil, { message = err } end
  local ending, given_up = watch(process, limit)
  if not ending then
    return nil, { message = given_up, printed = printed(process) }
  end
  if process:written() > FLOOD then
    return nil, { message = ("wrote %d MiB, its results among them, and %d "
      .. "MiB is the most"):format(process:written() >> 20, FLOOD >> 20) }
  end
  local report, unreadable
  local text = process:output(3, FLOOD)
  if text ~= "" then report, unreadable = plain.decode(text) end
  if not report then return nil, broken(process, ending, unreadable) end
  if report.failure then
    report.failure.printed = printed(process)
    return nil, report.failure
  end
  report.memory = math.max(report.memory, process:sample())
  report.job_memory = math.max(0, report.memory - report.before)
    / request.size
  report.startup = report.loaded - launched + report.ready
  report.before, report.loaded = nil, nil
  return report
end

return M
