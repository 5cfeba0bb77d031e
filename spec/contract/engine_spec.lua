-- What every engine promises: a handle is a handle, whatever runs the job.
-- What only one of them has is in task_spec, thread_spec and process_spec;
-- how a job is cancelled is in cancelled_spec, how the program ends it and what
-- several engines do together in engines_spec.

local conc = require "luaconc"
local engines = require "spec.support.engines"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local eventually, reaches, failure = engines.eventually, engines.reaches, engines.failure
local place, forever, mark = engines.place, engines.forever, engines.mark
local leave_word = engines.leave_word

local function promise(text, f)
  it(text, function() engines.run(f) end)
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
      local err = sim.raises(engines.run, function()
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
end
