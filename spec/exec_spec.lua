-- Programs: run to their end, in pipelines, and beside ours. (Real processes,
-- so real time; none of these waits for the clock.)

local conc = require "luaconc"
local sweep = require "spec.support.sweep"
local testing = require "luaconc.testing"
local folder = require "spec.support.folder"
local processes = require "spec.support.processes"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local exec, popen = conc.exec, conc.popen
local lives, until_gone = processes.lives, processes.until_gone
local temporary, contents = folder.temporary, folder.take

local function sh(text, options)
  local t = { "sh", "-c", text }
  for key, value in pairs(options or {}) do t[key] = value end
  return t
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

-- A promise kept inside conc.run, with a watch against hanging.
local function promise(text, f)
  it(text, function() streams.run(f) end)
end

describe("exec", function()
  promise("gives exit code and both outputs", function()
    assert.same({ code = 3, stdout = "out\n", stderr = "err\n" },
      exec(sh "echo out; echo err >&2; exit 3"))
  end)

  it("works outside tasks", function()
    assert.same({ code = 0, stdout = "hi\n", stderr = "" }, exec { "echo", "hi" })
  end)

  promise("takes numbers as arguments, and no shell changes any", function()
    local r = exec { "printf", "%s|", 1, 2.5, "a b", "$HOME", "*", "" }
    assert.equal("1|2.5|a b|$HOME|*||", r.stdout)
  end)

  promise("names the signal that has ended a program", function()
    assert.same({ signal = "SIGKILL", stdout = "", stderr = "" },
      exec(sh "kill -9 $$"))
  end)

  promise("says when there is no such program", function()
    assert.same({ nil, "no-such-program: no such file or directory", "ENOENT" },
      { exec { "no-such-program" } })
    assert.same({ nil, "/no/such: no such file or directory", "ENOENT" },
      { exec { "/no/such", "x" } })
    assert.same({ nil, ": no such file or directory", "ENOENT" }, { exec { "" } })
    assert.same({ nil, "/etc/passwd: permission denied", "EACCES" },
      { exec { "/etc/passwd" } })
  end)

  promise("says when there is no such folder", function()
    assert.same({ nil, "/no/folder: no such file or directory", "ENOENT" },
      { exec { "true", cwd = "/no/folder" } })
  end)

  promise("runs in a folder", function()
    assert.equal("/usr\n", exec({ "pwd", cwd = "/usr" }).stdout)
  end)

  promise("runs a script without a first line by the shell", function()
    local path = temporary "echo script $1\n"
    assert(os.execute("chmod +x " .. path))
    local r = assert(exec { path, "one" })
    os.remove(path)
    assert.equal("script one\n", r.stdout)
  end)

  promise("feeds a text, and nothing unless said", function()
    assert.equal("text", exec({ "cat", input = "text" }).stdout)
    assert.equal("", exec({ "cat", input = "" }).stdout)
    assert.equal("", exec({ "cat" }).stdout)
    assert.equal("/dev/null\n", exec({ "readlink", "/proc/self/fd/0" }).stdout)
  end)

  promise("carries megabytes both ways at once", function()
    local data = streams.bytes(3000000)
    assert.is_true(data == exec({ "cat", input = data }).stdout)
  end)

  promise("is not hurt by a program that reads nothing of much input", function()
    assert.same({ code = 0, stdout = "", stderr = "" },
      exec { "true", input = ("x"):rep(1000000) })
    assert.equal("x", exec({ "head", "-c", "1", input = ("x"):rep(1000000) }).stdout)
  end)

  promise("reads and writes Lua's files", function()
    local from, to = temporary "one\ntwo\n", temporary()
    local source, sink = io.open(from), io.open(to, "w")
    assert.equal("one", source:read "l")
    sink:write("first\n")
    assert.same({ code = 0, stderr = "" },
      exec { "cat", stdin = source, stdout = sink })
    sink:write("last\n")
    source:close()
    sink:close()
    os.remove(from)
    assert.equal("first\ntwo\nlast\n", contents(to))
  end)

  promise("reads and writes streams", function()
    local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local a <close> = assert(conc.tcp.connect("127.0.0.1", listener:sock().port))
    local b <close> = assert(listener:accept())
    a:write("from the net")
    a:shutdown()
    local r = exec { "tr", "a-z", "A-Z", stdin = b, stdout = b }
    b:close()
    assert.same({ code = 0, stderr = "" }, r)
    assert.equal("FROM THE NET", a:read "a")
  end)

  promise("ends the program where the stream that it writes to fails", function()
    local sink = { write = function() return nil, "disk full", "ENOSPC" end }
    local r = table.pack(exec { "yes", stdout = sink })
    assert.same({ nil, "yes: disk full", "ENOSPC" }, { r[1], r[2], r[3] })
  end)

  promise("puts errors where the output goes", function()
    assert.same({ code = 0, stdout = "out\nerr\n" },
      exec(sh("echo out; echo err >&2", { stderr = "stdout" })))
    assert.same({ code = 0, stderr = "" }, exec(sh("echo x", { stdout = "null" })))
  end)

  promise("adds to the environment, and takes away", function()
    assert.equal("a b|\n", exec(sh("echo \"$ADDED|$HOME\"",
      { env = { ADDED = "a b", HOME = false } })).stdout)
    assert.same({ "A=1", "B=x=y" }, lines_of(exec({ { "env" }, { "sort" },
      env = { A = 1, B = "x=y" }, clearenv = true }).stdout))
  end)

  promise("looks for the program in the PATH that it will have", function()
    local place = temporary()
    os.remove(place)
    assert(os.execute("mkdir " .. place))
    local file = assert(io.open(place .. "/own", "w"))
    file:write("#!/bin/sh\necho own\n")
    file:close()
    assert(os.execute("chmod +x " .. place .. "/own"))
    local r = assert(exec { "own", env = { PATH = "/no/place:" .. place } })
    assert.equal("own\n", r.stdout)
    assert.equal("ENOENT", select(3, exec { "own" }))
    assert(os.execute("rm -r " .. place))
  end)

  promise("leaves the program no other descriptors", function()
    local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local file <close> = assert(io.open("/dev/null"))
    local r = exec(sh "ls /proc/$$/fd")
    assert.same({ "0", "1", "2" }, lines_of(r.stdout))
    assert.is_truthy(file and listener)
  end)

  promise("starts it with no signal blocked, and only those ignored that we ignore",
    function()
      local r = exec { "cat", "/proc/self/status" }
      assert.equal("0000000000000000", r.stdout:match "SigBlk:%s*(%x+)")
      assert.equal("0", r.stdout:match("SigIgn:%s*(%x+)"):sub(-4, -4))
    end)

  promise("gives each of many its own exit status", function()
    local group <close> = conc.group { limit = 16 }
    local n = 0
    for code = 0, 255 do
      group:spawn(function()
        assert.equal(code, exec(sh("exit " .. code)).code)
        n = n + 1
      end)
    end
    group:await()
    assert.equal(256, n)
  end)
end)

