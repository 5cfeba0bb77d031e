-- What there is behind a pool; its users see none of it.
--
-- A job of a pool is a task in a group whose limit is the number of workers.
-- When its turn comes it hands its call to a worker and waits for the answer;
-- in a pool of tasks it makes the call itself. That is all in which the
-- engines differ: see `pack` and `reach`, luaconc.poolworker, luaconc.poolcrew.

local core = require "luaconc.core"
local crew = require "luaconc.poolcrew"
local poolworker = require "luaconc.poolworker"

local M = {}

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
  self:leave()
end

function Turn:leave()
  local worker = self.worker
  self.worker = nil
  if worker then worker:leave(self.count) end
end

-- ---- the pool ----

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

-- A pool of tasks is made ready by the first of its jobs.
function State:prepare()
  self.preparing:with(function()
    if self.init then self.init(table.unpack(self.initargs)) end
    self.init = nil
  end)
end

-- Makes a call. True and the results, or false, the error, the item that it
-- is about, the traceback.
function State:reach(turn, call)
  if self.crew then return self.crew:call(turn, call) end
  if self.init then self:prepare() end
  return poolworker.answer(table.unpack(call, 1, call.n))
end

local function is_lost(err)
  return type(err) == "table" and err.code == "EWORKER"
end

-- The same; where the worker was lost, again with another one. `again` copies
-- the call anew.
function State:repeat_reach(turn, call, again, retries)
  local outcome
  for try = 0, retries do
    outcome = table.pack(core.traced(self.reach, self, turn, call))
    if outcome[1] then return table.unpack(outcome, 2, outcome.n) end
    if try == retries or not is_lost(outcome[2]) then break end
    turn:leave()
    self.retried = self.retried + 1
    call = again()
  end
  core.raise(outcome[2])
end

local function overdue(seconds, what)
  return core.error("ETIMEDOUT", ("%s took longer than %g s (%s)")
    :format(core.current().name, seconds, what))
end

-- Was it a cancellation that ended the call, here or in a pool of tasks?
local function was_cancelled(reached, ok, err)
  if not reached then return core.is_cancelled(ok) end
  return ok == false and core.is_cancelled(err)
end

-- The same, within the time that a job may take.
function State:make(turn, call, again, options)
  local seconds = options.timeout or self.job_timeout
  local retries = options.retries or self.retries
  local reach = retries > 0 and self.repeat_reach or self.reach
  if not seconds then return reach(self, turn, call, again, retries) end
  local scope = core.scope { timeout = seconds }
  local outcome = table.pack(core.traced(reach, self, turn, call, again,
    retries))
  local expired = scope.expired
  scope:close()
  if expired and was_cancelled(table.unpack(outcome, 1, 3)) then
    error(overdue(seconds, options.timeout and "timeout=" or "job_timeout="), 0)
  end
  if outcome[1] then return table.unpack(outcome, 2, outcome.n) end
  core.raise(outcome[2])
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

local function run_job(pool, call, again, options)
  local turn <close> = pool:begin(1)
  return conclude(turn, pool:make(turn, call, again, options))
end

--- Accepts one call: its handle. `level` as for `pack`.
function State:submit(level, options, f, ...)
  local call, again = self:pack(level > 0 and level + 1 or 0, f, ...), nil
  if self.crew and (options.retries or self.retries) > 0 then
    local copy = table.pack(f, ...)
    again = function() return self:pack(0, table.unpack(copy, 1, copy.n)) end
  end
  return self:accept(1, options, run_job, self, call, again, options)
end

--- A job that stands for so many calls.
function State:accept(count, options, ...)
  local job = self.group:spawn { name = options.name or self.name, level = 0,
    priority = options.priority, engine = self.guise, ... }
  self.queue[job] = count
  self.accepted = self.accepted + count
  return job
end

--- Waits for the jobs. True, or false and the failure of one.
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

--- What `pool:stats()` returns.
function State:report()
  local queued, hands = self:count_queued(), self.crew
  return {
    engine = self.engine,
    queued = queued,
    running = self.running,
    done = self.done,
    failed = self.failed,
    cancelled = self.accepted - queued - self.running - self.done
      - self.failed,
    retried = self.retried,
    lost = hands and hands.lost or 0,
    workers = hands and hands:report() or {},
  }
end

local Closing = {}

function Closing:__close() self.ended:set() end

--- Closes it once; who comes meanwhile waits for that one. True, or false and
-- the failure of a job.
function State:close(err)
  if self.closed then
    if not self.ended:is_set() then self.ended:wait() end
    return true
  end
  local ok, problem = self:finish(err)
  local _ <close> = setmetatable({ ended = self.ended }, Closing)
  if self.crew then self.crew:close() end
  return ok, problem
end

local TASKS = 64   -- workers of a pool of tasks, unless said
local guises = { thread = 1, process = 2 }

--- A pool with these options, which were checked.
function M.new(opts)
  local engine = opts.engine or "task"
  local remote = engine ~= "task"
  local workers = opts.workers or remote and core.cores() or TASKS
  return setmetatable({
    engine = engine,
    guise = guises[engine],
    workers = workers,
    name = opts.name,
    init = opts.init,
    initargs = opts.initargs or {},
    preparing = not remote and opts.init and core.lock() or nil,
    job_timeout = opts.job_timeout,
    retries = opts.retries or 0,
    group = core.group { keep = true, limit = workers, current = false },
    crew = remote and crew.new(engine, opts.name, nil, opts) or nil,
    -- Who may be interrupted or lost takes one item at a time.
    chunk = (not remote or opts.job_timeout or opts.retries) and 1 or nil,
    largest = opts.max_jobs,
    queue = setmetatable({}, { __mode = "k" }),
    ended = core.event(),
    accepted = 0, running = 0, done = 0, failed = 0, retried = 0,
  }, State)
end

return M
