-- A folder for one test, made and removed without what is tested.

local lfs = require "lfs"

local M = {}

local function remove(path)
  if lfs.symlinkattributes(path, "mode") == "directory" then
    for name in lfs.dir(path) do
      if name ~= "." and name ~= ".." then remove(path .. "/" .. name) end
    end
    assert(lfs.rmdir(path))
  else
    assert(os.remove(path))
  end
end

local count = 0

--- Calls `f(path)` with the path of a new, empty folder, which is removed
-- after that with all that is in it.
function M.with(f)
  local path
  repeat
    count = count + 1
    path = ("%s/luaconc-spec-%d-%d"):format(os.getenv "TMPDIR" or "/tmp",
      os.time(), count)
  until lfs.mkdir(path)
  local _ <close> = setmetatable({}, { __close = function() remove(path) end })
  return f(path)
end

--- What is in a file, by Lua's own functions.
function M.contents(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- Makes a file by Lua's own functions.
function M.make(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

return M
