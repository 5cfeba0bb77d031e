-- What every engine promises of a job that is cancelled.

local conc = require "luaconc"
local engines = require "spec.support.engines"
local sim = require "spec.support.sim"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local eventually, reaches, failure = engines.eventually, engines.reaches, engines.failure
local forever, compute, mark = engines.forever, engines.compute, engines.mark
local begun, leave_word = engines.begun, engines.leave_word

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

    promise("with a reason whose text can't be made", function()
      local reason = setmetatable({}, { __tostring = function() error("none", 0) end })
      for _, job in ipairs { start(forever), begun(start, { forever }) } do
        job:cancel(reason)
        cancelled(job)
        expect.is_true(rawequal(reason, failure(job).reason))
      end
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
      local err = sim.raises(engines.run, function()
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

  describe("a " .. engine.name .. ": why it was cancelled", function()
    -- Waits in a job, and returns what that wait raised there: its text, its
    -- reason as text, and whether the next wait gave the same reason.
    local function told(of, ...)
      local ready, said = conc.channel(1), conc.channel(1)
      local job = of(function()
        ready:send(true)
        local _, err = pcall(conc.sleep, 1000)
        local _, again = pcall(conc.sleep, 1000)
        local why = err.reason
        local known = rawequal(why, again.reason)
        if type(why) == "table" then why = why.why end
        if type(why) == "userdata" then why = "userdata" end
        conc.shield(said.send, said, { tostring(err), why, known })
        error(err, 0)
      end)
      ready:recv()
      if ... then (...)(job) end
      local word = conc.shield(said.recv, said)
      local err = conc.shield(failure, job)
      expect.equal("cancelled", job:status())
      expect.is_true(conc.is_cancelled(err))
      expect.equal(word[1], tostring(err))
      expect.is_true(word[3])
      return word[1], word[2], err.reason
    end

    local function alone(f) return kept { f } end

    promise("is told there, and by await: a text", function()
      expect.same({ "cancelled: enough", "enough", "enough" },
        { told(alone, function(job) job:cancel("enough") end) })
    end)

    promise("a number, false and a table, which is a copy elsewhere", function()
      expect.same({ "cancelled: 7", 7, 7 },
        { told(alone, function(job) job:cancel(7) end) })
      expect.same({ "cancelled: false", false, false },
        { told(alone, function(job) job:cancel(false) end) })
      local why = { why = "so" }
      local _, there, here = told(alone, function(job) job:cancel(why) end)
      expect.equal("so", there)
      expect.is_true(rawequal(why, here))
    end)

    promise("what can't be sent is its text", function()
      local text = tostring(io.stdout)
      local said, there, here = told(alone, function(job) job:cancel(io.stdout) end)
      expect.equal("cancelled: " .. text, said)
      expect.equal(engine.own and text or "userdata", there)
      expect.is_true(rawequal(io.stdout, here))
      local list = { io.stdout }
      said = told(alone, function(job) job:cancel(list) end)
      expect.equal("cancelled: " .. tostring(list), said)
    end)

    promise("nothing, where none was given", function()
      expect.same({ "cancelled", nil, nil },
        { told(alone, function(job) job:cancel() end) })
    end)

    promise("that of its group, or of a group around that", function()
      local function grouped(nested)
        local outer <close> = conc.group()
        local g <close> = nested and conc.group() or outer
        expect.same({ "cancelled: all of you", "all of you", "all of you" },
          { told(function(f) return g[engine.in_group](g, f) end,
            function() outer:cancel("all of you") end) })
      end
      for _, nested in ipairs { false, true } do pcall(grouped, nested) end
    end)

    promise("that of the task in which it was started", function()
      local word
      local begins = conc.event()
      local task = conc.spawn { function()
        word = { told(start, function() begins:set() end) }
      end, keep = true }
      begins:wait()
      task:cancel("the whole")
      pcall(task.await, task)
      expect.same({ "cancelled: the whole", "the whole", "the whole" }, word)
    end)

    promise("that the deadline has passed", function()
      local word, begins
      local seconds = 0.025
      repeat   -- a deadline before the job begins says nothing
        seconds = 2 * seconds
        pcall(conc.timeout, seconds, function()
          word = { told(start, function() begins = true end) }
        end)
      until begins
      expect.equal("cancelled: the deadline has passed", word[1])
    end)

    promise("the same for what it has started itself, on every engine", function()
      for _, inner in ipairs { "spawn", "thread", "process" } do
        local ready, said = conc.channel(1), conc.channel(1)
        local job = kept { function()
          local job = conc[inner] { function()
            ready:send(true)
            local _, err = pcall(conc.sleep, 1000)
            conc.shield(said.send, said, tostring(err))
            error(err, 0)
          end }
          job:await()
        end }
        ready:recv()
        job:cancel("down to the last")
        expect.equal("cancelled: down to the last", said:recv())
        pcall(job.await, job)
      end
    end)

    promise("goes with its <close> variables and its waits in a shield", function()
      local ready, said = conc.channel(1), conc.channel(1)
      local job = kept { function()
        local _ <close> = setmetatable({}, { __close = function(_, err)
          conc.shield(function()
            conc.sleep(0.001)
            said:send(tostring(err))
          end)
        end })
        ready:send(true)
        if engine.own then while true do end end
        conc.sleep(1000)
      end }
      ready:recv()
      job:cancel("while it computed")
      expect.equal("cancelled: while it computed", said:recv())
      expect.equal("cancelled: while it computed", tostring(failure(job)))
    end)
  end)
end
