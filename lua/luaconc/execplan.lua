-- What is asked for by the options of conc.exec and conc.popen, checked: a
-- plan.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

---@class luaconc.execplan
---@field name string which function complains
---@field stages string[][] the programs of the pipeline, with their arguments
---@field input? string what the first one reads
---@field stdin any
---@field stdout any
---@field stderr any
---@field cwd? string
---@field env? string[] nil: ours
---@field path? string where programs are looked for; nil: our PATH
---@field timeout? number
---@field limit? number
---@field grace number

local GRACE = 1   -- seconds between SIGTERM and SIGKILL

-- ---- what an option may be ----

local function complain(name, problem)
  check.complain(name, 1, problem)
end

local function has(value, method)
  local kind = type(value)
  if kind ~= "userdata" and kind ~= "table" then return false end
  local found, f = pcall(function() return value[method] end)
  return found and check.callable(f)
end

-- "open", "closed", or nil: of Lua's own files.
local states = { file = "open", ["closed file"] = "closed" }

local function file_state(value) return states[io.type(value)] end

local function is_source(value)
  return file_state(value) ~= "closed" and has(value, "read")
end

local function is_sink(value)
  return file_state(value) ~= "closed" and has(value, "write")
end

local words = { pipe = true, inherit = true, null = true }

local function is_input(value)
  if words[value] then return true end
  return is_source(value), '"pipe", "inherit", "null", an open file or a '
    .. "stream (a text to be read goes into `input`)"
end

local function is_output(value)
  if words[value] then return true end
  return is_sink(value), '"pipe", "inherit", "null", an open file or a stream'
end

local function is_errors(value)
  if value == "stdout" then return true end
  local fits, wanted = is_output(value)
  return fits, wanted and '"stdout", ' .. wanted
end

local function is_text(value)
  return type(value) == "string", "a string"
end

local function is_path(value)
  return type(value) == "string" and not value:find "\0", "a path"
end

local function is_seconds(value)
  return type(value) == "number" and value >= 0, "seconds, 0 or more"
end

local function is_count(value)
  return type(value) == "number" and value >= 0, "a number of bytes, 0 or more"
end

local function is_boolean(value)
  return type(value) == "boolean", "true or false"
end

local function is_table(value)
  return type(value) == "table", "a table of variables"
end

local OPTIONS = {
  stdin = is_input, stdout = is_output, stderr = is_errors, input = is_text,
  cwd = is_path, env = is_table, clearenv = is_boolean, grace = is_seconds,
}

local WHOLE = { timeout = is_seconds, limit = is_count }

local function check_option(name, key, value, whole)
  local try = OPTIONS[key] or whole and WHOLE[key]
  if not try then
    check.unknown(name, 1, key, OPTIONS, whole and WHOLE or nil)
  end
  local fits, wanted = try(value)
  if fits then return end
  local got = file_state(value) == "closed" and "a closed file"
    or core.got(value)
  complain(name, ("option '%s' must be %s, got %s"):format(key, wanted, got))
end

-- ---- the command ----

local function check_word(name, i, value)
  if math.type(value) then return tostring(value) end
  if type(value) ~= "string" then
    complain(name, ("argument %d of the command must be a string, got %s")
      :format(i - 1, core.got(value)))
  end
  if value:find("\0", 1, true) then
    complain(name, ("argument %d of the command holds a zero byte")
      :format(i - 1))
  end
  return value
end

local function check_command(name, list)
  if list[1] == nil then complain(name, "a command expected, got none") end
  local command = {}
  for i = 1, #list do command[i] = check_word(name, i, list[i]) end
  return command
end

-- One command, or a list of them.
local function check_stages(name, options)
  if type(options[1]) ~= "table" then
    return { check_command(name, options) }
  end
  local stages = {}
  for i, list in ipairs(options) do
    if type(list) ~= "table" then
      complain(name, ("command %d of the pipeline must be a table, got %s")
        :format(i, core.got(list)))
    end
    for key in pairs(list) do
      if not math.tointeger(key) then
        complain(name, ("command %d of the pipeline has a field '%s': options "
          .. "stand beside the commands"):format(i, tostring(key)))
      end
    end
    stages[i] = check_command(name, list)
  end
  return stages
end

-- ---- the environment ----

local function check_variable(name, key, value)
  if type(key) ~= "string" or key == "" or key:find "[=%z]" then
    complain(name, ("option 'env': %s is no name of a variable")
      :format(core.got(key)))
  end
  if value == false then return end
  if type(value) ~= "string" and not math.type(value)
    or tostring(value):find("\0", 1, true) then
    complain(name, ("option 'env': %s must be a string or false, got %s")
      :format(key, core.got(value)))
  end
end

-- Ours, with the changes; nil where there are none.
local function environment(name, changes, clear)
  if not changes and not clear then return nil end
  local list = {}
  for key, value in pairs(changes or {}) do
    check_variable(name, key, value)
    if value then list[#list + 1] = key .. "=" .. tostring(value) end
  end
  for _, line in ipairs(clear and {} or core.exec.environment()) do
    local key = line:match "^(.-)="
    if not key or (changes or {})[key] == nil then list[#list + 1] = line end
  end
  return list, changes and changes.PATH or nil
end

-- ---- all of it ----

--- The plan that is asked for. `given` has what stands for options that are
--- not there; `whole` tells whether the program is run to its end.
---@param name string
---@param options any
---@param given table
---@param whole boolean
---@return luaconc.execplan
function M.make(name, options, given, whole)
  if type(options) ~= "table" then
    check.expected(name, 1, "a table {command, arguments ...}", options)
  end
  check.dot(name, 1, options)
  local plan = { name = name, stages = check_stages(name, options),
    grace = GRACE }
  for key, value in pairs(given) do plan[key] = value end
  for key, value in pairs(options) do
    if not math.tointeger(key) then
      check_option(name, key, value, whole)
      plan[key] = value
    end
  end
  if plan.input and options.stdin then
    complain(name, "options 'input' and 'stdin' exclude each other")
  end
  local env, path = environment(name, options.env, options.clearenv)
  plan.env, plan.path = env, path
  return plan
end

M.is_file = file_state
M.complain = complain

return M
