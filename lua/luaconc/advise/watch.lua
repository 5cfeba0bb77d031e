-- Watches a script: conc.map, pools and single jobs are replaced by such that
-- note, for each place in the script that starts jobs, what these took. With
-- `force` nothing is measured, and the jobs of one place run on another engine.

local conc = require "luaconc"
local core = require "luaconc.core"
local probe = require "luaconc.advise.probe"

local M = {}

local sites, order = {}, {}

-- A sum within this state, with the methods of a shared counter that we use.
local Sum = {}
Sum.__index = Sum

function Sum:add(n) self.n = self.n + n end

function Sum:get() return self.n end

local function sums_for(engine)
  local function new()
    if engine == "task" then return setmetatable({ n = 0 }, Sum) end
    return conc.shared.counter(0)
  end
  return { count = new(), wall = new(), cpu = new(),
    sent = engine == "process" and new() or nil }
end

-- The line of the script that called the function which calls us; nil where
-- that is a file of luaconc, as conc.map uses a pool itself.
local function place()
  for level = 3, 12 do
    local info = debug.getinfo(level, "Sl")
    if not info then return nil end
    if info.what ~= "C" then
      if info.source:find "/luaconc/[%w_]+%.lua$" then return nil end
      return ("%s:%d"):format(info.short_src, info.currentline)
    end
  end
end

