local conc = require "luaconc"
local sim = require "spec.support.sim"

describe("an error that leaves run", function()
  it("carries both tracebacks: where it failed, where its job was started", function()
    local failed_at, started_at
    local err = sim.fails(function()
      local function broken()
        failed_at = sim.line(1)
        error "boom"
      end
      started_at = sim.line(1)
      conc.spawn { broken, name = "builder" }
    end)
    sim.shows(err, "boom", failed_at, started_at, "stack traceback", "builder", "started")
  end)

  it("begins with the message as error made it", function()
    local at
    local err = sim.fails(function()
      at = sim.line(1)
      error "boom"
    end)
    assert.equal(at .. ": boom", tostring(err):match "^[^\n]*")
  end)

  it("names each job on the way from the failed one to the root", function()
    local inner_at, outer_at
    local err = sim.fails(function()
      outer_at = sim.line(1)
      conc.spawn { function()
        inner_at = sim.line(1)
        conc.spawn { function() error("deep", 0) end, name = "inner" }
      end, name = "outer" }
    end)
    sim.shows(err, "deep", inner_at, "inner", outer_at, "outer")
  end)

  it("carries them through a wait at the top level", function()
    local started_at = sim.line(1)
    conc.spawn(function() error("outside", 0) end)
    sim.shows(sim.raises(conc.sleep, 0.1), "outside", started_at)
  end)
end)

describe("traceback", function()
  it("of a handle shows where it failed and where it was started", function()
    sim.run(function()
      local failed_at, started_at
      local function broken()
        conc.sleep(1)
        failed_at = sim.line(1)
        error("boom", 0)
      end
      started_at = sim.line(1)
      local h = conc.spawn { broken, keep = true }
      sim.raises(h.await, h)
      sim.shows(conc.traceback(h), "boom", failed_at, started_at)
    end)
  end)

  it("of an error table shows the same", function()
    sim.run(function()
      local failed_at, started_at
      local mine = setmetatable({}, { __tostring = function() return "mine" end })
      started_at = sim.line(1)
      local h = conc.spawn { function()
        failed_at = sim.line(1)
        error(mine)
      end, keep = true }
      sim.raises(h.await, h)
      sim.shows(conc.traceback(mine), "mine", failed_at, started_at)
    end)
  end)

  it("of an error string that a group raised shows the same", function()
    sim.run(function()
      local failed_at, started_at
      local err = sim.raises(function()
        local g <close> = conc.group()
        started_at = sim.line(1)
        g:spawn(function()
          failed_at = sim.line(1)
          error("a string of its own", 0)
        end)
      end)
      assert.equal("a string of its own", err)
      sim.shows(conc.traceback(err), err, failed_at, started_at)
    end)
  end)

  it("shows the frames of a generator that failed", function()
    sim.run(function()
      local failed_at
      local h = conc.spawn { function()
        conc.coroutine.wrap(function()
          conc.sleep(1)
          failed_at = sim.line(1)
          error { "in a generator" }
        end)()
      end, keep = true }
      sim.raises(h.await, h)
      sim.shows(conc.traceback(h), failed_at)
    end)
  end)

  it("of a live job shows where it waits", function()
    sim.run(function()
      local waits_at
      local h = conc.spawn(function()
        waits_at = sim.line(1)
        conc.sleep(10)
      end)
      conc.yield()
      sim.shows(conc.traceback(h), waits_at)
    end)
  end)

  it("of any other value is a string all the same", function()
    for _, value in ipairs { "never raised", 42, {}, true } do
      assert.equal("string", type(conc.traceback(value)))
    end
  end)
end)

describe("a library error", function()
  it("is a table with a message and a code, and reads as its message", function()
    sim.run(function()
      local h = conc.spawn(sim.after(1))
      h:cancel()
      local err = sim.raises(h.await, h)
      assert.equal("table", type(err))
      assert.equal("string", type(err.message))
      assert.equal("ECANCELED", err.code)
      assert.equal(err.message, tostring(err))
    end)
  end)
end)

