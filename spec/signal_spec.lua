-- Waiting for signals of the system; Ctrl-C where somebody waits for it.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local function own_pid()
  local file = assert(io.open "/proc/self/stat")
  local pid = file:read "n"
  file:close()
  return pid
end

local pid = own_pid()

local function send(name, to)
  assert(os.execute(("kill -%s %d"):format(name:sub(4), to or pid)))
end

local function promise(text, f)
  it(text, function() streams.run(f) end)
end

-- What the process does on a signal: "default", "ignored" or "caught".
local function disposition(number)
  local file = assert(io.open "/proc/self/status")
  local text = file:read "a"
  file:close()
  local function has(field)
    local mask = tonumber(text:match(field .. ":%s*(%x+)"), 16)
    return mask >> (number - 1) & 1 == 1
  end
  return has "SigIgn" and "ignored" or has "SigCgt" and "caught" or "default"
end

-- A Lua program beside ours, that says "ready" when it can be signalled.
local function program(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write('local conc = require "luaconc"\n', text)
  file:close()
  local p = assert(conc.popen { lua, path, stderr = "stdout" })
  assert(p.stdout:read "l" == "ready")
  os.remove(path)
  return p
end

describe("conc.signal", function()
  promise("waits for a signal", function()
    local s <close> = assert(conc.signal "SIGUSR1")
    local waiter = streams.waiting(s.wait, s)
    send "SIGUSR1"
    assert.equal("SIGUSR1", waiter:await())
  end)

  promise("keeps what has come before somebody waits", function()
    local s <close> = assert(conc.signal "SIGUSR1")
    send "SIGUSR1"
    streams.settle()
    send "SIGUSR1"
    streams.settle()
    assert.equal("SIGUSR1", s:wait())
    assert.equal("SIGUSR1", s:wait())
    assert.same({ nil, "timed out", "ETIMEDOUT" },
      { conc.timeout(0.01, s.wait, s) })
  end)

  it("works outside tasks", function()
    local s <close> = assert(conc.signal "SIGUSR1")
    send "SIGUSR1"
    assert.equal("SIGUSR1", s:wait())
  end)

  promise("gives each to the first of those who wait", function()
    local s <close> = assert(conc.signal "SIGUSR1")
    local order, log = sim.log()
    for i = 1, 3 do
      conc.spawn(function()
        s:wait()
        log(i)
      end)
    end
    streams.settle()
    for n = 1, 3 do
      send "SIGUSR1"
      repeat streams.settle() until #order == n
    end
    assert.same({ 1, 2, 3 }, order)
  end)

  promise("gives it to every object", function()
    local a <close> = assert(conc.signal "SIGUSR1")
    local b <close> = assert(conc.signal "SIGUSR1")
    send "SIGUSR1"
    assert.equal("SIGUSR1", a:wait())
    assert.equal("SIGUSR1", b:wait())
  end)

  promise("is iterated until it is closed", function()
    local s = assert(conc.signal "SIGUSR2")
    local n = 0
    local reader = conc.spawn(function()
      for name in s:iter() do
        assert(name == "SIGUSR2")
        n = n + 1
      end
    end)
    for i = 1, 3 do
      send "SIGUSR2"
      repeat streams.settle() until n == i
    end
    assert.is_true(s:close())
    reader:await()
    assert.equal(3, n)
  end)

  promise("closed wakes who waits, and waits no more", function()
    local s = assert(conc.signal "SIGUSR1")
    local waiter = streams.waiting(s.wait, s)
    s:close()
    s:close()
    assert.same({ nil, "closed", "ECANCELED" }, { waiter:await() })
    assert.same({ nil, "closed", "EBADF" }, { s:wait() })
  end)

  promise("cancelled while it waits loses nothing", function()
    local s <close> = assert(conc.signal "SIGUSR1")
    local first, second = streams.waiting(s.wait, s), streams.waiting(s.wait, s)
    first:cancel()
    send "SIGUSR1"
    assert.equal("SIGUSR1", second:await())
    local refused = conc.spawn { function()
      conc.current():cancel()
      s:wait()
    end, keep = true }
    assert.is_true(conc.is_cancelled(sim.raises(refused.await, refused)))
  end)

  promise("is a case of select", function()
    local s <close> = assert(conc.signal "SIGUSR1")
    local job = conc.spawn(conc.select, { hangup = s, late = conc.after(10) })
    streams.settle()
    send "SIGUSR1"
    assert.same({ "hangup", "SIGUSR1" }, { job:await() })
    send "SIGUSR1"
    assert.same({ 1, "SIGUSR1" }, { conc.select { s } })
    assert.equal("late", (conc.select { s, late = conc.after(0.01) }))
  end)

  promise("puts back what was there before", function()
    assert.equal("default", disposition(10))
    local a = assert(conc.signal "SIGUSR1")
    local b = assert(conc.signal "SIGUSR1")
    assert.equal("caught", disposition(10))
    a:close()
    assert.equal("caught", disposition(10))
    b:close()
    assert.equal("default", disposition(10))
  end)

  promise("works in a thread", function()
    local ready = conc.channel(1)
    local job = conc.thread(function(channel)
      local inner = require "luaconc"
      local s <close> = assert(inner.signal "SIGUSR1")
      channel:send(true)
      return s:wait()
    end, ready)
    ready:recv()
    send "SIGUSR1"
    assert.equal("SIGUSR1", job:await())
  end)

  it("refuses what nobody can wait for", function()
    local function complains(name, ...)
      sim.shows(sim.raises(function() return (conc.signal(name)) end),
        "bad argument #1 to 'signal'", ...)
    end
    complains("HUP", "the name of a signal", 'got "HUP"')
    complains("SIGKILL", "no program can wait for it")
    complains("SIGSEGV", "gone wrong")
    complains("SIGPIPE", "EPIPE")
    complains("SIGURG", "luaconc")
    complains(nil, "got nil")
  end)

  for what, arm in pairs {
    ["allocation in C"] = testing.fail_alloc,
    ["call of libuv"] = function(n) testing.fail_uv(n, n and "ENOBUFS") end,
  } do
    it("survives the failure of any " .. what, function()
      streams.run(function() assert(conc.signal "SIGUSR1"):close() end)
      local n, hit = 0
      repeat
        n = n + 1
        arm(n)
        local ok, err = pcall(streams.run, function()
          local s <close> = assert(conc.signal "SIGUSR1")
          assert(s)
        end)
        hit = testing.failed()
        arm(nil)
        testing.check()
        assert(ok or hit, err)
        assert.equal("default", disposition(10))
      until not hit
    end)
  end
end)

describe("Ctrl-C", function()
  local wait_for_it = [[
    local s = assert(conc.signal "SIGINT")
    print "ready" io.flush()
    print(s:wait())
    s:close()
  ]]

  promise("belongs to who waits for it, inside run", function()
    local p <close> = program("conc.run(function() " .. wait_for_it .. " end)")
    p:kill "SIGINT"
    assert.equal("SIGINT\n", p.stdout:read "a")
    assert.same({ code = 0 }, p:wait())
  end)

  promise("belongs to who waits for it, before and after run", function()
    local p <close> = program [[
      local s = assert(conc.signal "SIGINT")
      conc.run(function()
        print "ready" io.flush()
        print(s:wait())
      end)
      print "again" io.flush()
      print(s:wait())
    ]]
    p:kill "SIGINT"
    assert.equal("SIGINT", p.stdout:read "l")
    assert.equal("again", p.stdout:read "l")
    p:kill "SIGINT"
    assert.equal("SIGINT", p.stdout:read "l")
    assert.same({ code = 0 }, p:wait())
  end)

  promise("cancels the root again once nobody waits for it", function()
    local p <close> = program("conc.run(function() " .. wait_for_it .. [[
      local _ <close> = setmetatable({}, { __close = function() print "cleaned" end })
      print "on" io.flush()
      conc.sleep(100)
    end)]])
    p:kill "SIGINT"
    assert.equal("SIGINT", p.stdout:read "l")
    assert.equal("on", p.stdout:read "l")
    p:kill "SIGINT"
    assert.equal("cleaned", p.stdout:read "l")
    assert.same({ signal = "SIGINT" }, p:wait())
  end)

  promise("ends a program that is run, with what that has started", function()
    local p <close> = program [[
      conc.run(function()
        print "ready" io.flush()
        conc.exec{"sh", "-c", "echo $$; sleep 100 & echo $!; wait", stdout = io.stdout}
      end)
    ]]
    local shell, sleeper = p.stdout:read "l", p.stdout:read "l"
    p:kill "SIGINT"
    assert.same({ signal = "SIGINT" }, p:wait())
    for _, id in ipairs { shell, sleeper } do
      for _ = 1, 400 do
        local file = io.open("/proc/" .. id .. "/stat")
        if not file then break end
        local state = file:read("a"):match "%) (%a)"
        file:close()
        if state == "Z" then break end
        conc.sleep(0.005)
        assert(_ < 400, "it lives")
      end
    end
  end)
end)
