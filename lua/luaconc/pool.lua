-- Pools: jobs that share a number of workers.
--
-- A job of a pool is a task in a group whose limit is the number of workers.
-- When its turn comes it hands its call to a worker and waits for the answer;
-- in a pool of tasks it makes the call itself. That is all in which the
-- engines differ: see `pack` and `reach`, luaconc.poolworker, luaconc.poolcrew.

local check = require "luaconc.check"
local core = require "luaconc.core"
local crew = require "luaconc.poolcrew"
local poolmap = require "luaconc.poolmap"
local poolworker = require "luaconc.poolworker"

local M = {}

local complain = check.complain

local TASKS = 64   -- workers of a pool of tasks, unless said

-- ---- the turn of a job ----

-- From its start to its end, however that comes; then it is in the books.
local Turn = {}
Turn.__index = Turn

function Turn:__close(err)
  local pool = self.pool
  if err ~= nil and not core.is_cancelled(err) then self.failed = 1 end
  pool.running = pool.running - self.count
  pool.done = pool.done + self.done
  pool.failed = pool.failed + self.failed
  if self.worker then self.worker:leave() end
end

-- What there is behind a pool. Its users see none of it.
local State = {}
State.__index = State

function State:begin(count)
  self.queue[core.current()] = nil
  self.running = self.running + count
  return setmetatable({ pool = self, count = count, done = 0, failed = 0 },
    Turn)
end

-- A call that is yet to be made. For another state it is copied now; what
-- can't be copied is told at the line of that level.
function State:pack(level, ...)
  if not self.crew then return table.pack(...) end
  local letter = self.crew:letter(level > 0 and level + 1 or 0, ...)
  return letter
end

-- Makes a call. True and the results, or false, the error, the item that it
-- is about, the traceback.
function State:reach(turn, call)
  if self.crew then return self.crew:call(turn, call) end
  return poolworker.answer(table.unpack(call, 1, call.n))
end

local function conclude(turn, ok, ...)
  if ok then
    turn.done = 1
    return ...
  end
  local err, _, text = ...
  if text then core.recall(err, text) end
  if not core.is_cancelled(err) then turn.failed = 1 end
  return core.raise(err)
end

local function run_job(pool, call)
  local turn <close> = pool:begin(1)
  return conclude(turn, pool:reach(turn, call))
end

-- A job that stands for so many calls.
function State:accept(count, ...)
  local job = self.group:spawn { name = self.name, level = 0, ... }
  self.queue[job] = count
  self.accepted = self.accepted + count
  return job
end

-- Waits for the jobs. True, or false and the failure of one.
function State:finish(err)
  self.closed = true
  if err ~= nil then self.group:cancel() end
  local ok, problem = pcall(self.group.close, self.group, err)
  if ok or self.running == 0 then return ok, problem end
  self.closed = false   -- one of them has called, and can't wait for itself
  core.raise(problem)
end

function State:count_queued()
  local count = 0
  for job, n in pairs(self.queue) do
    if not crew.has_ended(job) then count = count + n end
  end
  return count
end

-- ---- what its users see ----

---@class luaconc.pool
local methods = {}

local Pool = { __index = methods, methods = methods, __name = "luaconc.pool" }

local states = setmetatable({}, { __mode = "k" })

local function state_of(pool, name)
  local state = states[pool]
  if state then return state end
  error(("calling '%s' on bad self (a pool expected, got %s)"):format(name,
    type(pool)), 3)
end

local function check_function(name, index, f)
  if check.callable(f) then return end
  complain(name, index, "a function expected, got " .. type(f))
end

local function check_open(state)
  if state.closed then
    error("the pool is closed: give it jobs before", 3)
  end
  return state
end

---Runs `f(...)` as soon as one of the workers is free, in the order of the
---calls of submit. Doesn't wait.
---@param f function
---@param ... any
---@return luaconc.job
function methods:submit(f, ...)
  local state = check_open(state_of(self, "submit"))
  check_function("submit", 1, f)
  return state:accept(1, run_job, state, state:pack(2, f, ...))
end

local function is_count(value)
  local fits = math.type(value) == "integer" and value >= 1 and value <= 1000000
  return fits, "an integer from 1 to 1,000,000"
end

local engines = { task = true, thread = true, process = true }

local function is_engine(value)
  return engines[value], '"task", "thread" or "process"'
