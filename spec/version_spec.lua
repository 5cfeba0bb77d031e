-- One version, wherever it is told.

local function contents(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  assert(pipe:close(), text)
  return text
end

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

describe("the version", function()
  local version = contents "src/base.h"
    :match '#define%s+LUACONC_VERSION%s+"([^"]+)"'

  it("is three numbers in src/base.h", function()
    assert.is_truthy(version and version:match "^%d+%.%d+%.%d+$")
  end)

  it("is the one of the core and of the module", function()
    assert.equal(version, require "luaconc.core".version)
    assert.equal("luaconc " .. version, require "luaconc"._VERSION)
  end)

  it("is the one that the command prints", function()
    local line = output(lua .. " bin/luaconc --version")
    assert.equal(version, line:match "^luaconc (%S+) %(Lua 5%.4, libuv [%d.]+%)\n$")
  end)

  it("has a place in the changelog", function()
    local log = contents "CHANGELOG.md"
    assert.is_truthy(log:find "\n## %[Unreleased%]\n")
    local latest = log:match "\n## %[(%d[^%]]*)%]"
    assert.is_true(latest == nil or latest == version)
  end)

  it("of the rockspec of the tree is scm, of others this one", function()
    local pipe = assert(io.popen "ls rockspec")
    for name in pipe:lines() do
      local of = name:match "^luaconc%-(.+)%-%d+%.rockspec$"
      assert.is_true(of == "scm" or of == version, name)
      assert.is_truthy(contents("rockspec/" .. name)
        :find('version = "' .. name:match "^luaconc%-(.*)%.rockspec$" .. '"', 1, true))
    end
    pipe:close()
  end)
end)
