local conc = require "luaconc"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

-- The lines of a text that have all of these in them.
local function lines_with(text, ...)
  local found = {}
  for line in text:gmatch "[^\n]+" do
    local all = true
    for _, word in ipairs { ... } do
      all = all and line:find(word, 1, true) ~= nil
    end
    if all then found[#found + 1] = line end
  end
  return found
end

local function column(line) return #line:match "^ *" end

-- Waits until the thread or process has said that it has begun.
local function begun(ch) assert(ch:recv()) end

-- A process that says nothing, until it is closed.
local function stopped()
  local h = conc.process { function() require "luaconc".sleep(60) end,
    name = "stopped" }
  h:kill "SIGSTOP"
  return setmetatable({}, { __close = function()
    h:kill "SIGCONT"
    h:cancel()
  end })
end

describe("tree", function()
  it("says since when each job waits, and how old it is", function()
    sim.run(function()
      conc.spawn { function()
        conc.sleep(1)
        conc.sleep(10)
      end, name = "napper" }
      conc.sleep(3)
      local line = lines_with(conc.tree(), "napper")[1]
      sim.shows(line, "waiting for sleep", ", 2 s ", "3 s ago")
    end)
  end)

  it("says what a job waits for: how full it is, who has it, which job", function()
    sim.run(function()
      local q, l = conc.queue(2), conc.lock()
      q:send(1)
      q:send(2)
      conc.spawn { function() q:send(3) end, name = "sender" }
      conc.spawn { function() l:acquire() conc.sleep(9) end, name = "owner" }
      conc.spawn { function() l:acquire() end, name = "second" }
      conc.spawn { function() conc.spawn { conc.sleep, 9, name = "child" }
        :await() end, name = "parent" }
      conc.sleep(1)
      local tree = conc.tree()
      assert.equal(1, #lines_with(tree, "sender", "queue 0x", "2 in it"))
      assert.equal(1, #lines_with(tree, "second", "held by task", "'owner'"))
      assert.equal(1, #lines_with(tree, "parent", "await of task", "'child'"))
      for _, j in ipairs(conc.jobs()) do
        if j ~= conc.current() then j:cancel() end
      end
    end)
  end)

  it("says of a lock that who took it has ended, and that it is free", function()
    sim.run(function()
      local l = conc.lock()
      conc.spawn { function() l:acquire() end, name = "gone" }:await()
      local h = conc.spawn { function() l:acquire() end, name = "hangs" }
      conc.sleep(1)
      assert.equal(1, #lines_with(conc.tree(), "hangs", "has ended"))
      h:cancel()
    end)
  end)
end)

describe("debug.dump", function()
  it("shows this state's jobs, its handles and its deadlines", function()
    conc.run(function()
      local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      local text = conc.timeout(5, conc.debug.dump)
      sim.shows(text, "program, pid", "tcp listener 1", "1 deadline")
      assert.is_truthy(listener)
    end)
  end)

  it("shows what waits outside tasks", function()
    local text
    local h = conc.spawn(function() text = conc.debug.dump() end)
    local at = sim.line(1)
    h:await()
    sim.shows(text, "the code outside tasks: waiting for await", at)
  end)

  it("shows the jobs of threads, and of theirs, below them", function()
    conc.run(function()
      local ch = conc.channel(2)
      local h = conc.thread { function(c)
        local inner = require "luaconc"
        inner.thread { function(d)
          local innermost = require "luaconc"
          d:send(true)
          innermost.sleep(60)
        end, c, name = "lower" }
        c:send(true)
        inner.sleep(60)
      end, ch, name = "upper" }
      begun(ch)
      begun(ch)
      local text = conc.debug.dump(10)
      local upper, lower = lines_with(text, "'upper'"), lines_with(text, "'lower'")
      assert.equal(2, #upper, text)
      assert.equal(2, #lower, text)
      assert.is_true(column(upper[1]) < column(upper[2]))
      assert.is_true(column(upper[2]) < column(lower[1]))
      assert.is_true(column(lower[1]) < column(lower[2]))
      sim.shows(lower[2], "task 1", " at spec/dump_spec.lua:")
      h:cancel()
    end)
  end)

  it("shows where a thread computes", function()
    conc.run(function()
      local ch = conc.channel(1)
      local first = sim.line(1)
      local h = conc.thread { function(c)
        c:send(true)
        while true do c = c end
      end, ch, name = "busy" }
      begun(ch)
      local line = lines_with(conc.debug.dump(10), "task 1 'busy'")[1]
      sim.shows(line, "running at spec/dump_spec.lua:")
      local n, from = line:match "spec:?[%w_/.]*:(%d+)", first:match ":(%d+)"
      assert.is_true(n - from == 2, line)
      h:cancel()
    end)
  end)

  it("waits for one that does not answer no longer than it is told", function()
    conc.run(function()
      local h <close> = stopped()
      sim.shows(conc.debug.dump(0.05), "'stopped'", "no answer")
      assert.is_truthy(h)
    end)
  end)

  it("asks worker processes, those that compute too, and theirs", function()
    conc.run(function()
      local up = conc.process { function()
        local inner = require "luaconc"
        inner.process { function() while true do end end, name = "low" }
        inner.sleep(60)
      end, name = "up" }
      local text
      for _ = 1, 100 do   -- until both have begun
        text = conc.debug.dump(10)
        if #lines_with(text, "task 1 'low'", "running at") == 1
          and #lines_with(text, "task 1 'up'", "waiting for sleep") == 1 then
          break
        end
        conc.sleep(0.05)
      end
      assert.equal(1, #lines_with(text, "task 1 'low'", "running at"), text)
      assert.equal(1, #lines_with(text, "task 1 'up'", "for sleep"), text)
      assert.equal(2, #lines_with(text, "process, pid"))
      up:cancel()
    end)
  end)

  it("shows pools, their queues and workers", function()
    conc.run(function()
      local pool <close> = conc.pool { engine = "task", workers = 1,
        name = "smithy" }
      local jobs = { pool:submit(conc.sleep, 0.05),
        pool:submit(conc.sleep, 0) }
      conc.yield()
      sim.shows(conc.debug.dump(), "pool 'smithy' of task workers",
        "1 queued, 1 running")
      assert.is_truthy(jobs)
    end)
  end)

  it("shows the pools of threads and processes", function()
    conc.run(function()
      for _, engine in ipairs { "thread", "process" } do
        local ch = conc.channel(1)
        local h = conc[engine](function(c)
          local own = require "luaconc"
          local pool <close> = own.pool { engine = "task", name = "mill" }
          local job = pool:submit(own.sleep, 60)
          own.yield()
          c:send(true)
          job:await()
        end, ch)
        begun(ch)
        sim.shows(conc.debug.dump(10), "  pool 'mill' of task workers: 0 queued, 1 running")
        h:cancel()
      end
    end)
  end)

  it("shows queues and channels with something in them, where nobody waits", function()
    conc.run(function()
      local held, hidden = conc.queue(3), { [{ conc.channel(4) }] = conc.queue() }
      held:try_send(1)
      next(hidden)[1]:try_send(true)
      local begins = conc.channel(1)
      local h = conc.thread { function(c)
        local own = require "luaconc"
        local lists = setmetatable({}, { __index = { inbox = own.queue(9) } })
        for i = 1, 7 do lists.inbox:try_send(i) end
        c:send(true)
        own.sleep(60)
        return lists
      end, begins, name = "holder" }
      begun(begins)
      local text = conc.debug.dump(10)
      assert.equal(1, #lines_with(text, "queue 0x", ", 1 in it"), text)
      assert.equal(1, #lines_with(text, "channel 0x", ", 1 in it"), text)
      assert.equal(0, #lines_with(text, ", 0 in it"), text)
      assert.equal(1, #lines_with(text, "queue 0x", ", 7 in it"), text)
      h:cancel()
      assert.equal(1, held:len())
    end)
  end)

  it("shows a number of those, not all", function()
    sim.run(function()
      local queues = {}
      for i = 1, 200 do
        queues[i] = conc.queue(1)
        queues[i]:try_send(i)
      end
      assert.equal(50, #lines_with(conc.debug.dump(), "queue 0x", ", 1 in it"))
    end)
  end)

  it("is asked by several at a time", function()
    conc.run(function()
      local h = conc.thread(function() require "luaconc".sleep(60) end)
      local texts = { conc.gather(conc.debug.dump, conc.debug.dump,
        conc.debug.dump) }
      assert.equal(3, #texts)
      h:cancel()
    end)
  end)

  it("can be cancelled, and asked for again", function()
    conc.run(function()
      local h <close> = stopped()
      local d = conc.spawn(conc.debug.dump, 60)
      conc.sleep(0.01)
      d:cancel()
      pcall(d.await, d)
      assert.equal("cancelled", d:status())
      sim.shows(conc.debug.dump(0.01), "no answer")
      assert.is_truthy(h)
    end)
  end)

  it("does not wait for a thread that ends meanwhile", function()
    conc.run(function()
      for _ = 1, 20 do
        conc.thread(function() end)
        conc.debug.dump(10)
      end
    end)
  end)

  it("refuses what is no limit", function()
    sim.shows(sim.raises(conc.debug.dump, "x"), "a number of seconds", 'got "x"')
  end)

  it("survives a lack of memory", function()
    conc.run(function()
      local h = conc.thread(function() require "luaconc".sleep(60) end)
      for n = 1, 80, 3 do
        local ok, err = pcall(function()
          testing.fail_lua(n)
          conc.debug.dump(5)
        end)
        testing.fail_lua(nil)
        -- Where the stack can't grow, Lua says that it is too deep.
        assert.is_true(ok or err == "not enough memory"
          or tostring(err):find("nested too deeply", 1, true) ~= nil, tostring(err))
      end
      for n = 1, 12 do
        testing.fail_alloc(n)
        local ok, err = pcall(conc.debug.dump, 0.05)
        testing.fail_alloc(nil)
        assert.is_true(ok or err == "not enough memory", tostring(err))
      end
      sim.shows(conc.debug.dump(5), "waiting for sleep")
      h:cancel()
    end)
  end)
end)

describe("a signal", function()
  -- Runs a script that sends itself the signal; what it printed.
  local function printed(body)
    local result = script.run(([[
      conc.debug.dump_on "SIGUSR1"
      conc.run(function()
        %s
      end)
    ]]):format(body))
    assert.equal(0, result.code, result.err)
    return result.err
  end

  it("makes a program print what goes on, and go on", function()
    local err = printed [[
      conc.spawn { conc.sleep, 60, name = "sleeper", daemon = true }
      conc.exec { "sh", "-c", "sleep 0.1; kill -USR1 $PPID" }
      conc.sleep(0.05)
    ]]
    sim.shows(err, "luaconc: ", "program, pid", "'sleeper'", "waiting for sleep")
    assert.equal(0, #lines_with(err, "'dump'"))
    assert.equal(0, #lines_with(err, "this state computes"))
  end)

  it("prints at once where the state computes", function()
    local err = printed [[
      io.popen("kill -USR1 $PPID"):close()
      for i = 1, 1000 do local _ = i end
      io.stderr:write "it went on"
    ]]
    assert.is_true(err:find "this state computes" < err:find "it went on")
  end)

  it("is named by the environment", function()
    conc.run(function()
      local result = assert(conc.exec {
        os.getenv "LUACONC_LUA" or "lua5.4", "-e", [[
          local conc = require "luaconc"
          conc.run(function()
            conc.exec { "sh", "-c", "sleep 0.1; kill -USR2 $PPID; "
              .. "sleep 0.1" }
          end)
        ]],
        env = { LUACONC_DUMP = "SIGUSR2", LUA_PATH = package.path,
          LUA_CPATH = package.cpath },
        stderr = "pipe",
      })
      assert.equal(0, result.code, result.stderr)
      sim.shows(result.stderr, "program, pid")
    end)
  end)

  it("is refused where it is none, or in a thread", function()
    sim.shows(sim.raises(conc.debug.dump_on, "SIGKILL"), "SIGKILL")
    local ok, message, code = conc.thread(function()
      return require "luaconc".debug.dump_on "SIGUSR2"
    end):await()
    assert.is_nil(ok)
    sim.shows(message, "SIGUSR2")
    assert.equal("EBUSY", code)
  end)
end)
