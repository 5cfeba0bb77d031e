-- What each way of starting a process lets its job see; then what a fork of
-- this very process has to leave alone.

local conc = require "luaconc"
local core = require "luaconc.core"
local lfs = require "lfs"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

local function failure(options)
  options.keep = true
  local job = assert(conc.process(options))
  return sim.raises(job.await, job)
end

-- {{ The table of docs/processes.md, row by row: what the job sees.

local STARTS = { "forkserver", "spawn", "fork" }

local function with(setup, undo)
  setup()
  return sim.on_close(undo)
end

assert(conc.forkserver { preload = { "spec.support.folder" } })
local here_too = package.loaded["spec.support.folder"] ~= nil

-- For each: what is prepared, what the job finds, and what that should be.
local rows = {
  { "a global variable", { false, false, true },
    function() return with(function() _G.start_spec = 1 end,
      function() _G.start_spec = nil end) end,
    function() return rawget(_G, "start_spec") == 1 end },
  { "upvalues, with their values", { true, true, true },
    nil, (function()
      local list = { 1, 2 }
      return function() return #list == 2 end
    end)() },
  { "the same upvalues, and no copies", { false, false, true },
    function() return with(function() _G.start_spec = {} end,
      function() _G.start_spec = nil end) end,
    (function()
      local own = {}
      rawset(_G, "start_spec_own", own)
      return function() return rawget(_G, "start_spec_own") == own end
    end)() },
  { "modules that were loaded", { false, false, true },
    function() return with(function() package.loaded.start_spec = true end,
      function() package.loaded.start_spec = nil end) end,
    function() return package.loaded.start_spec == true end },
  { "modules that the forkserver has loaded", { true, false, here_too }, nil,
    function() return package.loaded["spec.support.folder"] ~= nil end },
  { "package.path as it is at the start", { true, true, true },
    function()
      local path = package.path
      return with(function() package.path = "start_spec/?.lua;" .. path end,
        function() package.path = path end)
    end,
    function() return package.path:find("start_spec", 1, true) == 1 end },
  { "the working directory of that time", { true, true, true },
    function()
      local here = lfs.currentdir()
      return with(function() lfs.chdir "/proc" end, function() lfs.chdir(here) end)
    end,
    function() return io.popen "pwd -P":read "l" == "/proc" end },
  { "the environment of the program", { true, true, true },
    nil, function() return os.getenv "PATH" ~= nil end },
  { "files that are open", { false, false, true },
    function()
      local file = assert(io.open "/proc/self/status")
      rawset(_G, "start_spec_file", file)
      return sim.on_close(function()
        file:close()
        rawset(_G, "start_spec_file", nil)
      end)
    end,
    function()
      local file = rawget(_G, "start_spec_file")
      return file ~= nil and file:read "l" ~= nil
    end },
  { "its starter's job-local values", { true, true, true },
    function()
      return with(function() conc.locals().start_spec = 7 end,
        function() conc.locals().start_spec = nil end)
    end,
    function() return require "luaconc".locals().start_spec == 7 end },
  { "standard input", { false, false, false },
    nil, function() return io.read "a" ~= "" end },
  { "the arguments of the program", { false, false, true },
    nil, function() return arg ~= nil end },
}

for _, row in ipairs(rows) do
  local what, expected, prepare, f = table.unpack(row, 1, 4)
  describe("the job of a process", function()
    for i, start in ipairs(STARTS) do
      local sees = expected[i]
      it(("%s %s (%s)"):format(sees and "sees" or "does not see", what, start), function()
        local _ <close> = prepare and prepare() or sim.on_close(function() end)
        assert.equal(sees, assert(conc.process { f, start = start }):await())
      end)
    end
  end)
end

-- }}

