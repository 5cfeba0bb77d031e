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

-- Where many files are made: in memory, where there is such a place.
local function fast_place()
  return lfs.attributes("/dev/shm", "mode") == "directory" and "/dev/shm" or "/tmp"
end

--- The path of a new, empty folder. `fast`: for many files.
function M.new(fast)
  local path
  local place = fast and fast_place() or os.getenv "TMPDIR" or "/tmp"
  repeat
    count = count + 1
    path = ("%s/luaconc-spec-%d-%d"):format(place, os.time(), count)
  until lfs.mkdir(path)
  return path
end

--- Removes a folder with all that is in it.
function M.remove(path) remove(path) end

--- Calls `f(path)` with the path of a new folder, which is removed after that.
function M.with(f, fast)
  local path = M.new(fast)
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

--- A new file with this text, outside of any folder; its path.
function M.temporary(text)
  local path = os.tmpname()
  M.make(path, text or "")
  return path
end

--- What is in such a file, which is removed.
function M.take(path)
  local text = M.contents(path)
  os.remove(path)
  return text
end

return M
