-- Runs the jobs of one place on another engine, and watches nothing: how
-- `luaconc advise --verify` tries what it proposes.

local conc = require "luaconc"
local place = require("luaconc.advise.place").of

local M = {}

---@class luaconc.advise.Force
---@field where string the place
---@field kind string
---@field engine string
---@field workers integer?
---@field chunk integer?
---@field made string? where its pool is made

local own = {}

local function function_of(first)
  local f = first
  if type(first) == "table" then f = first[1] end
  return type(f) == "function" and f or nil
end

local function with(options, more)
  local copy = {}
  for k, v in pairs(options or {}) do copy[k] = v end
  for k, v in pairs(more) do copy[k] = v end
  return copy
end

local function force_map(force)
  return function(list, f, opts)
    if place(f) ~= force.where then return own.map(list, f, opts) end
    return own.map(list, f, with(opts, { engine = force.engine,
      limit = force.workers, chunk = force.chunk }))
  end
end

local function force_pool(force)
  return function(opts)
    if place() ~= force.made then return own.pool(opts) end
    return own.pool(with(opts, { engine = force.engine,
      workers = force.workers }))
  end
end

-- Jobs that go on by themselves go to a pool, which is what is proposed.
local function force_start(force, name)
  local pool
  return function(first, ...)
    local f = function_of(first)
    if not f or place(f) ~= force.where then return own[name](first, ...) end
    if force.engine == "task" then return own.spawn(first, ...) end
    pool = pool or own.pool { engine = force.engine, workers = force.workers }
    if type(first) ~= "table" then return pool:submit(f, ...) end
    return pool:submit(table.unpack(first, 1, #first))
  end
end

-- Functions among handles: each waits for its job elsewhere.
local function force_batch(force, name)
  local start
  local function sent(item)
    if type(item) ~= "function" then return item end
    return function() return start(item):await() end
  end
  return function(...)
    local n, first = select("#", ...), ...
    local listed = n == 1 and type(first) == "table"
    local items, list = listed and first or { ... }, {}
    if listed then n = #first end
    local f
    for i = 1, n do
      f = f or type(items[i]) == "function" and items[i] or nil
    end
    if not f or place(f) ~= force.where then return own[name](...) end
    start = start or own[force.engine]
    for i = 1, n do list[i] = sent(items[i]) end
    if listed then return own[name](list) end
    return own[name](table.unpack(list, 1, n))
  end
end

local function force_offload(force)
  return function(f, ...)
    if place(f) ~= force.where then return own.offload(f, ...) end
    if force.engine == "task" then return f(...) end
    return own[force.engine](f, ...):await()
  end
end

local BATCH = { ["conc.gather"] = true, ["conc.settle"] = true,
  ["conc.race"] = true, ["conc.completed"] = true }

local STARTS = { ["conc.spawn"] = true, ["conc.thread"] = true,
  ["conc.process"] = true }

-- What stands for a function of conc, by its name; nil for places where jobs
-- can't be told where to run.
local function replacement(force)
  local name = force.kind:match "^conc%.(.*)$"
  if force.kind:find "^pool:" then
    return "pool", force.made and force_pool(force)
  elseif STARTS[force.kind] then
    return name, force_start(force, name)
  elseif BATCH[force.kind] then
    return name, force.engine ~= "task" and force_batch(force, name)
  elseif force.kind == "conc.offload" then
    return name, force_offload(force)
  end
  return name, force.kind == "conc.map" and force_map(force)
end

--- Whether the jobs of a place can be told where to run.
---@param site table as `watch` reports it
---@return boolean
function M.can(site)
  return site.kind:find "^pool:" and site.made ~= nil
    or site.kind:find "^conc%." ~= nil
end

--- From now on, the jobs of one place run as is said.
---@param force luaconc.advise.Force
function M.start(force)
  for _, name in ipairs { "map", "pool", "offload", "spawn", "thread",
    "process", "gather", "settle", "race", "completed" } do
    own[name] = conc[name]
  end
  local name, f = replacement(force)
  if f then conc[name] = f end
end

return M
