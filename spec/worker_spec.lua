-- The life of a worker process: its id, signals, limits, and its last words.

local conc = require "luaconc"
local core = require "luaconc.core"
local script = require "spec.support.script"

local sanitized = os.getenv "ASAN_OPTIONS" or os.getenv "TSAN_OPTIONS"

local function own_pid()
  local file <close> = assert(io.open "/proc/self/stat")
  return file:read "n"
end

-- In a job: says that it has begun, and sleeps.
local function wait(post)
  require("luaconc.core").post(nil, post or "ready")
  require("luaconc").sleep(1000)
end

describe("the handle of a process", function()
  it("knows its id, also after its end", function()
    local job = conc.process(own_pid)
    local pid = job.pid
    assert.equal(pid, job:await())
    assert.equal(pid, job.pid)
  end)

  it("has none while it is queued, and others never", function()
    conc.run(function()
      local group <close> = conc.group { limit = 1 }
      local first = group:process(wait)
      local second = group:process(math.abs, -1)
      assert.is_nil(second.pid)
      first:cancel()
      assert.equal(1, second:await())
      assert.is_number(second.pid)
      assert.is_nil(conc.spawn(print).pid)
      assert.is_nil(conc.thread(math.abs, 1).pid)
    end)
  end)

  it("sends it signals by name or number", function()
    for signal, name in pairs { SIGKILL = "SIGKILL", [10] = "SIGUSR1" } do
      local job = assert(conc.process { wait, keep = true })
      core.take(job)
      assert.is_true(job:kill(signal))
      local _, err = pcall(job.await, job)
      assert.same({ "EWORKER", name }, { err.code, err.signal })
      local ok, _, code = job:kill(signal)
      assert.same({ nil, "ESRCH" }, { ok, code })
    end
  end)

  it("stops and goes on by signals, its clean-ups run at SIGTERM", function()
    local job = assert(conc.process { function()
      local inner = require "luaconc.core"
      local _ <close> = setmetatable({}, { __close = function() inner.post(nil, "clean") end })
      wait()
    end, keep = true })
    core.take(job)
    assert.is_true(job:kill "SIGSTOP")
    assert.is_true(job:kill "SIGCONT")
    assert.is_true(job:kill())
    assert.same({ true, "clean" }, { core.take(job) })
    local _, err = pcall(job.await, job)
    assert.is_true(conc.is_cancelled(err), tostring(err))
  end)

  it("refuses what is no signal, and jobs that are no process", function()
    conc.run(function()
      local job = conc.process(wait)
      for _, wrong in ipairs { "TERM", 0, 65, 0x100000009, 1.5, {}, false } do
        assert.has_error(function() job:kill(wrong) end)
      end
      local _, text = pcall(job.kill, job, "SIGFOO")
      assert.match('the name of a signal, such as "SIGTERM", expected, got "SIGFOO"', text, 1, true)
      job:cancel()
      _, text = pcall(function() conc.spawn(print):kill() end)
      assert.match("a task can't be killed, only a process: cancel it$", text)
      _, text = pcall(function() conc.thread(math.abs, 1):kill() end)
      assert.match("a thread can't be killed", text)
    end)
  end)
end)

