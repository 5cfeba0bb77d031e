local conc = require "luaconc"

-- What never has to wait: each makes its objects and returns one step.
local always_ready = {
  ["a queue that is never empty or full"] = function()
    local q = conc.queue(2)
    q:send(1)
    return function() q:send(2) q:recv() end
  end,
  ["a lock that nobody else wants"] = function()
    local l = conc.lock()
    return function() l:acquire() l:release() end
  end,
  ["a lock's with"] = function()
    local l = conc.lock()
    local function inside() end
    return function() l:with(inside) end
  end,
  ["a semaphore"] = function()
    local s = conc.semaphore(1)
    return function() s:acquire() s:release() end
  end,
  ["an event that is set"] = function()
    local e = conc.event()
    e:set()
    return function() e:wait() end
  end,
  ["a barrier of one"] = function()
    local b = conc.barrier(1)
    return function() b:wait() end
  end,
  ["a job that is done"] = function()
    local h = conc.spawn(function() end)
    h:await()
    return function() h:await() end
  end,
  ["a closed queue"] = function()
    local q = conc.queue(1)
    q:close()
    return function() q:recv() end
  end,
  ["gather of done jobs"] = function()
    local h = conc.spawn(function() end)
    h:await()
    return function() conc.gather(h, h) end
  end,
  ["empty groups"] = function()
    return function() local _ <close> = conc.group() end
  end,
  yield = function() return conc.yield end,
  ["sleep(0)"] = function() return function() conc.sleep(0) end end,
  ["jobs that it starts and awaits"] = function()
    local function job() end
    return function() conc.spawn(job):await() end
  end,
}

-- Far more rounds than any fair scheduler gives one task in that time.
local many = 2000000

describe("a task that works on", function()
  for name, make in pairs(always_ready) do
    it(name .. " lets other ready tasks run", function()
      local rounds, stop = 0, false
      conc.run(function()
        conc.spawn(function()
          local step = make()
          while not stop and rounds < many do
            step()
            rounds = rounds + 1
          end
        end)
        conc.spawn(function()
          for _ = 1, 3 do conc.yield() end
          stop = true
        end)
      end)
      assert.is_true(rounds > 0 and rounds < many)
    end)

    it(name .. " lets sleepers wake", function()
      local rounds, stop = 0, false
      conc.run(function()
        conc.spawn(function()
          local step = make()
          while not stop and rounds < many do
            step()
            rounds = rounds + 1
          end
        end)
        conc.spawn(function()
          for _ = 1, 3 do conc.sleep(0.001) end
          stop = true
        end)
      end)
      assert.is_true(rounds > 0 and rounds < many)
    end)

    it(name .. " can be cancelled from outside", function()
      local rounds = 0
      conc.run(function()
        local h = conc.spawn(function()
          local step = make()
          while rounds < many do
            step()
            rounds = rounds + 1
          end
        end)
        conc.sleep(0.001)
        h:cancel()
      end)
      assert.is_true(rounds < many)
    end)
  end
end)

describe("two tasks that feed each other", function()
  it("let others run", function()
    local rounds, stop = 0, false
    conc.run(function()
      local there, back = conc.queue(1), conc.queue(1)
      conc.spawn(function()
        for ball in there:iter() do back:send(ball) end
        back:close()
      end)
      conc.spawn(function()
        while not stop and rounds < many do
          there:send(rounds)
          assert(back:recv() == rounds)
          rounds = rounds + 1
        end
        there:close()
      end)
      conc.spawn(function() conc.yield() conc.sleep(0.001) stop = true end)
    end)
    assert.is_true(rounds > 0 and rounds < many)
  end)
end)

describe("a chain of tasks, each started by the one before", function()
  it("lets sleepers wake", function()
    local links, stop = 0, false
    conc.run(function()
      local g <close> = conc.group()
      local function link()
        links = links + 1
        if not stop and links < many then g:spawn(link) end
      end
      g:spawn(link)
      conc.sleep(0.001)
      stop = true
    end)
    assert.is_true(links > 0 and links < many)
  end)
end)

describe("many tasks that yield", function()
  it("advance together", function()
    local count, most_apart = {}, 0
    conc.run(function()
      for i = 1, 100 do
        count[i] = 0
        conc.spawn(function()
          for _ = 1, 100 do
            count[i] = count[i] + 1
            most_apart = math.max(most_apart,
              math.abs(count[i] - count[i % 100 + 1]))
            conc.yield()
          end
        end)
      end
    end)
    assert.is_true(most_apart <= 1, most_apart)
  end)
end)

describe("producers and consumers", function()
  it("each get their share", function()
    local got = { 0, 0, 0, 0 }
    conc.run(function()
      local q = conc.queue(4)
      local consumers <close> = conc.group { current = false }
      for i = 1, 4 do
        consumers:spawn(function()
          for _ in q:iter() do
            got[i] = got[i] + 1
            conc.yield()
          end
        end)
      end
      conc.run(function()
        for _ = 1, 4 do
          conc.spawn(function() for item = 1, 1000 do q:send(item) end end)
        end
      end)
      q:close()
    end)
    assert.equal(4000, got[1] + got[2] + got[3] + got[4])
    for i = 1, 4 do assert.is_true(got[i] > 500, got[i]) end
  end)
end)
