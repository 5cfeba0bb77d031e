-- A scenario: a Lua file that returns one table (see `M.FIELDS`), and knows
-- nothing of engines.

local trace = require "luaconc.compare.trace"

local M = {}

-- name, type, needed
M.FIELDS = {
  { "name", "string", true },
  { "about", "string" },
  { "sizes", "table", true },
  { "setup", "function" },
  { "job", "function", true },
  { "check", "function" },
  { "show", "function" },
  { "teardown", "function" },
}

---@class luaconc.compare.Scenario
---@field file string where it comes from
---@field set table<string, string|number> what `--set` gave
---@field name string
---@field about string? a line that says what the job is
---@field sizes integer[] how many jobs, one measurement for each
---@field setup (fun(size: integer): any)? once per size, in the parent
---@field job fun(i: integer, ctx: any): any the work; the same on every engine
---@field check fun(results: any[], size: integer)? raises where one is wrong
---@field show (fun(results: any[]): string)? what a program of another language
--- prints for these results; each on a line of its own, unless given
---@field teardown fun(ctx: any)? at the end, in the parent

local function article(word)
  return (word:find("^[aeiou]") and "an " or "a ") .. word
end

local function known_field(name)
  for _, field in ipairs(M.FIELDS) do
    if field[1] == name then return true end
  end
  return false
end

local function check_fields(t)
  for _, field in ipairs(M.FIELDS) do
    local name, kind, needed = field[1], field[2], field[3]
    local value = t[name]
    if value == nil and needed then
      return ("the field '%s' (%s) is missing"):format(name, article(kind))
    elseif value ~= nil and type(value) ~= kind then
      return ("the field '%s' must be %s, and is %s"):format(name,
        article(kind), article(type(value)))
    end
  end
  for key in pairs(t) do
    if not known_field(key) then
      local suggest = require "luaconc.compare.suggest"
      local names = {}
      for i, field in ipairs(M.FIELDS) do names[i] = field[1] end
      return ("there is no field '%s'%s"):format(tostring(key),
        suggest.hint(tostring(key), names))
    end
  end
end

local function check_sizes(sizes)
  if #sizes == 0 then return "the field 'sizes' is an empty list" end
  local seen = {}
  for i, size in ipairs(sizes) do
    if math.type(size) ~= "integer" or size < 1 then
      return ("sizes[%d] must be a whole number above 0, and is %s"):format(i,
        tostring(size))
    elseif seen[size] then
      return ("the field 'sizes' names %d twice"):format(size)
    end
    seen[size] = true
  end
end

-- What `--set` gave, as the file sees it while it is read: asking is noted.
local function settings(set)
  local asked = {}
  return setmetatable({}, { __index = function(_, name)
    asked[name] = true
    return set[name]
  end }), asked
end

-- A setting that the file didn't ask for is a slip.
local function check_settings(file, set, asked)
  local names = {}
  for name in pairs(asked) do names[#names + 1] = tostring(name) end
  table.sort(names)
  for name in pairs(set) do
    if not asked[name] then
      local suggest = require "luaconc.compare.suggest"
      return ("%s asks for no setting '%s'%s%s"):format(file, name,
        suggest.hint(name, names), #names > 0 and " (settings: "
          .. table.concat(names, ", ") .. ")" or "")
    end
  end
end

--- What stands for a scenario where only programs are compared.
---@param set table?
---@return luaconc.compare.Scenario
function M.bare(set)
  return { file = "-", name = "programs", sizes = { 1 }, set = set or {} }
end

--- Reads a scenario, or says what is wrong with it. The file gets its own
--- name and the settings: `local file, set = ...`.
---@param file string
---@param set table<string, string|number>? values of `--set`
---@return luaconc.compare.Scenario? scenario
---@return string? message
---@return string? traceback where the file raised it
function M.load(file, set)
  set = set or {}
  local chunk, message = loadfile(file, "t")
  if not chunk then return nil, message end
  local given, asked = settings(set)
  local ok, t = xpcall(chunk, function(err)
    return { message = tostring(err), traceback = trace.here() }
  end, file, given)
  if not ok then return nil, t.message, t.traceback end
  if type(t) ~= "table" then
    return nil, ("%s must return a table that describes a scenario, and "
      .. "returns %s"):format(file, t == nil and "nothing" or article(type(t)))
  end
  local wrong = check_fields(t) or check_sizes(t.sizes)
  if wrong then return nil, file .. ": " .. wrong end
  wrong = check_settings(file, set, asked)
  if wrong then return nil, wrong end
  -- From now on it is a plain table, which jobs may use.
  setmetatable(given, nil)
  for name, value in pairs(set) do given[name] = value end
  local scenario = { file = file, set = set }
  for _, field in ipairs(M.FIELDS) do scenario[field[1]] = t[field[1]] end
  return scenario
end

return M
