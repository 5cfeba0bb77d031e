-- The workers of a pool of threads or processes.
--
-- Each is a daemon that waits for letters (luaconc.poolworker), in a group of
-- their own. They are started when they are first needed. One that was handed
-- a call and has not answered, as the job was cancelled or the worker died,
-- ends before that job does, and is replaced when the next one is needed; so
-- is one that has had its number of jobs.
--
-- Nothing is expected of idle ones, so that a wait that nobody can end is told
-- as a deadlock though they live.

local core = require "luaconc.core"

local M = {}

local GRACE = 1   -- seconds that idle workers have to end by themselves

local ended = { done = true, failed = true, cancelled = true }

--- Whether a job has ended.
---@param job luaconc.job
function M.has_ended(job) return ended[job:status()] or false end

--- Waits for the end of a job, and looks at it: as core.look.
---@param job luaconc.job
function M.await_end(job)
  if not M.has_ended(job) then core.watch({ job }, "pool"):next() end
  return core.look(job)
end

-- ---- one worker ----

local Worker = {}
Worker.__index = Worker

--- Hands it a call. False where it had died before, idle: the call is still
-- to be made.
function Worker:send(letter)
  core.idle(self.job, false)
  local sent = core.send(self.job, letter)
  if sent == false then return false end
  self.owes = true
  return true
end

-- It ended while it owed an answer, and nobody had asked it to.
function Worker:mourn()
  local ok, err = M.await_end(self.job)
  if ok then
    err = core.error("EWORKER", self.job.name .. " ended before its job did")
  end
  self.crew:count_lost(err)
  core.raise(err)
end

function Worker:read(more, ...)
  if not more then self:mourn() end
  self.owes = false
  return ...
end

--- Waits for what came of it: see luaconc.poolworker.
function Worker:answer()
  return self:read(core.take(self.job))
end

--- Calls the pool's `init` in it. Raises its error; then it is of no use.
function Worker:prepare(letter)
  if not self:send(letter) then self:mourn() end
  self.spoilt = true
  local ok, err, _, text = self:answer()
  if ok then
    self.spoilt = false
    return
  end
  if text then core.recall(err, text) end
  core.raise(err)
end

-- Lets it go by itself.
function Worker:dismiss()
  core.idle(self.job, false)
  core.post(self.job)
  self.crew:remove(self)
end