describe("a pipeline", function()
  promise("goes from one program to the next", function()
    local r = exec { { "cat" }, { "sort" }, { "head", "-1" }, input = "c\na\nb\n" }
    assert.equal("a\n", r.stdout)
    assert.same({ { code = 0 }, { code = 0 }, { code = 0 } }, r.stages)
  end)

  promise("ends when a reader has had enough", function()
    local r = exec { { "yes" }, { "head", "-2" } }
    assert.equal("y\ny\n", r.stdout)
    assert.equal(0, r.code)
    assert.same({ { signal = "SIGPIPE" }, { code = 0 } }, r.stages)
  end)

  promise("gives the last one's code, and the errors of all", function()
    local r = exec { { "sh", "-c", "echo 1 >&2; exit 1" },
      { "sh", "-c", "cat; echo 2 >&2; exit 2" } }
    assert.equal(2, r.code)
    assert.same({ "1", "2" }, lines_of(r.stderr))
    assert.equal(1, r.stages[1].code)
  end)

  promise("of which one can't be started ends the others", function()
    local path = temporary()
    assert.same({ nil, "no-such-program: no such file or directory", "ENOENT" },
      { exec { { "sh", "-c", "echo $$ >" .. path .. "; exec sleep 100" },
        { "no-such-program" } } })
    local pid = tonumber(contents(path))
    assert.is_true(pid == nil or not lives(pid))
  end)

  promise("is one process group, which its timeout ends", function()
    -- The third word after the name is the process group.
    local group = "read -r line </proc/$$/stat; set -- ${line##*) }; echo $3 >&2"
    local r = table.pack(exec { { "sh", "-c", group .. "; sleep 100" },
      { "sh", "-c", group .. "; cat" }, timeout = 0.2 })
    assert.equal("ETIMEDOUT", r[3])
    local groups = lines_of(r[4].stderr)
    assert.equal(groups[1], groups[2] or groups[1])
  end)
end)