describe("a wait where Lua can't yield", function()
  -- The place, as the error names it; how to get there.
  local places = {
    ["table.sort"] = function(wait)
      table.sort({ 2, 1 }, function(a, b) wait() return a < b end)
    end,
    ["string.gsub"] = function(wait)
      string.gsub("x", "x", function() wait() end)
    end,
    ["tostring"] = function(wait)
      tostring(setmetatable({}, { __tostring = function() wait() return "" end }))
    end,
    ["table.concat"] = function(wait)
      table.concat(setmetatable({}, {
        __len = function() return 1 end,
        __index = function() wait() return "x" end,
      }))
    end,
    ["load"] = function(wait)
      local ok, err = load(function() wait() end)
      if not ok then error(err, 0) end
    end,
    ["require"] = function(wait)
      package.preload["spec.waiting"] = function() wait() return true end
      package.loaded["spec.waiting"] = nil
      local _ <close> = sim.on_close(function()
        package.preload["spec.waiting"] = nil
      end)
      require "spec.waiting"
    end,
  }

  for place, enter in pairs(places) do
    it("(" .. place .. ") raises an error that names place and remedy", function()
      sim.run(function()
        local at
        local err = sim.raises(enter, function()
          at = sim.line(1)
          conc.sleep(1)
        end)
        sim.shows(err, place, at, "before it or after it")
      end)
    end)

    it("(" .. place .. ") leaves the task whole", function()
      sim.run(function()
        local start = conc.now()
        for _, wait in ipairs {
          function() conc.sleep(1) end, conc.yield,
          function() conc.queue(1):recv() end,
          function() conc.event():wait() end,
          function() conc.spawn(sim.after(1)):await() end,
          function() conc.timeout(1, conc.sleep, 1) end,
          function() conc.gather(sim.after(1)) end,
          function() conc.run(conc.sleep, 1) end,
          function() local g <close> = conc.group() g:spawn(sim.after(1)) end,
        } do
          sim.raises(enter, wait)
          conc.sleep(1)
        end
        assert.is_true(conc.now() - start >= 9)
      end)
    end)
  end

  it("(a plain coroutine) raises an error that names conc.coroutine", function()
    sim.run(function()
      local at
      local err = sim.raises(coroutine.wrap(function()
        at = sim.line(1)
        conc.sleep(1)
      end))
      sim.shows(err, "coroutine.wrap", "conc.coroutine", at)
      local t = coroutine.create(conc.yield)
      local ok, second = coroutine.resume(t)
      assert.is_false(ok)
      sim.shows(second, "conc.coroutine")
      conc.sleep(1)
    end)
  end)

  it("(inside a generator) raises as well", function()
    sim.run(function()
      local ok, err = conc.coroutine.resume(conc.coroutine.create(function()
        table.sort({ 2, 1 }, function() conc.sleep(1) end)
      end))
      assert.is_false(ok)
      sim.shows(err, "table.sort")
    end)
  end)

  it("(a finalizer) raises an error that it can catch", function()
    sim.run(function()
      local err
      setmetatable({}, { __gc = function() err = sim.raises(conc.sleep, 1) end })
      collectgarbage() collectgarbage()
      sim.shows(err, "__gc")
      conc.sleep(1)
    end)
  end)

  it("takes nothing: no item, no permit, no place in a line", function()
    sim.run(function()
      local q, l, s = conc.queue(5), conc.lock(), conc.semaphore(1)
      local function sorted(wait)
        pcall(table.sort, { 2, 1 }, function() wait() end)
      end
      sorted(function() q:recv() end)
      l:acquire() s:acquire()
      sorted(function() l:acquire() end)
      sorted(function() s:acquire() end)
      l:release() s:release()
      q:send(1)
      assert.equal(1, q:len())
      assert.is_truthy(l:try_acquire())
      assert.is_truthy(s:try_acquire())
    end)
  end)
end)

describe("a wait where Lua can yield", function()
  it("works in pcall, xpcall, iterators and metamethods called from Lua", function()
    sim.run(function()
      local start = conc.now()
      local slow = setmetatable({}, {
        __index = function(_, k) conc.sleep(1) return k end,
        __add = function() conc.sleep(1) return 1 end,
        __concat = function() conc.sleep(1) return "c" end,
        __lt = function() conc.sleep(1) return true end,
        __eq = function() conc.sleep(1) return true end,
        __call = function() conc.sleep(1) return "called" end,
        __close = function() conc.sleep(1) end,
      })
      assert.equal("key", slow.key)
      assert.equal(1, slow + 1)
      assert.equal("c", slow .. "x")
      assert.is_true(slow < slow)
      assert.equal("called", slow())
      do local _ <close> = slow end
      assert.is_true(pcall(conc.sleep, 1))
      assert.is_true(xpcall(conc.sleep, type, 1))
      for v in function(_, last) conc.sleep(1) return not last or nil end do
        assert.is_true(v)
      end
      assert.near(start + 10, conc.now(), 10 * sim.tolerance)
    end)
  end)
end)