--- A job of so many calls is over: its worker is idle, or, where it owes an
-- answer, gone.
function Worker:leave(count)
  local crew = self.crew
  if self.owes then
    self.job:cancel()
    core.shield(M.await_end, self.job)
    crew:remove(self)
  else
    self.jobs = self.jobs + (count or 1)
    if self.spoilt or crew.max_jobs and self.jobs >= crew.max_jobs then
      self:dismiss()
    else
      crew.idle[#crew.idle + 1] = self
      core.idle(self.job, true)
    end
  end
  crew:call_next()
end

-- ---- all of them ----

local Crew = {}
Crew.__index = Crew

--- A crew without workers.
---@param engine "thread"|"process"
---@param name? string
---@param group? table # in which they are started; their own unless said
---@param opts? table # init, initargs, max_jobs
function M.new(engine, name, group, opts)
  opts = opts or {}
  return setmetatable({
    engine = engine,
    init = opts.init,
    initargs = opts.initargs or {},
    max_jobs = opts.max_jobs,
    name = name or "pool worker",
    group = group or core.group { keep = true, current = false },
    members = {},
    idle = {},
    started = 0,
    lost = 0,
    line = core.semaphore(0),
    waiting = 0,
  }, Crew)
end

-- Was it lost? One that has failed otherwise was ended by us.
function Crew:count_lost(err)
  if type(err) == "table" and err.code == "EWORKER" then
    self.lost = self.lost + 1
  end
end

function Crew:remove(worker)
  for i, other in ipairs(self.members) do
    if other == worker then return table.remove(self.members, i) end
  end
end

local function serve() return require("luaconc.poolworker").serve() end

-- Starts a worker; nil, message, code where the system refuses.
function Crew:start()
  self.started = self.started + 1
  local job, message, code = self.group[self.engine](self.group,
    { serve, daemon = true, keep = true, level = 0,
      name = ("%s %d"):format(self.name, self.started) })
  if not job then return nil, message, code end
  local worker = setmetatable({ crew = self, job = job, jobs = 0,
    owes = false, ready = false, spoilt = false }, Worker)
  self.members[#self.members + 1] = worker
  return worker
end

-- One that is idle and lives; those that have died unnoticed are removed.
function Crew:take_idle()
  local worker = table.remove(self.idle)
  while worker and M.has_ended(worker.job) do
    local ok, err = core.look(worker.job)
    if not ok then self:count_lost(err) end
    self:remove(worker)
    worker = table.remove(self.idle)
  end
  return worker
end

-- Where the system refuses another worker, jobs wait in line for those that
-- there are.
function Crew:stand_in_line()
  self.waiting = self.waiting + 1
  local ok, err = pcall(self.line.acquire, self.line)
  if ok then return end
  self.waiting = self.waiting - 1
  core.raise(err)
end

function Crew:call_next()
  if self.waiting == 0 then return end
  self.waiting = self.waiting - 1
  self.line:release()
end

-- A worker for a job whose turn it is. Waits only in line.
function Crew:hire()
  while true do
    local idle = self:take_idle()
    if idle then return idle end
    local worker, message, code = self:start()
    if worker then return worker end
    if #self.members == 0 then error(core.error(code, message), 0) end
    self:stand_in_line()
  end
end

-- The message numbers what it can't send; the first is ours.
local function renumber(problem)
  if type(problem) ~= "string" then return problem end
  return (problem:gsub("argument #(%d+)", function(n)
    return "argument #" .. math.tointeger(n) - 1
  end))
end

--- A call as it is sent: copies are made now. Where they can't be, the error
-- is raised at that level.
function Crew:letter(level, ...)
  local ok, letter = pcall(core.letter, self.engine, core.heritage(), ...)
  if ok then return letter end
  error(renumber(letter), level > 0 and level + 1 or 0)
end

-- A worker for this turn, which is ready for its calls.
function Crew:engage(turn)
  local worker = self:hire()
  turn.worker = worker
  if self.init and not worker.ready then
    worker:prepare(self:letter(0, self.init, table.unpack(self.initargs)))
  end
  worker.ready = true
  return worker
end

--- Hands a call to a worker, and returns what came of it: see
-- luaconc.poolworker.
---@param turn table # its `worker` is the one that is to leave in the end
function Crew:call(turn, letter)
  local worker = self:engage(turn)
  while not worker:send(letter) do
    turn.worker = nil
    local ok, err = M.await_end(worker.job)
    if not ok then self:count_lost(err) end
    self:remove(worker)
    worker = self:engage(turn)
  end
  return worker:answer()
end

--- Lets idle workers beyond so many go.
function Crew:keep_idle(most)
  while #self.idle > most do
    table.remove(self.idle, 1):dismiss()
  end
end

local function dismiss(idle)
  for _, worker in ipairs(idle) do
    core.idle(worker.job, false)
    core.post(worker.job)
  end
  for _, worker in ipairs(idle) do M.await_end(worker.job) end
end

-- Idle workers are asked to end; those that don't in time are cancelled.
local function end_all(crew)
  local scope = core.scope { timeout = GRACE }
  local ok, err = pcall(dismiss, crew.idle)
  scope:close()
  crew.group:cancel()
  for _, worker in ipairs(crew.members) do M.await_end(worker.job) end
  if not ok and not core.is_cancelled(err) then core.raise(err) end
end

--- Ends the workers, once the jobs have ended.
function Crew:close()
  core.shield(end_all, self)
  self.members, self.idle = {}, {}
  self.group:close()
end

--- What `pool:stats()` tells of its workers.
function Crew:report()
  local idle, list = {}, {}
  for _, worker in ipairs(self.idle) do idle[worker] = true end
  for i, worker in ipairs(self.members) do
    list[i] = {
      id = worker.job.id,
      pid = worker.job.pid,
      state = idle[worker] and "idle" or "busy",
      jobs = worker.jobs,
    }
  end
  return list
end

return M
