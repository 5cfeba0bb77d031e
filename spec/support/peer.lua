-- Programs of others that specs talk to, where they are installed.

local M = {}

-- Of several programs of a name, the one that is meant.
local tell = { nc = "nc -h 2>&1 | grep -q OpenBSD" }

local function is_there(name)
  local probe = tell[name] or "command -v " .. name .. " >/dev/null 2>&1"
  return os.execute(probe) == true
end

--- Why a test can't be: the program is not installed. With LUACONC_PEERS=all,
-- as in the check of every change, that is an error.
---@param name string
---@return string?
function M.absent(name)
  if is_there(name) then return nil end
  local why = name .. " is not installed (./deps.sh ci gets it)"
  if os.getenv "LUACONC_PEERS" == "all" then error(why, 0) end
  return why
end

return M
