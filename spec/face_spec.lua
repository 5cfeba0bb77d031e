-- The face: how the module is found, checked and loaded.

local conc = require "luaconc"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

local init = package.searchpath("luaconc", package.path)

-- What loading the face raises where the globals are other ones.
local function refusal(globals)
  globals._G = globals
  local env = setmetatable(globals, { __index = _G })
  local chunk = assert(loadfile(init, "t", env))
  local err = sim.raises(chunk, "luaconc", init)
  assert.equal("string", type(err))
  assert.is_nil(err:find "\n", err)
  return err
end

-- The first line that a script writes to its standard error.
local function complaint(source)
  local result = script.run(source)
  assert.equal(1, result.code)
  return result.err:match "^[^\n]*"
end

describe("the face under another Lua", function()
  it("says in one line what is wrong with 5.1 to 5.3, and 5.5", function()
    for _, version in ipairs { "Lua 5.1", "Lua 5.2", "Lua 5.3", "Lua 5.5" } do
      assert.equal("luaconc needs Lua 5.4, from 5.4.3 on; this is " .. version
        .. ": run it with lua5.4",
        refusal { _VERSION = version })
    end
  end)

  it("names LuaJIT", function()
    assert.equal(
      "luaconc needs Lua 5.4, from 5.4.3 on; this is Lua 5.1 (LuaJIT 2.1.0-beta3): "
        .. "run it with lua5.4",
      refusal { _VERSION = "Lua 5.1", jit = { version = "LuaJIT 2.1.0-beta3" } })
  end)

  it("says what is wrong with a 5.4 whose __close can't wait", function()
    -- As Lua 5.4.0 to 5.4.2: a yield in a __close is an error. (Tried with
    -- such a one, and newer ones: npm's lua-wasm-bindings 0.3.1 has Lua 5.4.2,
    -- which is refused, 0.5.3 has Lua 5.4.7, which is not.)
    local old = { create = coroutine.create, status = coroutine.status,
      resume = coroutine.resume, yield = function()
        error "attempt to yield across a C-call boundary"
      end }
    local function load_there(text)
      return load(text, "=probe", "t", setmetatable({ coroutine = old },
        { __index = _G }))
    end
    assert.equal("luaconc needs Lua 5.4, from 5.4.3 on; this is an older 5.4, "
      .. "in which a <close> variable can't wait: run it with a newer one",
      refusal { load = load_there })
  end)

  it("does so before it looks for the core", function()
    local loaded = package.loaded["luaconc.core"]
    package.loaded["luaconc.core"] = nil
    local _ <close> = sim.on_close(function()
      package.loaded["luaconc.core"] = loaded
    end)
    refusal { _VERSION = "Lua 5.3", require = function(name)
      error("required " .. name)
    end }
  end)

  for _, lua in ipairs { "lua5.1", "lua5.2", "lua5.3" } do
    local found = os.execute("command -v " .. lua .. " >/dev/null 2>&1")
    local test = found and it or pending
    test("says so where that Lua is " .. lua, function()
      local pipe = io.popen(("env -u LUA_INIT LUA_PATH=%q %s -e %q 2>&1")
        :format(package.path, lua, "require 'luaconc'"))
      local line = pipe:read "l"
      pipe:close()
      assert.is_truthy(line:find("luaconc needs Lua 5.4, from 5.4.3 on; this is "
        .. "Lua 5%.%d"), line)
    end)
  end
end)

describe("the face without its C part", function()
  it("says in one line that it isn't there, and the remedy", function()
    local line = complaint [[
      package.loaded["luaconc"], package.loaded["luaconc.core"] = nil, nil
      package.cpath = "/nowhere/?.so"
      require "luaconc"
    ]]
    sim.shows(line, "luaconc.core", "is not in package.cpath", "make install")
  end)

  it("says in one line why it does not load", function()
    local line = complaint [[
      package.loaded["luaconc"], package.loaded["luaconc.core"] = nil, nil
      local folder = os.tmpname()
      os.remove(folder)
      os.execute("mkdir -p " .. folder .. "/luaconc && "
        .. "echo text > " .. folder .. "/luaconc/core.so")
      package.cpath = folder .. "/?.so"
      local _, err = pcall(require, "luaconc")
      os.execute("rm -r " .. folder)
      error(err, 0)
    ]]
    sim.shows(line, "luaconc: its C part does not load", "core.so")
  end)

  it("says in one line that it is of another version, and which", function()
    local line = complaint [[
      package.loaded["luaconc"] = nil
      package.loaded["luaconc.core"] = { version = "0.0.1" }
      require "luaconc"
    ]]
    sim.shows(line, conc._VERSION:match "%d.*", "0.0.1", "core.so")
  end)
end)