describe("a deadlock", function()
  it("is raised by run, and lists each job, what it waits for, and the line", function()
    local queue_at, lock_at, event_at
    local err = sim.fails(function()
      local q, l = conc.queue(1), conc.lock()
      l:acquire()
      conc.spawn { function()
        queue_at = sim.line(1)
        q:recv()
      end, name = "receiver" }
      conc.spawn { function()
        lock_at = sim.line(1)
        l:acquire()
      end, name = "locker" }
      event_at = sim.line(1)
      conc.event():wait()
    end)
    sim.shows(err, "deadlock", "receiver", "queue", queue_at,
      "locker", "lock", lock_at, "event", event_at)
  end)

  for what, wait in pairs {
    ["queue:recv"] = function() conc.queue(1):recv() end,
    ["queue:send"] = function() local q = conc.queue(1) q:send(1) q:send(2) end,
    ["lock:acquire"] = function()
      local l = conc.lock()
      conc.spawn(function() l:acquire() conc.event():wait() end)
      conc.yield()
      l:acquire()
    end,
    ["semaphore:acquire"] = function()
      local s = conc.semaphore(1)
      s:acquire()
      s:acquire()
    end,
    ["event:wait"] = function() conc.event():wait() end,
    ["condition:wait"] = function()
      local l = conc.lock()
      l:acquire()
      conc.condition(l):wait()
    end,
    ["barrier:wait"] = function() conc.barrier(2):wait() end,
  } do
    it("in " .. what .. " is called by that name", function()
      sim.shows(sim.fails(wait), "deadlock", what)
    end)
  end

  it("of two jobs that await each other is raised", function()
    local err = sim.fails(function()
      local a, b
      a = conc.spawn { function() b:await() end, name = "first" }
      b = conc.spawn { function() a:await() end, name = "second" }
    end)
    sim.shows(err, "deadlock", "first", "second", "await")
  end)

  it("lets clean-ups run", function()
    local list, log = sim.log()
    sim.fails(function()
      conc.spawn(function()
        local _ <close> = sim.on_close(function() log "job" end)
        conc.event():wait()
      end)
      local _ <close> = sim.on_close(function() log "root" end)
      conc.event():wait()
    end)
    table.sort(list)
    assert.same({ "job", "root" }, list)
  end)

  it("is not what sleeping is, nor waiting for one who sleeps", function()
    sim.run(function()
      local q = conc.queue(1)
      conc.spawn(function() conc.sleep(1000) q:send(1) end)
      assert.equal(1, q:recv())
    end)
  end)

  it("is none as long as a deadline will end the wait", function()
    sim.run(function()
      assert.same({ nil, "timed out", "ETIMEDOUT" }, { conc.timeout(10, function()
        conc.event():wait()
      end) })
    end)
  end)

  it("is raised at the top level too, by the wait that can't end", function()
    local q = conc.queue(1)
    local at = sim.line(1)
    local err = sim.raises(function() q:recv() end)
    sim.shows(err, "deadlock", "queue:recv", at)
    q:send(1)
    assert.equal(1, q:recv())
  end)

  it("can be followed by another run", function()
    sim.fails(function() conc.event():wait() end)
    assert.equal(1, sim.run(function() conc.sleep(1) return 1 end))
  end)

  it("of daemons alone is none: they are cancelled", function()
    sim.run(function()
      conc.spawn { function() conc.event():wait() end, daemon = true }
      conc.yield()
    end)
  end)
end)

describe("misuse", function()
  it("of a method on another object raises with the method's name", function()
    local q, l, e = conc.queue(1), conc.lock(), conc.event()
    for name, call in pairs {
      recv = function() q.recv(l) end,
      acquire = function() l.acquire(q) end,
      set = function() e.set({}) end,
      cancel = function() conc.group { current = false }.cancel(5) end,
    } do
      sim.shows(sim.raises(call), name)
    end
  end)

  it("blames the caller's line", function()
    local at
    local err = sim.raises(function()
      at = sim.line(1)
      conc.sleep "x"
    end)
    assert.equal(at, tostring(err):match "^[^:]+:%d+")
  end)
end)

