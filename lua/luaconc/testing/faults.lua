-- Faults by name: functions of luaconc that fail as the world makes them fail.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

-- "tcp.connect" -> the table that has it, its name there, and what it is.
local function look_up(path)
  local conc = require "luaconc"
  local module, name = path:match "^(%w+)%.([%w_]+)$"
  local where = module and conc[module] or conc
  name = name or path
  return where, name, where[name]
end

-- A name that there isn't may raise, with one that was meant.
local function find(path)
  local ok, where, name, f = pcall(look_up, path)
  if ok and type(f) == "function" then return where, name end
  local hint = not ok and tostring(where):match "; did you mean .*" or ""
  error(("no function of luaconc is called '%s'%s"):format(path, hint), 3)
end

-- "EIO", or { "EIO", nth = 2 }, or { "EIO", chance = 0.1 }.
local function read(path, fault)
  local entry = type(fault) == "table" and fault or { fault }
  local code = entry[1]
  local text = type(code) == "string" and core.simulation.message(code)
  if not text then
    error(("the fault of '%s' must be the name of an error, like \"EIO\", "
      .. "not %s"):format(path, tostring(code)), 3)
  end
  return { code = code, text = text, nth = entry.nth,
    chance = entry.chance, calls = 0 }
end

local function strikes(fault)
  fault.calls = fault.calls + 1
  if fault.nth then return fault.calls == fault.nth end
  if fault.chance then return math.random() < fault.chance end
  return true
end

local Faults = {}
Faults.__index = Faults

function Faults:__close()
  for _, entry in ipairs(self) do entry.where[entry.name] = entry.was end
end

local function install(self, path, fault)
  local where, name = find(path)
  local was = where[name]
  self.hits[path] = 0
  self[#self + 1] = { where = where, name = name, was = was }
  where[name] = function(...)
    if not strikes(fault) then return was(...) end
    self.hits[path] = self.hits[path] + 1
    return nil, path .. ": made to fail: " .. fault.text, fault.code
  end
end

--- Makes functions of luaconc fail until it is closed, by their names in
--- `conc`: `{ ["tcp.connect"] = "ECONNREFUSED", ["fs.open"] = { "EIO", nth =
--- 2 } }`. With `chance` each call fails by so much of a chance, by
--- math.random. `hits` counts the failures of each.
---@param list table<string, string|table>
---@return { hits: table<string, integer> } faults
function M.faults(list)
  if type(list) ~= "table" then
    check.expected("faults", 1, "table of functions and errors", list)
  end
  local faults = setmetatable({ hits = {} }, Faults)
  local read_faults = {}
  for path, fault in pairs(list) do
    find(path)
    read_faults[path] = read(path, fault)
  end
  for path, fault in pairs(read_faults) do install(faults, path, fault) end
  return faults
end

return M
