-- What only processes have; what they share with the other engines is in
-- spec/contract/engine_spec.lua, what lies below the jobs in
-- forkserver_spec.lua.

local conc = require "luaconc"
local core = require "luaconc.core"
local lfs = require "lfs"
local testing = require "luaconc.testing"
local processes = require "spec.support.processes"
local script = require "spec.support.script"

local sanitized = os.getenv "ASAN_OPTIONS" or os.getenv "TSAN_OPTIONS"

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err), err
end

-- The error of a job that is to fail.
local function failure(options)
  options.keep = true
  local job = assert(conc.process(options))
  return message_of(job.await, job)
end

-- For jobs: the process that they run in.
local function own_pid()
  local file <close> = assert(io.open "/proc/self/stat")
  return file:read "n"
end

-- Runs `source` by a shell command in which @ stands for the interpreter
-- and the script.
local function run_by(command, source)
  return script.run(([[
    local name = os.tmpname()
    local file = io.open(name, "w")
    file:write(("package.path=%%q package.cpath=%%q ")
      :format(package.path, package.cpath), %q)
    file:close()
    os.execute("chmod 644 " .. name)
    os.execute((%q):gsub("@", function() return arg[-3] .. " " .. name end))
    os.remove(name)
  ]]):format(source, command))
end

local function is_root()
  local pipe <close> = io.popen "id -u"
  return pipe:read "n" == 0
end

