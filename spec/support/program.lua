-- Programs made at random from the calls of the kernel, with books kept on
-- what must hold whatever happens. One seed gives one program.

local conc = require "luaconc"

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
    sent = 0, received = 0, inside = 0, planned = {}, jobs_left = 150, unit = unit or 1 }, Program)
  self.queue = conc.queue(draw(4) - 1)
  self.channel = conc.channel(draw(4) - 1)
  self.brought, self.fetched = 0, 0
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

-- What one step can be. Each gets the program and how deep it lies.
local steps = {}

function steps.sleep(self) conc.sleep((self.draw(5) - 1) * self.unit) end

function steps.yield() conc.yield() end

function steps.send(self)
  if self.queue:send(self.sent) then self.sent = self.sent + 1 end
end

function steps.recv(self)
  if self.queue:recv() ~= nil then self.received = self.received + 1 end
end

function steps.try_send(self)
  if self.queue:try_send(self.sent) then self.sent = self.sent + 1 end
end

function steps.try_recv(self)
  if self.queue:try_recv() ~= nil then self.received = self.received + 1 end
end

-- Some as messages, some as they are.
local function item(self)
  local n = self.brought
  return n % 2 == 0 and n or { n, self.channel }
end

function steps.bring(self)
  if self.channel:send(item(self)) then self.brought = self.brought + 1 end
end

function steps.fetch(self)
  if self.channel:recv() ~= nil then self.fetched = self.fetched + 1 end
end

function steps.try_bring(self)
  if self.channel:try_send(item(self)) then self.brought = self.brought + 1 end
end

function steps.try_fetch(self)
  if self.channel:try_recv() ~= nil then self.fetched = self.fetched + 1 end
end

-- A write that was cancelled may have been accepted all the same.
function steps.write(self)
  self.lines = self.lines + 1
  local n = self.lines
  if self.here:write(n, "\n") then self.written[n] = true end
end

-- Lines come in order, and each once.
function Program:note_line(line)
  if not line then return end
  local n = assert(math.tointeger(line), "a damaged line")
  assert(n > self.last_line, "lines in another order")
  self.last_line, self.read[n] = n, true
end

function Program:read_alone(f)
  if self.reading then return end
  self.reading = true
  local _ <close> = setmetatable({}, { __close = function() self.reading = nil end })
  self:note_line(f())
end

function steps.read(self)
  self:read_alone(function() return (self.there:read "l") end)
end

function steps.select(self)
  self:read_alone(function()
    local key, line = conc.select { line = { self.there, "read", "l" },
      event = self.event, late = conc.after(self.draw(3) * self.unit) }
    return key == "line" and line
  end)
end

function steps.lock(self, depth)
  if self.holder == conc.current() then return end
  self.lock:with(function()
    assert(self.holder == nil, "two hold the lock")
    self.holder = conc.current()
    local _ <close> = setmetatable({}, { __close = function() self.holder = nil end })
    self:step(depth - 1)
  end)
end

function steps.semaphore(self, depth)
  self.semaphore:with(function()
    self.inside = self.inside + 1
    local _ <close> = setmetatable({}, { __close = function()
      self.inside = self.inside - 1
    end })
    assert(self.inside <= self.permits, "too many inside the semaphore")
    self:step(depth - 1)
  end)
end

function steps.set(self) self.event:set() end

function steps.clear(self) self.event:clear() end

function steps.wait(self) self.event:wait() end

function steps.condition(self)
  self.condition_lock:with(function()
    if self.draw(2) == 1 then self.condition:wait() else self.condition:notify(1) end
  end)
end

function steps.spawn(self, depth) self:start(conc.spawn, depth) end

function steps.keep(self, depth)
  local h = self:start(function(f)
    return conc.spawn { f, keep = true, daemon = self.draw(2) == 1 }
  end, depth)
  if h and self.draw(2) == 1 then pcall(h.await, h) end
end

function steps.group(self, depth)
  local g <close> = conc.group(self.draw(2) == 1 and { limit = self.draw(2) } or nil)
  for _ = 1, self.draw(3) do
    self:start(function(f) return g:spawn(f) end, depth)
  end
  self:step(depth - 1)
  if self.draw(4) == 1 then g:cancel() end
end

