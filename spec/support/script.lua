-- Running a Lua script as a process of its own, as its user would.

local folder = require "spec.support.folder"

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

-- Runs a shell command and takes what it wrote: `{code=, out=, err=}`.
local function result_of(command)
  local out, err = os.tmpname(), os.tmpname()
  local _, how, code = os.execute(("%s >%s 2>%s </dev/null"):format(command, out, err))
  return {
    code = how == "signal" and 128 + code or code,
    out = folder.take(out),
    err = folder.take(err),
  }
end

--- Runs the Lua script `path` with these arguments, as its user would.
-- The result is that of `run`.
function M.file(path, ...)
  local words = { path, ... }
  for i, word in ipairs(words) do words[i] = quoted(tostring(word)) end
  return result_of(("LUA_PATH=%s LUA_CPATH=%s timeout -k 2 60 %s %s")
    :format(quoted(package.path), quoted(package.cpath), lua, table.concat(words, " ")))
end

--- Runs the Lua text `source` in a process of its own.
-- Returns `{code=, out=, err=}`: the status as a shell sees it (130 after
-- SIGINT; 124 or 137 when it hung for 20 s), standard output and error.
function M.run(source)
  local path = folder.temporary(prelude:gsub("\n", " ") .. "\n" .. source)
  local paths = ("package.path=%q package.cpath=%q")
    :format(package.path, package.cpath)
  local result = result_of(("timeout -k 2 20 %s -e %s %s")
    :format(lua, quoted(paths), quoted(path)))
  os.remove(path)
  return result
end

return M