for _, start in ipairs { "forkserver", "spawn" } do
  describe("a process started by " .. start, function()
    local function run(f, ...)
      return assert(conc.process { f, start = start, ... }):await()
    end

    it("gets its arguments and upvalues by copy, and returns results so", function()
      local list = { 1, 2, 3 }
      local job = conc.process { function(other, n, nothing, f)
        list[#list + 1] = n
        return #list, rawequal(list, other), nothing, f, 2^53, "a\0b", own_pid()
      end, list, 4, nil, 0.5, start = start }
      local n, same, nothing, float, big, bytes, pid = job:await()
      assert.same({ 4, true, nil, 0.5, 2^53, "a\0b" },
        { n, same, nothing, float, big, bytes })
      assert.equal("float", math.type(big))
      assert.is_true(pid ~= own_pid())
      assert.equal(3, #list)
      assert.equal("process", job.engine)
    end)

    it("finds the modules that its starter finds", function()
      local path, cpath = package.path, package.cpath
      package.path, package.cpath = "here/?.lua;" .. path, "there/?.so;" .. cpath
      local job = conc.process { function()
        return package.path, package.cpath, require("luaconc")._VERSION
      end, start = start }
      package.path, package.cpath = path, cpath
      assert.same({ "here/?.lua;" .. path, "there/?.so;" .. cpath, conc._VERSION },
        { job:await() })
    end)

    it("has a state like a thread's", function()
      assert.same({ true, "a b", "process", false, true }, { run(function()
        local own = require "luaconc"
        local words = coroutine.wrap(function()
          coroutine.yield "a"
          own.sleep(0.001)
          coroutine.yield "b"
        end)
        return coroutine == own.coroutine, words() .. " " .. words(),
          own.current().engine == "task" and "process", arg ~= nil,
          io.read "a" == ""
      end) })
    end)

    it("does all that luaconc does", function()
      assert.equal("echo", run(function()
        local own = require "luaconc"
        local listener <close> = own.tcp.listen("127.0.0.1", 0)
        own.spawn(function()
          local peer <close> = listener:accept()
          peer:write(peer:read "l", "\n")
        end)
        local s <close> = own.tcp.connect("127.0.0.1", listener:sock().port)
        s:write "echo\n"
        return s:read "l"
      end))
    end)

    it("draws random numbers of its own", function()
      local drawn, jobs = {}, {}
      for i = 1, 8 do
        jobs[i] = conc.process { function() return math.random(0) end, start = start }
      end
      for _, job in ipairs(jobs) do
        local n = job:await()
        assert.is_nil(drawn[n])
        drawn[n] = true
      end
    end)

    it("works in its starter's folder, with its starter's locals", function()
      local here = lfs.currentdir()
      conc.run(function()
        conc.locals().user = "ada"
        lfs.chdir "/proc"
        local job = conc.process { function()
          local pipe = io.popen "pwd -P"
          local folder = pipe:read "l"
          pipe:close()
          return folder, require("luaconc").locals().user
        end, start = start }
        lfs.chdir(here)
        assert.same({ "/proc", "ada" }, { job:await() })
      end)
    end)

    it("tells an error and both places, and a table as a table", function()
      local text = failure { function() error "boom" end, start = start }
      assert.match("process_spec.lua:%d+: boom$", text)
      local job = conc.process { function()
        local function deep() error({ n = 7 }) end
        deep()
      end, start = start, keep = true, name = "digger" }
      local _, err = message_of(job.await, job)
      assert.same({ n = 7 }, err)
      local trace = conc.traceback(job)
      assert.match("in upvalue 'deep'", trace:gsub("local 'deep'", "upvalue 'deep'"), 1, true)
      assert.match("'digger' was started at", trace, 1, true)
      assert.match("process_spec.lua", trace, 1, true)
    end)

    it("fails with its exit code where it calls os.exit", function()
      local text, err = failure { function() os.exit(7) end, start = start, name = "quitter" }
      assert.match("^process %d+ 'quitter' ended with exit code 7 before its job did$", text)
      assert.same({ "EWORKER", 7, nil }, { err.code, err.exit, err.signal })
      assert.same(0, select(2, failure { function() os.exit(true) end, start = start }).exit)
    end)

    it("fails with the signal's name where it is killed", function()
      -- (Sanitizers make an exit code of SIGSEGV.)
      for _, name in ipairs { sanitized and "XCPU" or "SEGV", "KILL", "ABRT", "USR1" } do
        local text, err = failure { function()
          os.execute("kill -" .. name .. " $PPID")
          require("luaconc").sleep(10)
        end, start = start }
        assert.match("^process %d+ was killed by SIG" .. name .. "$", text)
        assert.same({ "EWORKER", "SIG" .. name, nil }, { err.code, err.signal, err.exit })
      end
    end)

    it("is killed where its link is closed under it, as nobody hears of it", function()
      local _, err = failure { function()
        local own = require "luaconc"
        own.sleep(0.01)
        require("luaconc.core").close_descriptor(3)
        own.sleep(10)
      end, start = start }
      assert.equal("EWORKER", err.code)
      assert.equal("SIGKILL", err.signal)
    end)

    it("is limited in memory, and says so", function()
      local function hoard()
        local list = {}
        for i = 1, math.huge do list[i] = { i } end
        return list
      end
      assert.equal("not enough memory: the limit of this process is 2000000 "
        .. "bytes (memory=)", (failure { hoard, memory = 2000000, start = start }))
      assert.match("not enough memory", (failure { print, memory = 1000, start = start }))
      assert.equal(3, assert(conc.process { function(n) return n end, 3,
        memory = 1 << 24, start = start }):await())
    end)
  end)
end

describe("conc.process", function()
  it("tells whether the job waits", function()
    conc.run(function()
      local job = conc.process(function()
        require("luaconc.core").take(nil)
        while true do end
      end)
      for _, status in ipairs { "waiting", "running" } do
        while job:status() ~= status do conc.sleep(0.001) end
        core.post(job, "go on")
      end
      job:cancel()
    end)
  end)

  it("refuses what can't be sent, before there is a process", function()
    local text = message_of(conc.process, print, { { io.stdout } })
    assert.match("argument #2[1][1]", text, 1, true)
    assert.match("userdata 'FILE*'", text, 1, true)
  end)

  it("refuses wrong options", function()
    assert.match("option 'start' must be \"forkserver\", \"spawn\" or \"fork\"",
      message_of(conc.process, { print, start = "fork server" }), 1, true)
    assert.has_error(function() conc.process { print, start = 1 } end)
    assert.has_error(function() conc.process { print, memory = 0 } end)
    assert.has_error(function() conc.process { print, nosuch = 1 } end)
    assert.has_error(function() conc.process(1) end)
    assert.has_error(function() conc.process() end)
  end)

  it("waits for its turn in a group with a limit", function()
    conc.run(function()
      local group <close> = conc.group { limit = 2 }
      local jobs = {}
      for i = 1, 6 do
        jobs[i] = group:process(function(n)
          require("luaconc").sleep(0.005)
          return n
        end, i)
      end
      for i = 1, 6 do assert.equal(i, jobs[i]:await()) end
    end)
  end)

  it("passes messages of any size, both ways", function()
    for _, n in ipairs { 0, 1, 4000, 70000, 212992, 5000000 } do
      local text = ("x"):rep(n)
      assert.equal(text, conc.process(function(s) return s end, text):await())
    end
  end)

  it("does not hold up others while a large message goes", function()
    conc.run(function()
      local turns, over = 0, false
      conc.spawn(function()
        while not over do
          turns = turns + 1
          conc.sleep(0.001)
        end
      end)
      local text = ("0123456789abcdef"):rep(4000000)
      local n = conc.process(function(s)
        require("luaconc").sleep(0.1)
        return #s
      end, text):await()
      over = true
      assert.equal(#text, n)
      assert.is_true(turns > 5, turns)
    end)
  end)

  it("nests: a process starts processes, and these again", function()
    assert.equal(120, conc.process(function()
      local function factorial(n)
        local own = require "luaconc"
        if n == 1 then return 1 end
        return n * own.process(factorial, n - 1):await()
      end
      return factorial(5)
    end):await())
  end)

  it("is there in threads, which share the forkserver", function()
    local jobs = {}
    for i = 1, 4 do
      jobs[i] = conc.thread(function(n)
        local own, inner = require "luaconc", require "luaconc.core"
        local sum = 0
        for k = 1, 5 do sum = sum + own.process(math.abs, -n * k):await() end
        return sum, inner.forkserver_pid()
      end, i)
    end
    for i, job in ipairs(jobs) do
      assert.same({ 15 * i, core.forkserver_pid() }, { job:await() })
    end
  end)
end)

describe("the program that a process runs", function()
  local source = [[
    local conc = require "luaconc"
    print(pcall(function() return assert(conc.process(math.abs, -1)):await() end))
    conc.thread(function()
      print(pcall(function()
        return assert(require "luaconc".process(math.abs, -2)):await()
      end))
    end):await()
  ]]

  it("is that of its starter, where that is like lua", function()
    assert.equal("true\t1\ntrue\t2\n", run_by("env -u LUACONC_LUA @", source).out)
  end)

  it("has to be named in others, by LUACONC_LUA", function()
    local refused = "false\tcannot start processes: this program is no Lua interpreter, and "
      .. "the environment names none in LUACONC_LUA\n"
    local result = run_by("env -u LUACONC_LUA @", "arg = nil " .. source)
    assert.equal(refused .. refused, (result.out:gsub("\t[^\n]-: cannot", "\tcannot")))
    local lua = arg[-1] or "lua5.4"
    result = run_by("LUACONC_LUA=" .. (os.getenv "LUACONC_LUA" or lua) .. " @",
      "arg = nil " .. source)
    assert.equal("true\t1\ntrue\t2\n", result.out, result.err)
    result = run_by("LUACONC_LUA=/nosuch/lua @", "arg = nil " .. source)
    assert.match("^false.*no such file or directory", result.out)
  end)

  it("loads the core that its starter has, wherever that was found", function()
    local folder = package.searchpath("luaconc.core", package.cpath)
      :match "^(.*)/luaconc/core.so$"
    local result = run_by("cd '" .. folder .. "' && @", [[
      local lfs = require "lfs"
      package.cpath = "./?.so"
      local conc = require "luaconc"
      lfs.chdir "/"
      print(conc.process(math.abs, -1):await())
      print(conc.process { math.abs, -2, start = "spawn" }:await())
    ]])
    assert.equal("1\n2\n", result.out, result.err)
  end)
end)

describe("where the system refuses a process", function()
  it("conc.process returns nil, a message and the code", function()
    for n = 1, 40 do
      testing.fail_uv(n, "EMFILE")
      local job, text, code = conc.process(math.abs, -1)
      local hit = testing.failed()
      testing.fail_uv(nil)
      if job then
        -- (The seam also makes a poll or a read fail, after the start.)
        pcall(job.await, job)
      else
        assert.match("^cannot start process %d+: ", text)
        assert.is_string(code)
      end
      if not hit then break end
      assert.is_true(n < 40)
    end
    assert.equal(1, conc.process(math.abs, -1):await())
  end)

  it("nothing is left where memory is missing at any place", function()
    for n = 1, 200 do
      testing.fail_alloc(n)
      local ok, job = pcall(conc.process, math.abs, -1)
      if ok and job then pcall(job.await, job) end
      local hit = testing.failed()
      testing.fail_alloc(nil)
      if not hit then break end
      assert.is_true(n < 200)
    end
    assert.equal(1, conc.process(math.abs, -1):await())
  end)

  it("for want of processes says EAGAIN, and the program goes on", function()
    -- Root has no such limit, and can become somebody else.
    local become = is_root()
      and "setpriv --reuid=65533 --regid=65533 --clear-groups " or ""
    local face = package.searchpath("luaconc", package.path)
    if not os.execute(("%s test -r '%s'"):format(become, face)) then
      return pending "another user can't read this tree"
    end
    local result = run_by(become .. "@", [[
      local conc, core = require "luaconc", require "luaconc.core"
      print(conc.process(math.abs, -1):await())
      local function limit(n)
        os.execute(("prlimit --nproc=%d: --pid %d")
          :format(n, core.forkserver_pid()))
      end
      limit(1)
      print(conc.process(math.abs, -2))
      limit(4000)
      print(conc.process(math.abs, -3):await())
    ]])
    assert.equal("1\nnil\tcannot start process 2: resource temporarily "
      .. "unavailable\tEAGAIN\n3\n", result.out, result.err)
  end)
end)

describe("a program that a process starts", function()
  -- The signals among the first 31 that a program of this process ignores.
  local function ignored()
    local pipe <close> = assert(io.popen "grep SigIgn /proc/self/status")
    return tonumber(pipe:read("a"):match "SigIgn:%s*(%x+)", 16) & 0x7fffffff
  end

  it("ignores no signal but those that the program ignores", function()
    local here = ignored()
    for _, how in ipairs { "forkserver", "spawn", "fork" } do
      assert.equal(here, conc.run(function()
        return conc.process { ignored, start = how }:await()
      end), how)
    end
  end)
end)

describe("a cancelled process", function()
  it("ends while it waits, with its clean-ups", function()
    local name = os.tmpname()
    conc.run(function()
      local job = conc.process(function()
        local own, inner = require "luaconc", require "luaconc.core"
        local _ <close> = setmetatable({}, { __close = function()
          own.shield(own.sleep, 0.15)
          local file <close> = assert(io.open(name, "w"))
          file:write "clean"
        end })
        inner.post(nil, "ready")
        own.sleep(100)
      end)
      assert.same({ true, "ready" }, { core.take(job) })
      job:cancel "enough"
      local text, err = message_of(job.await, job)
      assert.equal("cancelled: enough", text)
      assert.is_true(conc.is_cancelled(err))
    end)
    local file <close> = assert(io.open(name))
    assert.equal("clean", file:read "a")
    os.remove(name)
  end)

  it("ends while it computes, even behind pcall", function()
    conc.run(function()
      local job = conc.process(function()
        require("luaconc.core").post(nil, "ready")
        while true do pcall(function() while true do end end) end
      end)
      core.take(job)
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, message_of(job.await, job))))
    end)
  end)

  it("is killed where it is stuck in C code", function()
    conc.run(function()
      local job = conc.process(function()
        require("luaconc.core").post(nil, "ready")
        local n = 32
        return (("a"):rep(n)):find(("a?"):rep(n) .. ("a"):rep(n))
      end)
      core.take(job)
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, message_of(job.await, job))))
    end)
  end)

  it("ends before it has begun", function()
    conc.run(function()
      local jobs = {}
      for i = 1, 20 do
        jobs[i] = conc.process(function() while true do end end)
        jobs[i]:cancel()
      end
      for _, outcome in ipairs(conc.settle(jobs)) do
        assert.is_true(conc.is_cancelled(outcome[1]))
      end
    end)
  end)

  it("takes the processes along that it has started", function()
    conc.run(function()
      local job = conc.process(function()
        local own, inner = require "luaconc", require "luaconc.core"
        own.process(function(pid)
          inner = require "luaconc.core"
          inner.post(nil, pid())
          require("luaconc").sleep(100)
        end, own_pid)
        local list = own.jobs()
        for _, h in ipairs(list) do
          if h.engine == "process" then inner.post(nil, select(2, inner.take(h))) end
        end
      end)
      local _, pid = core.take(job)
      assert.is_true(processes.lives(pid))
      job:cancel()
      message_of(job.await, job)
      processes.ends(pid)
    end)
  end)
