-- Options tables of the functions that are written in Lua, checked: a wrong
-- one is told at the line that passed it.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

-- ---- what a value may be: each gives whether it fits, and what would ----

function M.seconds(value)
  return type(value) == "number" and value >= 0, "seconds, 0 or more"
end

function M.boolean(value)
  return type(value) == "boolean", "true or false"
end

function M.callable(value)
  return check.callable(value), "a function"
end

--- An integer from `low` to `high`.
---@param low integer
---@param high integer
function M.integer(low, high)
  local wanted = ("an integer from %d to %d"):format(low, high)
  return function(value)
    local n = math.type(value) and math.tointeger(value)
    return n and n >= low and n <= high, wanted
  end
end

function M.count(value)
  local n = math.type(value) and math.tointeger(value)
  return n and n >= 1 and n <= 0x7fffffff, "an integer, 1 or more"
end

function M.positive(value)
  return type(value) == "number" and value > 0, "a number above 0"
end

function M.share(value)
  return type(value) == "number" and value >= 0 and value <= 1,
    "a number from 0 to 1"
end

--- An address as numbers: "127.0.0.1", "::1".
function M.numeric(value)
  return type(value) == "string"
    and (value:find "^%d+%.%d+%.%d+%.%d+$" or value:find(":", 1, true)),
    "a numeric address"
end

-- ---- the table ----

local function check_one(name, index, key, value, checks, more)
  local try = checks[key] or more and more[key]
  if not try then check.unknown(name, index, key, checks, more) end
  local fits, wanted = try(value)
  if fits then return end
  check.complain(name, index, ("option '%s' must be %s, got %s"):format(key,
    wanted, core.got(value)))
end

--- The options, argument `index` of the function `name`; none: an empty table.
-- `checks` and `more` say what there may be.
---@param name string
---@param index integer
---@param opts table?
---@param checks table<string, function>
---@param more? table<string, function>
---@return table
function M.check(name, index, opts, checks, more)
  if opts == nil then return {} end
  if type(opts) ~= "table" then
    check.expected(name, index, "table of options", opts)
  end
  check.dot(name, index, opts)
  for key, value in pairs(opts) do
    check_one(name, index, key, value, checks, more)
  end
  return opts
end

return M
