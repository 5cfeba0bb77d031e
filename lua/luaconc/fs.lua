-- Files and folders: what C does (src/fs.c, src/fsfile.c), and walking a
-- tree. Every function waits its task only.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

for _, name in ipairs {
  "stat", "lstat", "exists", "scandir", "readlink", "realpath", "mkdir",
  "remove", "chmod", "utime", "truncate", "rename", "link", "symlink", "copy",
  "read_file", "write_file",
} do
  M[name] = core.fs[name]
end

local complain = check.complain

-- ---- temporary names ----

-- The template of a name that begins with `prefix`; in the system's folder
-- for such files unless the prefix has one.
local function template(name, prefix)
  if prefix == nil then prefix = "luaconc-" end
  if type(prefix) ~= "string" then
    complain(name, 1, "a string expected, got " .. type(prefix))
  end
  if prefix:find("\0", 1, true) then
    complain(name, 1, "a path can't hold a zero byte")
  end
  if not prefix:find("/", 1, true) then
    prefix = (os.getenv "TMPDIR" or "/tmp") .. "/" .. prefix
  end
  return prefix .. "XXXXXX"
end

---Makes a folder of its own, with a new name that begins with `prefix`, in
---$TMPDIR (or /tmp) unless the prefix says where. Only this user may use it.
---Waits.
---@param prefix? string # "luaconc-" unless said
---@return string? path
---@return string? message
---@return string? code
function M.mkdtemp(prefix)
  return core.fs.mkdtemp(template("mkdtemp", prefix))
end

return M
