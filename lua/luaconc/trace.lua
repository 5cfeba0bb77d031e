-- What happens when, in all threads and processes, as a file for Perfetto.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

---Writes from now on what happens when into the file, which is made anew: this
---state, the threads of this process, and its worker processes; those that run
---already join when they come to their loop. Doesn't wait.
---@param path string
---@return true|nil ok, string? message, string? code
function M.start(path)
  if type(path) ~= "string" or path == "" then
    check.expected("start", 1, "the name of a file", path)
  end
  local ok, message, code = core.trace_start(path)
  if ok then return true end
  return nil, ("cannot trace into '%s': %s"):format(path, message), code
end

---Ends it; what was seen is in the file. Doesn't wait.
---@return true|nil ok, string? message, string? code
function M.stop()
  local ok, message, code = core.trace_stop()
  if ok then return true end
  if code == "ESRCH" then return nil, "nothing is traced", "ENOENT" end
  return nil, "the trace has gaps: it could not be written: " .. message, code
end

return M
