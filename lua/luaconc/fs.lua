-- Files and folders: what C does (src/fs/fs.c, src/fs/fsfile.c), and walking a
-- tree. Every function waits its task only.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"

local M = {}

for _, name in ipairs {
  "stat", "lstat", "exists", "scandir", "readlink", "realpath", "mkdir",
  "remove", "chmod", "utime", "truncate", "rename", "link", "symlink", "copy",
  "read_file", "write_file", "open", "watch",
} do
  M[name] = core.fs[name]
end

-- ---- temporary names ----

-- The template of a name that begins with `prefix`; in the system's folder
-- for such files unless the prefix has one.
local function template(name, prefix)
  if prefix == nil then prefix = "luaconc-" end
  if type(prefix) ~= "string" then
    check.expected(name, 1, "string", prefix)
  end
  if prefix:find("\0", 1, true) then
    check.complain(name, 1, "a path can't hold a zero byte")
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

---The same for a file, which is open for reading and writing. Waits.
---@param prefix? string # "luaconc-" unless said
---@return luaconc.file? file
---@return string? path # where it failed: the message
---@return string? code
function M.mkstemp(prefix)
  return core.fs.mkstemp(template("mkstemp", prefix))
end

-- ---- walking ----

local walking = {
  follow = option.boolean, contents_first = option.boolean,
  enter = option.callable, on_error = option.callable,
}

local function check_walk(path, opts)
  if type(path) ~= "string" then check.expected("walk", 1, "path", path) end
  return option.check("walk", 2, opts, walking)
end

-- What has vanished, or become something else, since its folder was read.
local vanished = { ENOENT = true, ENOTDIR = true, ELOOP = true }

local Walk = {}
Walk.__index = Walk

-- A failure that is no change of the tree.
local function report(self, path, message, code)
  if not self.on_error then error(core.error(code, message), 0) end
  self.on_error(path, message, code)
end

-- What a link leads to; a folder that the way down has led through already
-- is not one to go into again.
local function target_type(self, path)
  local st, message, code = M.stat(path)
  if not st then
    if not vanished[code] then report(self, path, message, code) end
    return "link"
  end
  if st.type ~= "directory" then return st.type end
  local id = st.dev .. ":" .. st.ino
  for level = 1, #self do
    if self[level].id == id then return "link" end
  end
  return "directory", id
end

local function join(folder, name)
  return folder:sub(-1) == "/" and folder .. name or folder .. "/" .. name
end

-- Reads a folder: it is the innermost level from now on.
local function enter(self, path, id)
  if self.enter and not self.enter(path) then return false end
  local list, message, code = M.scandir(path)
  if not list then
    if #self == 0 or not vanished[code] then
      report(self, path, message, code)
    end
    return false
  end
  if self.follow and not id then
    local st = M.stat(path)
    id = st and st.dev .. ":" .. st.ino
  end
  self[#self + 1] = { path = path, list = list, at = 0, id = id }
  return true
end

-- The next entry of the innermost level; nil: that level is done.
local function next_entry(self, level)
  level.at = level.at + 1
  local entry = level.list[level.at]
  if not entry then
    self[#self] = nil
    return nil
  end
  level.list[level.at] = false
  local path, kind, id = join(level.path, entry.name), entry.type, nil
  if kind == "link" and self.follow then kind, id = target_type(self, path) end
  return path, kind, id
end

-- A folder that comes after its contents waits in `self.pending` meanwhile.
local function step(self)
  while #self > 0 do
    local level = self[#self]
    local path, kind, id = next_entry(self, level)
    if not path then
      if level.own then return level.path, "directory" end
    elseif kind ~= "directory" then
      return path, kind
    elseif not self.contents_first then
      self.pending, self.pending_id = path, id
      return path, kind
    elseif enter(self, path, id) then
      self[#self].own = true
    else
      return path, kind
    end
  end
end

-- A folder is read when its successor is asked for: until then it may be
-- renamed, or removed, and nothing is read ahead.
function Walk:__call()
  if self.closed then return nil end
  if not self.begun then
    self.begun = true
    enter(self, self.root)
  end
  local path = self.pending
  self.pending = nil
  if path then enter(self, path, self.pending_id) end
  return step(self)
end

function Walk:__close() self:close() end

---Ends the walk: the next step is the end.
function Walk:close()
  self.closed = true
  for level = #self, 1, -1 do self[level] = nil end
end

---Iterates over all that is below the folder `path`: `for path, type in
---fs.walk(path)`. See docs/reference.md.
---@param path string
---@param opts? table
function M.walk(path, opts)
  opts = check_walk(path, opts)
  local walk = setmetatable({
    root = path, follow = opts.follow, enter = opts.enter,
    contents_first = opts.contents_first, on_error = opts.on_error,
  }, Walk)
  return walk, nil, nil, walk
end

return M
