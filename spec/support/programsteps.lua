-- What the programs of program.lua are made of: each step gets the program and
-- how deep it lies, and raises where something is not as it must be.

local conc = require "luaconc"
local ways = require "spec.support.programways"

local steps = {}
for name, step in pairs(ways) do steps[name] = step end

local function after(start, seconds)
  assert(conc.now() >= start + seconds - 0.002, "too early")
end

function steps.sleep(self)
  local start, seconds = conc.now(), (self.draw(5) - 1) * self.unit
  conc.sleep(seconds)
  after(start, seconds)
end

function steps.yield() conc.yield() end

function steps.spawn(self, depth) self:start(conc.spawn, depth) end

function steps.keep(self, depth)
  local h = self:start(function(f)
    return conc.spawn { f, keep = true, daemon = self.draw(2) == 1 }
  end, depth)
  if h and self.draw(2) == 1 then pcall(h.await, h) end
end

-- Groups of all kinds; so many of one's jobs run at once, and no more.
function steps.group(self, depth)
  local limit = self.draw(2) == 1 and self.draw(2) or nil
  local running = 0
  local opts = { limit = limit, keep = self.draw(4) == 1 or nil,
    timeout = self.draw(4) == 1 and self.draw(5) * self.unit or nil }
  if self.draw(4) == 1 then opts.current = false end
  local g <close> = conc.group(opts)
  for _ = 1, self.draw(3) do
    self:start(function(f) return g:spawn(f) end, depth, function()
      local _ <close> = setmetatable({}, { __close = function() running = running - 1 end })
      running = running + 1
      assert(not limit or running <= limit, "more run than the limit says")
      self:step(depth - 2)
    end)
  end
  self:step(depth - 1)
  if self.draw(4) == 1 then g:cancel() elseif self.draw(4) == 1 then g:await() end
end

-- A job has what its parent had when it was started.
function steps.locals(self, depth)
  local n = self.draw(1000)
  conc.locals().n = n
  self:start(conc.spawn, depth, function()
    assert(conc.locals().n == n, "the locals of somebody else")
    conc.locals().n = 0
    self:step(depth - 2)
  end)
  assert(conc.locals().n == n, "a child's locals")
end

function steps.map(self, depth)
  local list, limit, running = {}, self.draw(3), 0
  for i = 1, self.draw(4) do list[i] = i end
  local results = conc.map(list, function(i)
    local _ <close> = setmetatable({}, { __close = function() running = running - 1 end })
    running = running + 1
    assert(running <= limit, "more run than the limit says")
    self:step(depth - 1)
    return 2 * i
  end, { limit = limit })
  for i in ipairs(list) do assert(results[i] == 2 * i, "a result of another") end
end

function steps.pool(self, depth)
  local pool <close> = conc.pool { workers = self.draw(2) }
  for _ = 1, self.draw(2) do
    self:start(function(f) return pool:submit(f) end, depth)
  end
  local n = 0
  for value in pool:imap({ 1, 2, 3 }, function(i)
    self:step(depth - 1)
    return i
  end, { window = self.draw(3) }) do
    n = n + 1
    assert(value == n, "results in another order")
    if self.draw(6) == 1 then return end
  end
  assert(n == 3, "results are missing")
end

function steps.timeout(self, depth)
  local start, seconds = conc.now(), (self.draw(4) - 1) * self.unit
  local _, message, code = conc.timeout(seconds, self.step, self, depth - 1)
  if not code then return end
  assert(code == "ETIMEDOUT" and message == "timed out")
  after(start, seconds)
end

function steps.scope(self, depth)
  local s <close> = self.draw(2) == 1 and conc.scope { timeout = self.draw(6) * self.unit }
    or conc.scope { deadline = conc.now() + self.draw(6) * self.unit }
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

return steps
