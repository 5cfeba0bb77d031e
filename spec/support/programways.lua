-- Steps of the programs of program.lua that wait for one another: at queues,
-- channels, streams, locks. Each gets the program and how deep it lies, and
-- raises where something is not as it must be.

local conc = require "luaconc"

local steps = {}

local function send(books)
  local item = books:offer()
  if books.way:send(item) then books:accept(item) end
end

local function try_send(books)
  local item = books:offer()
  if books.way:try_send(item) then books:accept(item) end
end

-- Those of a call that was cancelled may have gone, or not.
local function send_many(self, books)
  local list = {}
  for i = 1, self.draw(5) do list[i] = books:offer(list) end
  local ok, n = pcall(books.way.send_many, books.way, list)
  assert(not ok or n == #list)
  for _, item in ipairs(list) do books:accept(item, not ok) end
  if not ok then error(n, 0) end
end

local function recv_many(self, books)
  local most = self.draw(5)
  local list = books.way:recv_many(most)
  assert(#list >= 1 and #list <= most)
  for _, item in ipairs(list) do books:take(item) end
end

for _, name in ipairs { "queue", "channel" } do
  steps[name .. "_send"] = function(self) send(self[name]) end
  steps[name .. "_try_send"] = function(self) try_send(self[name]) end
  steps[name .. "_send_many"] = function(self) send_many(self, self[name]) end
  steps[name .. "_recv"] = function(self) self[name]:take(self[name].way:recv()) end
  steps[name .. "_try_recv"] = function(self) self[name]:take(self[name].way:try_recv()) end
  steps[name .. "_recv_many"] = function(self) recv_many(self, self[name]) end
end

-- Waits at the queue, the channel, a job, the event and the clock at once; one
-- of these takes effect. (A list, as names are in another order in each state.)
function steps.choose(self)
  local cases, then_do = {}, {}
  local function add(case, f)
    cases[#cases + 1] = case
    then_do[#cases] = f
  end
  for _, books in ipairs { self.queue, self.channel } do
    if self.draw(2) == 1 then add(books.way, function(v) books:take(v) end) end
    if self.draw(2) == 1 then
      local item = books:offer()
      add({ books.way, "send", item }, function() books:accept(item) end)
    end
  end
  if self.draw(3) == 1 then add(self.event) end
  local h = self.handles[self.draw(math.max(1, #self.handles))]
  if h and h ~= conc.current() and self.draw(3) == 1 then add(h) end
  add(conc.after(self.draw(3) * self.unit))
  local key, value = conc.select(cases)
  if then_do[key] then then_do[key](value) end
end

-- A queue or a channel of its own, from one job to another: all comes, in
-- order, until one of them closes it.
function steps.line(self, depth)
  local way = (self.draw(2) == 1 and conc.queue or conc.channel)(self.draw(3) - 1)
  local sent, got, all = 0, 0, self.draw(5)
  local g <close> = conc.group()
  local giver = self:start(function(f) return g:spawn(f) end, depth, function()
    local _ <close> = setmetatable({}, { __close = function() way:close() end })
    for i = 1, all do
      if not way:send(i) then return end
      sent = i
      self:step(depth - 2)
    end
  end)
  if not giver then return end
  for i in way:iter() do
    got = got + 1
    assert(i == got, "a line out of order")
    if self.draw(6) == 1 then return way:close() end
  end
  assert(got == sent, "the end came before the last")
end

-- A write that was cancelled may have been accepted all the same.
function steps.write(self)
  self.lines = self.lines + 1
  local n = self.lines
  if self.here:write(n, "\n") then self.written[n] = true end
end

function steps.flush(self) assert(self.here:flush()) end

local function read_alone(self, f)
  if self.reading then return end
  self.reading = true
  local _ <close> = setmetatable({}, { __close = function() self.reading = nil end })
  self:note_line(f())
end

function steps.read(self)
  read_alone(self, function() return (self.there:read "l") end)
end

function steps.select(self)
  read_alone(self, function()
    local key, line = conc.select { { self.there, "read", "l" }, self.event,
      conc.after(self.draw(3) * self.unit) }
    return key == 1 and line
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

function steps.set(self)
  self.sets = self.sets + 1
  self.event:set()
end

function steps.clear(self) self.event:clear() end

function steps.wait(self)
  local before = self.event:is_set() and -1 or self.sets
  self.event:wait()
  assert(self.sets > before, "an event let pass that nobody has set")
end

-- Takes one of the locks if it is free; never waits.
function steps.try_lock(self)
  local _ <close> = self.lock:try_acquire()
  assert(not _ or self.holder == nil, "two hold the lock")
end

-- Who waits doesn't hold the lock meanwhile, and does again afterwards.
function steps.condition(self)
  self.condition_lock:with(function()
    local way = self.draw(4)
    assert(not self.awake, "two hold the lock of the condition")
    if way == 1 then
      self.condition:notify(self.draw(3))
      self.notified = self.notified + 1
    elseif way == 2 then
      self.condition:notify_all()
      self.notified = self.notified + 1
    else
      local before = self.notified
      local _ <close> = setmetatable({}, { __close = function()
        assert(not self.awake, "woken without the lock")
      end })
      self.condition:wait()
      assert(self.notified > before, "woken by nobody")
    end
    self.awake = true
    local _ <close> = setmetatable({}, { __close = function() self.awake = false end })
    conc.yield()
  end)
end

-- A barrier lets all pass, or none.
function steps.barrier(self, depth)
  local n = self.draw(3)
  if self.jobs_left < n then return end
  local barrier, passed, orders = conc.barrier(n), 0, {}
  do
    local g <close> = conc.group()
    for _ = 1, n do
      self:start(function(f) return g:spawn(f) end, depth, function()
        self:step(depth - 2)
        local order = barrier:wait()
        assert(order <= n and not orders[order], "an order that was given twice")
        passed, orders[order] = passed + 1, true
      end)
    end
  end
  assert(passed == 0 or passed == n, "a barrier let some pass")
end

return steps
