-- What only threads have; what they share with the other engines is in
-- spec/contract/engine_spec.lua.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local script = require "spec.support.script"

-- C code that no hook interrupts: a match that backtracks for minutes.
local function stuck()
  local n = 32
  return (("a"):rep(n)):find(("a?"):rep(n) .. ("a"):rep(n))
end

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err), err
end

describe("a thread", function()
  it("has a state of its own, with a copy of what its function needs", function()
    local list = { 1, 2, 3 }
    local n, same = conc.thread(function(other)
      list[#list + 1] = 4
      return #list, rawequal(list, other)
    end, list):await()
    assert.equal(4, n)
    assert.is_true(same)
    assert.equal(3, #list)
  end)

  it("finds the modules that its starter finds", function()
    local path = package.path
    package.path = "somewhere/?.lua;" .. path
    local job = conc.thread(function() return package.path end)
    package.path = path
    assert.equal("somewhere/?.lua;" .. path, job:await())
  end)

  it("has coroutines that may wait", function()
    assert.equal("a b", conc.thread(function()
      local own = require "luaconc"
      local words = coroutine.wrap(function()
        coroutine.yield "a"
        own.sleep(0.001)
        coroutine.yield "b"
      end)
      return words() .. " " .. words()
    end):await())
  end)

  it("is asked for its status while it runs", function()
    local job = conc.thread(function() require("luaconc").sleep(100) end)
    while job:status() ~= "waiting" do conc.sleep(0.001) end
    job:cancel()
    conc.settle { job }
    assert.equal("cancelled", job:status())
  end)

  -- (A shell may let signals in by itself: so it is asked what ours does.)
  it("starts programs with no signal blocked, and blocks its own again", function()
    local during, popen, before, after = conc.thread(function()
      local function state()
        local file <close> = assert(io.open "/proc/thread-self/status")
        local text = file:read "a"
        return text:match "SigBlk:%s*(%x+)", text:match "\nPid:%s*(%d+)"
      end
      local before, id = state()
      local path = os.tmpname()
      -- (While the program is being started, all are blocked for a moment.)
      os.execute(([[
        status=/proc/$PPID/task/%s/status tries=0
        until grep -q 'SigBlk:.*00010000' $status || [ $tries = 500 ]; do
          tries=$((tries + 1))
        done
        grep SigBlk $status > %s]]):format(id, path))
      local file <close> = assert(io.open(path))
      os.remove(path)
      local pipe <close> = assert(io.popen("grep SigBlk /proc/self/status"))
      return file:read "a", pipe:read "a", before, (state())
    end):await()
    assert.equal("0000000000010000", during:match "SigBlk:%s*(%x+)")   -- SIGCHLD, by system()
    assert.equal("0000000000000000", popen:match "SigBlk:%s*(%x+)")
    assert.not_equal("0000000000000000", before)
    assert.equal(before, after)
    assert.match("bad argument #1 to 'execute'", message_of(function()
      conc.thread { function() os.execute({}) end, keep = true }:await()
    end), 1, true)
  end)

  it("refuses os.exit", function()
    local text = message_of(function()
      conc.thread { function() os.exit(3) end, keep = true }:await()
    end)
    assert.match("os.exit can't be called in a thread", text, 1, true)
  end)

  it("is limited in memory, and says so", function()
    local text = message_of(function()
      conc.thread { function()
        local list = {}
        for i = 1, 1e9 do list[i] = { i } end
        return #list
      end, memory = 1000000, keep = true }:await()
    end)
    assert.equal("not enough memory: the limit of this thread is 1000000 "
      .. "bytes (memory=)", text)
  end)

  it("uses its memory again, in blocks of any size", function()
    local function churn(rounds)
      math.randomseed(rounds)
      local kept = {}
      for i = 1, rounds do
        local size = math.random(8) == 1 and math.random(70000)
          or math.random(0, 600)
        local value = math.random(2) == 1 and ("x"):rep(size)
          or table.move({}, 1, size // 16, 1, table.pack())
        kept[math.random(40)] = { i, value, #value }
        if i % 500 == 0 then
          collectgarbage(i % 1000 == 0 and "generational" or "incremental")
        end
      end
      local sound = 0
      for _, entry in pairs(kept) do
        if #entry[2] == entry[3] then sound = sound + 1 end
      end
      kept = nil -- luacheck: ignore
      collectgarbage()
      return sound, collectgarbage "count"
    end
    for _, memory in ipairs { 1e9, 2e7 } do
      local sound, kilobytes = conc.thread { churn, 5000, memory = memory }:await()
      assert.equal(40, sound)
      assert.is_true(kilobytes < 1000)
    end
  end)

  it("fails where the limit is too small for a state", function()
    for _, bytes in ipairs { 1, 1000, 10000, 20000, 25000 } do
      local text = message_of(function()
        conc.thread { print, memory = bytes, keep = true }:await()
      end)
      assert.match("not enough memory", text, 1, true)
    end
  end)

  it("has a stack of the size that is asked for", function()
    local deep = function()
      local function down(n) return n == 0 and 0 or 1 + down(n - 1) end
      return down(10000)
    end
    assert.equal(10000, conc.thread { deep, stack = 4 << 20 }:await())
    assert.has_error(function() conc.thread { deep, stack = 1 } end)
    assert.has_error(function() conc.thread { deep, stack = "much" } end)
    assert.has_error(function() conc.thread { deep, memory = -1 } end)
  end)

  it("ends a runaway recursion by an error", function()
    for _, text in ipairs {
      "local function f() return 1 + f() end return f()",
      "local function f() return (string.gsub('a', 'a', f)) end return f()",
      "local t = setmetatable({}, {}) getmetatable(t).__index = "
        .. "function(t, k) return t[k .. 'x'] end return t.a",
    } do
      local job = conc.thread { load(text), keep = true }
      assert.match("overflow", message_of(job.await, job))
    end
  end)
end)

describe("where the system refuses a thread", function()
  it("conc.thread returns nil, a message and the code", function()
    testing.fail_uv(1, "EAGAIN")
    local job, text, code = conc.thread(print)
    assert.is_nil(job)
    assert.match("^cannot start thread %d+: resource temporarily", text)
    assert.equal("EAGAIN", code)
    assert.equal(1, conc.thread(math.abs, -1):await())
  end)

  it("a job that waited for its turn fails", function()
    conc.run(function()
      local group <close> = conc.group { limit = 1, keep = true }
      local first = group:thread(function() require("luaconc").sleep(0.01) end)
      local second = group:thread(math.abs, -1)
      testing.fail_uv(1, "EAGAIN")
      first:await()
      local text, err = message_of(second.await, second)
      assert.match("cannot start thread %d+: resource temporarily", text)
      assert.equal("EAGAIN", err.code)
    end)
  end)

  it("nothing is left where memory is missing at any place", function()
    local started
    for n = 1, 100 do
      testing.fail_alloc(n)
      local ok, job = pcall(conc.thread, math.abs, -1)
      local hit = testing.failed()
      testing.fail_alloc(nil)
      if ok and job then assert.equal(1, job:await()) end
      started = not hit
      if started then break end
    end
    assert.is_true(started)
  end)
end)

describe("a cancelled thread", function()
  it("ends while it computes, even behind pcall", function()
    conc.run(function()
      local job = conc.thread(function()
        while true do pcall(function() while true do end end) end
      end)
      conc.sleep(0.01)
      job:cancel "enough"
      local text, err = message_of(job.await, job)
      assert.equal("cancelled: enough", text)
      assert.is_true(conc.is_cancelled(err))
    end)
  end)

  it("ends in a coroutine that computes", function()
    conc.run(function()
      local job = conc.thread(function()
        local spin = coroutine.wrap(function() while true do end end)
        spin()
      end)
      conc.sleep(0.01)
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, message_of(job.await, job))))
    end)
  end)

  it("ends before it has begun", function()
    conc.run(function()
      local jobs = {}
      for i = 1, 20 do
        jobs[i] = conc.thread(function() while true do end end)
        jobs[i]:cancel()
      end
      for _, outcome in ipairs(conc.settle(jobs)) do
        assert.is_true(conc.is_cancelled(outcome[1]))
      end
    end)
  end)

  it("runs its clean-ups, which may wait in a shield", function()
    local name = os.tmpname()
    conc.run(function()
      local job = conc.thread(function()
        local own = require "luaconc"
        local _ <close> = setmetatable({}, { __close = function()
          own.shield(own.sleep, 0.15)
          local file <close> = assert(io.open(name, "w"))
          file:write "clean"
        end })
        own.sleep(100)
      end)
      while job:status() ~= "waiting" do conc.sleep(0.001) end
      job:cancel()
      conc.settle { job }
    end)
    local file <close> = assert(io.open(name))
    assert.equal("clean", file:read "a")
    os.remove(name)
  end)

  it("is abandoned where it is stuck in C code", function()
    -- In a process of its own: the thread would outlive the test.
    local out = script.run(([[
      local conc = require "luaconc"
      conc.run(function()
        local job = conc.thread { %s, keep = true }
        conc.sleep(0.05)
        job:cancel()
        local ok, err = pcall(job.await, job)
        print(ok, err.code, job:status())
        print(err)
      end)
      io.stdout:flush()
      os.exit(0, false)
    ]]):format("function() local n = 32 return (('a'):rep(n))"
      .. ":find(('a?'):rep(n) .. ('a'):rep(n)) end"))
    assert.equal("false\tETIMEDOUT\tfailed\nthread 2 was cancelled, did not end "
      .. "within 1 s, as it runs C code that can't be interrupted, and was "
      .. "abandoned\n", out.out)
    assert.equal(0, out.code)
    assert.is_function(stuck)
  end)
end)

describe("the options of a thread", function()
  local function names_of_threads()
    local names = {}
    for tid in require("lfs").dir "/proc/self/task" do
      local file = io.open("/proc/self/task/" .. tid .. "/comm")
      if file then
        names[file:read "l"] = true
        file:close()
      end
    end
    return names
  end

  it("name: the system shows as much of it as it can", function()
    conc.run(function()
      for name, shown in pairs { ["a thread"] = "a thread",
        ["a name that is longer"] = "a name that is ",
        ["fifteen bytes \xC3\xA9t\xC3\xA9"] = "fifteen bytes " } do
        local ready, go = conc.channel(1), conc.channel(1)
        local job = conc.thread { function()
          ready:send(true)
          go:recv()
        end, name = name }
        ready:recv()
        assert.is_true(names_of_threads()[shown], shown)
        go:send(true)
        job:await()
      end
    end)
  end)

  it("libs: which standard libraries its state has", function()
    local function globals()
      local list = {}
      for name, value in pairs(_G) do
        if type(value) == "table" and name ~= "_G" then list[#list + 1] = name end
      end
      return list
    end
    assert.same({}, conc.thread { globals, libs = {} }:await())
    assert.same({ "math" }, conc.thread { globals, libs = { "math" } }:await())
    local list = conc.thread { globals,
      libs = { "string", "table", "coroutine" } }:await()
    table.sort(list)
    assert.same({ "coroutine", "string", "table" }, list)
    assert.equal("package", conc.thread { function()
      return require and next { package = true }
    end, libs = { "package" } }:await())
    assert.is_true(conc.thread { function()
      return require "luaconc".now() > 0
    end, libs = { "package", "coroutine", "string", "table", "debug" } }:await())
  end)

  it("libs: an unknown one is an error, and so is what lacks one", function()
    for _, libs in ipairs { { "strings" }, { 1 }, { "string", {} }, "string" } do
      assert.match("option 'libs' must be a list of names of standard "
        .. "libraries, without the basic one", message_of(conc.thread,
        { print, libs = libs }), 1, true)
    end
    local upper = string.upper
    local job = conc.thread { function() return upper "x" end, libs = {},
      keep = true }
    assert.match("the module 'string' is not loaded, and there is no 'require' "
      .. "here", message_of(job.await, job), 1, true)
  end)

  it("init: is called first, and shares its variables with the job", function()
    local log = {}
    local job = conc.thread { function(...)
      log[#log + 1] = "job"
      return #log, from_init, ... -- luacheck: ignore
    end, "x", nil, init = function(...)
      log[#log + 1] = "init"
      from_init = select("#", ...) -- luacheck: ignore
      require("luaconc").sleep(0.001)
      return "lost"
    end }
    assert.same({ 2, 0, "x", n = 3 }, table.pack(job:await()))
    assert.equal(0, #log)
  end)

  it("init: fails the job, and is refused like an argument", function()
    local job = conc.thread { print, init = function() error "no luck" end,
      keep = true }
    assert.match("thread_spec.lua:%d+: no luck", message_of(job.await, job))
    local file = io.stdout
    assert.match("cannot send option 'init', upvalue 'file' of function",
      message_of(conc.thread, { print, init = function() return file end }),
      1, true)
    assert.match("cannot send argument #2.x: userdata 'FILE*'",
      message_of(conc.thread, print, { x = file }), 1, true)
    assert.match("option 'init' must be a function",
      message_of(conc.thread, { print, init = 1 }), 1, true)
  end)

  it("init works for a process, too", function()
    assert.equal(7, conc.process { function() return set_first end, -- luacheck: ignore
      init = function() set_first = 7 end }:await()) -- luacheck: ignore
  end)

  it("is awaited from any number of tasks", function()
    conc.run(function()
      local job = conc.thread(function() require("luaconc").sleep(0.01) return 5 end)
      local tasks = {}
      for i = 1, 1000 do tasks[i] = conc.spawn(function() return job:await() end) end
      local sum = 0
      for i = 1, 1000 do sum = sum + tasks[i]:await() end
      assert.equal(5000, sum)
    end)
  end)
end)

describe("the end of the state that started them", function()
  -- Each in a state of its own, which is closed while they are at it.
  local doings = {
    computes = "while true do end",
    ["computes behind pcall"] = "while true do pcall(function() while true do end end) end",
    ["computes in a coroutine"] = "coroutine.wrap(function() while true do end end)()",
    ["allocates"] = "local t = {} while true do t = { t = nil, ('x'):rep(1000) } end",
    sleeps = "own.sleep(1000)",
    ["waits for a message"] = "ch:recv()",
    ["waits for room"] = "while true do ch:send(1) end",
    ["waits to hand over"] = "hand:send(1)",
    ["waits for a thread that computes"] = "own.thread(function() while true do end end):await()",
    ["waits in select"] = "own.select { a = ch, b = own.after(1000) }",
    ["waits for a letter"] = "require('luaconc.core').take(nil)",
    ["cleans up"] = "local _ <close> = setmetatable({}, { __close = function() "
      .. "own.shield(own.sleep, 0.05) end }) own.sleep(1000)",
    ["has not begun"] = "",
  }

  for doing, code in pairs(doings) do
    it("ends a thread that " .. doing, function()
      local result = script.run(([[
        local ch, hand, begun = conc.channel(2), conc.channel(0), conc.channel(4)
        local _ = hand
        for _ = 1, 2 do
          conc.thread { function()
            local own = require "luaconc"
            begun:send(true)
            %s
          end, daemon = true }
        end
        if %q ~= "" then begun:recv() begun:recv() end
      ]]):format(code, code))
      assert.same({ 0, "" }, { result.code, result.err })
    end)
  end

  it("ends many of them that do this and that", function()
    local result = script.run [[
      local ch, done = conc.channel(2), conc.channel(200)
      local function compute() done:send(1) while true do end end
      local function receive() done:send(1) ch:recv() end
      local function sleep() done:send(1) require("luaconc").sleep(1000) end
      local kinds = { compute, receive, sleep, receive, sleep, sleep }
      for i = 1, 24 do
        conc.thread { kinds[i % #kinds + 1], daemon = true }
      end
      for _ = 1, 24 do done:recv() end
    ]]
    assert.same({ 0, "" }, { result.code, result.err })
  end)
end)