end

local function is_string(value)
  return type(value) == "string", "a string"
end

local function check_options(name, index, opts, checks)
  if opts == nil then return {} end
  if type(opts) ~= "table" then
    complain(name, index, "a table of options expected, got " .. type(opts))
  end
  for key, value in pairs(opts) do
    local try = checks[key]
    if not try then
      complain(name, index, ("unknown option '%s'"):format(tostring(key)))
    end
    local fits, wanted = try(value)
    if not fits then
      complain(name, index, ("option '%s' must be %s, got %s"):format(key,
        wanted, tostring(value)))
    end
  end
  return opts
end

local function check_list(name, index, list)
  if type(list) == "table" then return end
  complain(name, index, "a list expected, got " .. type(list))
end

local mapping = { chunk = is_count }

---Calls `f(item)` for each item of the list and returns the first result of
---each, in order. The first failure is raised, once the rest of this map is
---cancelled and has ended. Threads and processes get several items at a time;
---`chunk` is how many. Waits.
---@param list any[]
---@param f function
---@param opts? { chunk: integer? }
---@return any[]
function methods:map(list, f, opts)
  local state = check_open(state_of(self, "map"))
  check_list("map", 1, list)
  check_function("map", 2, f)
  opts = check_options("map", 3, opts, mapping)
  return poolmap.run(state, list, f, opts.chunk or state.chunk)
end

---What the pool does: numbers of calls, and a list of its workers. Doesn't
---wait.
---@return luaconc.poolstats
function methods:stats()
  local state = state_of(self, "stats")
  local queued = state:count_queued()
  return {
    engine = state.engine,
    queued = queued,
    running = state.running,
    done = state.done,
    failed = state.failed,
    cancelled = state.accepted - queued - state.running - state.done
      - state.failed,
    workers = state.crew and state.crew:report() or {},
  }
end

local Closing = {}

function Closing:__close() self.ended:set() end

-- Closes it once; who comes meanwhile waits for that one.
local function close(state, err)
  local ended = state.ended
  if state.closed then
    if not ended:is_set() then ended:wait() end
    return
  end
  local ok, problem = state:finish(err)
  local _ <close> = state.closing
  if state.crew then state.crew:close() end
  if not ok then core.raise(problem) end
end

---Finishes what was accepted, then ends the workers. Raises the first failure
---that nobody has looked at. A second time it does nothing. Waits.
function methods:close()
  close(state_of(self, "close"))
end

function Pool.__close(pool, err) close(states[pool], err) end

-- ---- making one ----

local options = { engine = is_engine, workers = is_count, name = is_string }

local function make(engine, workers, name)
  local remote = engine ~= "task"
  local pool = setmetatable({}, Pool)
  workers = workers or remote and core.cores() or TASKS
  local ended = core.event()
  states[pool] = setmetatable({
    engine = engine,
    workers = workers,
    name = name,
    group = core.group { keep = true, limit = workers, current = false },
    crew = remote and crew.new(engine, name) or nil,
    chunk = not remote and 1 or nil,
    queue = setmetatable({}, { __mode = "k" }),
    ended = ended,
    closing = setmetatable({ ended = ended }, Closing),
    accepted = 0, running = 0, done = 0, failed = 0,
  }, State)
  return pool
end

---A pool: `workers` jobs of it run at a time. Options: `engine`, "task",
---"thread" or "process"; `workers`, the number of cores that this process may
---use, or 64 tasks, unless said; `name`, of its jobs and workers. To be closed.
---@param opts? { engine: string?, workers: integer?, name: string? }
---@return luaconc.pool
function M.pool(opts)
  opts = check_options("pool", 1, opts, options)
  return make(opts.engine or "task", opts.workers, opts.name)
end

local short = { engine = is_engine, limit = is_count, chunk = is_count }

---`pool:map` by a pool for this one call. Options: `engine`, "task" unless
---said; `limit`, how many run at a time; `chunk`. Waits.
---@param list any[]
---@param f function
---@param opts? { engine: string?, limit: integer?, chunk: integer? }
---@return any[]
function M.map(list, f, opts)
  check_list("map", 1, list)
  check_function("map", 2, f)
  opts = check_options("map", 3, opts, short)
  local pool <close> = make(opts.engine or "task", opts.limit)
  return pool:map(list, f, { chunk = opts.chunk })
end

return M
