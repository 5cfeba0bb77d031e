-- A place of the script that starts jobs, and what was seen of them.

local core = require "luaconc.core"
local probe = require "luaconc.advise.probe"

local M = {}

local ITEMS = 5        -- of a place, that are encoded to be sized
local FUNCTIONS = 20   -- whose locals are looked at
local LOCALS = 60      -- of a function
local KEYS = 10000     -- of a table, that are counted

---@class luaconc.advise.Site
---@field where string "script.lua:12"
---@field kind string "map", "pool:map", ...
---@field engine string
---@field sums luaconc.advise.Sums
---@field calls integer
---@field wall number seconds of the calls that wait for their jobs
---@field limit integer? jobs at a time
---@field made string? where its pool was made
local Site = {}
Site.__index = Site

local sites, order = {}, {}

--- That of a place; made at its first job.
---@param where string
---@param kind string
---@param engine string
---@return luaconc.advise.Site
function M.get(where, kind, engine)
  local key = table.concat({ where, kind, engine }, " ")
  local site = sites[key]
  if not site then
    site = setmetatable({ where = where, kind = kind, engine = engine,
      sums = probe.sums(engine), calls = 0, wall = 0, sized = 0, inbytes = 0,
      begun = {}, functions = 0, changed = {}, objects = {} }, Site)
    sites[key] = site
    order[#order + 1] = site
  end
  return site
end

--- All, in the order of their first jobs.
---@return luaconc.advise.Site[]
function M.all() return order end

-- ---- bytes ----

--- Sizes an item that a job gets.
function Site:item(v)
  if self.sized >= ITEMS or v == nil then return end
  local ok, bytes = pcall(core.codec.encode, v)
  if not ok then return end
  self.sized = self.sized + 1
  self.inbytes = self.inbytes + #bytes
end

-- How many bytes a function is, with what it uses; nil and why where it can't
-- go to another state. (What goes there, but is not made of bytes, is shared.)
local function size_of(f)
  local ok, bytes = pcall(core.codec.encode, f)
  if ok then return #bytes end
  if tostring(bytes):find "can't be kept as bytes" then return nil end
  return nil, (tostring(bytes):match "^[^\n]*":gsub("^%S+:%d+: ", ""))
end

-- ---- state that jobs share ----

local function keys(t)
  local n = 0
  for _ in next, t do
    n = n + 1
    if n == KEYS then break end
  end
  return n
end

-- An object that states share, by its kind: "shared array", "channel".
local function shared_kind(value)
  local meta = type(value) == "userdata" and debug.getmetatable(value)
  local name = type(meta) == "table" and meta.__name
  if type(name) ~= "string" then return nil end
  return (name:find "^shared " or name == "channel") and name or nil
end

-- The locals of the script that a function uses, as they are now.
local function locals_of(f)
  local list = {}
  for i = 1, LOCALS do
    local name, value = debug.getupvalue(f, i)
    if not name then break end
    if name ~= "_ENV" then
      list[#list + 1] = { name = name, value = value, index = i,
        keys = type(value) == "table" and keys(value) or nil,
        shared = shared_kind(value) }
    end
  end
  return list
end

-- Notes the locals that are not what they were.
local function note_changes(site, f, before)
  for _, u in ipairs(before) do
    local _, now = debug.getupvalue(f, u.index)
    if now ~= u.value or u.keys and keys(u.value) ~= u.keys then
      site.changed[u.name] = true
    end
  end
end

--- A function whose jobs begin, and what it uses.
---@param f function
function Site:uses(f)
  if self.begun[f] or self.functions >= FUNCTIONS then return end
  self.functions = self.functions + 1
  self.begun[f] = locals_of(f)
  if self.functions <= ITEMS then
    local bytes, why = size_of(f)
    self.code = math.max(self.code or 0, bytes or 0)
    self.refusal = self.refusal or why
  end
  for _, u in ipairs(self.begun[f]) do
    if u.shared then self.objects[u.shared .. " " .. u.name] = true end
  end
end

--- Looks what the functions have changed since then.
function Site:look()
  for f, before in pairs(self.begun) do note_changes(self, f, before) end
end

-- ---- jobs ----

--- A job that is measured wherever it runs, in place of this one.
---@param f function
---@return function
function Site:measured(f)
  local sums = self.sums
  self:uses(f)
  return function(...)
    return require("luaconc.advise.probe").measure(sums, f, ...)
  end
end

--- Calls what waits for its jobs.
function Site:call(f, ...)
  local start = core.clock()
  self.calls = self.calls + 1
  local function ended(...)
    self.wall = self.wall + core.clock() - start
    return ...
  end
  return ended(f(...))
end

-- ---- the report ----

local function names(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

local function seconds(sums, name) return probe.get(sums, name) / 1e6 end

--- What was seen, as plain data.
---@return table
function Site:report()
  self:look()
  local sums = self.sums
  local out = { where = self.where, kind = self.kind, engine = self.engine,
    calls = math.max(1, self.calls), wall = self.wall, limit = self.limit,
    made = self.made, refusal = self.refusal, changed = names(self.changed),
    objects = names(self.objects), jobs = probe.get(sums, "count"),
    failed = probe.get(sums, "failed"), code = self.code }
  for _, name in ipairs { "cpu", "blocked", "wait", "longest", "slowest" } do
    out[name] = seconds(sums, name)
  end
  if self.sized > 0 then out.item_bytes = self.inbytes / self.sized end
  local sized = probe.get(sums, "sized")
  if sized > 0 then out.result_bytes = probe.get(sums, "outbytes") / sized end
  return out
end

return M
