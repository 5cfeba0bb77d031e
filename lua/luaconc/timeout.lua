-- A timeout: a function's run in a group that its deadline cancels.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

local function check_arguments(seconds, f)
  if type(seconds) ~= "number" or seconds ~= seconds or seconds < 0 then
    check.expected("timeout", 1, "a number of seconds, 0 or more,", seconds)
  end
  check.func("timeout", 2, f)
end

-- Closing waits for the jobs of the group, and raises the failure of one of
-- them unless the function itself has failed.
local function finish(group, ok, ...)
  if ok then
    group:close()
    return ...
  end
  local err = ...
  group:close(err)
  if group.expired and core.is_cancelled(err) then
    return nil, "timed out", "ETIMEDOUT"
  end
  core.raise(err)
end

---Runs `f(...)` in this task for so many seconds at most. Jobs started in it
---belong to it: they are waited for, and at the deadline cancelled first.
---Waits.
---@param seconds number
---@param f function
---@param ... any
---@return any ... # the function's results, or nil, "timed out", "ETIMEDOUT"
function M.timeout(seconds, f, ...)
  check_arguments(seconds, f)
  local group = core.group { timeout = seconds }
  return finish(group, core.traced(f, ...))
end

return M
