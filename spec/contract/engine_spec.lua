-- What every engine promises: a handle is a handle, whatever runs the job.
-- What only one of them has is in task_spec, thread_spec and process_spec.

local conc = require "luaconc"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

-- `own`: its jobs have a Lua state of their own.
local engines = {
  { name = "task", start = conc.spawn, in_group = "spawn" },
  { name = "thread", start = conc.thread, in_group = "thread", own = true },
  { name = "process", start = conc.process, in_group = "process", own = true },
}

local HANGS = 30

-- Calls `f` in conc.run; fails where it hasn't returned after a while.
local function run(f)
  return conc.run(function()
    local watch <close> = conc.group()
    watch:spawn { function()
      conc.sleep(HANGS)
      error("hangs:\n" .. conc.tree(), 0)
    end, daemon = true }
    return f()
  end)
end

local function promise(text, f)
  it(text, function() run(f) end)
end

-- Waits until `what()` holds.
local function eventually(what)
  while not what() do conc.sleep(0.001) end
end

local function reaches(job, status)
  eventually(function() return job:status() == status end)
end

-- What `await` raises.
local function failure(job)
  return sim.raises(job.await, job)
end

-- The place in a file, `offset` lines below where a function begins.
local function place(f, offset)
  local info = debug.getinfo(f, "S")
  return info.short_src .. ":" .. info.linedefined + (offset or 0)
end

local function forever() conc.sleep(1000) end

local function compute() while true do end end

-- A file that a job can leave word in, whatever state it has.
local function mark()
  local path = os.tmpname()
  local file = {}
  function file.text()
    local handle <close> = assert(io.open(path))
    return handle:read "a"
  end
  file.__close = function() os.remove(path) end
  return setmetatable(file, file), path
end

-- Runs `f` in a job of which it is known that it has begun.
local function begun(start, options)
  local file <close>, path = mark()
  local f = options[1]
  options[1] = function()
    local handle = assert(io.open(path, "w"))
    handle:write "begun"
    handle:close()
    return f()
  end
  local job = start(options)
  eventually(function() return file.text() == "begun" end)
  return job
end

local function leave_word(path, word)
  local handle <close> = assert(io.open(path, "a"))
  handle:write(word)
end

