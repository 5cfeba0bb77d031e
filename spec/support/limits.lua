-- What this machine allows a process.

local M = {}

--- May it have so many descriptors? (Specs that need more are put off.)
function M.descriptors(n)
  local pipe = assert(io.popen "ulimit -Hn")
  local most = tonumber(pipe:read "l") or math.huge   -- "unlimited"
  pipe:close()
  return most >= n
end

return M
