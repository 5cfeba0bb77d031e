-- What conc.tcp.serve does with its handlers, over a network that is made up:
-- times are virtual, and most of it holds in any order. (spec/tcp_spec.lua has
-- what is about sockets.)

local conc = require "luaconc"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

local serve = conc.tcp.serve

local ORDERS = { seeds = 20 }

local function echo(stream)
  for line in stream:lines "L" do stream:write(line) end
end

-- A server of `handler` in a task; calls `f(connect, job, listener)`, and
-- returns what became of the server once its listener is closed.
local function serving(handler, opts, f)
  local net <close> = testing.network { latency = 0.01, jitter = 0.05, piece = 7 }
  local listener <close> = net:listen()
  local job = conc.spawn { serve, listener, handler, opts, keep = true }
  f(function() return assert(net:connect(listener)) end, job, listener)
  listener:close()
  return job:await()
end

-- What the server answers to a line, or to none.
local function ask(connect, line)
  local stream <close> = connect()
  if line then stream:write(line) end
  stream:shutdown()
  return stream:read "a"
end

describe("serve", function()
  it("serves many at a time", conc.test(function()
    local now, most = 0, 0
    serving(function(stream)
      now = now + 1
      most = math.max(most, now)
      echo(stream)
      now = now - 1
    end, nil, function(connect)
      local clients <close> = conc.group()
      for i = 1, 20 do
        clients:spawn(function()
          local stream <close> = connect()
          for n = 1, 5 do
            stream:write(i, " ", n, "\n")
            assert.equal(i .. " " .. n, stream:read "l")
            conc.sleep(1)
          end
        end)
      end
    end)
    assert.equal(20, most)
    assert.equal(0, now)
  end, ORDERS))

  it("accepts no more than its limit at a time", conc.test(function()
    local now, most = 0, 0
    serving(function(stream)
      now = now + 1
      most = math.max(most, now)
      conc.sleep(1)
      echo(stream)
      now = now - 1
    end, { limit = 3 }, function(connect)
      local clients <close> = conc.group()
      for i = 1, 12 do
        clients:spawn(function() assert.equal(i .. "\n", ask(connect, i .. "\n")) end)
      end
    end)
    assert.equal(3, most)
    assert.is_true(conc.now() >= 4)
  end, ORDERS))

  it("waits for its handlers when its listener is closed", conc.test(function()
    local ended = 0
    serving(function()
      conc.sleep(3600)
      ended = ended + 1
    end, nil, function(connect)
      for _ = 1, 2 do conc.spawn { connect, keep = true } end
      conc.sleep(1)
    end)
    assert.equal(2, ended)
    assert.is_true(conc.now() >= 3600)
  end))

  for _, limit in ipairs { 1, 5 } do
    it("gives handlers their grace, then cancels them, with a limit of " .. limit,
      conc.test(function()
        local cancelled, closed = false, nil
        local result = serving(function(stream)
          local _ <close> = sim.on_close(function(err)
            cancelled = conc.is_cancelled(err)
          end)
          stream:read()
        end, { grace = 10, limit = limit }, function(connect, job, listener)
          local stream <close> = connect()
          conc.sleep(1)
          listener:close()
          closed = conc.now()
          assert.is_true(job:await())
          assert.equal("", stream:read "a")
        end)
        assert.is_true(result and cancelled)
        assert.is_true(math.abs(conc.now() - closed - 10) < 1)
      end, ORDERS))
  end

  it("survives a handler that fails, and raises the first failure at its end",
    conc.test(function()
      local n = 0
      local err = sim.raises(serving, function(stream)
        n = n + 1
        if n <= 3 then error("failure " .. n, 0) end
        echo(stream)
      end, nil, function(connect)
        for _ = 1, 3 do assert.is_nil((ask(connect) or ""):match "%S") end
        assert.equal("fine\n", ask(connect, "fine\n"))
      end)
      sim.shows(err, "failure 1")
      assert.is_nil(tostring(err):find("failure 2", 1, true))
    end, ORDERS))

  it("outlives connections that break", conc.test(function()
    local served = 0
    local net <close> = testing.network { latency = 0.01, loss = 0.2, piece = 3 }
    local listener <close> = net:listen()
    local job = conc.spawn { serve, listener, function(stream)
      local line = stream:read "l"
      if line then stream:write(line, "\n") end
      served = served + 1
    end, keep = true }
    local answered = 0
    for _ = 1, 30 do
      local stream <close> = assert(net:connect(listener))
      local line = stream:write "one\n" and stream:read "l"
      answered = answered + (line == "one" and 1 or 0)
    end
    listener:close()
    assert.is_true(job:await())
    assert.equal(30, served)
    assert.is_true(answered > 0 and answered < 30, answered)
  end, ORDERS))
end)