for _, start in ipairs { "forkserver", "spawn" } do
  describe("a process with limits, by " .. start .. ",", function()
    local function limited(rlimit, f, ...)
      return conc.process { f, start = start, keep = true, rlimit = rlimit, ... }
    end

    it("has these and no others", function()
      local limits = limited({ files = 20, cpu = 7 }, function()
        local file <close> = assert(io.open "/proc/self/limits")
        return file:read "a"
      end):await()
      assert.match("Max open files%s+20%s+20", limits)
      assert.match("Max cpu time%s+7%s+8", limits)
      assert.match("Max data size%s+unlimited", limits)
    end)

    it("is told where a descriptor is too much", function()
      local ok, text = limited({ files = 8 }, function()
        local list = {}
        for i = 1, 20 do
          local file, message = io.open "/dev/null"
          if not file then return false, message end
          list[i] = file
        end
        return #list
      end):await()
      assert.is_false(ok)
      assert.match("Too many open files", text)
    end)

    if start == "forkserver" then it("ends by SIGXCPU when its time is used up", function()
      local job = limited({ cpu = 1 }, function() while true do end end)
      local ok, err = pcall(job.await, job)
      assert.is_false(ok)
      assert.same({ "EWORKER", "SIGXCPU" }, { err.code, err.signal })
    end) end

    if not sanitized then
      it("runs out of memory by an error, and others don't", function()
        local job = limited({ memory = 30000000 }, function()
          local list = {}
          for i = 1, 64 do list[i] = ("x"):rep(1 << 20) .. i end
          return #list
        end)
        local ok, err = pcall(job.await, job)
        assert.is_false(ok)
        assert.match("not enough memory", tostring(err))
        assert.equal(3, limited({ memory = 30000000 }, function(n) return n end, 3):await())
      end)
    end

    it("runs with the priority that it was given", function()
      assert.equal(11, limited({ nice = 11 }, function()
        local file <close> = assert(io.open "/proc/self/stat")
        local fields = {}
        for field in file:read("a"):gsub("^.*%) ", ""):gmatch "%S+" do
          fields[#fields + 1] = field
        end
        return tonumber(fields[17])
      end):await())
    end)
  end)
end

describe("limits of a process", function()
  it("that the system refuses fail the job, before it runs", function()
    -- More than the hard limit, that nobody but root may raise.
    local result = script.run [[
      os.execute("prlimit --nofile=500:500 --pid $PPID")
      local job = conc.process { function() print "ran" end, keep = true,
        rlimit = { files = 1 << 40 } }
      local ok, err = pcall(job.await, job)
      say(tostring(ok), " ", err.code, " ", err.message)
    ]]
    assert.equal("false EPERM cannot start process 1: operation not permitted\n", result.out,
      result.err)
  end)

  it("are checked", function()
    local function complaint(rlimit)
      local ok, text = pcall(conc.process, { math.abs, 1, rlimit = rlimit })
      assert.is_false(ok)
      return text
    end
    assert.match("'rlimit' must be a table of limits", complaint(1), 1, true)
    assert.match("'rlimit.cpu' must be a number above 0, got", complaint { cpu = 0 }, 1, true)
    assert.match("'rlimit.memory' must be", complaint { memory = "x" }, 1, true)
    assert.match("'rlimit.nice' must be an integer from -20 to 19",
      complaint { nice = 20 }, 1, true)
    assert.match("core", complaint { core = 1 }, 1, true)
  end)
end)

describe("the standard error of a process", function()
  it("is passed on, before its results", function()
    local result = script.run [[
      conc.process(function()
        io.stderr:write "one\n"
        os.execute "echo two >&2"
      end):await()
      io.stderr:write "three\n"
    ]]
    assert.equal("one\ntwo\nthree\n", result.err)
  end)

  -- The error of the job of a process in a program of its own, so that what
  -- it writes is not ours; and what the program has written.
  local function last_words(body, options)
    local result = script.run(([[
      local job = conc.process { function() %s end, keep = true, %s }
      local ok, err = pcall(job.await, job)
      if type(err) == "string" then say(err) os.exit(0) end
      say(("%%q %%q %%q %%q %%q"):format(err.message, err.code, err.signal,
        err.exit, err.stderr))
    ]]):format(body, options or ""))
    return result
  end

  it("is a part of the error where it dies", function()
    for _, start in ipairs { "forkserver", "spawn" } do
      local result = last_words([[
        io.stderr:write "this is going wrong\nquite wrong\n"
        os.execute "kill -KILL $PPID"
        require "luaconc".sleep(1000)
      ]], "name = 'smith', start = '" .. start .. "'")
      assert.equal("this is going wrong\nquite wrong\n", result.err)
      assert.equal([["process 1 'smith' was killed by SIGKILL; the end of its standard error:\
  this is going wrong\
  quite wrong" "EWORKER" "SIGKILL" nil "this is going wrong\
quite wrong"
]], result.out)
      result = last_words("io.stderr:write 'bye\\n' os.exit(3)", "start = '" .. start .. "'")
      assert.equal([["process 1 ended with exit code 3 before its job did; the end of its ]]
        .. [[standard error:\
  bye" "EWORKER" nil 3 "bye"
]], result.out)
    end
  end)

  it("is cut to its last whole lines", function()
    local result = last_words [[
      for i = 1, 500 do io.stderr:write("line ", i, "\n") end
      os.exit(1)
    ]]
    local kept = result.out:match '.*"(.-)"\n$':gsub("\\\n", "\n")
    assert.is_true(#kept > 900 and #kept <= 1024, #kept)
    assert.match("^line %d+\n", kept)
    assert.match("\nline 500$", kept)
  end)

  it("says nothing of who ends by an error of Lua", function()
    local result = last_words "io.stderr:write 'noise\\n' error('boom', 0)"
    assert.same({ "boom\n", "noise\n" }, { result.out, result.err })
  end)

  it("that is flooded arrives whole, however slowly it is read", function()
    local result = script.run [[
      local pipe = assert(io.popen("sleep 0.1; wc -c", "r"))
      pipe:close()
      local job = conc.process(function()
        for i = 1, 4000 do io.stderr:write(("x"):rep(255), "\n") end
      end)
      job:await()
    ]]
    assert.equal(4000 * 256, #result.err)
  end)

  it("that nobody reads holds nobody else up", function()
    local result = script.run [[
      local name = os.tmpname()
      os.remove(name)
      os.execute("mkfifo " .. name)
      -- Its standard error is a pipe that is open, and that nobody reads.
      local source = ([=[
        package.path, package.cpath = %q, %q
        local conc = require "luaconc"
        local job = conc.process(function()
          require "luaconc.core".post(nil, 1)
          for i = 1, 4000 do io.stderr:write(("x"):rep(255), "\n") end
        end)
        require "luaconc.core".take(job)
        for i = 1, 5 do print(conc.process(math.abs, -i):await()) end
        job:cancel()
        print(conc.is_cancelled(select(2, pcall(job.await, job))))
      ]=]):format(package.path, package.cpath)
      local file = io.open(name .. ".lua", "w")
      file:write(source)
      file:close()
      os.execute(("%s %s.lua 3<>%s 2>%s"):format(arg[-3] or arg[-1], name, name, name))
      os.remove(name)
      os.remove(name .. ".lua")
    ]]
    assert.equal("1\n2\n3\n4\n5\ntrue\n", result.out, result.err)
  end)

  it("stays open to programs that outlive it", function()
    local result = script.run [[
      local job = conc.process(function()
        os.execute "(sleep 0.1; echo late >&2) &"
        return 1
      end)
      say(job:await())
      conc.sleep(0.2)
    ]]
    assert.same({ "1\n", "late\n" }, { result.out, result.err })
  end)
end)
