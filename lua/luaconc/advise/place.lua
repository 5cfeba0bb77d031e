-- The line of the script that called a watched function.

local M = {}

local OURS = debug.getinfo(1, "S").source:match "^(.*)advise/place%.lua$"

-- "script" of a frame, "ours" of the library's own, "watch" of those here.
local function whose(source)
  if not OURS or source:sub(1, #OURS) ~= OURS then return "script" end
  return source:sub(#OURS + 1):find "^advise/" and "watch" or "ours"
end

local DEPTH = 16

--- "script.lua:12", to be called by a watched function; nil where luaconc
--- itself called it, as conc.map uses a pool. Where the caller is gone, as
--- the call was its last, the place is that of `f`, the job.
---@param f function?
---@return string?
function M.of(f)
  for level = 2, DEPTH do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local owner = info.what == "C" and "C" or whose(info.source)
    if owner == "ours" then return nil end
    if owner == "script" then
      return ("%s:%d"):format(info.short_src, info.currentline)
    end
  end
  local info = f and debug.getinfo(f, "S")
  if not info or info.what == "C" then return nil end
  return ("%s:%d"):format(info.short_src, info.linedefined)
end

return M
