-- The forkserver and its workers, below the jobs: births, ends, kills. A
-- worker here runs the texts that it is sent (test builds only).

local core = require "luaconc.core"
local folder = require "spec.support.folder"
local processes = require "spec.support.processes"
local script = require "spec.support.script"

local eventually = processes.eventually

local function contents(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function output(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local function is_gone(pid) return not contents("/proc/" .. pid .. "/stat") end

local function children(pid)
  return contents(("/proc/%d/task/%d/children"):format(pid, pid)) or ""
end

local function born(spawn)
  return assert(core.birth(spawn))
end

-- What a worker answers to "return ...".
local function asks(worker, expression)
  return assert(worker:run("return " .. expression))
end

for _, how in ipairs { "forked", "spawned" } do
  local spawn = how == "spawned"

  describe("a worker that is " .. how, function()
    it("runs with this core, and has nothing but its five descriptors", function()
      local worker <close> = born(spawn)
      assert.equal("2", asks(worker, "1 + 1"))
      local pid = asks(worker, "(io.open '/proc/self/stat':read 'n')")
      assert.equal(tostring(worker:pid()), pid)
      local list = output("ls /proc/" .. worker:pid() .. "/fd | sort -n | tr '\\n' ' '")
      -- (6: the file above, that nobody has closed)
      assert.equal("0 1 2 3 4", (list:gsub(" $", ""):gsub(" 5$", "")))
      local target = output("readlink /proc/" .. worker:pid() .. "/fd/0")
      assert.equal("/dev/null\n", target)
    end)

    it("inherits no file that happens to be open here", function()
      local file <close> = assert(io.open("/proc/self/status"))
      local worker <close> = born(spawn)
      asks(worker, "1")
      assert.is_nil(output("ls -l /proc/" .. worker:pid() .. "/fd"):find("status", 1, true))
      assert.is_truthy(file)
    end)

    it("hands none of its descriptors on to programs that it starts", function()
      local worker <close> = born(spawn)
      local list = asks(worker, "io.popen('ls /proc/self/fd | tr \"\\\\n\" \" \"'):read 'a'")
      assert.equal("0 1 2 3 ", list)  -- 3: the folder that ls reads
    end)

    it("works where its starter does", function()
      local lfs = require "lfs"
      local here = lfs.currentdir()
      lfs.chdir "/proc"
      local worker <close> = born(spawn)
      lfs.chdir(here)
      assert.equal("/proc\n", asks(worker, "io.popen('pwd -P'):read 'a'"))
    end)

    it("tells how it ended, and is no zombie then", function()
      local ended <close> = born(spawn)
      ended:run "os.exit(7)"
      assert.same({ "exited", 7 }, { ended:wait() })
      assert.is_true(is_gone(ended:pid()))
      local crashed <close> = born(spawn)
      crashed:run "os.execute 'kill -ABRT $PPID'"
      assert.same({ "killed", 6 }, { crashed:wait() })
      assert.is_true(is_gone(crashed:pid()))
      local cut_off <close> = born(spawn)
      assert.equal("lives", (cut_off:wait(0)))
      cut_off:hangup()
      assert.same({ "exited", 0 }, { cut_off:wait() })
    end)

    it("ignores SIGINT, and is ended by SIGTERM and SIGKILL", function()
      for number, name in pairs { [15] = "TERM", [9] = "KILL" } do
        local worker <close> = born(spawn)
        os.execute("kill -INT " .. worker:pid())
        assert.equal("4", asks(worker, "2 + 2"))
        worker:kill(number)
        assert.same({ "killed", number }, { worker:wait() }, name)
      end
    end)
  end)
end

describe("a kill", function()
  it("of a worker that has been reaped reaches nobody", function()
    local first <close> = born()
    local second <close> = born()
    first:hangup()
    assert.same({ "exited", 0 }, { first:wait() })
    first:kill(9)
    assert.equal("2", asks(second, "1 + 1"))
  end)
end)

describe("the forkserver", function()
  it("is one for all, with one thread and few descriptors", function()
    local first <close> = born()
    local second <close> = born()
    local pid = core.forkserver_pid()
    assert.is_truthy(children(pid):find(tostring(first:pid()), 1, true))
    assert.is_truthy(children(pid):find(tostring(second:pid()), 1, true))
    assert.equal("1\n", output("ls /proc/" .. pid .. "/task | wc -l"))
    first:close()
    second:close()
    -- 0, 1, 2, the control socket, one that watches this process, and one
    -- that watches what workers write.
    eventually("its workers are forgotten", function()
      return output("ls /proc/" .. pid .. "/fd | wc -l") == "6\n"
    end)
  end)

  it("ignores what a terminal sends to the group", function()
    local worker <close> = born()
    local pid = core.forkserver_pid()
    for _, name in ipairs { "INT", "QUIT", "HUP", "TERM", "PIPE" } do
      os.execute(("kill -%s %d"):format(name, pid))
    end
    assert.equal("2", asks(worker, "1 + 1"))
    local another <close> = born()
    assert.equal("3", asks(another, "1 + 2"))
    assert.equal(pid, core.forkserver_pid())
  end)

  it("outlives who reads its standard error", function()
    folder.with(function(path)
      -- The reader of the pipe is gone when its file is there.
      local gone, out = path .. "/gone", path .. "/out"
      local inner = folder.temporary(([[
        package.path, package.cpath = %q, %q
        local conc = require "luaconc"
        while not io.open(%q) do conc.sleep(0.01) end
        local pid = conc.forkserver()
        local own = conc.process(function()
          io.stderr:write "nobody reads this"
          return io.open("/proc/self/stat"):read "n"
        end):await()
        while io.open("/proc/" .. own .. "/stat") do conc.sleep(0.01) end
        io.output(%q):write(tostring(conc.forkserver() == pid))
      ]]):format(package.path, package.cpath, gone, out))
      local lua = os.getenv "LUACONC_LUA" or "lua5.4"
      os.execute(("timeout -k 2 20 %s %s 2>&1 >%s.1 | (exec <&-; touch %s)")
        :format(lua, inner, out, gone))
      os.remove(inner)
      assert.equal("true", contents(out))
    end)
  end)

  it("takes its workers along when it is killed, and is made anew", function()
    local old = core.forkserver_pid()
    local worker <close> = born()
    os.execute("kill -9 " .. old)
    assert.same({ "lost", 9 }, { worker:wait() })
    processes.ends(worker:pid())
    local another <close> = born()
    assert.equal("3", asks(another, "1 + 2"))
    assert.is_true(core.forkserver_pid() ~= old)
    assert.is_true(is_gone(old))
  end)

  it("leaves nothing behind after many starts and ends", function()
    local pid = core.forkserver_pid()
    local function size()
      return tonumber(contents("/proc/" .. pid .. "/status"):match "VmRSS:%s*(%d+)")
    end
    local function descriptors() return output("ls /proc/" .. pid .. "/fd") end
    local before, open
    for i = 1, 400 do
      local worker <close> = born()
      worker:kill(9)
      assert.equal("killed", (worker:wait()))
      if i == 100 then before, open = size(), descriptors() end
    end
    -- (It tells of an end before it has cleared up after it.)
    eventually("it has as many descriptors and children as before", function()
      return children(pid) == "" and #descriptors() <= #open
    end)
    -- (Sanitizers keep what was freed.)
    local most = (os.getenv "ASAN_OPTIONS" or os.getenv "TSAN_OPTIONS")
      and 8192 or 512
    assert.is_true(size() - before < most, "the forkserver grew from " .. before
      .. " to " .. size() .. " KiB")
  end)
end)

-- Programs that end in some way with workers alive; `source` prints the pids
-- of those that must end with it.
local function leaves_none(source)
  local result = script.run([[
    local core = require "luaconc.core"
    local workers = {}
    for i = 1, 3 do
      workers[i] = assert(core.birth(i == 3))
      workers[i]:run "return 1"
      say(workers[i]:pid())
    end
    say(core.forkserver_pid())
  ]] .. source)
  local n = 0
  for pid in result.out:gmatch "%d+" do
    n = n + 1
    processes.ends(pid)
  end
  assert.equal(4, n, result.err)
  return result
end

describe("no worker outlives its starter", function()
  it("that ends as it should, and waits for the forkserver", function()
    assert.equal(0, leaves_none("say ''").code)
  end)

  it("that calls os.exit", function()
    assert.equal(5, leaves_none("os.exit(5)").code)
  end)

  it("that fails", function()
    assert.equal(1, leaves_none("error 'boom'").code)
  end)

  it("that is killed", function()
    for _ = 1, 3 do
      leaves_none [[io.stdout:flush() os.execute 'kill -9 $PPID' os.execute 'sleep 5']]
    end
    leaves_none [[io.stdout:flush() os.execute 'kill -TERM $PPID' os.execute 'sleep 5']]
  end)
end)

describe("a birth that the system refuses", function()
  -- Runs `source` with a limit, as another user where that is needed.
  local function limited(limits, source)
    return script.run(([[
      local core = require "luaconc.core"
      local first = assert(core.birth())
      assert(first:run "return 1" == "1")
      local function limit(pid) os.execute("prlimit %s --pid " .. pid) end
      %s
    ]]):format(limits, source))
  end

  it("for want of descriptors here says so, and the program goes on", function()
    local result = limited("--nofile=12:", [[
      limit "$PPID"
      local none, text, code = core.birth()
      say(tostring(none), " ", code)
      say(first:run "return 2")
      os.execute "prlimit --nofile=64: --pid $PPID"
      local second = assert(core.birth())
      say(second:run "return 3")
    ]])
    assert.equal("nil EMFILE\n2\n3\n", result.out, result.err)
  end)

  it("for want of descriptors in the forkserver says so, too", function()
    local result = limited("--nofile=6:", [[
      limit(core.forkserver_pid())
      local none, text, code = core.birth()
      say(tostring(none), " ", code)
      say(first:run "return 2")
      os.execute("prlimit --nofile=64: --pid " .. core.forkserver_pid())
      local second = assert(core.birth())
      say(second:run "return 3")
    ]])
    assert.equal("nil EMFILE\n2\n3\n", result.out, result.err)
  end)
end)
