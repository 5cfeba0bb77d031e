-- Programs made at random from the calls of the kernel, with books kept on
-- what must hold whatever happens. One seed gives one program.

local conc = require "luaconc"
local steps = require "spec.support.programsteps"
local traffic = require "spec.support.traffic"

local M = {}

-- A generator of our own, the same everywhere and untouched by others.
local function drawing(seed)
  local state = seed * 2654435761 % 0x7fffffff + 1
  return function(n)
    state = state * 48271 % 0x7fffffff
    return state % n + 1
  end
end

local Program = {}
Program.__index = Program

--- A new program: its objects, and its books. Its times are in units of
-- `unit` seconds (1 unless said).
function M.new(seed, unit)
  local draw = drawing(seed)
  local self = setmetatable({ draw = draw, handles = {}, generators = {}, begun = 0, ended = 0,
    inside = 0, sets = 0, notified = 0, planned = {}, done = {}, jobs_left = 150,
    unit = unit or 1 }, Program)
  self.queue = traffic.new(conc.queue(draw(4) - 1))
  self.channel = traffic.new(conc.channel(draw(4) - 1))
  self.lock = conc.lock()
  self.permits = draw(3)
  self.semaphore = conc.semaphore(self.permits)
  self.event = conc.event()
  self.condition_lock = conc.lock()
  self.condition = conc.condition(self.condition_lock)
  self.here, self.there = assert(conc.pair(draw(40)))
  self.lines, self.last_line, self.written, self.read = 0, 0, {}, {}
  return self
end

-- What is drawn more often than the rest.
local often = { send = 3, recv = 3, sleep = 2, catch = 2, set = 2 }

local names = {}
for name in pairs(steps) do
  for _ = 1, often[name] or 1 do names[#names + 1] = name end
end
table.sort(names)

function Program:step(depth)
  local name = names[self.draw(#names)]
  if depth <= 0 then name = self.draw(2) == 1 and "yield" or "sleep" end
  steps[name](self, depth)
  self.done[name] = (self.done[name] or 0) + 1
end

--- What a job runs: `f`, else some steps, entered in the books when begun and
-- ended.
function Program:body(depth, f)
  return function(...)
    local _ <close> = setmetatable({}, { __close = function()
      self.ended = self.ended + 1
    end })
    self.begun = self.begun + 1
    if f then return f(...) end
    for _ = 1, self.draw(4) do self:step(depth - 1) end
  end
end

--- Starts a job by `how(body)` and remembers its handle, while any are left.
function Program:start(how, depth, f)
  if self.jobs_left == 0 then return end
  self.jobs_left = self.jobs_left - 1
  local h = how(self:body(depth, f))
  self.handles[#self.handles + 1] = h
  return h
end

-- One round: some jobs and some steps beside them.
function Program:round()
  for _ = 1, 2 + self.draw(4) do
    self:start(function(f) return conc.spawn { f, keep = self.draw(2) == 1 } end, 4)
  end
  for _ = 1, self.draw(5) do pcall(self.step, self, 2) end
end

--- The root task: some rounds, ended by the clock whatever they do. Each is a
-- job in a timeout of its own: what a generator starts belongs to the job that
-- takes from it, and not to the scopes that are open there.
function Program:root()
  for _ = 1, 8 do
    pcall(conc.timeout, 100 * self.unit, conc.run, self.round, self)
  end
  conc.timeout(100 * self.unit, conc.run, self.round, self)
end

-- Whether an error is one that the program planned, or of its cancellations;
-- outside tasks, where no deadline helps, also the end of a deadlock.
function Program:expects(err)
  return self.planned[err] or conc.is_cancelled(err)
    or self.may_deadlock and tostring(err):find("for what can't come", 1, true)
end

--- The names of all steps; those that a program has done lie in its `done`.
M.names = {}
for name in pairs(steps) do M.names[#M.names + 1] = name end

--- Raises unless each job has ended, exactly once.
function Program:audit_ends()
  assert(self.begun == self.ended, "a job didn't end exactly once")
  for i, h in ipairs(self.handles) do
    local status = h:status()
    assert(status == "done" or status == "failed" or status == "cancelled",
      "job " .. i .. " is " .. status)
    pcall(h.await, h)
  end
end

-- Lines come in order, and each once.
function Program:note_line(line)
  if not line then return end
  local n = assert(math.tointeger(line), "a damaged line")
  assert(n > self.last_line, "lines in another order")
  self.last_line, self.read[n] = n, true
end

-- What was written has been read, or is still there.
function Program:audit_stream()
  self.there:timeout(0)
  repeat
    local line = self.there:read "l"
    self:note_line(line)
  until not line
  for n in pairs(self.written) do assert(self.read[n], "a line was lost") end
end

--- Closes what is open; to be called last.
function Program:close()
  self.here:reset()
  self.there:reset()
  conc.run(conc.sleep, 0.0001)
end

--- Raises unless the books balance; to be called after the run.
function Program:audit()
  self:audit_ends()
  self:audit_stream()
  for _, h in ipairs(self.handles) do
    local status = h:status()
    local first = table.pack(pcall(h.await, h))
    local second = table.pack(pcall(h.await, h))
    assert(first[1] == second[1] and rawequal(first[2], second[2]),
      "await differs the second time")
    assert(first[1] == (status == "done"), "await and status disagree")
    if status == "failed" then
      assert(self:expects(first[2]), tostring(first[2]))
    end
  end
  self.queue:audit()
  self.channel:audit()
  assert(self.holder == nil and self.inside == 0)
  assert(self.lock:try_acquire(), "the lock was kept")
  assert(self.condition_lock:try_acquire(), "the condition's lock was kept")
  for _ = 1, self.permits do
    assert(self.semaphore:try_acquire(), "a permit was lost")
  end
  assert(not self.semaphore:try_acquire(), "a permit was made up")
  self:close()
end

return M
