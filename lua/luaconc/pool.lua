-- Pools: jobs that share a number of workers. This is what their users see;
-- what is behind it is in luaconc.poolstate.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"
local poolimap = require "luaconc.poolimap"
local poolmap = require "luaconc.poolmap"
local poolstate = require "luaconc.poolstate"

local M = {}

local complain = check.complain

---@class luaconc.pool
local methods = {}

local Pool = { __index = methods, methods = methods, __name = "luaconc.pool" }

local states = setmetatable({}, { __mode = "k" })

local function state_of(pool, name)
  local state = states[pool]
  if state then return state end
  check.wrong_self(name, "pool", pool)
end

local function check_open(state)
  if state.closed then
    error("the pool is closed: give it jobs before it is closed", 3)
  end
  return state
end

local function check_list(name, index, list)
  check.dot(name, index, list)
  if type(list) == "table" then return end
  check.expected(name, index, "list", list)
end

-- ---- options ----

local is_count = option.integer(1, 1000000)

local is_number_of_tries = option.integer(0, 1000000)

local engines = { task = true, thread = true, process = true }

local function is_engine(value)
  return engines[value], '"task", "thread" or "process"'
end

local function is_string(value)
  return type(value) == "string", "a string"
end

local function is_list(value)
  return type(value) == "table", "a list"
end

local function is_table(value)
  return type(value) == "table", "a table"
end

local function is_time(value)
  return type(value) == "number" and value > 0, "seconds, more than 0"
end

local submitting = {
  name = is_string, priority = option.integer(-100, 100), timeout = is_time,
  retries = is_number_of_tries,
}

local mapping = {
  chunk = is_count, priority = submitting.priority, timeout = is_time,
  retries = is_number_of_tries, on_progress = option.callable,
}

local imapping = {
  ordered = option.boolean, window = is_count, priority = submitting.priority,
  timeout = is_time, retries = is_number_of_tries,
}

local making = {
  engine = is_engine, workers = is_count, name = is_string, idle = is_time,
  init = option.callable, initargs = is_list, max_jobs = is_count,
  job_timeout = is_time, retries = is_number_of_tries,
  memory = option.count, rlimit = is_table, start = is_string,
}

-- ---- giving it jobs ----

local none = {}

-- The options among the keys of `pool:submit{f, ..., timeout=}`.
local function options_of(form)
  local options = {}
  for key, value in pairs(form) do
    if math.type(key) ~= "integer" then options[key] = value end
  end
  return option.check("submit", 1, options, submitting)
end

