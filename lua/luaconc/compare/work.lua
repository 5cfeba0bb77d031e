-- What runs in the state that runs jobs: the measured process's own, or that
-- of one of its workers.
--
-- A job is called through `call`, which notes when it ended and turns what it
-- raises into plain data, so that it crosses between states as it is. `tell`
-- says what this state has used so far; who measures asks before the work
-- and after it.

local core = require "luaconc.core"
local plain = require "luaconc.compare.plain"
local trace = require "luaconc.compare.trace"

local M = {}

local ends, asked = {}, 0

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

--- An error for the report: what it says, where it was raised, in which job.
--- Called by a handler of `xpcall`, and not as its tail.
---@param err any
---@param job integer?
---@return luaconc.compare.Failure
function M.failure(err, job)
  return { job = job, message = describe(err), traceback = trace.here(1) }
end

-- The same words as for any job in a state of its own.
local function explained(err, worker)
  if not worker or type(err) ~= "string" then return err end
  return (err:gsub("attempt to call a nil value %(global '([^']*)'%)$",
    "global '%1' does not exist in a " .. worker .. ": make it local, or "
    .. "require it"))
end

--- Runs a job; raises a failure. A cancellation passes as it is.
---@param job fun(i: integer, ctx: any): any
---@param i integer
---@param ctx any
---@param worker string? "thread" or "process", in a state of its own
---@return any
function M.call(job, i, ctx, worker)
  local ok, result = xpcall(job, function(err)
    local conc = package.loaded["luaconc"]
    if conc and conc.is_cancelled(err) then return err end
    return (M.failure(explained(err, worker), i))
  end, i, ctx)
  ends[#ends + 1] = { job = i, time = core.clock() }
  if ok then return result end
  error(result, 0)
end

---@class luaconc.compare.Told what a state has used since it began
---@field asked integer how often it was asked, this time included
---@field user number seconds of CPU of its process, in the program
---@field system number the same, in the system on its behalf
---@field voluntary integer context switches of its process
---@field involuntary integer
---@field delayed number seconds for which its thread waited for a core
---@field sent integer bytes that its process encoded for other states
---@field ends {job: integer, time: number}[] of the jobs that it ran

--- What this state has used.
---@return luaconc.compare.Told
function M.tell()
  local _, user, system, voluntary, involuntary, delayed = core.usage()
  asked = asked + 1
  return { asked = asked, user = user, system = system, voluntary = voluntary,
    involuntary = involuntary, delayed = delayed,
    sent = core.sent(), ends = ends }
end

return M
