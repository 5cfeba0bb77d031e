-- Watches a script: what starts jobs is replaced by such that notes, for each
-- place in the script, what these took. All that it is called with goes on to
-- conc's own functions, which say what is wrong with it.

local conc = require "luaconc"
local core = require "luaconc.core"
local place = require("luaconc.advise.place").of
local probe = require "luaconc.advise.probe"
local sites = require "luaconc.advise.site"

local M = {}

local own = {} -- conc's own functions, by name

local known = setmetatable({}, { __mode = "k" }) -- pools and groups

-- The function of a job in either form: f, ... or { f, ..., name = }.
local function function_of(first)
  local f = first
  if type(first) == "table" then f = first[1] end
  return type(f) == "function" and f or nil
end

-- The form with options, with another function.
local function replaced(options, g)
  local copy = {}
  for k, v in pairs(options) do copy[k] = v end
  copy[1] = g
  return copy
end

-- ---- lists of items ----

local function size_items(site, list)
  if type(list) ~= "table" or list.iter then return end
  for i = 1, #list do
    if site.sized >= probe.SAMPLES then return end
    site:item(list[i])
  end
end

local function watch_map(list, f, opts)
  local where = type(f) == "function" and place(f)
  if not where then return own.map(list, f, opts) end
  local given = type(opts) == "table" and opts or {}
  local site = sites.get(where, "conc.map", given.engine or "task")
  site.limit = given.limit
  size_items(site, list)
  return site:call(own.map, list, site:measured(f), opts)
end

-- The same for a pool's methods that take a list, or what gives items.
local function watch_items(name, method)
  return function(pool, list, f, opts)
    local where = type(f) == "function" and place(f)
    local about = known[pool]
    if not where or not about then return method(pool, list, f, opts) end
    local site = sites.get(where, "pool:" .. name, about.engine)
    site.limit, site.made = about.limit, about.where
    size_items(site, list)
    return site:call(method, pool, list, site:measured(f), opts)
  end
end

-- ---- jobs that go on by themselves ----

-- The arguments of a start, with the function measured.
local function started(site, first, ...)
  site.calls = 1
  if type(first) == "table" then
    site:item(first[2])
    return replaced(first, site:measured(first[1]))
  end
  site:item((...))
  return site:measured(first), ...
end

-- A forked process brings back no figures.
local function forks(first)
  return type(first) == "table" and first.start == "fork"
end

local function watch_start(name, engine)
  return function(first, ...)
    local f = function_of(first)
    local where = f and not forks(first) and place(f)
    if not where then return own[name](first, ...) end
    local site = sites.get(where, "conc." .. name, engine)
    return own[name](started(site, first, ...))
  end
end

local function watch_member(name, engine, method)
  return function(group, first, ...)
    local f = function_of(first)
    local where = f and not forks(first) and place(f)
    if not where then return method(group, first, ...) end
    local site = sites.get(where, "group:" .. name, engine)
    site.limit = known[group] and known[group].limit
    return method(group, started(site, first, ...))
  end
end

local function watch_submit(method)
  return function(pool, first, ...)
    local f, about = function_of(first), known[pool]
    local where = f and about and place(f)
    if not where then return method(pool, first, ...) end
    local site = sites.get(where, "pool:submit", about.engine)
    site.limit, site.made = about.limit, about.where
    return method(pool, started(site, first, ...))
  end
end

local function watch_offload(f, ...)
  local where = type(f) == "function" and place(f)
  if not where then return own.offload(f, ...) end
  local site = sites.get(where, "conc.offload", "thread")
  return own.offload(started(site, f, ...))
end

-- ---- functions among handles ----

local function with_measured(site, items, n)
  local list, any = {}, false
  for i = 1, n do
    local item = items[i]
    local is_function = type(item) == "function"
    list[i] = is_function and site:measured(item) or item
    any = any or is_function
  end
  return list, any
end

local function first_function(items, n)
  for i = 1, n do
    if type(items[i]) == "function" then return items[i] end
  end
end

local function watch_batch(name)
  return function(...)
    local n, first = select("#", ...), ...
    local listed = n == 1 and type(first) == "table"
    local items = listed and first or { ... }
    if listed then n = #first end
    local f = first_function(items, n)
    local where = f and place(f)
    if not where then return own[name](...) end
    local site = sites.get(where, "conc." .. name, "task")
    local list = with_measured(site, items, n)
    if listed then return site:call(own[name], list) end
    return site:call(own[name], table.unpack(list, 1, n))
  end
end

-- ---- servers ----

-- A task for each connection runs the handler, which is the first function.
local function watch_serve(serve)
  return function(...)
    local args = table.pack(...)
    local handler = first_function(args, args.n)
    local where = handler and place(handler)
    if not where then return serve(...) end
    local site = sites.get(where, "serve", "task")
    site.calls = 1
    for i = 1, args.n do
      if args[i] == handler then args[i] = site:measured(handler) end
    end
    return serve(table.unpack(args, 1, args.n))
  end
end

-- ---- all of it ----

-- What is told when a pool or a group is made, for its jobs.
local function watch_pool(opts)
  local pool = own.pool(opts)
  local given = type(opts) == "table" and opts or {}
  if given.start ~= "fork" then
    known[pool] = { engine = given.engine or "task", limit = given.workers,
      where = place() }
  end
  return pool
end

local function watch_group(opts)
  local group = own.group(opts)
  known[group] = { limit = type(opts) == "table" and opts.limit or nil }
  return group
end

local STARTS = { spawn = "task", thread = "thread", process = "process" }

local function watch_methods()
  local pool <close> = own.pool()
  local group <close> = own.group()
  local pools = getmetatable(pool).methods
  local groups = getmetatable(group).methods
  for _, name in ipairs { "map", "starmap", "imap" } do
    pools[name] = watch_items(name, pools[name])
  end
  pools.submit = watch_submit(pools.submit)
  for name, engine in pairs(STARTS) do
    groups[name] = watch_member(name, engine, groups[name])
  end
end

local REPLACED = { map = watch_map, offload = watch_offload,
  pool = watch_pool, group = watch_group }

--- From now on, conc's functions are watched.
function M.start()
  core.account(true)
  for _, name in ipairs { "gather", "settle", "race", "completed" } do
    REPLACED[name] = watch_batch(name)
  end
  for name, engine in pairs(STARTS) do
    REPLACED[name] = watch_start(name, engine)
  end
  for name in pairs(REPLACED) do own[name] = conc[name] end
  watch_methods()
  for name, f in pairs(REPLACED) do conc[name] = f end
  conc.tcp.serve = watch_serve(conc.tcp.serve)
  conc.unix.serve = watch_serve(conc.unix.serve)
end

--- All that was seen.
---@return table
function M.report()
  local list = {}
  for i, site in ipairs(sites.all()) do list[i] = site:report() end
  return { sites = list, longest = core.account(true) }
end

return M