function steps.timeout(self, depth)
  local _, message, code = conc.timeout((self.draw(4) - 1) * self.unit,
    self.step, self, depth - 1)
  assert(code == nil or code == "ETIMEDOUT" and message == "timed out")
end

function steps.scope(self, depth)
  local s <close> = conc.scope { timeout = self.draw(6) * self.unit }
  if self.draw(3) == 1 then s:cancel() end
  self:step(depth - 1)
end

function steps.shield(self, depth)
  conc.shield(conc.timeout, 20 * self.unit, self.step, self, depth - 1)
end

function steps.gather(self, depth)
  conc.gather(self:body(depth), self:body(depth))
end

function steps.settle(self, depth)
  local results = conc.settle { self:body(depth), self:body(depth) }
  assert(#results == 2 and results[1].ok ~= nil and results[2].ok ~= nil)
end

function steps.race(self, depth)
  conc.race(self:body(depth), self:body(depth))
end

function steps.completed(self, depth)
  local n = 0
  for h in conc.completed { self:body(depth), self:body(depth) } do
    pcall(h.await, h)
    n = n + 1
  end
  assert(n == 2)
end

function steps.generator(self, depth)
  for _ in conc.coroutine.wrap(function()
    for i = 1, 2 do
      self:step(depth - 1)
      conc.coroutine.yield(i)
    end
  end) do self:step(depth - 1) end
end

-- A generator that stays suspended inside a group, a scope or a timeout. Its
-- job has a deadline of its own: no other governs it once the task that took
-- from the generator has returned.
local function lasting(self, depth)
  return conc.coroutine.create(function()
    for _ = 1, self.draw(3) do
      local _ <close> = conc.scope { timeout = self.draw(9) * self.unit }
      local g <close> = conc.group()
      if self.draw(2) == 1 then
        self:start(function(f) return g:spawn(conc.timeout, 50 * self.unit, f) end, depth)
      end
      conc.coroutine.yield()
      self:step(depth - 1)
      conc.timeout(self.draw(5) * self.unit, conc.coroutine.yield)
    end
  end)
end

-- Takes from a generator that other tasks take from too; some are left
-- half-way. Its errors (such as "resume it there") are its own.
function steps.shared(self, depth)
  local i = self.draw(3)
  local t = self.generators[i]
  if not t or conc.coroutine.status(t) == "dead" or self.draw(8) == 1 then
    t = lasting(self, depth)
    self.generators[i] = t
  end
  pcall(conc.coroutine.resume, t)
end

function steps.nested_run(self, depth) conc.run(self:body(depth)) end

function steps.catch(self, depth) pcall(self.step, self, depth - 1) end

function steps.cancel(self)
  local h = self.handles[self.draw(math.max(1, #self.handles))]
  if h then h:cancel("at random") end
end

function steps.await(self)
  local h = self.handles[self.draw(math.max(1, #self.handles))]
  if h and h ~= conc.current() then pcall(h.await, h) end
end

function steps.fail(self)
  if self.draw(3) > 1 then return end
  local err = { "planned" }
  self.planned[err] = true
  error(err)
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
  return steps[name](self, depth)
end

--- What a job runs: some steps, entered in the books when begun and ended.
function Program:body(depth)
  return function()
    local _ <close> = setmetatable({}, { __close = function()
      self.ended = self.ended + 1
    end })
    self.begun = self.begun + 1
    for _ = 1, self.draw(4) do self:step(depth - 1) end
  end
end

--- Starts a job by `how(f)` and remembers its handle, while any are left.
function Program:start(how, depth)
  if self.jobs_left == 0 then return end
  self.jobs_left = self.jobs_left - 1
  local h = how(self:body(depth))
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

--- The root task: some rounds, ended by the clock whatever they do.
function Program:root()
  for _ = 1, 8 do
    pcall(conc.run, conc.timeout, 100 * self.unit, self.round, self)
  end
  conc.timeout(100 * self.unit, self.round, self)
end

-- Whether an error is one that the program planned, or of its cancellations;
-- outside tasks, where no deadline helps, also the end of a deadlock.
function Program:expects(err)
  return self.planned[err] or conc.is_cancelled(err)
    or self.may_deadlock and tostring(err):find("for what can't come", 1, true)
end

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
  assert(self.sent == self.received + self.queue:len(), "items lost or doubled")
  assert(self.brought == self.fetched + self.channel:len(), "messages lost or doubled")
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
