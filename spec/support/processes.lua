-- Processes, as the system shows them.

local conc = require "luaconc"

local M = {}

--- Is there such a process, other than one that has ended and waits to be
-- reaped? (Who has ended with its parent is left to the system's first process,
-- which takes its time for that.)
function M.lives(pid)
  local file = io.open(("/proc/%d/stat"):format(pid))
  local stat = file and file:read "a" or ""
  if file then file:close() end
  local state = stat:match "^.*%) (%a)"
  return state ~= nil and state ~= "Z" and state ~= "X"
end

--- Waits for what takes the system a moment; meanwhile nothing else goes on in
-- this process. Raises where it does not come about within 10 s.
function M.eventually(what, check)
  for _ = 1, 2000 do
    if check() then return end
    os.execute "sleep 0.005"
  end
  error("this did not happen within 10 s: " .. what, 2)
end

--- Waits so until the process has ended.
function M.ends(pid)
  M.eventually(("process %d has ended"):format(pid), function()
    return not M.lives(pid)
  end)
end

--- Waits until the process has ended, as a task: is that so, within 10 s?
function M.until_gone(pid)
  for _ = 1, 2000 do
    if not M.lives(pid) then return true end
    conc.sleep(0.005)
  end
  return false
end

return M