describe("requiring luaconc", function()
  it("loads the face and its C part, and no other file", function()
    local result = script.run [[
      local loaded = {}
      for name in pairs(package.loaded) do
        if name:find "^luaconc" then loaded[#loaded + 1] = name end
      end
      table.sort(loaded)
      say(table.concat(loaded, " "))
    ]]
    assert.equal("luaconc luaconc.codec luaconc.core luaconc.coroutine luaconc.shared\n",
      result.out)
  end)

  it("loads the rest at its first use", function()
    local result = script.run [[
      print(package.loaded["luaconc.batch"], rawget(conc, "gather"))
      conc.gather()
      print(package.loaded["luaconc.batch"].gather == rawget(conc, "gather"))
    ]]
    assert.equal("nil\tnil\ntrue\n", result.out)
  end)

  it("gives every name to pairs, used or not", function()
    local result = script.run [[
      local names = {}
      for name, value in pairs(conc) do
        if value then names[name] = true end
      end
      print(names.spawn, names.gather, names.timeout, names.tree, names.tcp)
    ]]
    assert.equal("true\ttrue\ttrue\ttrue\ttrue\n", result.out)
  end)

  it("gives nil for a name that is none", function()
    assert.is_nil(conc.no_such_function)
    assert.is_nil(conc[1])
  end)

  it("starts no loop, thread or child, and opens no descriptor", function()
    local result = script.run [[
      local function count(folder)
        local n = 0
        local pipe = io.popen("ls /proc/" .. folder .. " | wc -l")
        n = tonumber(pipe:read "a")
        pipe:close()
        return n
      end
      local me = io.open "/proc/self/stat":read "n"
      say(count(me .. "/task"))
    ]]
    assert.equal("1\n", result.out)
  end)
end)

describe("os.exit", function()
  it("outside tasks does what it did", function()
    for source, code in pairs {
      ["os.exit()"] = 0, ["os.exit(true)"] = 0, ["os.exit(false)"] = 1,
      ["os.exit(7)"] = 7, ["os.exit(7, true)"] = 7,
    } do
      assert.equal(code, script.run(source).code, source)
    end
  end)

  it("in a task runs the clean-ups, then exits with the code", function()
    local result = script.run [[
      conc.run(function()
        conc.spawn(function()
          local _ <close> = on_close(function() say "closed" end)
          conc.sleep(100)
        end)
        conc.yield()
        os.exit(3)
      end)
      say "never"
    ]]
    assert.equal("closed\n", result.out)
    assert.equal(3, result.code)
  end)
end)

describe("luaconc.testing", function()
  it("is available in a test build", function()
    local testing = require "luaconc.testing"
    assert.is_true(testing.available)
    for _, name in ipairs { "virtual", "seed", "fail_alloc", "fail_uv",
      "fail_lua", "failed", "gc_stress", "counts", "check", "plant" } do
      assert.equal("function", type(testing[name]), name)
    end
  end)

  it("says so where the build is none", function()
    local build = os.getenv "BUILD" or "build"
    local result = script.run(([[
      for name in pairs(package.loaded) do
        if name:find "^luaconc" then package.loaded[name] = nil end
      end
      package.cpath = %q .. ";" .. package.cpath
      local testing = require "luaconc.testing"
      say(tostring(testing.available))
      say(select(2, pcall(testing.fail_uv, 1)))
    ]]):format(build .. "/?.so"))
    sim.shows(result.out, "false\n", "luaconc.testing.fail_uv", "test build")
  end)
end)
