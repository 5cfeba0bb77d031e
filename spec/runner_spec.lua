-- The runner itself: a suite that can't fail proves nothing.

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

-- Runs a spec file with this text in a process of its own; returns what it
-- printed and its exit status.
local function run(text)
  local name = os.tmpname()
  os.remove(name)
  local path = name .. "_spec.lua"
  local file = assert(io.open(path, "w"))
  file:write(text)
  assert(file:close())
  local pipe = assert(io.popen("SHUFFLE=no LUACONC_GC=no " .. lua
    .. " spec/support/run.lua " .. path .. " 2>&1"))
  local out = pipe:read "a"
  local _, _, code = pipe:close()
  os.remove(path)
  return out, code
end

-- The same, of one test with this body.
local function test(body)
  return run("local kept = {} describe('a noun', function()\n"
    .. "it('has a test', function()\n" .. body .. "\nend)\n"
    .. "it('has another', function() kept = kept end) end)")
end

local function last_line(text) return text:match "([^\n]*)\n$" end

describe("the runner", function()
  it("ends with the counts and status 0 where all tests pass", function()
    local out, code = test "assert.equal(1, 1)"
    assert.equal("2 passed, 0 failed", last_line(out))
    assert.equal(0, code)
  end)

  it("counts a test that fails or raises, and shows where", function()
    for body, shown in pairs {
      ["assert.equal(1, 2)"] = "_spec.lua:3: Expected objects to be equal.",
      ["error 'oops'"] = "_spec.lua:3: oops",
      ["error { code = 'E' }"] = "code = \"E\"",
    } do
      local out, code = test(body)
      assert.equal("1 passed, 1 failed", last_line(out))
      assert.is_truthy(out:find(shown, 1, true), out)
      assert.is_truthy(out:find("a noun has a test", 1, true))
      assert.equal(1, code)
    end
  end)

  it("names those that are put off", function()
    local out, code = test "pending 'until the moon is full'"
    assert.equal("1 passed, 0 failed, 1 skipped", last_line(out))
    assert.is_truthy(out:find(
      "skipped: a noun has a test: until the moon is full\n", 1, true), out)
    assert.equal(0, code)
  end)

  it("fails a run of nothing, of a broken file, of a failing set-up", function()
    for text, counts in pairs {
      [""] = "0 passed, 0 failed",
      ["describe("] = "0 passed, 1 failed",
      ["describe('x', function() setup(function() error 'no' end) "
        .. "it('y', function() end) end)"] = "0 passed, 1 failed",
    } do
      local out, code = run(text)
      assert.equal(counts, last_line(out))
      assert.equal(1, code)
    end
  end)

  local function leaves(body, what)
    local out, code = test(body)
    assert.equal("1 passed, 1 failed", last_line(out))
    assert.is_truthy(out:find("left behind:\n    " .. what), out)
    assert.equal(1, code)
  end

  it("fails a test that leaves a descriptor", function()
    leaves("kept = io.open('/dev/null')", "open descriptors: %d+ before, %d+ after "
      .. "%(%d+ /dev/null%)")
  end)

  it("fails a test that leaves a child process", function()
    leaves("kept = io.popen('sleep 0.2')",
      "child processes: %d+ before, %d+ after")
  end)

  it("lets a test leave garbage that can be collected", function()
    local out = test "io.open('/dev/null') for i = 1, 100 do kept[i] = {} end"
    assert.equal("2 passed, 0 failed", last_line(out))
  end)

  it("fails a test that leaves a job, or a handle", function()
    leaves("require 'luaconc'.spawn(require 'luaconc'.sleep, 3600)",
      "luaconc's jobs: 0 before, 1 after")
    leaves("kept = require 'luaconc'.tcp.listen('127.0.0.1', 0)",
      "luaconc's handles: 0 before, 1 after")
  end)

  it("takes every fault back after a test", function()
    local out = run [[
      local testing = require "luaconc.testing"
      describe("a fault", function()
        it("is set", function()
          testing.fail_alloc(1) testing.fail_uv(1, "EIO") testing.fail_lua(100)
        end)
        it("is gone", function()
          local conc = require "luaconc"
          conc.run(function() for _ = 1, 100 do conc.sleep(0) end end)
          assert.is_false(testing.failed())
        end)
      end)]]
    assert.equal("2 passed, 0 failed", last_line(out))
  end)
end)
