-- A program in C that embeds Lua and has a loop of its own.

local binary, made

local function sh(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  return pipe:close() == true, text
end

-- Runs the host on a script; returns what it printed.
local function host(how, script)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(script)
  file:close()
  local ok, text = sh(("%s %s %s"):format(binary, how, path))
  os.remove(path)
  assert.is_true(ok, text)
  return text
end

describe("a host", function()
  lazy_setup(function()
    binary = os.tmpname()
    local ok, text = sh(("%s -Isrc spec/support/embed.c -o %s "
      .. "%s"):format(os.getenv "CC" or "cc", binary,
      os.getenv "HOST_FLAGS" or "$(pkg-config --cflags --libs lua5.4 libuv)"))
    assert(ok, text)
    made = true
  end)

  lazy_teardown(function()
    if made then os.remove(binary) end
  end)

  it("hands its loop over, and its uv_run runs the jobs", function()
    assert.equal("a 1\nb 2\n3 ticks\nloop closed: yes\n", host("run", [[
      local conc = require "luaconc"
      local q = conc.queue()
      conc.spawn(function() conc.sleep(0.02) q:send(1) q:send(2) q:close() end)
      conc.spawn(function() print("a " .. q:recv()) print("b " .. q:recv()) end)
    ]]))
  end)

  it("lets a script drive its loop, in which its own handles go on", function()
    assert.equal("done\n3 ticks\nloop closed: yes\n", host("run", [[
      local conc = require "luaconc"
      conc.run(function() conc.sleep(0.05) end)
      print "done"
    ]]))
  end)

  it("gives turns, and is told when no job is left", function()
    assert.equal("a\nb\nloop closed: yes\n", host("turn", [[
      local conc = require "luaconc"
      conc.spawn(function() print "a" conc.sleep(0.01) print "b" end)
    ]]))
  end)

  it("can't have its loop driven from inside one of its callbacks", function()
    local text = host("inside", [[
      local conc = require "luaconc"
      conc.spawn(function() conc.sleep(0.001) print "the job runs" end)
      local ok, err = pcall(conc.sleep, 1)
      print(ok, (err:gsub("^[^:]*:%d+: ", "")))
    ]])
    assert.equal("false\tcannot wait inside a callback of the event loop: "
      .. "start a task with conc.spawn, which may wait\nthe job runs\n"
      .. "3 ticks\nloop closed: yes\n", text)
  end)

  it("closes the state with jobs alive, and its loop is free again", function()
    local text = host("turn", [[
      local conc = require "luaconc"
      conc.spawn { function()
        local _ <close> = setmetatable({}, {
          __close = function() print "cleaned up" end
        })
        conc.sleep(1000)
      end, daemon = true }
      os.exit = nil
      local turn = require("luaconc.core").turn
      require("luaconc.core").turn = function() turn() return false end
    ]])
    assert.equal("cleaned up\nloop closed: yes\n", text)
  end)

  it("is not kept by sockets that nobody waits for", function()
    assert.equal("one\ntwo\nidle\n3 ticks\nloop closed: yes\n", host("run", [[
      local conc = require "luaconc"
      local listener, a, b
      conc.spawn(function()
        listener = assert(conc.tcp.listen("127.0.0.1", 0))
        conc.spawn(function()
          a = assert(conc.tcp.connect("127.0.0.1", listener:sock().port))
          a:write("one")
          print(a:read())
        end)
        b = assert(listener:accept())
        print(b:read())
        b:write("two")
        conc.timeout(0.01, listener.accept, listener)
        print "idle"
      end)
    ]]))
  end)
end)
