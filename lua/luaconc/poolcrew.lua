-- The workers of a pool of threads or processes.
--
-- They are in a group of their own, and are started when they are first
-- needed; one that is gone is replaced when the next one is needed.

local core = require "luaconc.core"
local hand = require "luaconc.poolhand"

local M = { has_ended = hand.has_ended, await_end = hand.await_end }

local GRACE = 1   -- seconds that idle workers have to end by themselves

local Crew = {}
Crew.__index = Crew

--- A crew without workers.
---@param engine "thread"|"process"
---@param name? string
---@param group? table # in which they are started; their own unless said
---@param opts? table # init, initargs, max_jobs, idle
function M.new(engine, name, group, opts)
  opts = opts or {}
  return setmetatable({
    engine = engine,
    init = opts.init,
    initargs = opts.initargs or {},
    max_jobs = opts.max_jobs,
    patience = opts.idle,   -- seconds
    memory = opts.memory, how = opts.start, rlimit = opts.rlimit,
    name = name or "pool worker",
    group = group or core.group { keep = true, current = false },
    members = {},
    idle = {},
    leaving = {},
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

-- However those end that were let go is nobody's failure.
function Crew:forget_gone()
  for i = #self.leaving, 1, -1 do
    if M.has_ended(self.leaving[i].job) then
      core.look(self.leaving[i].job)
      table.remove(self.leaving, i)
    end
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
    { serve, daemon = true, keep = true, level = 0, memory = self.memory,
      start = self.how, rlimit = self.rlimit,
      name = ("%s %d"):format(self.name, self.started) })
  if not job then return nil, message, code end
  local worker = hand.new(self, job)
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

-- Lets those go that were idle for too long, the first of them first.
local function shrink(crew)
  local first = crew.idle[1]
  while first do
    local left = first.since + crew.patience - core.now()
    if left > 0 then
      core.sleep(left)
    else
      table.remove(crew.idle, 1):dismiss()
    end
    first = crew.idle[1]
  end
  crew.shrinking = false
end

-- A worker has nothing to do.
function Crew:rest(worker)
  self.idle[#self.idle + 1] = worker
  core.idle(worker.job, true)
  if not self.patience then return end
  worker.since = core.now()
  if self.shrinking then return end
  self.shrinking = true
  self.group:spawn { shrink, self, daemon = true, level = 0, name = "shrink" }
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

local function dismiss(crew)
  for _, worker in ipairs(crew.idle) do
    core.idle(worker.job, false)
    core.post(worker.job)
  end
  for _, worker in ipairs(crew.idle) do M.await_end(worker.job) end
  for _, worker in ipairs(crew.leaving) do M.await_end(worker.job) end
end

-- Idle workers are asked to end; those that don't in time are cancelled.
local function end_all(crew)
  local scope = core.scope { timeout = GRACE }
  local ok, err = pcall(dismiss, crew)
  scope:close()
  crew.group:cancel()
  for _, worker in ipairs(crew.members) do M.await_end(worker.job) end
  for _, worker in ipairs(crew.leaving) do M.await_end(worker.job) end
  if not ok and not core.is_cancelled(err) then core.raise(err) end
end

--- Ends the workers, once the jobs have ended.
function Crew:close()
  core.shield(end_all, self)
  self.members, self.idle, self.leaving = {}, {}, {}
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