---Runs `f(...)` as soon as one of the workers is free, in the order of the
---calls of submit. Doesn't wait. The form `pool:submit{f, ...}` takes options:
---`priority`, high before low; `timeout`, of this job; `retries`; `name`.
---@param f function|table
---@param ... any
---@return luaconc.job
function methods:submit(f, ...)
  local state = check_open(state_of(self, "submit"))
  if type(f) ~= "table" or check.callable(f) then
    check.func("submit", 1, f)
    return state:submit(1, none, f, ...)
  end
  if not check.callable(f[1]) then
    complain("submit", 1, "the table's first element must be the function to "
      .. "start, got " .. core.got(f[1]))
  end
  return state:submit(1, options_of(f), table.unpack(f, 1, #f))
end

local function map(state, name, list, f, opts, spread)
  check_list(name, 1, list)
  check.func(name, 2, f)
  opts = option.check(name, 3, opts, mapping)
  return poolmap.run(state, list, f, opts, spread)
end

---Calls `f(item)` for each item of the list and returns the first result of
---each, in order. The first failure is raised, once the rest of this map is
---cancelled and has ended. Threads and processes get several items at a time;
---`chunk` is how many. `on_progress(done, total)` is called now and then.
---Waits.
---@param list any[]
---@param f function
---@param opts? luaconc.mapoptions
---@return any[]
function methods:map(list, f, opts)
  return map(check_open(state_of(self, "map")), "map", list, f, opts, false)
end

---The same for a list of lists of arguments: calls `f(table.unpack(item))`.
---Waits.
---@param list any[][]
---@param f function
---@param opts? luaconc.mapoptions
---@return any[]
function methods:starmap(list, f, opts)
  local state = check_open(state_of(self, "starmap"))
  check_list("starmap", 1, list)
  for i, item in ipairs(list) do
    if type(item) ~= "table" then
      complain("starmap", 1, ("item %d must be a list of arguments, got %s")
        :format(i, core.got(item)))
    end
  end
  return map(state, "starmap", list, f, opts, true)
end

---An iterator over `i, f(item)` for each item of a list, of a queue or channel,
---or of what a function returns until nil, which may be endless. Items are
---taken as results are used up: at most `window` (twice the workers unless
---said) are on their way. In order, or, with `ordered = false`, as they come. A
---failure is raised in its turn; that and leaving the loop cancel what is on
---its way. Each step waits.
---@param source any[]|function
---@param f function
---@param opts? luaconc.imapoptions
---@return function
---@return table
---@return nil
---@return table
function methods:imap(source, f, opts)
  local state = check_open(state_of(self, "imap"))
  if not poolimap.is_source(source) then
    check.expected("imap", 1, "a list or an iterator", source)
  end
  check.func("imap", 2, f)
  opts = option.check("imap", 3, opts, imapping)
  return poolimap.start(state, source, f, opts)
end

-- ---- its state, and its end ----

---What the pool does: numbers of calls, and a list of its workers. Doesn't
---wait.
---@return luaconc.poolstats
function methods:stats()
  return state_of(self, "stats"):report()
end

---Finishes what was accepted, then ends the workers. Raises the first failure
---that nobody has looked at. A second time it does nothing. Waits.
function methods:close()
  local ok, problem = state_of(self, "close"):close()
  if not ok then core.raise(problem) end
end

---Cancels what is queued and what runs, and ends the workers. Failures that
---nobody has looked at are dropped. Waits.
function methods:terminate()
  local state = state_of(self, "terminate")
  state.group:cancel()
  state:close()
end

function Pool.__close(pool, err)
  local ok, problem = states[pool]:close(err)
  if not ok then core.raise(problem) end
end

-- ---- making one ----

-- Workers are made ready in states of their own: what can't go there is told
-- now, and not by the first job.
local function check_init(state, opts)
  if state.crew and opts.init then
    state.crew:letter(4, opts.init, table.unpack(state.initargs))
  end
end

-- What conc.debug.dump shows of the pools that are open or closing.
core.on_tree(function()
  local lines = {}
  for pool, state in pairs(states) do
    local s = pool:stats()
    lines[#lines + 1] = ("pool%s of %s workers: %d queued, %d running, "
      .. "%d done, %d failed, %d cancelled"):format(
      state.name and (" '%s'"):format(state.name) or "", s.engine, s.queued,
      s.running, s.done, s.failed, s.cancelled)
    for _, w in ipairs(s.workers) do
      lines[#lines + 1] = ("  worker %d: %s%s, %d job%s"):format(w.id, w.state,
        w.pid and ", pid " .. w.pid or "", w.jobs, w.jobs == 1 and "" or "s")
    end
  end
  return lines
end)

---A pool: `workers` jobs of it run at a time. Options: `engine`, "task",
---"thread" or "process"; `workers`, the number of cores that this process may
---use, or 64 tasks, unless said; `name`, of its jobs and workers; `init` and
---`initargs`, called in each worker before its first job; `max_jobs`, after
---which a worker is replaced; `idle`, seconds after which one without a job
---ends; `job_timeout`, seconds that a job may take; `retries`, how often a job
---is run again whose worker died; `memory`, `start` and `rlimit`, those of the
---workers. To be closed.
---@param opts? luaconc.pooloptions
---@return luaconc.pool
function M.pool(opts)
  opts = option.check("pool", 1, opts, making)
  local pool = setmetatable({}, Pool)
  local state = poolstate.new(opts)
  check_init(state, opts)
  states[pool] = state
  return pool
end

local short = { engine = is_engine, limit = is_count }

---`pool:map` by a pool for this one call. Options: `engine`, "task" unless
---said; `limit`, how many run at a time; and those of `pool:map`. Waits.
---@param list any[]
---@param f function
---@param opts? { engine: string?, limit: integer?, chunk: integer? }
---@return any[]
function M.map(list, f, opts)
  check_list("map", 1, list)
  check.func("map", 2, f)
  opts = option.check("map", 3, opts, short, mapping)
  local pool <close> = M.pool { engine = opts.engine, workers = opts.limit }
  return poolmap.run(states[pool], list, f, opts)
end

return M