-- Golden texts: what happened, on which value, what to do next.
describe("the text of", function()
  -- Positions and ids differ from run to run.
  local function plain(text)
    return (tostring(text):gsub("spec/errors_spec%.lua:%d+", "HERE")
      :gsub("task %d+", "task N"))
  end

  local function reads(text, f)
    local err = sim.run(function() return (sim.raises(f)) end)
    assert.equal(text, plain(err))
  end

  it("a wait where Lua can't yield", function()
    reads("HERE: cannot wait inside 'table.sort', which can't be suspended: "
      .. "wait before it or after it", function()
      table.sort({ 2, 1 }, function() conc.sleep(1) end)
    end)
    reads("HERE: cannot wait inside a coroutine of 'coroutine.create' or "
      .. "'coroutine.wrap': make it with conc.coroutine", function()
      local _, err = coroutine.resume(coroutine.create(function() conc.sleep(1) end))
      error(err, 0)
    end)
  end)

  it("a cancellation", function()
    reads("task N was cancelled", function()
      local h = conc.spawn(conc.sleep, 1)
      h:cancel()
      h:await()
    end)
    reads("task N 'worker' was cancelled: not needed", function()
      local h = conc.spawn { conc.sleep, 1, name = "worker" }
      h:cancel "not needed"
      h:await()
    end)
    reads("cancelled: the deadline has passed", function()
      local _ <close> = conc.scope { timeout = 1 }
      conc.sleep(5)
    end)
  end)

  it("a group or scope used or closed when it must not be", function()
    reads("HERE: the group is closed: start jobs in it before it is closed", function()
      local g
      do
        local inner <close> = conc.group()
        g = inner
      end
      g:spawn(type)
    end)
    local err = sim.fails(function()
      local kept
      do
        local _ <close> = conc.group()
        kept = conc.group()
      end
      return kept
    end)
    assert.equal("HERE: closed out of order: close the group that was made last first",
      plain(err):match "^[^\n]*")
  end)

  it("misuse of a lock", function()
    local l = conc.lock()
    reads("HERE: the lock is not held", function() l:release() end)
    reads("HERE: another task holds the lock", function()
      l:acquire()
      local _ <close> = sim.on_close(function() l:release() end)
      conc.run(function()
        local err = sim.raises(function() l:release() end)
        error(err, 0)
      end)
    end)
    reads("HERE: this task holds the lock already: release it first", function()
      l:acquire()
      local _ <close> = sim.on_close(function() l:release() end)
      l:acquire()
    end)
    reads("HERE: 'wait' of a condition needs its lock: acquire it first", function()
      conc.condition(l):wait()
    end)
  end)

  for text, call in pairs {
    ["bad argument #1 to 'spawn' (function expected, got 1: pass the "
      .. "function itself, f, not what it returns, f())"] =
      function() conc.spawn(1) end,
    ["bad argument #1 to 'spawn' (unknown option 'nmae'; did you mean 'name'?)"] =
      function() conc.spawn { type, nmae = "x" } end,
    ["bad argument #1 to 'spawn' (the table's first element must be the function to "
      .. "start, got nil)"] =
      function() conc.spawn { name = "x" } end,
    ["bad argument #1 to 'group' (option 'limit' must be an integer above 0, got 0)"] =
      function() conc.group { limit = 0 } end,
    ["bad argument #1 to 'sleep' (a number of seconds, 0 or more, expected, got \"soon\")"] =
      function() conc.sleep "soon" end,
    ["bad argument #1 to 'sleep' (a number of seconds, 0 or more, expected, got -1)"] =
      function() conc.sleep(-1) end,
    ["bad argument #2 to 'timeout' (function expected, got 2: pass the function "
      .. "itself, f, not what it returns, f())"] =
      function() conc.timeout(1, 2) end,
    ["bad argument #2 to 'gather' (a function or a job expected, got 1: "
      .. "pass the function itself, f, not what it returns, f())"] =
      function() conc.gather(type, 1) end,
    ["bad argument #1 to 'gather' (item 2: a function or a job expected, got "
      .. "\"x\": pass the function itself, f, not what it returns, f())"] =
      function() conc.gather { type, "x" } end,
    ["bad argument #1 to 'send' (nil can't be sent: it means the end)"] =
      function() conc.queue(1):send(nil) end,
    ["bad argument #1 to 'await' (job expected, got table: methods are called "
      .. "with a colon, object:method())"] =
      function() conc.spawn(function() end).await {} end,
    ["a job can't await itself: await it from another"] =
      function() conc.current():await() end,
  } do
    it("misuse: " .. text, function()
      reads("HERE: " .. text, call)
    end)
  end

  it("a deadlock", function()
    local err = sim.fails(function()
      local q = conc.queue(1)
      conc.spawn { function() q:recv() end, name = "reader" }
      conc.event():wait()
    end)
    assert.equal("EDEADLK", err.code)
    local head, rows = plain(err):match "^(.-)(\n.*)$"
    assert.equal("deadlock: every task waits and nothing can wake them:", head)
    for _, row in ipairs { "\n  task N waits for event:wait at HERE",
      "\n  task N 'reader' waits for queue:recv at HERE" } do
      assert.is_truthy(rows:find(row, 1, true), rows)
    end
  end)

  it("a failure that leaves run", function()
    local err = sim.fails(function()
      conc.spawn { function() error "boom" end, name = "builder" }
      conc.sleep(1)
    end)
    assert.equal([[
HERE: boom
stack traceback:
	[C]: in function 'error'
	HERE: in function <HERE>
	[C]: in ?
task N 'builder' was started at:
	HERE]], plain(err):match "^(.-)\ntask N was started")
  end)

  it("a cancellation that was swallowed 100 times", function()
    local err = sim.fails(function()
      local h = conc.spawn { function()
        while true do pcall(conc.sleep, 1) end
      end, name = "glutton" }
      conc.yield()
      h:cancel()
    end)
    assert.equal("HERE: task N 'glutton' swallowed its cancellation 100 times and "
      .. "was closed: leave the loop when conc.is_cancelled(err)",
      plain(err):match "^[^\n]*")
  end)
end)

