-- The terminal: its size, and raw mode, which is left whatever happens. Each
-- of these runs in a terminal of its own, that `script` makes.

local conc = require "luaconc"
local streams = require "spec.support.streams"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local function temporary(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

-- What is said when `text` runs as a Lua program in a terminal, by shell
-- commands around it: $lua is the program.
local function in_terminal(text, commands)
  local path = temporary('local conc = require "luaconc"\n' .. text)
  local shell = temporary(("lua='%s %s'\n%s\n"):format(lua, path,
    commands or "$lua"))
  local r = streams.run(function()
    return assert(conc.exec { "script", "-qec", "sh " .. shell, "/dev/null",
      timeout = 15 })
  end)
  os.remove(path)
  os.remove(shell)
  return (r.stdout:gsub("\r", ""))
end

-- Is the terminal as it was, after a program that has gone raw and says so?
local function leaves_it(text, commands)
  local said = in_terminal(text, (commands or "$lua") .. [[

    stty -a | grep -o -- '-*icanon' | sed 's/^/after: /'
    stty -a | grep -o -- '-*isig' | sed 's/^/after: /']])
  assert.is_truthy(said:find("raw: -icanon", 1, true), said)
  assert.is_truthy(said:find("after: icanon", 1, true), said)
  assert.is_truthy(said:find("after: isig", 1, true), said)
  return said
end

-- Those of sanitizers, which would report what these tests do on purpose.
local NO_HANDLERS = "export ASAN_OPTIONS=$ASAN_OPTIONS:handle_segv=0\n"

-- Goes raw, and tells that it is.
local GO_RAW = [[
  mode = assert(conc.tty.raw())
  os.execute("stty -a | grep -o -- '-*icanon' | sed 's/^/raw: /'")
]]

describe("conc.tty", function()
  it("tells which descriptors are a terminal", function()
    assert.equal("true\tfalse\n", in_terminal(
      'print(conc.tty.is "stdin", conc.tty.is "stderr")', "$lua 2>/dev/null"))
  end)

  it("tells the size, also when output goes elsewhere", function()
    assert.equal("90\t33\n", in_terminal("print(conc.tty.size())",
      "stty cols 90 rows 33\n$lua | cat"))
  end)

  it("tells a new size after SIGWINCH", function()
    assert.equal("SIGWINCH\t70\n", in_terminal([[
      conc.run(function()
        local changed <close> = assert(conc.signal "SIGWINCH")
        assert(conc.exec { "stty", "cols", "70", stdin = io.stdin })
        print(changed:wait(), (conc.tty.size()))
      end)]], "stty cols 90 rows 33\n$lua"))
  end)

  it("says where there is no terminal", function()
    local path = temporary [[
      local conc = require "luaconc"
      print(conc.tty.size())
      print(conc.tty.raw())
    ]]
    local r = assert(conc.exec { lua, path })
    os.remove(path)
    assert.equal(("nil\tno terminal\tENOTTY\n"):rep(2), r.stdout)
  end)
end)

describe("raw mode is left", function()
  it("when it is closed, by the last who has entered it", function()
    leaves_it(GO_RAW .. [[
      local second = assert(conc.tty.raw())
      second:close()
      second:close()
      os.execute("stty -a | grep -o -- '-*icanon' | sed 's/^/still: /'")
      mode:close()
    ]])
  end)

  it("as its variable is left by an error", function()
    leaves_it([[conc.run(function()
      local own <close> = (function() ]] .. GO_RAW .. [[ return mode end)()
      error "oops"
    end)]])
  end)

  it("when the program ends", function() leaves_it(GO_RAW) end)

  it("when the program calls os.exit, in a task or not", function()
    leaves_it(GO_RAW .. "os.exit(3)")
    leaves_it(GO_RAW .. "os.exit(3, true)")
    leaves_it("conc.run(function() " .. GO_RAW .. "os.exit(3) end)")
  end)

  for _, name in ipairs { "TERM", "HUP", "INT", "QUIT", "ABRT", "USR1", "SEGV" } do
    it("when SIG" .. name .. " ends the program", function()
      leaves_it(GO_RAW .. [[
        conc.exec{"sh", "-c", "kill -]] .. name .. [[ $PPID; sleep 10"}
      ]], "ulimit -c 0\n" .. NO_HANDLERS .. "$lua 2>/dev/null")
    end)
  end

  it("when Ctrl-C ends what run drives", function()
    leaves_it("conc.run(function() " .. GO_RAW .. [[
      conc.spawn(function() conc.exec{"sh", "-c", "kill -INT $PPID"} end)
      conc.sleep(100)
    end)]])
  end)

  it("when a second Ctrl-C ends it at once", function()
    leaves_it("conc.run(function() " .. GO_RAW .. [[
      conc.spawn(conc.shield, conc.exec, { "sh", "-c",
        "kill -INT $PPID; sleep 0.1; kill -INT $PPID; sleep 10" })
      conc.sleep(100)
    end)]])
  end)

  it("and a handler of somebody else is kept", function()
    local said = leaves_it([[conc.run(function()
      local own <close> = assert(conc.signal "SIGTERM")
      ]] .. GO_RAW .. [[
      os.execute "kill -TERM $PPID"
      print("got " .. own:wait())
    end)]])
    assert.is_truthy(said:find("got SIGTERM", 1, true), said)
  end)
end)

describe("raw mode of a program that is stopped", function()
  -- Says what the terminal is like, once the program `lua` has stopped itself.
  local STOP = GO_RAW .. [[
    os.execute "kill -TSTP $PPID"
    os.execute("stty -a | grep -o -- '-*icanon' | sed 's/^/again: /'")
  ]]

  it("is left meanwhile, and entered again when it goes on", function()
    local said = leaves_it(STOP, [[
      set -m
      $lua
      stty -a | grep -o -- '-*icanon' | sed 's/^/stopped: /'
      fg >/dev/null]])
    assert.is_truthy(said:find("stopped: icanon", 1, true), said)
    assert.is_truthy(said:find("again: -icanon", 1, true), said)
  end)

  it("stays where nobody could let it go on", function()
    local said = leaves_it(STOP)
    assert.is_truthy(said:find("again: -icanon", 1, true), said)
  end)
end)

describe("keys in raw mode", function()
  it("come one by one", function()
    local path = temporary [[
      local conc = require "luaconc"
      conc.run(function()
        local mode <close> = assert(conc.tty.raw())
        conc.stdout:write "ready\n"
        conc.stdout:write("<", conc.stdin:read(1):byte(), ">\n")
      end)
    ]]
    streams.run(function()
      local p <close> = assert(conc.popen { "script", "-qec", lua .. " " .. path,
        "/dev/null", stderr = "null" })
      repeat
        local line = assert(p.stdout:read "l")
      until line:find "ready"
      p.stdin:write "\3"
      repeat
        local line = assert(p.stdout:read "l")
      until line:find "<3>"
    end)
    os.remove(path)
  end)
end)
