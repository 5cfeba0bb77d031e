local conc = require "luaconc"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

-- Runs a text by `luaconc run`; `{code=, out=, err=}`.
local function run(source, ...)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write("local conc = require 'luaconc'\n", source)
  file:close()
  local words = { "run", ... }
  words[#words + 1] = path
  local result = script.file("spec/support/command.lua", table.unpack(words))
  os.remove(path)
  result.err = result.err:gsub(path:gsub("%p", "%%%0"), "SCRIPT")
  return result
end

local function debugged(source)
  return run(source, "--debug")
end

local function count(text, what)
  local _, n = text:gsub(what, "")
  return n
end

describe("luaconc run", function()
  it("runs a script as the root task, with its arguments", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      local conc = require "luaconc"
      print(conc.current() ~= nil, arg[0] == ..., select("#", ...), arg[1])
      conc.spawn(function() conc.sleep(0.01) print "last" end)
    ]]
    file:close()
    local result = script.file("spec/support/command.lua", "run", path, path, "--debug")
    os.remove(path)
    assert.same({ code = 0, err = "",
      out = ("true\ttrue\t2\t%s\nlast\n"):format(path) }, result)
  end)

  it("shows a failure with its tracebacks, and fails", function()
    local result = run [[
      conc.spawn { function() error "boom" end, name = "bomb" }
    ]]
    assert.equal(1, result.code)
    sim.shows(result.err, "luaconc: SCRIPT:2: boom", "stack traceback",
      "'bomb' was started at:")
  end)

  it("fails for a script that is missing, or no Lua, or not named", function()
    local missing = script.file("spec/support/command.lua", "run", "/nowhere.lua")
    assert.equal(1, missing.code)
    sim.shows(missing.err, "/nowhere.lua")
    assert.equal(1, run("return return").code)
    local none = script.file("spec/support/command.lua", "run")
    assert.equal(2, none.code)
    sim.shows(none.err, "no script is given")
  end)

  it("says what an error is that has no words", function()
    local result = run "error({})"
    assert.equal(1, result.code)
    sim.shows(result.err, "error object is a table value")
  end)

  it("ends with the code of os.exit", function()
    assert.equal(7, run("conc.sleep(0.001) os.exit(7)").code)
  end)
end)