describe("on_error", function()
  it("is handed each failure, and none is raised then", conc.test(function()
    local errors = {}
    local result = serving(function() error { "mine" } end, {
      on_error = function(err, job)
        errors[#errors + 1] = err[1] .. " " .. job:status()
      end,
    }, function(connect)
      for _ = 1, 3 do ask(connect) end
    end)
    assert.is_true(result)
    assert.same({ "mine failed", "mine failed", "mine failed" }, errors)
  end, ORDERS))

  -- Two handlers that fail when they are cancelled, and what becomes of the
  -- server when `stop(job, listener)` has ended them.
  local function failing_late(opts, stop)
    local results
    pcall(serving, function(stream)
      local _ <close> = sim.on_close(function() error("late", 0) end)
      stream:read()
    end, opts, function(connect, job, listener)
      local a <close> = connect()
      local b <close> = connect()
      conc.sleep(1)
      stop(job, listener)
      results = { pcall(job.await, job) }
      assert.equal("", a:read "a")
      assert.equal("", b:read "a")
    end)
    return table.unpack(results)
  end

  local told
  local function tell(err, job)
    conc.sleep(1)   -- no cancellation reaches it
    told[#told + 1] = err .. " " .. job:status()
  end

  it("is told of handlers that fail as the server is cancelled", conc.test(function()
    told = {}
    local _, err = failing_late({ on_error = tell }, function(job) job:cancel() end)
    assert.is_true(conc.is_cancelled(err))
    assert.same({ "late failed", "late failed" }, told)
    told = {}
    assert.is_false((failing_late({ on_error = tell }, function(job, listener)
      listener:close()
      conc.sleep(1)
      job:cancel()
    end)))
    assert.same({ "late failed", "late failed" }, told)
  end, ORDERS))

  it("is told of handlers that fail when their grace is over", conc.test(function()
    told = {}
    local ok, result = failing_late({ grace = 5, on_error = tell },
      function(_, listener) listener:close() end)
    assert.is_true(ok and result)
    assert.same({ "late failed", "late failed" }, told)
  end, ORDERS))

  it("that is none makes a cancelled server raise the failure", conc.test(function()
    local ok, err = failing_late(nil, function(job) job:cancel() end)
    assert.is_false(ok)
    sim.shows(err, "late")
  end, ORDERS))

  it("that fails is raised itself", conc.test(function()
    local opts = { on_error = function(err) error(err .. ", and worse", 0) end }
    for _, closes in ipairs { false, true } do
      local ok, err = failing_late(opts, function(job, listener)
        if closes then listener:close() end
        job:cancel()
      end)
      assert.is_false(ok)
      sim.shows(err, "late, and worse")
    end
  end, ORDERS))

  it("leaves nothing of hundreds of failures", conc.test(function()
    local seen, jobs = 0, 0
    serving(function() error("again", 0) end, {
      on_error = function() seen = seen + 1 end,
    }, function(connect)
      for _ = 1, 200 do
        ask(connect)
        jobs = math.max(jobs, testing.counts().jobs)
      end
    end)
    assert.equal(200, seen)
    assert.is_true(jobs < 1000, jobs)
  end))
end)
