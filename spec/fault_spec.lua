-- Each operation under the failure of its n-th allocation in C, its n-th
-- allocation in Lua, and its n-th call of libuv, for every n there is.

local conc = require "luaconc"
local sweep = require "spec.support.sweep"
local testing = require "luaconc.testing"

local unpack = table.unpack

local function closing(f)
  return setmetatable({}, { __close = f })
end

-- Raises with plain strings: it is called while memory is short.
local function check(ok)
  if not ok then error("a wrong result", 0) end
end

local function sleeper(value)
  conc.sleep(1)
  return value
end

-- What each runs as the root task; checks that hold unless it raised.
local operations = {
  ["run"] = function() end,
  ["spawn and await"] = function()
    check(conc.spawn(sleeper, 5):await() == 5)
  end,
  ["spawn with options and many arguments"] = function()
    local h = conc.spawn { select, "#", 1, 2, 3, 4, 5, 6, 7, 8, 9, name = "x" }
    check(h:await() == 9)
  end,
  ["sleep and yield"] = function()
    conc.sleep(1)
    conc.yield()
  end,
  ["a kept failure"] = function()
    local h = conc.spawn { error, "planned", 0, keep = true }
    local ok, err = pcall(h.await, h)
    check(not ok and err)
  end,
  ["a failure that ends a group"] = function()
    local ok = pcall(function()
      local g <close> = conc.group()
      g:spawn(error, "planned", 0)
      g:spawn(sleeper)
      conc.sleep(5)
    end)
    check(not ok)
  end,
  ["a group"] = function()
    local n = 0
    do
      local g <close> = conc.group()
      for _ = 1, 3 do g:spawn(function() conc.yield() n = n + 1 end) end
    end
    check(n == 3)
  end,
  ["a group with a limit"] = function()
    local n = 0
    do
      local g <close> = conc.group { limit = 1 }
      for _ = 1, 3 do g:spawn(function() conc.yield() n = n + 1 end) end
    end
    check(n == 3)
  end,
  ["a group's cancel"] = function()
    local g <close> = conc.group()
    g:spawn(sleeper)
    g:spawn { sleeper, daemon = true }
    conc.yield()
    g:cancel()
  end,
  ["cancel and clean-up"] = function()
    local cleaned = false
    local h = conc.spawn(function()
      local _ <close> = closing(function()
        conc.shield(conc.sleep, 1)
        cleaned = true
      end)
      conc.sleep(100)
    end)
    conc.yield()
    h:cancel("reason")
    local ok = pcall(h.await, h)
    check(not ok)
    check(cleaned or h:status() == "failed")
  end,
  ["a scope"] = function()
    local s <close> = conc.scope { timeout = 1 }
    check(not pcall(conc.sleep, 5))
    s:cancel()
  end,
  ["timeout"] = function()
    local value, _, code = conc.timeout(1, conc.sleep, 5)
    check(value == nil and code == "ETIMEDOUT")
    check(conc.timeout(5, sleeper, 3) == 3)
  end,
  ["gather"] = function()
    local a, b = conc.gather(function() return 1 end, function() return sleeper(2) end)
    check(a == 1 and b == 2)
    local list = conc.gather { function() return sleeper(3) end }
    check(list[1] == 3)
  end,
  ["gather that fails"] = function()
    check(not pcall(conc.gather, sleeper, function() error("planned", 0) end))
  end,
  ["settle"] = function()
    local r = conc.settle { sleeper, function() error("planned", 0) end }
    check(#r == 2 and r[2].ok == false)
  end,
  ["race"] = function()
    -- (The second wins where the first was the one that failed.)
    local value = conc.race(function() return sleeper(1) end, function()
      conc.sleep(50)
      return 2
    end)
    check(value == 1 or value == 2)
  end,
  ["completed"] = function()
    local n = 0
    for _ in conc.completed { sleeper, sleeper } do n = n + 1 end
    check(n == 2)
  end,
  ["locals, jobs, tree, traceback"] = function()
    conc.locals().x = 1
    local h = conc.spawn(function()
      conc.sleep(1)
      return conc.locals().x
    end)
    conc.yield()
    check(#conc.tree() > 0 and #conc.jobs() >= 1 and #conc.traceback(h) > 0)
    check(h:await() == 1)
  end,
  ["generators"] = function()
    local n = 0
    for v in conc.coroutine.wrap(function()
      for i = 1, 2 do
        conc.sleep(1)
        conc.coroutine.yield(i)
      end
    end) do n = n + v end
    check(n == 3)
    local co = conc.coroutine.create(conc.coroutine.yield)
    conc.coroutine.resume(co)
    conc.coroutine.close(co)
  end,
  ["a queue"] = function()
    local q, got = conc.queue(1), {}
    conc.spawn(function()
      for i = 1, 4 do q:send(i) end
      q:close()
    end)
    for item in q:iter() do got[#got + 1] = item end
    local a, b, c, d = unpack(got)
    check(a == 1 and b == 2 and c == 3 and d == 4)
  end,
  ["a queue of size 0"] = function()
    local q = conc.queue(0)
    conc.spawn(function() q:send(1) end)
    check(q:recv() == 1)
  end,
  ["a queue's waiter that is cancelled"] = function()
    local q = conc.queue(1)
    check(select(3, conc.timeout(1, q.recv, q)) == "ETIMEDOUT")
    check(q:try_send(1) and q:try_recv() == 1)
  end,
  ["a channel"] = function()
    local ch, got = conc.channel(1), {}
    conc.spawn(function()
      for i = 1, 4 do ch:send { i } end
      ch:send(("x"):rep(100))
      ch:close()
    end)
    for item in ch:iter() do got[#got + 1] = item end
    local a, b, c, d, x = unpack(got)
    check(a[1] == 1 and b[1] == 2 and c[1] == 3 and d[1] == 4 and #x == 100)
  end,
  ["a channel of size 0"] = function()
    local ch = conc.channel(0)
    conc.spawn(function() ch:send(1) end)
    check(ch:recv() == 1)
  end,
  ["a channel that grows"] = function()
    local ch = conc.channel(100)
    for i = 1, 100 do check(ch:send(i)) end
    for i = 1, 100 do check(ch:recv() == i) end
  end,
  ["a channel through a channel, and through itself"] = function()
    local ch, inner = conc.channel(2), conc.channel()
    check(inner:send("deep"))
    check(ch:send { inner, inner, ch })
    inner = nil -- luacheck: ignore
    collectgarbage()
    local got = ch:recv()
    check(got[1] == got[2] and got[3] == ch and got[1]:recv() == "deep")
    check(ch:send(ch))
  end,
  ["a channel's waiter that is cancelled"] = function()
    local ch = conc.channel(1)
    check(select(3, conc.timeout(1, ch.recv, ch)) == "ETIMEDOUT")
    check(ch:try_send(1))
    check(select(3, conc.timeout(1, ch.send, ch, { 2 })) == "ETIMEDOUT")
    check(ch:try_recv() == 1 and #ch == 0)
  end,
  ["many through a queue"] = function()
    local q, got = conc.queue(2), {}
    conc.spawn(function() check(q:send_many { 1, 2, 3, 4, 5 } == 5) end)
    while #got < 5 do
      for _, v in ipairs(q:recv_many(3)) do got[#got + 1] = v end
    end
    for i = 1, 5 do check(got[i] == i) end
  end,
  ["many through a channel"] = function()
    local ch, got = conc.channel(2), {}
    conc.spawn(function() check(ch:send_many { { 1 }, 2, ("x"):rep(50), ch, 5 } == 5) end)
    while #got < 5 do
      for _, v in ipairs(ch:recv_many(3)) do got[#got + 1] = v end
    end
    check(got[1][1] == 1 and got[2] == 2 and #got[3] == 50 and got[4] == ch and got[5] == 5)
  end,
  ["a select at channels"] = function()
    local a, b = conc.channel(0), conc.channel(1)
    conc.spawn(function() check(a:recv()[1] == 1) end)
    check(conc.select { out = { a, "send", { 1 } }, b = b } == "out")
    conc.spawn(function() b:send(2) end)
    local key, value = conc.select { a = a, b = b }
    check(key == "b" and value == 2)
    check(conc.select { a = a, b = b, late = conc.after(1) } == "late")
  end,
  ["a lock"] = function()
    local l, n = conc.lock(), 0
    local g <close> = conc.group()
    for _ = 1, 3 do
      g:spawn(l.with, l, function() conc.yield() n = n + 1 end)
    end
    g:await()
    check(n == 3 and l:try_acquire())
  end,
  ["a semaphore"] = function()
    local s = conc.semaphore(1)
    s:acquire()
    conc.spawn(function() conc.sleep(1) s:release() end)
    s:acquire()
    s:release()
  end,
  ["an event"] = function()
    local e = conc.event()
    conc.spawn(function() conc.sleep(1) e:set() end)
    e:wait()
    check(e:is_set())
  end,
  ["a condition"] = function()
    local l = conc.lock()
    local c = conc.condition(l)
    conc.spawn(function()
      conc.sleep(1)
      l:with(function() c:notify_all() end)
    end)
    l:with(function() c:wait() end)
  end,
  ["a barrier"] = function()
    local b = conc.barrier(2)
    conc.spawn(function() conc.sleep(1) b:wait() end)
    b:wait()
  end,
  ["a nested run"] = function()
    check(conc.run(sleeper, 7) == 7)
  end,
}

local runs = {}
for name, operation in pairs(operations) do
  runs[name] = function() testing.virtual(operation) end
end

local function stuck()
  conc.spawn(function() conc.event():wait() end)
  conc.queue(1):recv()
end

runs["a deadlock"] = function()
  local ok, err = pcall(testing.virtual, stuck)
  check(not ok)
  if not tostring(err):find("deadlock", 1, true) then error(err, 0) end
end

local function live() return sweep.live(testing.counts()) end

-- Nothing but what the free lists hold.
local function at_rest(run)
  run()
  collectgarbage()
  collectgarbage()
  return testing.counts().blocks
end

local function fail_each(run, fault)
  local blocks, before = at_rest(run), live()
  sweep.each(fault, run, live)
  assert.equal(blocks, at_rest(run), "blocks of C memory")
  assert.equal(before, live())
end

for what, fault in pairs(sweep.faults) do
  describe("the failure of any " .. what .. " in", function()
    for name, run in pairs(runs) do
      it(name .. " raises or is survived, and leaves nothing behind", function()
        fail_each(run, fault)
      end)
    end
  end)
end

describe("the failure of any allocation", function()
  -- The same outside tasks, where the wait itself drives the loop.
  local outside = {
    ["spawn and run"] = function()
      local h = conc.spawn(function() conc.yield() return 3 end)
      conc.run()
      check(h:await() == 3)
    end,
    ["a wait that drives"] = function()
      conc.spawn(conc.yield)
      conc.sleep(0)
    end,
    ["a group"] = function()
      local g <close> = conc.group()
      g:spawn(conc.yield)
    end,
    ["a generator"] = function()
      check(conc.coroutine.wrap(function() conc.yield() return 1 end)() == 1)
    end,
    ["a queue"] = function()
      local q = conc.queue(1)
      conc.spawn(function() conc.yield() q:send(1) end)
      check(q:recv() == 1)
    end,
  }

  for name, operation in pairs(outside) do
    for _, what in ipairs { "allocation in C", "allocation in Lua" } do
      it("(" .. what .. ") outside tasks in " .. name .. " does the same", function()
        sweep.each(sweep.faults[what], operation, function()
          for _, h in ipairs(conc.jobs()) do h:cancel() end
          pcall(conc.run)
          return testing.counts().jobs
        end)
      end)
    end
  end
end)
