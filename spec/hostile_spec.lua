-- What a hostile or a careless program may do to the kernel: each in a process
-- of its own, which must neither crash nor hang, and say what went wrong.

local script = require "spec.support.script"

local function case(promise, source, pattern)
  it(promise, function()
    local result = script.run(source)
    assert.equal(0, result.code, result.out .. result.err)
    if not result.out:find(pattern) then
      error(("expected %q in:\n%s%s"):format(pattern, result.out, result.err), 0)
    end
  end)
end

describe("the kernel, in hostile hands,", function()
  case("names the task in a clean-up while it closes it", [[
    local h
    local ok, err = pcall(conc.run, function()
      h = conc.spawn(function()
        local _ <close> = on_close(function() say(tostring(conc.current() == h)) end)
        while true do pcall(conc.sleep, 1) end
      end)
      conc.yield() h:cancel()
    end)
    say(tostring(ok), tostring(err))
  ]], "^true\nfalse.*swallowed")

  case("lets a clean-up start jobs and print the tree while it closes a task", [[
    say(tostring((pcall(conc.run, function()
      local h = conc.spawn(function()
        local _ <close> = on_close(function()
          say(tostring((pcall(conc.spawn, print, "x"))))
          say(type(conc.tree()))
        end)
        while true do pcall(conc.sleep, 1) end
      end)
      conc.yield() h:cancel()
    end))))
  ]], "^true\nstring\nfalse\n$")

  case("waits for jobs of groups that a task has left open", [[
    say(tostring((pcall(conc.run, function()
      conc.spawn(function()
        conc.scope() conc.group()
        local g = conc.group()
        g:spawn(function() conc.sleep(0.01) say "job" end)
      end):await()
      say "parent"
      collectgarbage() conc.sleep(0.01)
    end))))
  ]], "^job\nparent\ntrue\n$")

  case("can be opened twice in a state", [[
    package.loaded["luaconc"], package.loaded["luaconc.core"] = nil, nil
    local other = require "luaconc"
    collectgarbage() collectgarbage()
    conc.run(function() conc.sleep(0.001) say "first" end)
    other.run(function() other.sleep(0.001) say "second" end)
  ]], "^first\nsecond\n$")

  case("leaves alone the coroutine that a task's plain yield names", [[
    local innocent = coroutine.create(function() coroutine.yield() end)
    coroutine.resume(innocent)
    say(select(2, pcall(conc.run, function() coroutine.yield(innocent) end)))
    say(coroutine.status(innocent))
    local main = coroutine.running()
    say(select(2, pcall(conc.run, function() coroutine.yield(main) end)))
    local a, b
    a = coroutine.create(function() coroutine.yield(b) end)
    b = coroutine.create(function() coroutine.yield(a) end)
    coroutine.resume(a) coroutine.resume(b)
    say(select(2, pcall(conc.run, function() coroutine.yield(a) end)))
  ]], "conc%.yield%(%)\nsuspended\n.*conc%.yield%(%)\n.*conc%.yield%(%)\n$")

  case("says so when a task's coroutine was closed by others", [[
    say(tostring(select(2, pcall(conc.run, function()
      local co
      conc.spawn(function() co = coroutine.running() conc.sleep(0.01) end)
      conc.yield()
      coroutine.close(co)
      conc.sleep(0.02)
    end))))
  ]], "closed or resumed by somebody else")

  case("says so when a task's coroutine was resumed by others", [[
    say(tostring(select(2, pcall(conc.run, function()
      local q, co = conc.queue(1), nil
      conc.spawn(function() co = coroutine.running() q:recv() end)
      conc.yield()
      coroutine.resume(co)
      conc.sleep(0.01) q:send(1)
    end))))
  ]], "belongs to a task")

  case("refuses a table that claims to be endless", [[
    say(select(2, pcall(conc.spawn, setmetatable({ print }, {
      __len = function() return 1 << 32 end }))))
  ]], "too many arguments")

  case("reports a deadlock over a lock that a cancelled wait needs", [[
    say(tostring(select(2, pcall(conc.run, function()
      local l = conc.lock()
      local c = conc.condition(l)
      local h = conc.spawn(function() l:acquire() c:wait() end)
      conc.yield()
      l:acquire()
      h:cancel()
    end))))
  ]], "^deadlock.*lock:acquire")

  case("works without arg, and with a strict _G", [[
    arg = nil
    setmetatable(_G, { __index = function(_, k) error("undeclared " .. k, 2) end })
    conc.sleep(0.001) conc.run(function() conc.sleep(0.001) end)
    say "fine"
  ]], "^fine\n$")

  case("gives the lock of a dead task to no stranger", [[
    conc.run(function()
      local l = conc.lock()
      conc.spawn(function() l:acquire() end):await()
      for _ = 1, 300 do
        collectgarbage "step"
        assert(not conc.spawn(function() return (pcall(l.release, l)) end):await())
      end
      say "never released"
    end)
  ]], "^never released\n$")

  case("ends a scope left outside a generator in the generator too", [[
    conc.run(function()
      local gen = conc.coroutine.wrap(function()
        local _ <close> = conc.scope()
        while true do conc.coroutine.yield((pcall(conc.sleep, 0.001))) end
      end)
      local outer = conc.scope()
      say(tostring(gen()))
      outer:cancel() outer:close()
      say(tostring(gen()))
    end)
  ]], "^true\ntrue\n$")

  case("lets a generator with an open group outlive its taker", [[
    say(tostring((pcall(conc.run, function()
      local gen = conc.coroutine.create(function()
        conc.group() conc.coroutine.yield() conc.sleep(0) return "on"
      end)
      conc.spawn(function() conc.coroutine.resume(gen) end):await()
      collectgarbage() collectgarbage()
      say(select(2, conc.spawn(function() return conc.coroutine.resume(gen) end):await()))
    end))))
  ]], "^on\ntrue\n$")

  case("leaves a generator dead that was closed with its task", [[
    local gen
    pcall(conc.run, function()
      gen = conc.coroutine.create(function() while true do pcall(conc.sleep, 1) end end)
      local h = conc.spawn { function() conc.coroutine.resume(gen) end, keep = true }
      conc.yield() h:cancel() pcall(h.await, h)
    end)
    say(conc.coroutine.status(gen), coroutine.status(gen))
  ]], "^deaddead\n$")

  case("raises a cancellation that a finalizer made during a wait's own work", [[
    local h
    h = conc.spawn(function()
      for _ = 1, 1000 do
        setmetatable({}, { __gc = function() h:cancel() end })
        collectgarbage "step"
        conc.sleep(0.0001)
      end
    end)
    pcall(conc.sleep, 0.05)
    say(h:status())
  ]], "^cancelled\n$")
end)