for _, engine in ipairs(engines) do
  local start = engine.start
  -- The form with options, of which every job here has `keep`.
  local function kept(options)
    options.keep = true
    return start(options)
  end

  describe("a " .. engine.name .. ": results", function()
    promise("are as many as were returned, in order", function()
      expect.equal(0, select("#", start(function() end):await()))
      expect.equal(1, start(function() return 1 end):await())
      local many = table.pack(start(function()
        return table.unpack({}, 1, 200)
      end):await())
      expect.equal(200, many.n)
      expect.same({ n = 4, nil, false, nil, nil }, table.pack(start(function()
        return nil, false, nil, nil
      end):await()))
    end)

    promise("keep their type and value", function()
      local values = table.pack(start(function()
        return 1, 1.0, math.mininteger, 1 / 0, "a\0b", true, { 1, { x = "y" } }
      end):await())
      expect.same({ 1, 1.0, math.mininteger, 1 / 0, "a\0b", true, { 1, { x = "y" } }, n = 7 },
        values)
      expect.equal("integer", math.type(values[1]))
      expect.equal("float", math.type(values[2]))
    end)

    promise("keep what is shared and what is cyclic", function()
      local list, same = start(function()
        local t = { 1 }
        t.self = t
        return t, t
      end):await()
      expect.is_true(rawequal(list, same))
      expect.is_true(rawequal(list, list.self))
    end)

    promise("are the same for each who asks, each time", function()
      local job = start(function()
        conc.sleep(0.01)
        return "one", { 2 }
      end)
      local seen = {}
      do
        local g <close> = conc.group()
        for i = 1, 5 do
          g:spawn(function() seen[i] = table.pack(job:await()) end)
        end
      end
      local again = table.pack(job:await())
      for i = 1, 5 do
        expect.same({ "one", { 2 }, n = 2 }, seen[i])
        expect.is_true(rawequal(again[2], seen[i][2]))
      end
    end)

    promise("may be functions, which still work", function()
      local add = start(function()
        local n = 40
        return function(by) return n + by end
      end):await()
      expect.equal(42, add(2))
    end)
  end)

  describe("a " .. engine.name .. ": arguments", function()
    promise("arrive as they are", function()
      local got = table.pack(start(function(...) return select("#", ...), ... end,
        nil, 1, "x", nil, { a = { b = 1 } }, false, nil):await())
      expect.same({ 7, nil, 1, "x", nil, { a = { b = 1 } }, false, nil, n = 8 }, got)
    end)

    promise("of the form with options, too", function()
      expect.same({ 3, 4 }, { start { function(a, b) return a, b end, 3, 4, name = "n" }:await() })
    end)

    promise("may be functions and what they close over", function()
      local factor = 3
      local function times(n) return n * factor end
      expect.equal(21, start(function(f, n) return f(n) end, times, 7):await())
      expect.equal(21, start(times, 7):await())
    end)

    promise("may be large", function()
      local text = ("0123456789"):rep(300000)
      local length, back = start(function(t) return #t, t end, text):await()
      expect.equal(#text, length)
      expect.is_true(text == back)
    end)
  end)

  describe("a " .. engine.name .. ": upvalues", function()
    promise(engine.own and "are copies: what is assigned there stays there"
      or "are shared with the one who started it", function()
      local count, list = 1, {}
      start(function()
        count = count + 1
        list[1] = "there"
      end):await()
      expect.equal(engine.own and 1 or 2, count)
      expect.equal(engine.own and 0 or 1, #list)
    end)

    promise("that two functions share stay shared", function()
      local n = 0
      local function set(v) n = v end
      local function get() return n end
      expect.equal(5, start(function() set(5) return get() end):await())
    end)

    promise("may be modules, and the globals of Lua", function()
      expect.equal("string|function", start(function()
        return type(conc._VERSION) .. "|" .. type(print)
      end):await())
    end)
  end)

  describe("a " .. engine.name .. ": an error", function()
    promise("that is a string is raised unchanged", function()
      expect.equal("boom", failure(kept { error, "boom", 0 }))
      local function fails() error "boom" end
      expect.equal(place(fails) .. ": boom", failure(kept { fails }))
    end)

    promise("that is a number, a boolean or nil is raised as it is", function()
      local number = failure(kept { error, 42 })
      expect.equal(42, number)
      expect.equal("integer", math.type(number))
      expect.equal(false, failure(kept { error, false }))
      local job = kept { error, nil }
      expect.same({ n = 2, false, nil }, table.pack(pcall(job.await, job)))
      expect.equal("failed", job:status())
    end)

    promise("that is a table is " .. (engine.own and "copied" or "the same one"), function()
      local mine = { code = 7, list = { 1, 2 } }
      local err = failure(kept { function() error(mine) end })
      expect.same({ code = 7, list = { 1, 2 } }, err)
      expect.equal(not engine.own, rawequal(mine, err))
    end)

    promise("is raised the same each time, to each who asks", function()
      local job = kept { function()
        conc.sleep(0.01)
        error { "mine" }
      end }
      local seen = {}
      do
        local g <close> = conc.group()
        for i = 1, 3 do g:spawn(function() seen[i] = failure(job) end) end
      end
      for i = 1, 3 do
        expect.equal("mine", seen[i][1])
        expect.is_true(rawequal(seen[1], seen[i]))
      end
      expect.is_true(rawequal(seen[1], failure(job)))
    end)

    promise("of luaconc keeps message and code", function()
      local err = failure(kept { function()
        local job = conc.spawn { conc.sleep, 100, keep = true }
        job:cancel "not needed"
        local ok, inner = pcall(job.await, job)
        assert(not ok and conc.is_cancelled(inner))
        inner.code = "ESPEC"
        error(inner)
      end })
      expect.equal("ESPEC", err.code)
      sim.shows(err, "was cancelled: not needed")
      expect.equal(err.message, tostring(err))
    end)

    promise("that can't cross is raised as its text", function()
      local err = failure(kept { function() error(io.stdout) end })
      if engine.own then
        expect.equal("string", type(err))
        sim.shows(err, "file (0x")
      else
        expect.equal(io.stdout, err)
      end
      local described = failure(kept { function()
        error(setmetatable({}, { __tostring = function() return "so it reads" end }))
      end })
      expect.equal("so it reads", tostring(described))
    end)

    promise("has both tracebacks", function()
      local function inner()
        error "deep"
      end
      local function outer()
        inner()
        return 1
      end
      local started_at = sim.line(1)
      local job = start { outer, name = "digger", keep = true }
      local err = failure(job)
      for _, of in ipairs { job, err } do
        sim.shows(conc.traceback(of), "deep", place(inner, 1), place(outer, 1),
          "stack traceback", engine.name, "'digger'", "was started at", started_at)
      end
    end)

    promise("fails the group at once, and is raised by its end", function()
      local sibling
      local err = sim.raises(function()
        local g <close> = conc.group()
        sibling = g:spawn(forever)
        g[engine.in_group](g, error, "of the group", 0)
        forever()
      end)
      expect.equal("of the group", err)
      expect.equal("cancelled", sibling:status())
    end)

    it("that leaves run carries both tracebacks", function()
      local function fails()
        error "unseen"
      end
      local started_at
      local err = sim.raises(run, function()
        started_at = sim.line(1)
        start { fails, name = "culprit" }
      end)
      sim.shows(err, place(fails, 1) .. ": unseen", "stack traceback", "'culprit'", started_at)
    end)

    promise("of runaway recursion is an error like others", function()
      local function down(n) return 1 + down(n + 1) end
      sim.shows(failure(kept { down, 1 }), "stack overflow")
    end)

    promise("in a clean-up is the one that counts", function()
      expect.equal("second", failure(kept { function()
        local _ <close> = setmetatable({}, { __close = function() error("second", 0) end })
        error("first", 0)
      end }))
    end)
  end)

  describe("a " .. engine.name .. ": its handle", function()
    promise("knows name, id and engine", function()
      local first, second = start(math.abs, 1), start { math.abs, 1, name = "worker" }
      expect.equal(engine.name, first.engine)
      expect.equal("integer", math.type(first.id))
      expect.is_true(second.id > first.id)
      expect.equal(engine.name .. " " .. first.id, first.name)
      expect.equal("worker", second.name)
      sim.shows(tostring(second), engine.name, "'worker'")
      expect.is_nil(first.nonsense)
    end)

    promise("is done, failed or cancelled at the end", function()
      local done, failed, cancelled = start(math.abs, 1), kept { error, "x" }, start(forever)
      cancelled:cancel()
      conc.settle { done, failed, cancelled }
      expect.same({ "done", "failed", "cancelled" },
        { done:status(), failed:status(), cancelled:status() })
    end)

    promise("is running while it computes, and waiting while it waits", function()
      local job = start(forever)
      reaches(job, "waiting")
      job:cancel()
    end)

    promise("is ready while a limit keeps the job back", function()
      local g <close> = conc.group { limit = 1 }
      local first, second = g:spawn(conc.sleep, 0.02), g[engine.in_group](g, math.abs, -7)
      conc.sleep(0.005)
      expect.equal("ready", second:status())
      expect.equal(7, second:await())
      expect.equal("done", first:status())
    end)

    promise("is among the live jobs, and in the tree", function()
      local job = start { forever, name = "visible" }
      local found = false
      for _, live in ipairs(conc.jobs()) do found = found or live == job end
      expect.is_true(found)
      sim.shows(conc.tree(), "'visible'")
      job:cancel()
    end)

    promise("refuses what is no handle", function()
      local job = start(math.abs, 1)
      for _, method in ipairs { "await", "cancel", "status" } do
        sim.shows(sim.raises(function() job[method] {} end), "job expected, got table")
        sim.shows(sim.raises(function() job[method]() end), "job expected")
      end
    end)

    promise("refuses what is no function, and unknown options", function()
      for _, bad in ipairs { 5, "f", true } do
        sim.shows(sim.raises(start, bad), "bad argument #1", "function expected")
      end
      sim.shows(sim.raises(start), "bad argument #1", "function expected")
      sim.shows(sim.raises(start, { math.abs, nmae = "x" }), "unknown option 'nmae'")
      sim.shows(sim.raises(start, { name = "x" }), "first element must be the function")
      sim.shows(sim.raises(start, { math.abs, name = 5 }), "name", "string")
    end)
  end)

  describe("a " .. engine.name .. ": cancelled", function()
    local function cancelled(job, reason)
      local err = failure(job)
      expect.is_true(conc.is_cancelled(err))
      expect.equal("ECANCELED", err.code)
      expect.equal("cancelled", job:status())
      sim.shows(err, "cancelled" .. (reason and ": " .. reason or ""))
      expect.is_true(rawequal(err, failure(job)))
    end

    promise("before it has begun", function()
      for _ = 1, 5 do
        local job = start(forever)
        expect.is_true(job:cancel())
        cancelled(job)
      end
    end)

    promise("while it is kept back by a limit, it never runs", function()
      local file <close>, path = mark()
      do
        local g <close> = conc.group { limit = 1 }
        g:spawn(conc.sleep, 0.01)
        local job = g[engine.in_group](g, leave_word, path, "ran")
        job:cancel()
        cancelled(job)
      end
      expect.equal("", file.text())
    end)

    promise("while it waits, after its clean-up", function()
      local file <close>, path = mark()
      local job = begun(start, { function()
        local _ <close> = setmetatable({}, { __close = function()
          leave_word(path, "clean")
        end })
        forever()
      end })
      expect.is_true(job:cancel())
      cancelled(job)
      expect.equal("clean", file.text())
    end)

    promise("with a reason, the first one", function()
      local job = start(forever)
      local reason = setmetatable({}, { __tostring = function() return "enough" end })
      expect.is_true(job:cancel(reason))
      job:cancel "again"
      cancelled(job, "enough")
      expect.is_true(rawequal(reason, failure(job).reason))
    end)

    promise("after its end, nothing happens", function()
      local job = start(math.abs, -3)
      job:await()
      expect.is_false(job:cancel "late")
      expect.equal("done", job:status())
      expect.equal(3, job:await())
      local failed = kept { error, "x", 0 }
      failure(failed)
      expect.is_false(failed:cancel())
      expect.equal("x", failure(failed))
    end)

    promise("inside a shield, it goes on to the end of that", function()
      local file <close>, path = mark()
      local job = start(function()
        conc.shield(function()
          leave_word(path, "begun,")
          conc.sleep(0.1)
          leave_word(path, "ended")
        end)
        forever()
      end)
      eventually(function() return file.text() == "begun," end)
      job:cancel()
      cancelled(job)
      expect.equal("begun,ended", file.text())
    end)

    promise("it may still wait in a shield of its clean-up", function()
      local file <close>, path = mark()
      local job = begun(start, { function()
        local _ <close> = setmetatable({}, { __close = function()
          conc.shield(conc.sleep, 0.02)
          leave_word(path, "clean")
        end })
        forever()
      end })
      job:cancel()
      cancelled(job)
      expect.equal("clean", file.text())
    end)

    promise("it may end with results all the same", function()
      local job = begun(start, { function()
        pcall(forever)
        return "anyway"
      end })
      job:cancel()
      expect.equal("anyway", job:await())
      expect.equal("done", job:status())
    end)

    promise("it may fail in its clean-up, which counts", function()
      local job = begun(start, { function()
        local _ <close> = setmetatable({}, { __close = function() error("unclean", 0) end })
        forever()
      end, keep = true })
      job:cancel()
      expect.equal("unclean", failure(job))
      expect.equal("failed", job:status())
    end)

    promise("its jobs end with it", function()
      local file <close>, path = mark()
      local job = start(function()
        for _ = 1, 3 do
          conc.spawn(function()
            local _ <close> = setmetatable({}, { __close = function()
              leave_word(path, "x")
            end })
            forever()
          end)
        end
        conc.yield()
        leave_word(path, "begun,")
        forever()
      end)
      eventually(function() return file.text() == "begun," end)
      job:cancel()
      cancelled(job)
      expect.equal("begun,xxx", file.text())
    end)

    promise("by its group", function()
      local job
      do
        local g <close> = conc.group()
        job = g[engine.in_group](g, forever)
        reaches(job, "waiting")
        g:cancel()
      end
      cancelled(job)
    end)

    promise("by a deadline around it", function()
      local job
      expect.same({ nil, "timed out", "ETIMEDOUT" }, { conc.timeout(0.02, function()
        job = start(forever)
        job:await()
      end) })
      expect.equal("cancelled", job:status())
    end)

    it("a job that swallows it 100 times is closed and reported", function()
      local err = sim.raises(run, function()
        local job = begun(start, { function()
          while true do pcall(conc.sleep, 1) end
        end, name = "glutton" })
        job:cancel()
      end)
      sim.shows(err, "glutton", "swallowed its cancellation 100 times")
    end)

    if engine.own then
      promise("while it computes", function()
        local job = start(compute)
        reaches(job, "running")
        conc.sleep(0.005)
        expect.equal("running", job:status())
        job:cancel()
        cancelled(job)
      end)

      promise("while it computes behind pcall, again and again", function()
        local job = start(function()
          while true do pcall(compute) end
        end)
        conc.sleep(0.01)
        job:cancel()
        conc.settle { job }
        expect.is_true(job:status() == "cancelled" or job:status() == "failed")
      end)

      promise("while it computes in a coroutine that it made", function()
        local job = start(function() coroutine.wrap(compute)() end)
        conc.sleep(0.01)
        job:cancel()
        cancelled(job)
      end)

      promise("while one of its tasks computes", function()
        local job = start(function()
          conc.spawn(compute)
          forever()
        end)
        conc.sleep(0.01)
        job:cancel()
        cancelled(job)
      end)
    end
  end)

  describe("a " .. engine.name .. ": options", function()
    promise("keep: its failure fails nobody, once it is looked at", function()
      local g <close> = conc.group()
      local job = g[engine.in_group](g, { error, "kept", 0, keep = true })
      expect.equal("kept", failure(job))
      conc.sleep(0)
    end)

    promise("keep: a failure that nobody looks at is raised at the end", function()
      local passed
      local err = sim.raises(function()
        local g <close> = conc.group()
        local job = g[engine.in_group](g, { error, "unseen", 0, keep = true })
        reaches(job, "failed")
        conc.sleep(0.001)
        passed = true
      end)
      expect.is_true(passed)
      expect.equal("unseen", err)
    end)

    promise("daemon: nobody waits for it, it is cancelled", function()
      local job
      conc.run(function()
        job = start { forever, daemon = true }
        reaches(job, "waiting")
      end)
      expect.equal("cancelled", job:status())
    end)
  end)

  describe("a " .. engine.name .. ": locals", function()
    promise("are inherited as a copy", function()
      local job
      conc.spawn(function()
        conc.locals().request = { id = 17 }
        job = start(function()
          local seen = conc.locals().request.id
          conc.locals().more = 1
          local below = conc.spawn(function() return conc.locals().request.id end):await()
          return seen, below
        end)
        job:await()
        expect.is_nil(conc.locals().more)
      end):await()
      expect.same({ 17, 17 }, { job:await() })
      expect.is_nil(conc.locals().request)
    end)
  end)

  describe("a " .. engine.name .. ": inside it", function()
    promise("is the current job, whose group waits for its jobs", function()
      local name, inside = start { function()
        local list = {}
        conc.spawn(function()
          conc.sleep(0.005)
          list[1] = "waited"
        end)
        local g <close> = conc.group()
        g:spawn(conc.sleep, 0.001)
        return conc.current().name, list
      end, name = "me" }:await()
      expect.equal("me", name)
      expect.same({ "waited" }, inside)
    end)

    promise("sleep, yield, queue, lock, event and timeout work", function()
      expect.same({ "a", "b", "timed out", true }, { start(function()
        local q, e, l = conc.queue(1), conc.event(), conc.lock()
        conc.spawn(function()
          q:send "a"
          conc.sleep(0.002)
          q:send "b"
          e:set()
        end)
        local a, b = q:recv(), q:recv()
        e:wait()
        conc.yield()
        local _, late = conc.timeout(0.005, conc.sleep, 100)
        return a, b, late, l:with(function() return true end)
      end):await() })
    end)

    promise("gather, settle, race and completed work", function()
      expect.same({ 1, 2, false, "fast", 2 }, { start(function()
        local a, b = conc.gather(function() return 1 end, function() return 2 end)
        local settled = conc.settle { function() error("x", 0) end }
        local won = conc.race(function() conc.sleep(10) return "slow" end,
          function() return "fast" end)
        local n = 0
        for _ in conc.completed { function() end, function() end } do n = n + 1 end
        return a, b, settled[1].ok, won, n
      end):await() })
    end)

    promise("generators wait", function()
      expect.equal(6, start(function()
        local sum = 0
        for n in conc.coroutine.wrap(function()
          for i = 1, 3 do
            conc.sleep(0.001)
            conc.coroutine.yield(i)
          end
        end) do sum = sum + n end
        return sum
      end):await())
    end)

    promise("sockets work, to others and to itself", function()
      local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      local port = listener:sock().port
      local client = start(function()
        local s <close> = assert(conc.tcp.connect("127.0.0.1", port))
        assert(s:write "hello\n")
        return s:read "l"
      end)
      local s <close> = assert(listener:accept())
      s:write(s:read "l":upper(), "\n")
      expect.equal("HELLO", client:await())
      expect.equal("HELLO", start(function()
        local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
        conc.spawn(function()
          local one <close> = assert(l:accept())
          one:write(one:read "l":upper(), "\n")
        end)
        local other <close> = assert(conc.tcp.connect("127.0.0.1", l:sock().port))
        other:write "hello\n"
        return other:read "l"
      end):await())
    end)

    for _, other in ipairs(engines) do
      local begin = other.in_group
      promise("starts a " .. other.name .. " that waits, fails or is cancelled", function()
        expect.same({ 42, "below", true }, { start(function()
          local answer = conc[begin](function(n)
            conc.sleep(0.001)
            return n * 2
          end, 21):await()
          local failing = conc[begin] { error, "below", 0, keep = true }
          local _, err = pcall(failing.await, failing)
          local endless = conc[begin](conc.sleep, 1000)
          endless:cancel()
          local _, ended = pcall(endless.await, endless)
          return answer, err, conc.is_cancelled(ended)
        end):await() })
      end)

      promise("that is cancelled cancels its " .. other.name, function()
        local file <close>, path = mark()
        local job = start(function()
          conc[begin](function()
            local _ <close> = setmetatable({}, { __close = function()
              leave_word(path, ",clean")
            end })
            leave_word(path, "begun")
            conc.sleep(1000)
          end):await()
        end)
        eventually(function() return file.text() == "begun" end)
        job:cancel()
        expect.is_true(conc.is_cancelled(failure(job)))
        expect.equal("begun,clean", file.text())
      end)
    end
  end)

  if engine.own then
    describe("a " .. engine.name .. ": what can't cross", function()
      it("is refused with its path, before anything starts", function()
        local jobs = #conc.jobs()
        local err = sim.raises(start, function() end, { jobs = { 1, 2, { file = io.stdout } } })
        sim.shows(err, "cannot send argument #2.jobs[3].file: userdata 'FILE*' has no __transfer")
        sim.shows(sim.raises(start, { function() end, io.stdout, name = "x" }), "FILE*")
        local file = io.stdout
        sim.shows(sim.raises(start, function() return file end), "upvalue", "file", "FILE*")
        sim.shows(sim.raises(start, function() end, coroutine.create(print)),
          "argument #2", "coroutine")
        expect.equal(jobs, #conc.jobs())
        expect.equal(0, testing.counts().jobs)
      end)

      promise("among results is the job's failure, with its path", function()
        local job = kept { function() return 1, { f = io.stdout } end }
        sim.shows(failure(job), "result #2.f", "userdata 'FILE*' has no __transfer")
        expect.equal("failed", job:status())
      end)

      promise("a global function of the script is named, with the remedy", function()
        local _ <close> = sim.on_close(function() _G.helper = nil end)
        _G.helper = function() end
        local function calls() return helper() end  -- luacheck: ignore
        expect.equal(place(calls) .. ": global 'helper' does not exist in a " .. engine.name
          .. ": make it local, or require it", failure(kept { calls }))
      end)
    end)

    describe("a " .. engine.name .. ": its memory", function()
      promise("has a limit, whose error names it", function()
        local err = failure(kept { function()
          local list = {}
          for i = 1, math.huge do list[i] = ("x"):rep(1000) .. i end
          return list
        end, memory = 4000000 })
        sim.shows(err, "not enough memory", "4000000", "memory=")
        expect.equal(1, start(math.abs, -1):await())
      end)

      promise("has a limit that one string may hit", function()
        local job = kept { string.rep, "x", 100000000, memory = 4000000 }
        sim.shows(failure(job), "not enough memory")
      end)

      promise("may be caught and freed inside", function()
        expect.equal("went on", start { function()
          local ok = pcall(string.rep, "x", 100000000)
          return ok and "no limit" or "went on"
        end, memory = 4000000 }:await())
      end)

      it("wants a sensible limit", function()
        for _, bad in ipairs { -1, "much", {} } do
          sim.shows(sim.raises(start, { math.abs, 1, memory = bad }), "memory")
        end
      end)
    end)
  end

  describe("a " .. engine.name .. " and the end of the program:", function()
    local begin = engine.in_group

    it("a script that ends cancels it, and says so", function()
      local result = script.run(([[
        conc.%s { function()
          local _ <close> = setmetatable({}, { __close = function()
            io.stderr:write("cleaned up\n")
          end })
          conc.sleep(1000)
        end, name = "endless" }
        pcall(conc.sleep, 0.1)
      ]]):format(begin))
      sim.shows(result.err, "1 job", "still running", "'endless'", "conc.run", "cleaned up")
      expect.equal(0, result.code)
    end)

    it("os.exit outside tasks ends it", function()
      for _, how in ipairs { "os.exit(7)", "os.exit(7, true)" } do
        local result = script.run(([[
          conc.%s(conc.sleep, 1000)
          conc.%s(%s)
          pcall(conc.sleep, 0.05)
          %s
        ]]):format(begin, begin, engine.own and "function() while true do end end"
          or "conc.sleep, 1000", how))
        expect.equal(7, result.code)
      end
    end)

    it("os.exit in a task ends it", function()
      local result = script.run(([[
        conc.run(function()
          conc.%s(%s)
          conc.spawn(function()
            conc.sleep(0.05)
            os.exit(7)
          end)
          conc.sleep(1000)
        end)
      ]]):format(begin, engine.own and "function() while true do end end"
        or "conc.sleep, 1000"))
      expect.equal(7, result.code)
      expect.equal("", result.err)
    end)

    it("an error of the script ends it", function()
      local result = script.run(([[
        conc.%s(conc.sleep, 1000)
        pcall(conc.sleep, 0.05)
        error "the script's own"
      ]]):format(begin))
      expect.equal(1, result.code)
      sim.shows(result.err, "the script's own")
    end)

    it("Ctrl-C ends it, after its clean-up", function()
      local result = script.run(([[
        conc.run(function()
          conc.%s(function()
            local _ <close> = setmetatable({}, { __close = function()
              io.stderr:write("cleaned up\n")
            end })
            conc.sleep(1000)
          end)
          conc.sleep(0.1)
          interrupt()
          conc.sleep(1000)
        end)
      ]]):format(begin))
      expect.equal(130, result.code)
      sim.shows(result.err, "cleaned up")
    end)

    it("a hundred of them are no burden to it", function()
      local result = script.run(([[
        for i = 1, %d do conc.%s(conc.sleep, 1000) end
        pcall(conc.sleep, 0.05)
        io.stdout:write "end"
      ]]):format(engine.name == "process" and 20 or 100, begin))
      expect.equal("end", result.out)
      expect.equal(0, result.code)
    end)
  end)
end

describe("a group of several engines", function()
  -- All of them, in a list.
  local function each(g, f, ...)
    local jobs = {}
    for i, engine in ipairs(engines) do
      jobs[i] = g[engine.in_group](g, f, ...)
    end
    return jobs
  end

  promise("waits for all of them at its close", function()
    local jobs
    do
      local g <close> = conc.group()
      jobs = each(g, conc.sleep, 0.02)
    end
    for _, job in ipairs(jobs) do expect.equal("done", job:status()) end
  end)

  for _, engine in ipairs(engines) do
    promise("is cancelled by the failure of its " .. engine.name, function()
      local jobs
      local err = sim.raises(function()
        local g <close> = conc.group()
        jobs = each(g, forever)
        g[engine.in_group](g, function()
          conc.sleep(0.01)
          error("one failed", 0)
        end)
        g:await()
      end)
      expect.equal("one failed", err)
      for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
    end)
  end

  promise("counts them all against its limit", function()
    local file <close>, path = mark()
    do
      local g <close> = conc.group { limit = 2 }
      for _ = 1, 2 do
        each(g, function()
          leave_word(path, "+")
          conc.sleep(0.01)
          leave_word(path, "-")
        end)
      end
    end
    local inside, most = 0, 0
    for sign in file.text():gmatch "." do
      inside = inside + (sign == "+" and 1 or -1)
      most = math.max(most, inside)
    end
    expect.equal(4 * #engines, #file.text())
    expect.equal(0, inside)
    expect.equal(2, most)
  end)

  promise("cancels them all when it is left by an error", function()
    local jobs
    local err = sim.raises(function()
      local g <close> = conc.group()
      jobs = each(g, forever)
      conc.sleep(0.01)
      error("left", 0)
    end)
    expect.equal("left", err)
    for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
  end)

  promise("takes no job once it is closed", function()
    local g
    do
      local inner <close> = conc.group()
      g = inner
    end
    for _, engine in ipairs(engines) do
      sim.shows(sim.raises(g[engine.in_group], g, math.abs, 1), "the group is closed")
    end
  end)
end)

describe("combinators over several engines", function()
  local function each(f)
    local jobs = {}
    for i = 1, 3 do
      jobs[i] = engines[(i - 1) % #engines + 1].start { f, i, keep = true }
    end
    return jobs
  end

  promise("gather gives the results in order of asking", function()
    local jobs = each(function(i)
      conc.sleep((4 - i) * 0.005)
      return i * 10
    end)
    expect.same({ 10, 20, 30 }, conc.gather(jobs))
    expect.same({ 10, 30 }, { conc.gather(jobs[1], jobs[3]) })
  end)

  promise("gather raises the first failure", function()
    local jobs = each(function(i)
      if i == 2 then error("the second", 0) end
      conc.sleep(0.05)
    end)
    expect.equal("the second", sim.raises(conc.gather, jobs))
  end)

  promise("settle tells of each", function()
    expect.same({ { ok = true, value = 1 }, { ok = false, value = "no 2" },
      { ok = true, value = 3 } }, (function()
      local list = {}
      for i, result in ipairs(conc.settle(each(function(i)
        if i == 2 then error("no 2", 0) end
        return i
      end))) do
        list[i] = { ok = result.ok, value = result[1] }
      end
      return list
    end)())
  end)

  promise("race gives the first success", function()
    for winner in ipairs(engines) do
      local jobs = each(function(i)
        if i ~= winner then conc.sleep(1000) end
        return i
      end)
      -- The function is sent as it stands: `winner` is a copy by then.
      expect.equal(winner, conc.race(jobs))
      for _, job in ipairs(jobs) do job:cancel() end
    end
  end)

  promise("completed gives each once, when it ends", function()
    local seen = {}
    for job in conc.completed(each(function(i)
      conc.sleep(i == 1 and 0.2 or 0)
      return i
    end)) do seen[#seen + 1] = job:await() end
    expect.equal(3, #seen)
    expect.equal(1, seen[3])
  end)

  promise("timeout ends them all", function()
    local jobs
    local _, _, code = conc.timeout(0.03, function()
      jobs = each(forever)
      conc.gather(jobs)
    end)
    expect.equal("ETIMEDOUT", code)
    for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
  end)
end)
