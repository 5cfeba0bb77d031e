-- The files of the tree that specs read.

local M = {}

local function found(command)
  local list = {}
  local pipe <close> = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  table.sort(list)
  return list
end

--- The paths of all C files and headers, sorted.
function M.c() return found "find src -name '*.[ch]'" end

--- The paths of all Lua modules below lua/luaconc, without that.
function M.lua() return found "find lua/luaconc -name '*.lua' -printf '%P\\n'" end

--- The last part of a path: `loop.c`.
function M.name(path) return (path:match "[^/]*$") end

--- The text of a file.
function M.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

return M
