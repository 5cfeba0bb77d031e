-- One worker of a pool of threads or processes: its job is a daemon that
-- waits for letters (luaconc.poolworker).
--
-- One that was handed a call and has not answered, as the job was cancelled or
-- the worker died, ends before that job does; so does one that has had its
-- number of jobs. Nothing is expected of an idle one, so that a wait that
-- nobody can end is told as a deadlock though it lives.

local core = require "luaconc.core"

local M = {}

M.has_ended = core.ended

--- Waits for the end of a job, and looks at it: as core.look.
---@param job luaconc.job
function M.await_end(job)
  if not core.ended(job) then core.watch({ job }, "pool"):next() end
  return core.look(job)
end

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

-- An answer that can't be read here was given all the same.
function Worker:read(taken, more, ...)
  if not taken then
    self.owes = self.owes and core.is_cancelled(more)
    core.raise(more)
  end
  if not more then self:mourn() end
  self.owes = false
  return ...
end

--- Waits for what came of it: see luaconc.poolworker.
function Worker:answer()
  return self:read(pcall(core.take, self.job))
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
  local crew = self.crew
  core.idle(self.job, false)
  core.post(self.job)
  crew:remove(self)
  crew:forget_gone()
  crew.leaving[#crew.leaving + 1] = self
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
      crew:rest(self)
    end
  end
  crew:call_next()
end

--- A worker of this crew, whose job was started.
function M.new(crew, job)
  return setmetatable({ crew = crew, job = job, jobs = 0, owes = false,
    ready = false, spoilt = false }, Worker)
end

return M
