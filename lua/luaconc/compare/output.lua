-- Standard output, and what becomes of a command that can't write to it.

local M = {}

-- Raised where standard output takes no more.
local Unwritable = {}

--- Writes at once; raises where that fails, for `guard`.
---@param s string
function M.write(s)
  local ok, message = io.stdout:write(s)
  if ok then ok, message = io.stdout:flush() end
  if not ok then error(setmetatable({ message = message }, Unwritable), 0) end
end

--- Runs a command, whose status it returns. Where standard output can't be
--- written, it says so in one line, and the status is 1.
---@param name string of the command
---@param f fun(...): integer
---@param ... any
---@return integer status
function M.guard(name, f, ...)
  local ok, status = pcall(f, ...)
  if ok then return status end
  if getmetatable(status) ~= Unwritable then error(status, 0) end
  io.stderr:write(name, ": cannot write to standard output: ",
    status.message, "\n")
  return 1
end

return M
