-- What the values of options may be. Each function takes the text of one
-- and returns what it means, or nil and what is wrong with it.

local suggest = require "luaconc.compare.suggest"

local M = {}

local function split(text)
  local list = {}
  for item in text:gmatch "[^,]*" do list[#list + 1] = item end
  return list
end

local function unique(list, what)
  local seen = {}
  for _, item in ipairs(list) do
    if seen[item] then return nil, ("%s '%s' is named twice"):format(what,
      item) end
    seen[item] = true
  end
  return list
end

--- A whole number from 1 on.
function M.count(text)
  local n = math.tointeger(tonumber(text))
  if n and n >= 1 then return n end
  return nil, ("'%s' is no whole number above 0"):format(text)
end

--- A list of such numbers, each once. `what` is what one is called.
function M.counts(what)
  return function(text)
    local list = split(text)
    if text == "" then return nil, "names no " .. what end
    for i, item in ipairs(list) do
      local n, message = M.count(item)
      if not n then return nil, message end
      list[i] = n
    end
    return unique(list, what)
  end
end

--- Seconds above 0.
function M.seconds(text)
  local n = tonumber(text)
  if n and n > 0 and n < math.huge then return n end
  return nil, ("'%s' is no number of seconds above 0"):format(text)
end

--- A setting: `NAME=VALUE`, where a value that is a number becomes one.
function M.setting(text)
  local name, value = text:match "^([%a_][%w_]*)=(.*)$"
  if not name then
    return nil, ("'%s' is no NAME=VALUE"):format(text)
  end
  return { name = name, value = tonumber(value) or value }
end

--- Two numbers: `LOW..HIGH`.
function M.range(text)
  local low, high = text:match "^(%d+)%.%.(%d+)$"
  low, high = math.tointeger(tonumber(low)), math.tointeger(tonumber(high))
  if low and high and low >= 1 and high > low then return { low, high } end
  return nil, ("'%s' is no LOW..HIGH of whole numbers above 0"):format(text)
end

--- A program: `NAME=COMMAND`.
function M.command(text)
  local name, command = text:match "^([%w_.+-]+)=(.+)$"
  if name then return { name = name, command = command } end
  return nil, ("'%s' is no NAME=COMMAND"):format(text)
end

--- The name of a file.
function M.file(text)
  if text ~= "" then return text end
  return nil, "needs the name of a file"
end

--- Names out of those that `all` returns, each once.
function M.names(what, all)
  return function(text)
    local list, names, known = split(text), all(), {}
    if text == "" then return nil, "names no " .. what end
    for _, name in ipairs(names) do known[name] = true end
    for _, name in ipairs(list) do
      if not known[name] then
        return nil, ("there is no %s '%s'%s (%ss: %s)"):format(what, name,
          suggest.hint(name, names), what, table.concat(names, ", "))
      end
    end
    return unique(list, what)
  end
end

return M
