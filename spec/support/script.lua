-- Running a Lua script as a process of its own, as its user would.

local M = {}

-- The interpreter: the one that runs the specs, unless it is told otherwise.
local lua = os.getenv "LUACONC_LUA" or "lua5.4"

-- What each script finds ready. `interrupt` sends this process a SIGINT:
-- popen, unlike os.execute, doesn't ignore the signal meanwhile.
local prelude = [[
local conc = require "luaconc"
local function on_close(f)
  return setmetatable({}, { __close = function(_, err) f(err) end })
end
local function interrupt() io.popen("kill -INT $PPID"):close() end
local function say(...) io.stdout:write(...) io.stdout:write("\n") end
local _ = conc, on_close, interrupt, say
]]

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  os.remove(path)
  return text
end

--- Runs the Lua text `source` in a process of its own.
-- Returns `{code=, out=, err=}`: the status as a shell sees it (130 after
-- SIGINT; 124 or 137 when it hung for 20 s), standard output and error.
function M.run(source)
  local path, out, err = os.tmpname(), os.tmpname(), os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(prelude:gsub("\n", " "), "\n", source)
  file:close()
  local paths = ("package.path=%q package.cpath=%q")
    :format(package.path, package.cpath)
  local command = ("timeout -k 2 20 %s -e %s %s >%s 2>%s </dev/null")
    :format(lua, quoted(paths), quoted(path), quoted(out), quoted(err))
  local _, how, code = os.execute(command)
  os.remove(path)
  return {
    code = how == "signal" and 128 + code or code,
    out = contents(out),
    err = contents(err),
  }
end

return M