describe("a fork of this process", function()
  local function fork(f, ...)
    return assert(conc.process { f, start = "fork", ... })
  end

  it("calls its function as it is, with its arguments as they are", function()
    local list, file = { 1 }, io.stdout
    local n, same, kind = fork(function(other, out, co)
      return #list, other == list and out == file, coroutine.status(co)
    end, list, file, coroutine.create(print)):await()
    assert.same({ 1, true, "suspended" }, { n, same, kind })
    assert.same({ nil, 2, nil, n = 3 }, table.pack(fork(function(...)
      local a, b = ...
      return a, b, nil
    end, nil, 2):await()))
  end)

  it("keeps what it changes to itself", function()
    local list = {}
    assert.equal(1, fork(function()
      list[1] = 1
      return #list
    end):await())
    assert.equal(0, #list)
  end)

  it("fails by the error, the signal or the exit code of its job", function()
    local text = failure { function() error "boom" end, start = "fork" }
    assert.match("startmethod_spec.lua:%d+: boom$", text)
    local err = failure { function() os.exit(7) end, start = "fork" }
    assert.same({ "EWORKER", 7 }, { err.code, err.exit })
    assert.equal(0, failure { function() os.exit(true) end, start = "fork" }.exit)
    assert.equal(1, failure { function() os.exit(false, true) end, start = "fork" }.exit)
    err = failure { function()
      os.execute "kill -KILL $PPID"
      conc.sleep(10)
    end, start = "fork" }
    assert.same({ "EWORKER", "SIGKILL" }, { err.code, err.signal })
    sim.shows(failure { function() return io.stdout end, start = "fork" },
      "cannot send result #1: userdata 'FILE*'")
    sim.shows(failure { function() nosuch() end, start = "fork" }, -- luacheck: ignore 113
      "global 'nosuch'")
  end)

  it("runs its job only: others are over there, and go on here", function()
    conc.run(function()
      local turns, over = 0, false
      local other = conc.spawn { function()
        while not over do
          turns = turns + 1
          conc.sleep(0.001)
        end
      end, name = "other" }
      conc.sleep(0.003)
      local status, text, jobs, cancelled, same = fork(function()
        local before = turns
        conc.sleep(0.02)
        local _, err = pcall(other.await, other)
        return other:status(), tostring(err), #conc.jobs(), other:cancel(), turns == before
      end):await()
      assert.match("^task %d+ 'other' belongs to the process that this one was forked from$", text)
      assert.same({ "cancelled", 1, false, true }, { status, jobs, cancelled, same })
      assert.not_equal("cancelled", other:status())
      over = true
    end)
  end)

  it("closes the streams of its starter for itself only", function()
    conc.run(function()
      local listener <close> = conc.tcp.listen("127.0.0.1", 0)
      local path = os.tmpname()
      os.remove(path)
      local named <close> = conc.unix.listen(path)
      local client <close> = conc.tcp.connect("127.0.0.1", listener:sock().port)
      local server <close> = listener:accept()
      local read, accept = fork(function()
        local _, read_error = client:read "l"
        local _, accept_error = listener:accept()
        client:close()
        collectgarbage()
        return read_error, accept_error
      end):await()
      assert.same({ "closed", "closed" }, { read, accept })
      server:write "still there\n"
      assert.equal("still there", client:read "l")
      assert.equal("socket", lfs.attributes(path, "mode"))
      local _ <close> = assert(conc.unix.connect(path))
      assert.is_truthy(named:accept())
    end)
  end)

  it("waits, serves and starts jobs of its own", function()
    conc.run(function()
      assert.same({ "echo", 3, 4 }, { fork(function()
        local listener <close> = conc.tcp.listen("127.0.0.1", 0)
        conc.spawn(function()
          local peer <close> = listener:accept()
          peer:write(peer:read "l", "\n")
        end)
        local s <close> = conc.tcp.connect("127.0.0.1", listener:sock().port)
        s:write "echo\n"
        return s:read "l", conc.thread(math.abs, -3):await(), conc.process(math.abs, -4):await()
      end):await() })
    end)
  end)

  it("uses signals and programs though its starter does, too", function()
    conc.run(function()
      local program <close> = assert(conc.popen { "sleep", "100" })
      local signal <close> = conc.signal "SIGUSR2"
      local result, number = fork(function()
        local own <close> = conc.signal "SIGUSR2"
        conc.spawn(function() os.execute "kill -USR2 $PPID" end)
        local name = own:wait()
        return name, conc.exec { "sh", "-c", "exit 5" }.code
      end):await()
      assert.same({ "SIGUSR2", 5 }, { result, number })
      assert.is_truthy(program)
      conc.spawn(function() os.execute "kill -USR2 $PPID" end)
      assert.equal("SIGUSR2", signal:wait())
      program:kill "SIGKILL"
      program:wait()
    end)
  end)

  it("exchanges letters, and is cancelled, as any process", function()
    conc.run(function()
      local job = fork(function()
        local _ <close> = sim.on_close(function() core.post(nil, "clean") end)
        core.post(nil, select(2, core.take(nil)) + 1)
        conc.sleep(1000)
      end)
      core.post(job, 41)
      assert.same({ true, 42 }, { core.take(job) })
      job:cancel()
      assert.same({ true, "clean" }, { core.take(job) })
      assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
      local busy = fork(function() while true do end end)
      busy:cancel()
      assert.is_true(conc.is_cancelled(sim.raises(busy.await, busy)))
    end)
  end)

  it("forks again", function()
    assert.equal(24, fork(function()
      local function factorial(n)
        if n == 1 then return 1 end
        return n * conc.process { factorial, n - 1, start = "fork" }:await()
      end
      return factorial(4)
    end):await())
  end)

  it("waits for its turn in a group with a limit", function()
    conc.run(function()
      local group <close> = conc.group { limit = 1 }
      local jobs = {}
      for i = 1, 3 do
        jobs[i] = group:process { function() return i end, start = "fork" }
      end
      for i = 1, 3 do assert.equal(i, jobs[i]:await()) end
    end)
  end)

  it("draws random numbers of its own", function()
    local first, second = fork(function() return math.random(0) end),
      fork(function() return math.random(0) end)
    assert.not_equal(first:await(), second:await())
  end)

  it("writes what was buffered once, and its own before its results", function()
    local result = script.run [[
      io.write "a "
      local file = io.open(arg[0] .. ".out", "w")
      file:write "once "
      conc.process { function() io.write "b " file:write "twice" end, start = "fork" }:await()
      io.write "c "
      file:close()
      for line in io.lines(arg[0] .. ".out") do say(line) end
      os.remove(arg[0] .. ".out")
    ]]
    assert.equal("a b c once twice\n", result.out, result.err)
  end)

  it("never closes what its starter has: no <close>, no __gc", function()
    local result = script.run [[
      local gc = setmetatable({}, { __gc = function() say "collected" end })
      conc.run(function()
        local _ <close> = on_close(function() say "closed" end)
        say(conc.process { function() return 1 end, start = "fork" }:await())
        local job = conc.process { function() os.exit(3, true) end, start = "fork", keep = true }
        pcall(job.await, job)
      end)
    ]]
    assert.equal("1\nclosed\ncollected\n", result.out, result.err)
  end)

  it("ends with its starter, however that ends", function()
    local result = script.run [[
      local job = conc.process { function()
        require "luaconc.core".post(nil, io.open "/proc/self/stat":read "n")
        while true do end
      end, start = "fork" }
      say(select(2, require "luaconc.core".take(job)))
      io.stdout:flush()
      os.execute "kill -KILL $PPID"
      conc.sleep(5)
    ]]
    local stat = "/proc/" .. result.out:match "%d+" .. "/stat"
    local over
    for _ = 1, 1000 do
      local file = io.open(stat)
      over = not file or file:read "a":find "%) [ZX] "
      if file then file:close() end
      if over then break end
      os.execute "sleep 0.005"
    end
    assert.is_truthy(over)
  end)

  it("leaves nothing behind where memory or a call fails at any place", function()
    for _, seam in ipairs { "fail_alloc", "fail_uv" } do
      for n = 1, 80 do
        testing[seam](n, seam == "fail_uv" and "EMFILE" or nil)
        local ok, job = pcall(conc.process, { math.abs, -1, start = "fork" })
        -- (The child has the fault, too: its job may fail.)
        if ok and job then pcall(job.await, job) end
        local hit = testing.failed()
        testing[seam](nil)
        if not hit then break end
        assert.is_true(n < 80)
      end
      assert.equal(1, fork(math.abs, -1):await())
    end
  end)

  it("is refused where it would lack something, with the reason", function()
    conc.run(function()
      local thread = conc.thread(function() require("luaconc").sleep(1000) end)
      local text = sim.raises(conc.process, { print, start = "fork" })
      assert.match("this process can't be forked as it is, since 1 other thread runs in it, which "
        .. "the fork would lack: let the forkserver start it", text, 1, true)
      thread:cancel()
      pcall(thread.await, thread)
      assert.match("since this is not its first thread", conc.thread(function()
        local _, problem = pcall(require("luaconc").process, { print, start = "fork" })
        return problem
      end):await(), 1, true)
      assert.equal(1, fork(math.abs, -1):await())
    end)
  end)
end)

describe("conc.forkserver", function()
  it("starts it at once, and tells its process", function()
    local pid = conc.forkserver()
    assert.equal(pid, core.forkserver_pid())
    assert.equal(pid, conc.forkserver {})
  end)

  it("loads modules as they are found here, for all that come later", function()
    local result = script.run [[
      local folder = arg[0] .. ".d"
      os.execute("mkdir " .. folder)
      local file = io.open(folder .. "/heavy.lua", "w")
      file:write "return { loaded_by = io.open('/proc/self/stat'):read 'n' }"
      file:close()
      local path = package.path
      package.path = folder .. "/?.lua;" .. path
      local pid = conc.forkserver { preload = { "heavy" } }
      package.path = path
      local function look() return package.loaded.heavy.loaded_by end
      say(tostring(conc.process(look):await() == pid))
      os.execute("kill -KILL " .. pid)
      -- The next one has it, too.
      local by = conc.process(look):await()
      say(tostring(by ~= pid and by == conc.forkserver()))
      os.execute("rm -r " .. folder)
    ]]
    assert.equal("true\ntrue\n", result.out, result.err)
  end)

  it("says what is wrong with a module, and lives", function()
    local ok, text, code = conc.forkserver { preload = { "no.such.module" } }
    assert.same({ nil, "EWORKER" }, { ok, code })
    assert.match("^the forkserver can't load this: .*module 'no.such.module' not found", text)
    assert.equal(1, conc.process(math.abs, -1):await())
  end)

  it("lives on with whatever error a module raises", function()
    local result = script.run [[
      local name = arg[0] .. ".d"
      os.execute("mkdir " .. name)
      package.path = name .. "/?.lua;" .. package.path
      local pid = conc.forkserver()
      local function try(module, text)
        local file = io.open(name .. "/" .. module .. ".lua", "w")
        file:write(text)
        file:close()
        local ok, why, code = conc.forkserver { preload = { module } }
        say(table.concat({ tostring(ok), code, why:sub(1, 80),
          tostring(conc.forkserver() == pid) }, " "))
      end
      try("wordless", "error(setmetatable({}, { __tostring = function() error 'none' end }))")
      try("lying", "error(setmetatable({}, { __tostring = function() return {} end }))")
      try("long", "error(('x'):rep(4000000), 0)")
      os.execute("rm -r " .. name)
    ]]
    assert.equal("nil EWORKER the forkserver can't load this: (table without a text) true\n"
      .. "nil EWORKER the forkserver can't load this: (table without a text) true\n"
      .. "nil EWORKER the forkserver can't load this: " .. ("x"):rep(48) .. " true\n",
      result.out, result.err)
  end)

  it("holds up no other thread while it loads", function()
    local result = script.run [==[
      local name = arg[0] .. ".d"
      os.execute("mkdir " .. name)
      package.path = name .. "/?.lua;" .. package.path
      local file = io.open(name .. "/slow.lua", "w")
      -- It waits for what the other thread does when its kill has gone out.
      file:write(([[
        local name, limit = %q, os.clock() + 10
        io.open(name .. "/begun", "w"):close()
        repeat local go = io.open(name .. "/go") until go or os.clock() > limit
        assert(io.open(name .. "/go"), "it was held up")
      ]]):format(name))
      file:close()
      local ready = conc.channel(1)
      local killer = conc.thread(function()
        local job = conc.process { conc.sleep, 100, keep = true }
        ready:send(true)
        while not io.open(name .. "/begun") do conc.sleep(0.01) end
        job:kill "SIGKILL"
        io.open(name .. "/go", "w"):close()
        return select(2, pcall(job.await, job)).code
      end)
      ready:recv()
      say(type(conc.forkserver { preload = { "slow" } }))
      say(killer:await())
      os.execute("rm -r " .. name)
    ]==]
    assert.equal("number\nEWORKER\n", result.out, result.err)
  end)

  it("does not keep a module that starts something", function()
    local result = script.run [[
      local name = arg[0] .. ".d"
      os.execute("mkdir " .. name)
      local file = io.open(name .. "/busy.lua", "w")
      file:write "require 'luaconc'.spawn(print)"
      file:close()
      package.path = name .. "/?.lua;" .. package.path
      say((select(2, conc.forkserver { preload = { "busy" } })))
      say(conc.process(math.abs, -1):await())
      os.execute("rm -r " .. name)
    ]]
    assert.equal("the forkserver can't load this: a module has started something, which workers "
      .. "would lack\n1\n", result.out, result.err)
  end)

  it("takes the program from its option, where this is no lua", function()
    local lua = os.getenv "LUACONC_LUA" or "lua5.4"
    local result = script.run(([[
      local pid = conc.forkserver { lua = %q }
      say(type(pid), " ", conc.process(math.abs, -1):await())
      say(select(2, pcall(conc.forkserver, { lua = "other" })))
    ]]):format(lua))
    assert.match("^number 1\n.*the forkserver runs already: name its program before the first "
      .. "process\n$", result.out)
    result = script.run [[say((select(2, conc.forkserver { lua = "/no/such/lua" })))]]
    assert.equal("no such file or directory\n", result.out, result.err)
  end)

  it("checks its options", function()
    sim.shows(sim.raises(conc.forkserver, { preload = "x" }), "'preload' must be a list of modules")
    sim.shows(sim.raises(conc.forkserver, { preload = { 1 } }), "'preload' must be a list")
    sim.shows(sim.raises(conc.forkserver, { lua = "" }), "'lua' must be a path")
    sim.shows(sim.raises(conc.forkserver, { load = {} }), "unknown option 'load'")
  end)
end)