for _, engine in ipairs { "thread", "process" } do
  describe("the text of a " .. engine .. "'s", function()
    local start = conc[engine]

    -- Ids differ from run to run.
    local function reads(text, options)
      local err = conc.run(function()
        options.keep = true
        local job = start(options)
        return (sim.raises(job.await, job))
      end)
      assert.equal(text, (tostring(err):gsub(engine .. " %d+", engine .. " N")))
    end

    it("arguments and results that can't cross", function()
      local err = sim.raises(start, math.abs, { jobs = { 1, 2, { file = io.stdout } } })
      assert.equal("cannot send argument #2.jobs[3].file: userdata 'FILE*' has no __transfer",
        (err:gsub("^[^:]+:%d+: ", "")))
      reads("cannot send result #2.f: userdata 'FILE*' has no __transfer",
        { load "return 1, { f = io.stdout }" })
    end)

    it("global functions of the script", function()
      local _ <close> = sim.on_close(function() _G.helper = nil end)
      _G.helper = function() end
      reads("HERE:1: global 'helper' does not exist in a " .. engine
        .. ": make it local, or require it", { load("helper()", "=HERE") })
    end)

    it("limit of memory", function()
      reads("not enough memory: the limit of this " .. engine
        .. " is 3000000 bytes (memory=)", { string.rep, "x", 10000000, memory = 3000000 })
    end)

    it("cancellation", function()
      local function cancelled(options, reason)
        return (conc.run(function()
          local job = start(options)
          job:cancel(reason)
          return tostring(sim.raises(job.await, job))
        end):gsub("%d+", "N"))
      end
      assert.equal("cancelled", cancelled { conc.sleep, 1000 })
      assert.equal("cancelled: not needed", cancelled({ conc.sleep, 1000 }, "not needed"))
    end)

    it("cancellation that was swallowed 100 times", function()
      local path = os.tmpname()
      local _ <close> = sim.on_close(function() os.remove(path) end)
      local function begun()
        local file <close> = assert(io.open(path))
        return file:read "a" == "begun"
      end
      local function gluttonous()
        local sleep = require "luaconc".sleep
        local file = io.open(path, "w")
        file:write("begun")
        file:close()
        while true do pcall(sleep, 1) end
      end
      local err = conc.run(function()
        local job = start { gluttonous, keep = true, name = "glutton" }
        while not begun() do conc.sleep(0.001) end
        job:cancel()
        return tostring(sim.raises(job.await, job))
      end)
      sim.shows(err, "'glutton' swallowed its cancellation 100 times and "
        .. "was closed: leave the loop when conc.is_cancelled(err)")
    end)
  end)
end