describe("under --debug", function()
  it("a script without mistakes is told nothing", function()
    local result = debugged [[
      conc.debug.start { block = 60 }   -- whatever else this machine does
      local l, q = conc.lock(), conc.queue(1)
      local g <close> = conc.group()
      for i = 1, 10 do g:spawn(function() l:with(q.send, q, i) end) end
      for i = 1, 10 do q:recv() end
      local s <close> = conc.scope()
      local t <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      conc.thread(function() return require "luaconc".sleep(0.001) end):await()
    ]]
    assert.same({ code = 0, out = "", err = "" }, result)
  end)

  it("the traceback of a task that holds the loop comes while it does", function()
    local result = debugged [[
      conc.spawn { function()
        local till = os.clock() + 0.25
        local function spin()
          while os.clock() < till do end
          io.stderr:write "came back\n"
        end
        spin()
      end, name = "blocker" }
    ]]
    local told = result.err:find("'blocker' has held the loop for", 1, true)
    assert.is_truthy(told, result.err)
    sim.shows(result.err, "SCRIPT:5: in", "SCRIPT:8: in")
    assert.is_true(told < result.err:find("came back", 1, true))
  end)

  it("what holds it inside a coroutine, or in C, is told, too", function()
    local result = debugged [[
      conc.debug.start { block = 0.03 } conc.sleep(0.001)
      coroutine.wrap(function()
        local till = os.clock() + 0.25
        while os.clock() < till do end
      end)()
      conc.sleep(0.001)
      os.execute "sleep 0.25"
    ]]
    sim.shows(result.err, "SCRIPT:5: in", "inside C code")
  end)

  it("locks taken in two orders are told, without a deadlock", function()
    local result = debugged [[
      local a, b, c = conc.lock(), conc.lock(), conc.lock()
      a:with(function() b:with(function() end) end)
      b:with(function() c:with(function() end) end)
      c:with(function() a:with(function() end) end)
    ]]
    assert.equal(0, result.code)
    assert.equal(1, count(result.err, "locks are taken in two orders"))
    sim.shows(result.err, "SCRIPT:5")
  end)

  it("the order in which permits and locks are taken is nobody's mistake",
    function()
      local result = debugged [[
        conc.debug.start { block = 60 }
        local s, l = conc.semaphore(0), conc.lock()
        local function give() s:release() end
        conc.spawn(give)
        s:acquire()
        l:with(function() end)
        conc.spawn(give)
        l:with(function() s:acquire() end)
      ]]
      assert.equal("", result.err)
      assert.equal(0, result.code)
    end)

  it("tasks that wait for each other's locks are told at once", function()
    local result = debugged [[
      local a, b = conc.lock(), conc.lock()
      local g <close> = conc.group()
      g:spawn { function() a:with(function() conc.yield() b:acquire() end) end,
        name = "left" }
      g:spawn { function() b:with(function() conc.yield() a:acquire() end) end,
        name = "right" }
      conc.sleep(0.02)
      io.stderr:write "going on\n"
      g:cancel()
    ]]
    local told = result.err:find("wait for each other", 1, true)
    assert.is_truthy(told, result.err)
    assert.is_true(told < result.err:find("going on", 1, true))
    sim.shows(result.err, "'left'", "'right'", "which took it at SCRIPT:4",
      "which took it at SCRIPT:6", " -> ")
  end)

  it("a group or scope that is left open is told with its place", function()
    local result = debugged [[
      conc.spawn { function()
        local g = conc.group()
        g:spawn(conc.sleep, 0.001)
        local s = conc.scope()
      end, name = "sloppy" }
    ]]
    sim.shows(result.err, "'sloppy' left the group open that it made at SCRIPT:3",
      "left the scope open that it made at SCRIPT:5")
  end)

  it("a handle that is collected while open is told with its place", function()
    local result = debugged [[
      do assert(conc.tcp.listen("127.0.0.1", 0)) end
      do assert(conc.fs.open "/dev/null") end
      do local _ <close> = assert(conc.fs.open "/dev/null") end
      collectgarbage()
      collectgarbage()
    ]]
    sim.shows(result.err, "tcp listener was collected while open",
      "made at SCRIPT:2", "a file was collected while open", "made at SCRIPT:3")
    assert.equal(2, count(result.err, "warning"))
  end)

  it("a failure that another one hides is told", function()
    local result = debugged [[
      pcall(function()
        local g <close> = conc.group()
        local e = conc.event()
        for i = 1, 2 do
          g:spawn { function()
            local _ <close> = setmetatable({}, { __close = function()
              if i == 2 then error "while cleaning up" end
            end })
            conc.yield()
            if i == 1 then error "first" end
            e:wait()
          end, name = "job" .. i }
        end
      end)
    ]]
    sim.shows(result.err, "'job2' failed too", "while cleaning up",
      "started at SCRIPT:6")
    assert.equal(1, count(result.err, "warning"))
  end)

  it("an error that a job returns and nobody looks at is told", function()
    local result = debugged [[
      conc.spawn { function() return nil, "no space", "ENOSPC" end, name = "lost" }
      local h = conc.spawn(function() return nil, "seen", "ESEEN" end)
      h:await()
    ]]
    sim.shows(result.err, "'lost' returned nil and \"no space\"")
    assert.equal(1, count(result.err, "warning"))
  end)

  it("so is one that a thread or process returns", function()
    for _, engine in ipairs { "thread", "process" } do
      local result = debugged(([[
        local start = conc.%s
        local function fail(text, ...) return nil, text, ... end
        start { fail, "no space", "ENOSPC", name = "short" }
        start { fail, ("x"):rep(100), name = "long" }
        start { fail, "seen" }:await()
        start { function() return nil end }
        start { function() return nil, 5 end }
        start { function() return 5, "five" end }
      ]]):format(engine))
      assert.equal(0, result.code, result.err)
      sim.shows(result.err, "'short' returned nil and \"no space\"",
        "'long' returned nil and \"xxxx")
      assert.equal(2, count(result.err, "warning"))
    end
  end)

  it("an update of a shared array that is lost, or may be, is told", function()
    local result = debugged [[
      local a, l = conc.shared.array("i32", 3), conc.lock()
      conc.spawn { function()
        local n = a[1]
        conc.sleep(0.01)
        a[1] = n + 1
        n = a[3]
        conc.sleep(0.01)
        a[3] = n + 1
      end, name = "slow" }
      conc.spawn(function()
        conc.sleep(0.001)
        a[1] = 7
        for i = 1, 10 do a[2] = a[2] + 1 end
        l:with(function()
          local n = a[2]
          conc.sleep(0.001)
          a[2] = n + 1
        end)
      end)
    ]]
    sim.shows(result.err, "a lost update of element 1 of a shared array: task",
      "'slow' read it at SCRIPT:4", "undone at SCRIPT:6",
      "element 3 of a shared array: task", "then waited without a lock")
    assert.equal(2, count(result.err, "warning"))
  end)

  it("a number in a shared map, too", function()
    local result = debugged [[
      local m = conc.shared.map()
      m:set("seen", 1) m:set("own", 1) m:set("name", "a")
      conc.spawn { function()
        local n = m:get "seen"
        conc.sleep(0.01)
        m:set("seen", n + 1)
        n = m:get "own"
        conc.sleep(0.01)
        m:set("own", n + 1)
        n = m:get "name"
        conc.sleep(0.01)
        m:set("name", n .. "b")
        for i = 1, 10 do m:set("own", m:get "own" + 1) end
      end, name = "slow" }
      conc.spawn(function()
        conc.sleep(0.001)
        m:incr("seen", 1)
      end)
    ]]
    sim.shows(result.err, "a lost update of key 'seen' of a shared map: task",
      "'slow' read it at SCRIPT:5", "undone at SCRIPT:7",
      "use m:incr, m:cas, m:update or a lock",
      "key 'own' of a shared map: task", "then waited without a lock")
    assert.equal(2, count(result.err, "warning"))
  end)

  it("threads and processes warn, too", function()
    local result = debugged [[
      local function leave_open()
        local g = require "luaconc".group()
      end
      conc.thread { leave_open, name = "t" }:await()
      conc.process { leave_open, name = "p" }:await()
    ]]
    sim.shows(result.err, "task 1 't' left the group open",
      "task 1 'p' left the group open")
  end)

  it("SIGUSR1 shows what goes on", function()
    local result = debugged [[
      conc.exec { "sh", "-c", "kill -USR1 $PPID; sleep 0.1" }
    ]]
    sim.shows(result.err, "program, pid")
  end)
end)

