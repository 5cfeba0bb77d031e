-- What can go wrong in a worker, by name: each is called inside one.

local M = {}

local function strike(signal)
  os.execute("kill -" .. signal .. " $PPID")
  while true do end
end

--- The job raises an error.
function M.raise() error("raised", 0) end

--- It calls os.exit.
function M.exit() os.exit(7) end

--- It is killed, by the system or by whoever may.
function M.kill() strike "KILL" end

-- (Sanitizers make an exit code of SIGSEGV.)
local sanitized = os.getenv "ASAN_OPTIONS" or os.getenv "TSAN_OPTIONS"

--- It crashes.
function M.crash() strike(sanitized and "XCPU" or "SEGV") end

--- It stops, and does not go on.
function M.stop() strike "STOP" end

--- It needs more memory than there is.
function M.hoard()
  local list = {}
  for i = 1, math.huge do list[i] = ("x"):rep(1 << 16) .. #list end
end

--- It closes all its descriptors.
function M.close()
  local core = require "luaconc.core"
  for fd = 1, 63 do core.close_descriptor(fd) end
  while true do end
end

--- It writes without end to where nobody looks.
function M.flood()
  for _ = 1, 2000 do io.stderr:write(("flood "):rep(20), "\n") end
  os.exit(9)
end

--- The forkserver dies, its parent.
function M.orphan()
  local stat <close> = assert(io.open "/proc/self/stat")
  os.execute("kill -KILL " .. stat:read "a":match "^%d+ %b() %S (%d+)")
  while true do end
end

return M
