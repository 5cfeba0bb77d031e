-- Wrong arguments of the functions that are written in Lua, told at the line
-- that passed them.

local core = require "luaconc.core"

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

--- Raises where the value is a module of luaconc: one of its functions was
--- called as a method.
---@param name string
---@param index integer
---@param value any
function M.dot(name, index, value)
  local meta = getmetatable(value)
  local module = type(meta) == "table" and rawget(meta, "__module")
  if not module then return end
  M.complain(name, index, ("this is %s itself: its functions are called with "
    .. "a dot, not with a colon"):format(module))
end

--- Raises: something else was expected than the value.
---@param name string
---@param index integer
---@param what string
---@param value any
function M.expected(name, index, what, value)
  M.dot(name, index, value)
  M.complain(name, index, what .. " expected, got " .. core.got(value))
end

--- What is said where a function is expected, or a thing like one.
---@param what string
---@param value any
---@return string
function M.no_function(what, value)
  return ("%s expected, got %s: pass the function itself, f, not what it "
    .. "returns, f()"):format(what, core.got(value))
end

--- Raises unless the value can be called.
---@param name string
---@param index integer
---@param value any
function M.func(name, index, value)
  if M.callable(value) then return end
  M.dot(name, index, value)
  M.complain(name, index, M.no_function("function", value))
end

--- Raises unless the argument `index` is the name of a host, or an address.
---@param name string
---@param index integer
---@param value any
---@param wanted? string "a host" unless said
function M.host(name, index, value, wanted)
  if type(value) ~= "string" or value == "" then
    M.expected(name, index, wanted or "a host", value)
  elseif value:find("\0", 1, true) then
    M.complain(name, index, "a host can't hold a zero byte")
  end
end

--- Raises: a method was called on another thing than a `kind`.
---@param name string
---@param kind string
---@param value any
function M.wrong_self(name, kind, value)
  M.complain(name, 1, ("%s expected, got %s: methods are called with a colon, "
    .. "object:method()"):format(kind, core.got(value)))
end

--- Raises: there is no such option; the tables have those that there are.
---@param name string
---@param index integer
---@param key any
---@param ... table?
function M.unknown(name, index, key, ...)
  local names = {}
  for _, known in pairs { ... } do
    for option in pairs(known) do names[#names + 1] = option end
  end
  table.sort(names)
  local meant = core.nearest(tostring(key), names)
  M.complain(name, index, ("unknown option '%s'%s"):format(tostring(key),
    meant and ("; did you mean '%s'?"):format(meant)
      or "; options: " .. table.concat(names, ", ")))
end

return M