describe("debug.start", function()
  it("is what LUACONC_DEBUG and LUACONC_BLOCK_MS do", function()
    conc.run(function()
      local result = assert(conc.exec {
        os.getenv "LUACONC_LUA" or "lua5.4", "-e", [[
          local conc = require "luaconc"
          conc.run(function()
            local g = conc.group()
            local till = os.clock() + 0.1
            while os.clock() < till do end
          end)
        ]],
        env = { LUACONC_DEBUG = "1", LUACONC_BLOCK_MS = "20",
          LUA_PATH = package.path, LUA_CPATH = package.cpath },
        stderr = "pipe",
      })
      sim.shows(result.stderr, "left the group open", "has held the loop")
    end)
  end)

  it("starts and stops the watchdog, also where memory is wanting", function()
    local result = script.run [[
      for i = 1, 20 do
        assert(conc.debug.start { block = 0.001 * (i % 3) })
        conc.sleep(0.001)
      end
      assert(conc.debug.start { block = 0 })
    ]]
    assert.same({ code = 0, out = "", err = "" }, result)
  end)

  it("refuses what is no time", function()
    sim.shows(sim.raises(conc.debug.start, { block = "x" }), "block", "x")
    sim.shows(sim.raises(conc.debug.start, 1), "table of options", "got 1")
  end)

  it("watches threads and processes, where others wait there", function()
    for _, engine in ipairs { "thread", "process" } do
      local result = run(([[
        conc.debug.start { block = 0.03 }
        local function compute(name)
          local own = require "luaconc"
          own.spawn(own.sleep, 0.01)
          own.spawn { function()
            local till = os.clock() + 0.15
            while os.clock() < till do end
          end, name = name }
        end
        local function alone()
          local _ = require "luaconc"
          local till = os.clock() + 0.08
          while os.clock() < till do end
        end
        conc.%s(compute, "busy"):await()
        conc.%s { alone, name = "alone" }:await()
      ]]):format(engine, engine))
      sim.shows(result.err, "'busy' has held the loop of its " .. engine,
        "SCRIPT:8: in")
      assert.is_nil(result.err:find("'alone'", 1, true))
    end
  end)

  it("comes and goes while threads begin and end", function()
    local result = script.run [[
      conc.debug.start { block = 0.001 }
      for _ = 1, 10 do
        conc.thread(function()
          local own = require "luaconc"
          own.spawn(own.sleep, 0.001)
          own.debug.start { block = 0.002 }
        end)
        conc.debug.start { block = 0.001 }
        conc.sleep(0.001)
      end
    ]]
    assert.equal(0, result.code, result.err)
  end)
end)

