-- The command `luaconc`: finds the subcommand and hands over.
--
-- A command is a file in cli/ that returns a table of this shape:

---@class luaconc.cli.Command
---@field name string
---@field about string a line for `luaconc --help`
---@field usage string what follows the name: "[options] FILE..."
---@field text string what it does, for `luaconc help NAME`
---@field options table[]? of `{ "--name", "VALUE" or false, text, parse=,
--- many=, complete= }`: the value comes through `parse` (see cli/values.lua) to
--- the field `name` of `given`; `many`: a list of all that were given;
--- `complete`: "file" or a list of words, for the shell
---@field notes string? what is said below the options
---@field fails string what exit status 1 means
---@field complete string|string[]|function? what plain words are: "file", or
--- words (or a function that returns them), for the shell
---@field rest boolean? all from the first plain word on belongs to a script
---@field run fun(given: table): integer?, string? `given.words` are the plain
--- words; returns the exit status, or nil and what is wrong with its use
--
-- Files load what they need when they run: all are read for `--help`.

local arguments = require "luaconc.cli.arguments"
local offered = require "luaconc.compare.offered"
local output = require "luaconc.compare.output"
local suggest = require "luaconc.compare.suggest"

local M = {}

-- In the order of `--help`; those without a file are not offered.
M.ORDER = { "run", "compare", "claims", "advise", "trace", "doctor",
  "completion" }

local PREFIX = "luaconc.cli."

--- The names of the commands that there are.
---@return string[]
function M.names()
  return offered(PREFIX, M.ORDER)
end

--- The command of that name, or nil.
---@param name string
---@return luaconc.cli.Command?
function M.get(name)
  for _, known in ipairs(M.names()) do
    if known == name then return require(PREFIX .. name) end
  end
end

local function usage()
  local lines = { "usage: luaconc COMMAND [options]", "", "commands:" }
  local function add(word, text)
    lines[#lines + 1] = ("  %-16s%s"):format(word, text)
  end
  for _, name in ipairs(M.names()) do add(name, M.get(name).about) end
  add("help COMMAND", "how to use a command")
  lines[#lines + 1] = ""
  lines[#lines + 1] = "options:"
  add("--version", "the version of luaconc, Lua and libuv")
  add("--help", "this text")
  return table.concat(lines, "\n") .. "\n"
end

local function unknown(what, word)
  local names = M.names()
  table.move({ "help", "--help", "--version" }, 1, 3, #names + 1, names)
  io.stderr:write(("luaconc: unknown %s '%s'%s\nTry 'luaconc --help'.\n")
    :format(what, word, suggest.hint(word, names)))
  return 2
end

local function help(name)
  if not name then
    output.write(usage())
    return 0
  end
  local command = M.get(name)
  if not command then return unknown("command", name) end
  output.write(arguments.help(command))
  return 0
end

local function print_version()
  local core = require "luaconc.core"
  output.write(("luaconc %s (%s, libuv %s)\n"):format(core.version,
    _VERSION, core.machine().libuv))
  return 0
end

local function misused(command, message)
  io.stderr:write(("luaconc %s: %s\nTry 'luaconc help %s'.\n"):format(
    command.name, message, command.name))
  return 2
end

local function run(command, args)
  local given, message = arguments.parse(command, args)
  if not given then return misused(command, message) end
  if given.help then return help(command.name) end
  if given.version then return print_version() end
  local status
  status, message = command.run(given)
  return status or misused(command, message)
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
  local command = M.get(first)
  if not command then
    return unknown(first:sub(1, 1) == "-" and "option" or "command", first)
  end
  return output.guard("luaconc " .. first, run, command,
    table.move(args, 2, #args, 1, {}))
end

--- Runs the command line; returns the exit status.
---@param args string[]
---@return integer
function M.main(args)
  return output.guard("luaconc", main, args)
end

return M
