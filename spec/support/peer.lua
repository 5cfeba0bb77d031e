-- Programs of others that specs talk to, where they are installed.

local M = {}

local function is_there(name)
  return os.execute("command -v " .. name .. " >/dev/null 2>&1") == true
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
