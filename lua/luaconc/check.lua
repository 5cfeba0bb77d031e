-- Wrong arguments of the functions that are written in Lua, told at the line
-- that passed them.

local M = {}

--- Whether it can be called.
---@param value any
---@return boolean
function M.callable(value)
  if type(value) == "function" then return true end
  local meta = getmetatable(value)
  return type(meta) == "table" and meta.__call ~= nil
end

-- The folder of luaconc's own Lua files, as sources begin.
local own = debug.getinfo(1, "S").source:match "^(.*)check%.lua$"

-- The level of the first function that is not in one of luaconc's own files,
-- for `error` in the function that asks; 0, which names no line, where such a
-- function is the first of a coroutine.
local function caller()
  local here = debug.getinfo(1, "S").source
  local file = debug.getinfo(3, "S").source
  local level, info = 4, debug.getinfo(4, "S")
  while info and (info.source == here or info.source == file or
                  own and info.source:sub(1, #own) == own) do
    level = level + 1
    info = debug.getinfo(level, "S")
  end
  return info and level - 1 or 0
end

--- Raises what is wrong with an argument of the function `name`.
---@param name string
---@param index integer
---@param problem string
function M.complain(name, index, problem)
  error(("bad argument #%d to '%s' (%s)"):format(index, name, problem),
    caller())
end

return M