describe("the end of a program", function()
  promise("comes at the timeout, with what there was", function()
    local r = table.pack(exec(sh("echo begun; exec sleep 100", { timeout = 0.1 })))
    assert.same({ nil, "sh: timed out after 0.1 s", "ETIMEDOUT",
      { signal = "SIGTERM", stdout = "begun\n", stderr = "" } },
      { r[1], r[2], r[3], r[4] })
  end)

  promise("comes for what it has started, too", function()
    local path = temporary()
    local _, _, code = exec(sh("sleep 100 & echo $! >" .. path .. "; wait",
      { timeout = 0.1 }))
    assert.equal("ETIMEDOUT", code)
    assert.is_true(until_gone(tonumber(contents(path))))
  end)

  promise("comes by SIGKILL for one that ignores SIGTERM", function()
    local _, _, code, r = exec(sh("trap '' TERM; while :; do sleep 0.05; done",
      { timeout = 0.1, grace = 0.05 }))
    assert.equal("ETIMEDOUT", code)
    assert.equal("SIGKILL", r.signal)
  end)

  promise("comes for a grandchild that holds the pipe", function()
    local path = temporary()
    local _, _, code, r = exec(sh("echo said; sleep 100 & echo $! >" .. path,
      { timeout = 0.2 }))
    assert.equal("ETIMEDOUT", code)
    assert.equal(0, r.code)
    assert.equal("said\n", r.stdout)
    assert.is_true(until_gone(tonumber(contents(path))))
  end)

  promise("comes when it writes more than the limit", function()
    local _, message, code, r = exec { "yes", limit = 1000 }
    assert.equal("yes: more than 1000 bytes of output", message)
    assert.equal("ENOBUFS", code)
    assert.is_truthy(r.signal)
    assert.is_true(#r.stdout <= 1000)
  end)

  promise("does not come at exactly the limit", function()
    assert.equal(1000, #exec({ "head", "-c", "1000", "/dev/zero", limit = 1000 }).stdout)
  end)

  promise("comes when its task is cancelled", function()
    local path = temporary()
    local job = conc.spawn { function()
      exec(sh("echo $$ >" .. path .. "; sleep 100 & wait"))
    end, keep = true }
    local pid
    repeat
      conc.sleep(0.005)
      local file = io.open(path)
      pid = tonumber(file:read "l" or "")
      file:close()
    until pid
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
    os.remove(path)
    assert.is_false(lives(pid))
  end)

  promise("is told when somebody else kills it", function()
    local p <close> = assert(popen { "sleep", "100" })
    assert(os.execute("kill -KILL " .. p.pid))
    assert.same({ signal = "SIGKILL" }, p:wait())
  end)

  promise("is learnt by a thread where the system has no pidfd", function()
    for n = 1, 40 do
      testing.fail_uv(n, "ENOSYS")
      local r = exec { "sh", "-c", "exit 7" }
      local hit = testing.failed()
      testing.fail_uv(nil)
      if not hit then return end
      if r then assert.equal(7, r.code) end
    end
    error "forty calls of libuv"
  end)

  it("comes with the state", function()
    local path = temporary()
    local script = ([[
      local conc = require "luaconc"
      p = conc.popen{"sh", "-c", "echo $$ >%s; sleep 100"}
      conc.spawn(function() conc.exec{"sleep", "100"} end)
      repeat
        conc.sleep(0.005)
        local file = io.open(%q)
        local pid = file:read "l"
        file:close()
      until pid
    ]]):format(path, path)
    local name = temporary(script)
    local r = assert(exec { os.getenv "LUACONC_LUA" or "lua5.4", name })
    os.remove(name)
    assert.equal(0, r.code)
    assert.is_false(lives(tonumber(contents(path))))
  end)

  promise("comes when nobody holds it any more", function()
    local pid = assert(popen { "sleep", "100" }).pid
    assert.is_true(lives(pid))
    collectgarbage()
    collectgarbage()
    assert.is_true(until_gone(pid))
  end)
end)

describe("popen", function()
  promise("talks with a program", function()
    local p <close> = assert(popen { "cat" })
    for i = 1, 3 do
      assert(p.stdin:write("line ", i, "\n"))
      assert.equal("line " .. i, p.stdout:read "l")
    end
    p.stdin:close()
    assert.equal("end of file", select(2, p.stdout:read()))
    assert.same({ code = 0 }, p:wait())
    assert.same({ code = 0 }, p:wait())
  end)

  promise("serves several who wait for its end", function()
    local p <close> = assert(popen { "sh", "-c", "read x; exit 4" })
    local jobs = {}
    for i = 1, 3 do jobs[i] = conc.spawn(p.wait, p) end
    conc.yield()
    jobs[2]:cancel()
    p.stdin:write("go\n")
    assert.equal(4, jobs[1]:await().code)
    assert.equal(4, jobs[3]:await().code)
    assert.equal(4, p:wait().code)
  end)

  promise("sends signals", function()
    local p <close> = assert(popen { "sh", "-c",
      "trap 'echo usr1; exit 0' USR1; echo ready; while :; do sleep 0.01; done",
      stderr = "null" })
    assert.equal("ready", p.stdout:read "l")
    assert.is_true(p:kill "SIGUSR1")
    assert.equal("usr1", p.stdout:read "l")
    assert.same({ code = 0 }, p:wait())
    assert.same({ nil, "no such process", "ESRCH" }, { p:kill() })
  end)

  promise("stops it when its variable is left", function()
    local pid
    do
      local p <close> = assert(popen { "sleep", "100" })
      pid = p.pid
    end
    assert.is_false(lives(pid))
  end)

  promise("leaves alone what it has started, if it has ended itself", function()
    local pid
    do
      local p <close> = assert(popen(sh(
        "sleep 100 >/dev/null 2>&1 & echo $!; exit 0")))
      pid = tonumber(p.stdout:read "l")
      p:wait()
    end
    assert.is_true(lives(pid))
    os.execute("kill " .. pid)
  end)

  promise("is closed with input that nobody reads", function()
    local p <close> = assert(popen { "sleep", "100" })
    streams.fill(p.stdin, ("x"):rep(100000))
    assert.is_true(p:close())
    assert.is_true(p:close())
    assert.same({ signal = "SIGTERM" }, p:wait())
    assert.equal("EBADF", select(3, p.stdin:write("x")))
  end)

  promise("tells a stream's only direction", function()
    local p <close> = assert(popen { "cat" })
    assert.equal("EPERM", select(3, p.stdin:read()))
    assert.equal("EPERM", select(3, p.stdout:write("x")))
    assert.equal("ENOTSOCK", select(3, p.stdout:peer()))
  end)

  promise("shows itself", function()
    local p <close> = assert(popen { "sleep", "100" })
    assert.equal(("program sleep (%d)"):format(p.pid), tostring(p))
    local job = conc.spawn { p.wait, p, keep = true }
    conc.yield()
    sim.shows(conc.tree(), "the end of a program")
    job:cancel()
  end)
end)

describe("programs in a thread", function()
  promise("run, get no blocked signals, and end with it", function()
    local text, pid = conc.thread(function()
      local inner = require "luaconc"
      local p = inner.popen { "sleep", "100" }
      local r = inner.exec { "cat", "/proc/self/status" }
      return r.stdout, p.pid
    end):await()
    assert.equal("0000000000000000", text:match "SigBlk:%s*(%x+)")
    assert.is_false(lives(pid))
  end)

  promise("are cancelled with the thread's job", function()
    local job = conc.thread { function()
      require("luaconc").exec { "sleep", "100" }
    end, keep = true }
    conc.sleep(0.1)
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
  end)
end)

describe("what is wrong with a call", function()
  local function complains(options, ...)
    sim.shows(sim.raises(exec, options), "bad argument #1 to 'exec'", ...)
  end

  it("is told by name", function()
    complains("ls", "a table {command, arguments ...} expected, got \"ls\"")
    complains({}, "a command expected")
    complains({ "x", {} }, "argument 1 of the command must be a string, got table")
    complains({ "x", "a\0b" }, "zero byte")
    complains({ "x", stdinn = "null" }, "unknown option 'stdinn'")
    complains({ "x", stdin = "some text" }, "option 'stdin' must be",
      "goes into `input`")
    complains({ "x", stdin = io.stdin, input = "" }, "exclude each other")
    complains({ "x", stdout = 1 }, "option 'stdout' must be")
    complains({ "x", timeout = -1 }, "option 'timeout' must be seconds")
    complains({ "x", env = { ["a=b"] = "c" } }, "no name of a variable")
    complains({ "x", env = { A = {} } }, "A must be a string or false, got table")
    complains({ { "x" }, "y" }, "command 2 of the pipeline must be a table")
    complains({ { "x", cwd = "/" } }, "options stand beside the commands")
    local file = io.tmpfile()
    file:close()
    complains({ "x", stdout = file }, "got a closed file")
    sim.shows(sim.raises(popen, { "x", input = "" }), "'popen'", "'input'")
    sim.shows(sim.raises(popen, { "x", timeout = 1 }), "unknown option 'timeout'")
  end)

  promise("is told for signals", function()
    local p <close> = assert(popen { "sleep", "100" })
    sim.shows(sim.raises(p.kill, p, "TERM"), "the name of a signal")
    sim.shows(sim.raises(p.stop, p, -1), "a number of seconds, 0 or more")
  end)
end)

-- ---- faults ----

local function check(ok, message, code)
  if ok then return ok end
  error(code and code .. ": " .. message or message or "a wrong result", 0)
end

local runs = {
  ["exec"] = function()
    local r = check(exec { "cat", input = "some text" })
    check(r.stdout == "some text" and r.code == 0)
  end,
  ["a pipeline"] = function()
    local r = check(exec { { "echo", "x" }, { "cat" } })
    check(r.stdout == "x\n")
  end,
  ["popen"] = function()
    local p <close> = check(popen { "cat" })
    check(p.stdin:write("x\n"))
    check(check(p.stdout:read "l") == "x")
  end,
  ["a timeout"] = function()
    local _, message, code = exec { "sleep", "100", timeout = 0.001 }
    check(code == "ETIMEDOUT", message, code)
  end,
}

local function rest()
  for _ = 1, 4 do
    collectgarbage()
    conc.run(conc.sleep, 0.0002)
  end
  local c = testing.counts()
  return ("%d jobs, %d operations, %d handles, %d descriptors, %d threads, %d children")
    :format(c.jobs, c.ops, c.handles, c.descriptors, c.threads, c.children)
end

for what, fault in pairs(sweep.faults) do
  describe("the failure of any " .. what .. " in", function()
    for name, run in pairs(runs) do
      it(name .. " raises or is told, and leaves nothing behind", function()
        streams.run(run)
        local before, n, hit = rest(), 0
        repeat
          n = sweep.next(n)
          collectgarbage()
          local ok, err
          ok, err, hit = sweep.try(fault, n, streams.run, run)
          testing.check()
          assert(ok or hit and sweep.reads_as(err, fault),
            ("the %d-th: %s"):format(n, tostring(err)))
          assert.equal(before, rest(), "after the " .. n .. "-th")
        until not hit
      end)
    end
  end)
end
