-- Which names this machine knows.

local M = {}

--- Whether "localhost" is one of them: a root without /etc/hosts knows none.
function M.localhost()
  local file <close> = io.open "/etc/hosts"
  local text = file and file:read "a" or ""
  return text:find "%f[%w]localhost%f[%s\0]" ~= nil
end

--- This machine, by name if it has one.
function M.near() return M.localhost() and "localhost" or "127.0.0.1" end

return M