end)

describe("the output of processes", function()
  it("comes once, and before their results", function()
    local result = script.run [[
      conc.run(function()
        io.write "a "
        conc.process(function() io.write "b " io.stderr:write "B" end):await()
        io.write "c "
        conc.process { function()
          setmetatable({}, { __gc = function() io.write "e " end })
          io.write "d "
        end, start = "spawn" }:await()
        say "f"
      end)
    ]]
    assert.equal("a b c d e f\n", result.out)
    assert.equal("B", result.err)
  end)

  it("is not lost where os.exit or an error ends them", function()
    local result = script.run [[
      conc.run(function()
        local jobs = {
          conc.process { function() io.write "one " os.exit(3) end, keep = true },
          conc.process { function() io.write "two " error "no" end, keep = true },
        }
        conc.settle(jobs)
      end)
    ]]
    assert.equal("one two ", result.out:find "^one" and result.out
      or (result.out:gsub("(two )(one )", "%2%1")))
  end)
end)

describe("the end of a program with processes", function()
  -- Busy ones, waiting ones, and one that has started another.
  local prelude = [[
    local core = require "luaconc.core"
    local function pid()
      local file <close> = io.open "/proc/self/stat"
      return file:read "n"
    end
    local function start(n)
      for i = 1, n do
        local job = conc.process(function()
          local own, inner = require "luaconc", require "luaconc.core"
          if i % 3 == 0 then
            local child = own.process(function()
              require "luaconc.core".post(nil, pid())
              require "luaconc".sleep(100)
            end)
            inner.post(nil, pid(), select(2, inner.take(child)))
            own.sleep(100)
          end
          inner.post(nil, pid())
          if i % 3 == 1 then while true do end end
          own.sleep(100)
        end)
        for _, id in ipairs { select(2, core.take(job)) } do say(id) end
      end
      io.stdout:flush()
    end
  ]]

  local function leaves_none(source, expected)
    local result = script.run(prelude .. source)
    local n = 0
    for pid in result.out:gmatch "%d+" do
      n = n + 1
      processes.ends(pid)
    end
    assert.equal(expected, n, result.err)
    return result
  end

  it("leaves no process, however often it is killed", function()
    for _ = 1, 20 do
      leaves_none("conc.run(function() start(3) os.execute 'kill -9 $PPID' end)", 4)
    end
  end)

  it("leaves no process where it ends by SIGTERM", function()
    leaves_none("conc.run(function() start(3) os.execute 'kill -TERM $PPID' end)", 4)
  end)

  it("leaves no process where it ends by itself, by an error, by os.exit", function()
    for code, source in pairs {
      [0] = "conc.run(function() start(3) for _, job in ipairs(conc.jobs()) do "
        .. "if job.engine == 'process' then job:cancel() end end end)",
      [1] = "conc.run(function() start(3) error 'boom' end)",
      [5] = "conc.run(function() start(3) os.exit(5) end)",
      [6] = "start(3) os.exit(6)",
    } do
      assert.equal(code, leaves_none(source, 4).code)
    end
  end)

  it("cancels what is left at the end of the script, and names it", function()
    local result = leaves_none("start(1)", 1)
    assert.equal(0, result.code)
    assert.match("1 job still running .* process 1", result.err)
  end)

  it("ends all in order at Ctrl-C, in the whole process group", function()
    -- A group of its own, to all of which the signal goes, as a terminal
    -- sends it.
    local result = run_by("setsid --wait @; echo $? >&2", [[
      local conc, core = require "luaconc", require "luaconc.core"
      local function says(word)
        return setmetatable({}, { __close = function()
          io.stderr:write(word .. "\n")  -- one write: others write, too
        end })
      end
      conc.run(function()
        local _ <close> = says "parent"
        for i = 1, 2 do
          local child = conc.process(function(start)
            local own, inner = require "luaconc", require "luaconc.core"
            local _ <close> = says("child " .. start)
            inner.post(nil, io.open "/proc/self/stat":read "n")
            own.sleep(100)
          end, i)
          print(select(2, core.take(child)))
        end
        io.stdout:flush()
        io.popen("kill -INT 0"):close()
        conc.sleep(100)
      end)
    ]])
    for pid in result.out:gmatch "%d+" do
      processes.ends(pid)
    end
    local lines = {}
    for line in result.err:gmatch "[^\n]+" do lines[#lines + 1] = line end
    assert.equal("130", table.remove(lines))
    table.sort(lines)
    assert.same({ "child 1", "child 2", "parent" }, lines)
  end)
end)

describe("the forkserver's death", function()
  it("fails the jobs of its workers, and the next one has another", function()
    conc.run(function()
      local job = conc.process { function()
        require("luaconc.core").post(nil, "ready")
        require("luaconc").sleep(100)
      end, keep = true }
      core.take(job)
      os.execute("kill -9 " .. core.forkserver_pid())
      local text, err = message_of(job.await, job)
      assert.match("^process %d+ was killed by SIGKILL, with the forkserver, its parent$", text)
      assert.same({ "EWORKER", "SIGKILL" }, { err.code, err.signal })
      assert.equal(1, conc.process(math.abs, -1):await())
    end)
  end)
end)

describe("a forkserver that somebody has stopped", function()
  local function stop() os.execute("kill -STOP " .. core.forkserver_pid()) end

  it("goes on for a start", function()
    stop()
    assert.equal(1, conc.run(function() return conc.process(math.abs, -1):await() end))
  end)

  it("goes on where a worker must be killed", function()
    conc.run(function()
      local job = conc.process { function() conc.sleep(100) end, keep = true }
      stop()
      job:kill "SIGKILL"
      assert.equal("SIGKILL", select(2, message_of(job.await, job)).signal)
      job = conc.process { function() while true do pcall(conc.sleep, 100) end end, keep = true }
      stop()
      job:cancel()
      message_of(job.await, job)
    end)
  end)

  it("goes on to load, and to end", function()
    local result = script.run [[
      local core = require "luaconc.core"
      assert(conc.forkserver())
      os.execute("kill -STOP " .. core.forkserver_pid())
      assert(conc.forkserver { preload = { "luaconc.tcp" } })
      os.execute("kill -STOP " .. core.forkserver_pid())
      io.write "end"
    ]]
    assert.equal("end", result.out)
    assert.equal("", result.err)
  end)
end)

describe("many processes", function()
  it("leave nothing behind after 1,000 starts and ends", function()
    local pid = core.forkserver_pid()
    local function size(of)
      local file <close> = assert(io.open("/proc/" .. of .. "/status"))
      return tonumber(file:read "a":match "VmRSS:%s*(%d+)")
    end
    local before
    conc.run(function()
      for i = 1, 250 do
        local jobs = {}
        for k = 1, 4 do jobs[k] = conc.process(math.abs, -k) end
        for k = 1, 4 do assert.equal(k, jobs[k]:await()) end
        if i == 50 then before = size(pid) end
      end
    end)
    -- (Sanitizers keep what was freed.)
    local most = sanitized and 8192 or 512
    assert.is_true(size(pid) - before < most, before .. " " .. size(pid))
    local file <close> = assert(io.open(("/proc/%d/task/%d/children"):format(pid, pid)))
    assert.equal("", file:read "a")
  end)
end)