describe("debug.stop", function()
  it("ends the warnings, also in threads and processes that start later", function()
    local result = script.run [[
      local function sloppy()
        local own = require "luaconc"
        own.run(function() local g = own.group() return g end)
      end
      conc.debug.start()
      sloppy()
      io.stderr:write "stopped\n"
      conc.debug.stop()
      sloppy()
      conc.run(function()
        conc.thread(sloppy):await()
        conc.process(sloppy):await()
        local l = conc.lock()
        l:acquire()
        conc.debug.stop()
        l:release()
      end)
    ]]
    assert.equal(0, result.code, result.err)
    assert.equal(1, count(result.err, "left the group open"))
    sim.shows(result.err, "stopped\n")
    assert.is_truthy(result.err:find "stopped\n$", result.err)
  end)

  it("forgets what was noted, and can be followed by a start", function()
    local result = script.run [[
      local a, b = conc.lock(), conc.lock()
      local function both(x, y) x:with(y.with, y, function() end) end
      conc.run(function()
        conc.debug.start { block = 10 }
        both(a, b)
        conc.debug.stop()
        both(b, a)
        conc.debug.start()
        both(b, a)
        both(a, b)
        conc.debug.stop()
      end)
    ]]
    assert.equal(1, count(result.err, "locks are taken in two orders"), result.err)
    assert.equal(1, count(result.err, "\n"))
  end)

  it("is a start's counterpart in a thread, too", function()
    assert.is_true(conc.thread(function()
      local own = require "luaconc"
      own.debug.start()
      own.debug.stop()
      return require "luaconc.core".debugging() == false
    end):await())
  end)
end)

describe("a deadlock's report", function()
  local function report(f)
    local ok, err = pcall(testing.virtual, f)
    assert.is_false(ok)
    return tostring(err)
  end

  it("names who holds the locks, and the circles", function()
    local text = report(function()
      local a, b = conc.lock(), conc.lock()
      conc.spawn { function() a:acquire() conc.sleep(1) b:acquire() end,
        name = "x" }
      conc.spawn { function() b:acquire() conc.sleep(1) a:acquire() end,
        name = "y" }
    end)
    sim.shows(text, "held by task", "in a circle: task")
    local circle = "circle: task %%d+ '%s' %%-> task %%d+ '%s' %%-> task %%d+ '%s'"
    assert.is_truthy(text:find(circle:format("x", "y", "x"))
      or text:find(circle:format("y", "x", "y")), text)
  end)

  it("finds circles of jobs that await each other, and only these", function()
    local text = report(function()
      local one, two
      one = conc.spawn { function() conc.yield() two:await() end, name = "one" }
      two = conc.spawn { function() one:await() end, name = "two" }
      conc.spawn { function() one:await() end, name = "three" }
      conc.queue():recv()
    end)
    assert.equal(1, count(text, "in a circle"))
    assert.is_falsy(text:match("in a circle[^\n]*"):find("three", 1, true))
    sim.shows(text, "'three' waits for await")
  end)
end)
