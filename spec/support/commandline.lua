-- The command `luaconc`, run as its user does.

local contents = require "spec.support.folder".take

local M = {}

M.lua = os.getenv "LUACONC_LUA" or "lua5.4"
M.tree = io.popen("pwd"):read "l"

--- A word as the shell takes it.
function M.quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

--- Runs `luaconc` with these arguments, after these words (`env A=1`); returns
--- status, output, errors.
function M.run_after(before, ...)
  local out, err = os.tmpname(), os.tmpname()
  local words = { before, "timeout -k 2 60", M.lua, M.quoted(M.tree .. "/bin/luaconc") }
  for _, word in ipairs { ... } do words[#words + 1] = M.quoted(word) end
  local _, _, status = os.execute(table.concat(words, " ") .. " >" .. out .. " 2>" .. err
    .. " </dev/null")
  return status, contents(out), contents(err)
end

function M.run(...) return M.run_after("", ...) end

--- Calls `f` with the path of a file of this text.
function M.with_file(text, f)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
  local ok, err = pcall(f, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

return M