describe("the end of a script, in hostile hands,", function()
  it("names jobs of open groups, and tells failures that nobody saw", function()
    local result = script.run [[
      local g = conc.group { keep = true }
      g:spawn(function() error "unseen" end)
      g:spawn { function() conc.sleep(100) end, name = "in group" }
      conc.spawn { function() conc.sleep(100) end, name = "in root" }
      conc.sleep(0.001)
    ]]
    assert.equal(0, result.code)
    for _, part in ipairs { "'in group'", "'in root'", "unseen" } do
      assert.is_truthy(result.err:find(part, 1, true), result.err)
    end
  end)

  it("lets no clean-up open a resource", function()
    local result = script.run [[
      conc.spawn(function()
        local _ <close> = on_close(function()
          say(tostring(select(3, conc.tcp.listen("127.0.0.1", 0))))
        end)
        conc.sleep(100)
      end)
      conc.sleep(0.001)
    ]]
    assert.equal("ECANCELED\n", result.out)
  end)

  it("does not wait for a lock whose holder is gone", function()
    local result = script.run [[
      local l = conc.lock()
      local c = conc.condition(l)
      conc.spawn(function() l:acquire() c:wait() end)
      conc.spawn(function() conc.sleep(0.001) l:acquire() end)
      conc.sleep(0.01)
      say "end"
    ]]
    assert.equal(0, result.code)
    assert.equal("end\n", result.out)
  end)
end)
