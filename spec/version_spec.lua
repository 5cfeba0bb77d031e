-- One version, wherever it is told.

local sources = require "spec.support.sources"

local contents = sources.read

local function output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  assert(pipe:close(), text)
  return text
end

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

describe("the version", function()
  local header = contents "src/luaconc.h"
  local version = header:match '#define%s+LUACONC_VERSION%s+"([^"]+)"'

  it("is three numbers in src/luaconc.h, and one number there", function()
    local major, minor, patch = tostring(version):match "^(%d+)%.(%d+)%.(%d+)$"
    assert.is_truthy(major, version)
    local number = header:match "#define%s+LUACONC_VERSION_NUM%s+(%d+)"
    assert.is_true(number == nil
      or tonumber(number) == (major * 100 + minor) * 100 + patch, number)
  end)

  it("stands nowhere else in src", function()
    for _, path in ipairs(sources.c()) do
      if path ~= "src/luaconc.h" then
        assert.is_nil(contents(path):find('"' .. version .. '"', 1, true), path)
      end
    end
  end)

  it("is the one of the core and of the module (`make version` brings it there)", function()
    assert.equal(version, require "luaconc.core".version)
    assert.equal(version, require "luaconc".version)
    assert.equal("luaconc " .. version, require "luaconc"._VERSION)
  end)

  it("is read by make, for the file for pkg-config and the archive", function()
    assert.is_truthy(contents "Makefile":find("VERSION := $(shell sed -n "
      .. [['s/^\#define LUACONC_VERSION "\(.*\)"/\1/p' src/luaconc.h)]], 1, true))
    assert.is_truthy(contents "src/luaconc.pc.in":find "\nVersion: @VERSION@\n")
  end)

  it("is on the manual page", function()
    assert.is_truthy(output(lua .. " docs/manual.lua " .. version)
      :find('"luaconc ' .. version .. '"', 1, true))
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