-- Locals of the script that a job uses: what is sent along, and what it has
-- changed when it has run in this state.
local function upvalues(f)
  local list = {}
  for i = 1, 60 do
    local name, value = debug.getupvalue(f, i)
    if not name then break end
    if name ~= "_ENV" then
      list[#list + 1] = { name = name, value = value, index = i,
        size = type(value) == "table" and #value or nil }
    end
  end
  return list
end

local function keys(t)
  local n = 0
  for _ in next, t do n = n + 1 end
  return n
end

local function notice(f)
  local list = upvalues(f)
  for _, u in ipairs(list) do
    if type(u.value) == "table" then u.keys = keys(u.value) end
  end
  return list
end

-- Names of locals that are not what they were.
local function changed(f, before, into)
  for _, u in ipairs(before) do
    local _, now = debug.getupvalue(f, u.index)
    if now ~= u.value or u.keys and keys(u.value) ~= u.keys then
      into[u.name] = true
    end
  end
end

-- Why a value can't go to another state; nil where it can.
local function refusal(...)
  local ok, message = pcall(conc.codec.encode, table.pack(...))
  if ok then return nil end
  return (tostring(message):match "^[^\n]*":gsub("^%S+:%d+: ", ""))
end

local function encoded(v)
  local ok, bytes = pcall(conc.codec.encode, v)
  return ok and type(bytes) == "string" and #bytes or nil
end

-- The record of a place; made at its first job.
local function site_of(where, kind, engine)
  local key = where .. " " .. kind
  local site = sites[key]
  if not site then
    site = { where = where, kind = kind, engine = engine,
      sums = sums_for(engine), calls = 0, wall = 0, busy = 0, sent = 0,
      items = 0, inbytes = 0, sized = 0, outbytes = 0, shared = {},
      longest = 0 }
    sites[key] = site
    order[#order + 1] = site
  end
  return site
end

local SAMPLES = 5 -- items and results of a place that are encoded to be sized

local function size_item(site, v)
  if site.sized >= SAMPLES then return end
  local bytes = encoded(v)
  if not bytes then return end
  site.sized = site.sized + 1
  site.inbytes = site.inbytes + bytes
end

local function size_result(site, ...)
  if (site.results or 0) < SAMPLES then
    local bytes = encoded((...))
    if bytes then
      site.results = (site.results or 0) + 1
      site.outbytes = site.outbytes + bytes
    end
  end
  return ...
end

-- A job that is measured, wherever it runs.
local function measured(site, f)
  local sums = site.sums
  if site.engine == "task" then
    return function(...)
      return size_result(site, probe.measure(sums, f, ...))
    end
  end
  return function(...)
    return require("luaconc.advise.probe").measure(sums, f, ...)
  end
end

local function begin(site, f)
  site.calls = site.calls + 1
  if site.refusal == nil then site.refusal = refusal(f) or false end
  return { site = site, f = f, start = core.clock(), cpu = core.cpu(),
    sent = core.sent(), before = notice(f) }
end

local function stop(call)
  local site = call.site
  site.wall = site.wall + core.clock() - call.start
  site.busy = site.busy + core.cpu() - call.cpu
  site.sent = site.sent + core.sent() - call.sent
  changed(call.f, call.before, site.shared)
end

local function after(call, ...)
  stop(call)
  return ...
end

-- ---- what stands for conc's own ----

local own = {}

local function limits(site, opts)
  if type(opts) ~= "table" then return end
  site.limit, site.chunk = opts.limit or opts.workers, opts.chunk
end

local function watch_list(site, list, f, opts)
  limits(site, opts)
  for i = 1, math.min(#list, SAMPLES) do size_item(site, list[i]) end
  return begin(site, f)
end

local function watch_map(list, f, opts)
  local where = place()
  if not where or type(list) ~= "table" or type(f) ~= "function" then
    return own.map(list, f, opts)
  end
  local engine = type(opts) == "table" and opts.engine or "task"
  local site = site_of(where, "map", engine)
  return after(watch_list(site, list, f, opts),
    own.map(list, measured(site, f), opts))
end

local pools = {}

-- A pool's own methods, from its metatable: what it is stays as it was.
function pools.map(map)
  return function(pool, list, f, opts)
    local where = place()
    if not where or type(list) ~= "table" or type(f) ~= "function" then
      return map(pool, list, f, opts)
    end
    local site = site_of(where, "pool:map", pool:stats().engine)
    return after(watch_list(site, list, f, opts),
      map(pool, list, measured(site, f), opts))
  end
end

-- A job that is started and goes on by itself: its place is busy from the
-- first one on.
local function one(site, f, ...)
  site.begun = site.begun or begin(site, f)
  size_item(site, (...))
  return measured(site, f)
end

function pools.submit(submit)
  return function(pool, f, ...)
    local where = place()
    if not where or type(f) ~= "function" then
      return submit(pool, f, ...)
    end
    local site = site_of(where, "pool:submit", pool:stats().engine)
    return submit(pool, one(site, f, ...), ...)
  end
end

-- The form with options, `{ f, ..., name = }`, with another function.
local function replaced(options, g)
  local copy = {}
  for k, v in pairs(options) do copy[k] = v end
  copy[1] = g
  return copy
end

local function function_of(first)
  local f = first
  if type(first) == "table" then f = first[1] end
  return type(f) == "function" and f or nil
end

local function watch_start(engine)
  return function(first, ...)
    local f, where = function_of(first), place()
    if not f or not where then return own[engine](first, ...) end
    local site = site_of(where, "job", engine)
    if type(first) == "table" then
      return own[engine](replaced(first, one(site, f, first[2])))
    end
    return own[engine](one(site, f, ...), ...)
  end
end

-- The same for a group's methods.
local function watch_member(engine, start)
  return function(group, first, ...)
    local f, where = function_of(first), place()
    if not f or not where then return start(group, first, ...) end
    local site = site_of(where, "job", engine)
    if type(first) == "table" then
      return start(group, replaced(first, one(site, f, first[2])))
    end
    return start(group, one(site, f, ...), ...)
  end
end

local NAMES = { task = "spawn", thread = "thread", process = "process" }

local function methods_of(object)
  return getmetatable(object).methods
end

local function keep()
  own.map, own.pool = conc.map, conc.pool
  for engine, name in pairs(NAMES) do own[engine] = conc[name] end
end

--- From now on, conc's functions are watched.
function M.start()
  keep()
  conc.map = watch_map
  for engine, name in pairs(NAMES) do conc[name] = watch_start(engine) end
  local pool <close> = conc.pool()
  local group <close> = conc.group()
  local members, methods = methods_of(group), methods_of(pool)
  for engine, name in pairs(NAMES) do
    if members[name] then
      members[name] = watch_member(engine, members[name])
    end
  end
  for name, watch in pairs(pools) do methods[name] = watch(methods[name]) end
end

-- Another engine for a pool that is made, whatever its place: it is used in
-- others.
local function force_pool(force)
  return function(opts)
    local forced = {}
    for k, v in pairs(opts or {}) do forced[k] = v end
    forced.engine, forced.workers = force.engine, force.workers
    return own.pool(forced)
  end
end

--- From now on, the jobs of one place run as is said.
---@param force { where: string, engine: string, workers: integer?,
--- chunk: integer?, pools: boolean? }
function M.force(force)
  keep()
  conc.map = function(list, f, opts)
    if place() ~= force.where then return own.map(list, f, opts) end
    return own.map(list, f, { engine = force.engine, limit = force.workers,
      chunk = force.engine ~= "task" and force.chunk or nil })
  end
  if force.pools then conc.pool = force_pool(force) end
  for engine, name in pairs(NAMES) do
    conc[name] = function(...)
      return own[place() == force.where and force.engine or engine](...)
    end
  end
end

local function names(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- The figures of a place, plain.
local function report_site(site)
  if site.begun then stop(site.begun) end
  local count = site.sums.count:get()
  local out = { where = site.where, kind = site.kind, engine = site.engine,
    jobs = count, calls = math.max(1, site.calls), wall = site.wall,
    busy = site.busy,
    job_wall = site.sums.wall:get() / 1e6, job_cpu = site.sums.cpu:get() / 1e6,
    sent = site.sent + (site.sums.sent and site.sums.sent:get() or 0),
    limit = site.limit, chunk = site.chunk, shared = names(site.shared),
    refusal = site.refusal or nil }
  if site.sized > 0 then out.item_bytes = site.inbytes / site.sized end
  if site.results then out.result_bytes = site.outbytes / site.results end
  return out
end

--- All that was seen.
---@return table
function M.report()
  local list = {}
  for i, site in ipairs(order) do list[i] = report_site(site) end
  local stats = conc.stats and conc.stats()
  return { sites = list, longest = stats and stats.longest or nil }
end

return M
