-- A timeout: a function's run in a group that its deadline cancels.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

local function check_arguments(seconds, f)
  local is_number = type(seconds) == "number"
  if not is_number or seconds ~= seconds or seconds < 0 then
    local got = is_number and tostring(seconds) or type(seconds)
    check.complain("timeout", 1, "seconds, 0 or more, expected, got " .. got)
  end
  if not check.callable(f) then
    check.complain("timeout", 2, "function expected, got " .. type(f))
  end
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
