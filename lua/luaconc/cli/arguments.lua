-- The arguments of a command, read by the command's own table of options (see
-- src/README.md): what is given, or what is wrong.

local suggest = require "luaconc.compare.suggest"

local M = {}

-- `--name` without its dashes, as a field.
local function field_of(name)
  return (name:gsub("^%-%-", ""):gsub("%-", "_"))
end

local function find(command, word)
  for _, option in ipairs(command.options or {}) do
    if option[1] == word then return option end
  end
end

local function unknown(command, word)
  local names = { "--version", "--help" }
  for i, option in ipairs(command.options or {}) do names[i + 2] = option[1] end
  return nil, ("unknown option '%s'%s"):format(word,
    suggest.hint(word, names))
end

local function put(given, option, value)
  local name = field_of(option[1])
  if not option.many then
    given[name] = value
    return
  end
  given[name] = given[name] or {}
  table.insert(given[name], value)
end

-- One option with its value; returns how many arguments it took.
local function take(given, command, args, i)
  local word, value = args[i]:match "^(%-%-[^=]*)=(.*)$"
  word = word or args[i]
  local option = find(command, word)
  if not option then return unknown(command, word) end
  if not option[2] then
    if value then return nil, ("option '%s' takes no value"):format(word) end
    put(given, option, true)
    return 1
  end
  local took = value and 1 or 2
  value = value or args[i + 1]
  if not value then return nil, ("option '%s' needs a value"):format(word) end
  local parsed, message = (option.parse or tostring)(value)
  if parsed == nil then return nil, ("%s: %s"):format(word, message) end
  put(given, option, parsed)
  return took
end

local function take_rest(given, args, i)
  table.move(args, i, #args, #given.words + 1, given.words)
  return given
end

--- What the arguments ask for, or nil and what is wrong with them. Plain
--- words are in `words`; where the command takes the arguments of a script
--- (`rest`), all from the first plain word on. `help` and `version` end it.
---@param command luaconc.cli.Command
---@param args string[]
---@return table? given, string? message
function M.parse(command, args)
  local given, i = { words = {} }, 1
  while i <= #args do
    local word = args[i]
    if word == "--" then return take_rest(given, args, i + 1) end
    if word == "-" or word:sub(1, 1) ~= "-" then
      if command.rest then return take_rest(given, args, i) end
      table.insert(given.words, word)
      i = i + 1
    elseif word == "--help" or word == "-h" then
      return { help = true }
    elseif word == "--version" then
      return { version = true }
    else
      local took, message = take(given, command, args, i)
      if not took then return nil, message end
      i = i + took
    end
  end
  return given
end

-- "  --name VALUE      text", further lines of the text below its first.
local function option_lines(option)
  local name = option[1] .. (option[2] and " " .. option[2] or "")
  local text = option[3]:gsub("\n", "\n" .. (" "):rep(20))
  if #name > 16 then name = name .. "\n" .. (" "):rep(18) end
  return ("  %-18s%s\n"):format(name, text)
end

--- How a command is used.
---@param command luaconc.cli.Command
---@return string
function M.help(command)
  local out = { ("usage: luaconc %s %s\n\n"):format(command.name,
    command.usage), command.text, "\noptions:\n" }
  for _, option in ipairs(command.options or {}) do
    out[#out + 1] = option_lines(option)
  end
  out[#out + 1] = option_lines { "--version", nil, "the version of luaconc" }
  out[#out + 1] = option_lines { "--help", nil, "this text" }
  if command.notes then out[#out + 1] = "\n" .. command.notes end
  out[#out + 1] = "\nExit status: 0 done, 1 " .. command.fails
    .. ", 2 wrong use.\n"
  return table.concat(out)
end

return M
