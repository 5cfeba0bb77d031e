-- The ends of several files, and what is added to them, until Ctrl-C: like
-- `tail -F`. A file that is cut short is read from its start; one that is
-- replaced, as logs are, is opened anew; one that is not there is waited for.
--
--   lua5.4 examples/tail.lua FILE...

local conc = require "luaconc"

local LINES, BLOCK = 10, 65536

local fs = conc.fs
local last    -- the file whose lines were printed last

local function show(path, text)
  if #arg > 1 and path ~= last then
    io.write(last and "\n" or "", "==> ", path, " <==\n")
  end
  last = path
  if not (io.write(text) and io.flush()) then os.exit(1) end   -- a closed pipe
end

-- Moves the place to the start of the last lines.
local function skip_to_end(file)
  local size = assert(file:seek "end")
  local from = math.max(0, size - BLOCK)
  local text = file:pread(BLOCK, from) or ""
  local at = #text
  for _ = 1, LINES do
    repeat at = at - 1 until at < 1 or text:byte(at) == 10
  end
  file:seek("set", from + math.max(at, 0))
end

-- Shows what is new, up to the end.
local function drain(path, file)
  local st = assert(file:stat())
  if st.size < assert(file:seek()) then file:seek "set" end
  while true do
    local text, message, code = file:read(BLOCK)
    if code == "EOF" then return end
    show(path, assert(text, message))
  end
end

-- Is the open file still the one of this name?
local function is_current(path, file)
  local named, open = fs.stat(path), file:stat()
  return named ~= nil and named.ino == open.ino and named.dev == open.dev
end

-- Until the name leads to another file.
local function follow_one(path, file, watcher)
  drain(path, file)
  while is_current(path, file) do
    assert(watcher:wait())
    drain(path, file)
  end
end

local function follow(path)
  local folder = path:match "^(.*/)" or "./"
  local watcher <close> = assert(fs.watch(folder))
  local first = true
  while true do
    local file <close>, message, code = fs.open(path)
    if file then
      if first then skip_to_end(file) end
      follow_one(path, file, watcher)
    elseif code ~= "ENOENT" then
      error(message, 0)
    else
      assert(watcher:wait())
    end
    first = false
  end
end

if #arg == 0 or arg[1]:find "^%-" then
  io.stderr:write("usage: lua5.4 tail.lua FILE...\n")
  os.exit(2)
end

conc.run(function()
  for _, path in ipairs(arg) do conc.spawn { follow, path, name = path } end
end)
