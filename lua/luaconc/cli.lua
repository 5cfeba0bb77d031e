-- The command `luaconc`: finds the subcommand and hands over.

local output = require "luaconc.compare.output"

local M = {}

-- name, module, what it does; modules are loaded when they are asked for.
M.COMMANDS = {
  { "compare", "luaconc.compare.command",
    "run a job on every engine and see which one fits" },
}

local function usage()
  local lines = { "usage: luaconc COMMAND [options]", "", "commands:" }
  for _, c in ipairs(M.COMMANDS) do
    lines[#lines + 1] = ("  %-16s%s"):format(c[1], c[3])
  end
  lines[#lines + 1] = ("  %-16s%s"):format("help COMMAND",
    "how a command is used")
  lines[#lines + 1] = ""
  lines[#lines + 1] = "options:"
  lines[#lines + 1] = ("  %-16s%s"):format("--version",
    "the version of luaconc, Lua and libuv")
  lines[#lines + 1] = ("  %-16s%s"):format("--help", "this text")
  return table.concat(lines, "\n") .. "\n"
end

local function find(name)
  for _, c in ipairs(M.COMMANDS) do
    if c[1] == name then return require(c[2]) end
  end
end

local function unknown(what, word)
  local names = { "help", "--help", "--version" }
  for _, c in ipairs(M.COMMANDS) do table.insert(names, 1, c[1]) end
  io.stderr:write(("luaconc: unknown %s '%s'%s\nTry 'luaconc --help'.\n")
    :format(what, word, require("luaconc.compare.suggest").hint(word, names)))
  return 2
end

local function help(name)
  if not name then
    output.write(usage())
    return 0
  end
  local command = find(name)
  if not command then return unknown("command", name) end
  output.write(command.help)
  return 0
end

local function print_version()
  local core = require "luaconc.core"
  output.write(("luaconc %s (%s, libuv %s)\n"):format(core.version,
    _VERSION, core.machine().libuv))
  return 0
end

local function main(args)
  local first = args[1]
  if first == nil then
    io.stderr:write(usage())
    return 2
  elseif first == "--version" or first == "-v" then
    return print_version()
  elseif first == "--help" or first == "-h" then
    return help()
  elseif first == "help" then
    return help(args[2])
  end
  local command = find(first)
  if not command then
    return unknown(first:sub(1, 1) == "-" and "option" or "command", first)
  end
  for i = 2, #args do
    if args[i] == "--version" then return print_version() end
    if args[i] == "--" then break end
  end
  return command.main(table.move(args, 2, #args, 1, {}))
end

--- Runs the command line; returns the exit status.
---@param args string[]
---@return integer
function M.main(args)
  return output.guard("luaconc", main, args)
end

return M
