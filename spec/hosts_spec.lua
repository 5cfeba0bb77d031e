-- Programs with luaconc in them: examples/embed, built with the archive and
-- run; and a module in C whose function waits.

local folder = require "spec.support.folder"

local FLAGS = "-std=gnu11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion "
  .. "-Werror -Isrc "

local lua = os.getenv "LUACONC_LUA" or "lua5.4"
local cc = os.getenv "CC" or "cc"
local libraries = os.getenv "HOST_FLAGS"
  or "$(pkg-config --cflags --libs lua5.4 libuv)"
local archive = os.getenv "HOST_ARCHIVE" or "build/libluaconc.a"

local function sh(command)
  local pipe = assert(io.popen("exec 2>&1; " .. command))
  local text = pipe:read "a"
  return pipe:close() == true, text
end

local dir

local function build(name, source, flags)
  local ok, text = sh(("%s %s %s -o %s/%s %s"):format(cc, FLAGS, source, dir,
    name, flags))
  assert(ok, text)
end

-- Runs one of the programs; returns what it printed.
local function run(command, input)
  local ok, text = sh(("cd %s && printf '%s' | ./%s"):format(dir, input or "",
    command))
  return text, ok
end

lazy_setup(function()
  dir = folder.new()
  for _, name in ipairs { "uvhost", "pollhost", "sandbox" } do
    build(name, ("examples/embed/%s.c"):format(name),
      archive .. " " .. libraries .. " -lpthread -lm")
  end
  build("states", "spec/support/states.c",
    archive .. " " .. libraries .. " -lpthread -lm")
  build("sieve.so", "examples/embed/sieve.c",
    "-shared -fPIC -Wl,-z,nodelete -lpthread "
    .. libraries:gsub("%-l%S+", ""))
end)

lazy_teardown(function() folder.remove(dir) end)

describe("a host with a libuv loop", function()
  it("runs the jobs of its script beside its own work", function()
    folder.make(dir .. "/a.lua", [[
      local conc = require "luaconc"
      conc.spawn(function()
        conc.sleep(0.001)
        print(conc.thread(function() return "thread" end):await())
        print(conc.tcp.listen("127.0.0.1", 0):sock().host)
      end)
    ]])
    local text, ok = run "uvhost a.lua"
    assert.equal("thread\n127.0.0.1\n3 ticks of the program's own\n", text)
    assert.is_true(ok)
  end)

  it("is told what is wrong with the script", function()
    folder.make(dir .. "/bad.lua", "error('no good', 0)")
    local text, ok = run "uvhost bad.lua"
    assert.equal("no good\n3 ticks of the program's own\n", text)
    assert.is_false(ok)
  end)
end)

describe("a host that polls", function()
  local function lines(script, input)
    folder.make(dir .. "/lines.lua", script)
    local text, ok = run("pollhost lines.lua", input)
    local list = {}
    for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
    table.sort(list)
    return list, ok
  end

  it("gets a result or an error for each job that it starts", function()
    local list, ok = lines([[
      local conc = require "luaconc"
      function line(text)
        if text == "bad" then error("it is bad", 0) end
        conc.sleep(0.001)
        return text:upper()
      end
    ]], "one\\nbad\\ntwo\\n")
    assert.same({ "ONE", "TWO", "error: it is bad" }, list)
    assert.is_true(ok)
  end)

  it("is woken by threads, by sockets and by time", function()
    local list = lines([[
      local conc = require "luaconc"
      local ways = {}
      function ways.thread() return conc.thread(function() return 1 end):await() end
      function ways.time() conc.sleep(0.02) return "2" end
      function ways.socket()
        local l = assert(conc.tcp.listen("127.0.0.1", 0))
        conc.spawn(function()
          local s <close> = assert(l:accept())
          conc.sleep(0.01)
          s:write "3"
        end)
        local s <close> = assert(conc.tcp.connect("127.0.0.1", l:sock().port))
        local got = s:read "a"
        l:close()
        return got
      end
      function line(text) return ways[text]() end
    ]], "thread\\ntime\\nsocket\\n")
    assert.same({ "1", "2", "3" }, list)
  end)

  it("is told of jobs whose failure nobody awaits", function()
    local list, ok = lines([[
      local conc = require "luaconc"
      conc.spawn(function() conc.sleep(0.001) error("unseen", 0) end)
      function line() end
    ]], "")
    assert.is_truthy(table.concat(list):find("unseen", 1, true))
    assert.is_false(ok)
  end)
end)

describe("a host with limits", function()
  local function verdict(script)
    folder.make(dir .. "/job.lua", script)
    return (run "sandbox job.lua")
  end

  it("runs a script that keeps to them", function()
    assert.equal("12\njob.lua: done\n", verdict [[
      local q = conc.queue()
      conc.spawn(function() conc.sleep(0.001) q:send(12) end)
      print(q:recv())
    ]])
  end)

  local computes = "job.lua: interrupted: the task has computed for more than "
    .. "0.1 s without a wait\n"

  for what, script in pairs {
    ["computes"] = "while true do end",
    ["computes and catches errors"] =
      "while true do pcall(function() while true do end end) end",
    ["computes in a task of its own"] =
      "conc.spawn(function() while true do end end)",
    ["computes while a variable is closed"] = [[
      for _ = 1, 1 do
        local x <close> = nil
        while true do pcall(error) end
      end]],
  } do
    it("interrupts one that " .. what, function()
      assert.equal(computes, verdict(script))
    end)
  end

  it("refuses memory beyond the limit, and goes on", function()
    assert.equal("false\tnot enough memory\njob.lua: done\n", verdict [[
      print(pcall(function() local t = {} for i = 1, 1e9 do t[i] = i end end))
    ]])
    assert.equal("false\tnot enough memory\njob.lua: done\n",
      verdict "print(pcall(string.rep, 'x', 1e9))")
  end)

  it("ends one that takes too long", function()
    assert.equal("job.lua: took more than 1000 ms\n", verdict
      "conc.spawn(function() while true do conc.sleep(0.01) end end)")
  end)

  it("has nothing for it that it does not list", function()
    assert.equal("nil\tnil\tnil\tnil\tnil\njob.lua: done\n",
      verdict "print(io, os, require, conc.tcp, ('x').find)")
  end)
end)

describe("a function in C that waits", function()
  local function script(text)
    folder.make(dir .. "/module.lua", ([[
      package.cpath = "%s/?.so;" .. package.cpath
      local conc = require "luaconc"
      local sieve = require "sieve"
    ]]):format(dir) .. text)
    local ok, said = sh(lua .. " " .. dir .. "/module.lua")
    assert(ok, said)
    return said
  end

  it("suspends its task alone", function()
    assert.equal("25\t78498\t25\n", script [[
      local n = sieve.count(100)
      print(n, conc.run(function()
        local a = conc.spawn(sieve.count, 1000000)
        local b = conc.spawn(sieve.count, 100)
        return a:await(), b:await()
      end))
    ]])
  end)

  it("is cancelled, and shows in the tree", function()
    assert.equal("nil\ttimed out\tETIMEDOUT\ntrue\ttrue\n", script [[
      print(conc.timeout(0.001, sieve.count, 100000000))
      local h = conc.spawn { sieve.count, 100000000, daemon = true }
      conc.yield()
      print(conc.tree():find("waiting for sieve", 1, true) ~= nil, h:cancel())
    ]])
  end)

  it("raises where nobody can wait", function()
    assert.is_truthy(script [[
      conc.run(function()
        print(select(2, pcall(table.sort, { 1, 2 }, function()
          return sieve.count(10) < 4
        end)))
      end)
    ]]:find("cannot wait inside 'table.sort'", 1, true))
  end)

  it("lets the state end while it is under way", function()
    assert.equal("", script [[
      conc.spawn { sieve.count, 100000000, daemon = true }
      conc.yield()
    ]])
  end)
end)

describe("many states in one process", function()
  it("leave nothing open", function()
    folder.make(dir .. "/state.lua", [[
      local conc = require "luaconc"
      conc.run(function()
        local l = assert(conc.tcp.listen("127.0.0.1", 0))
        conc.sleep(0)
        l:close()
      end)
      conc.spawn { conc.sleep, 1000, daemon = true }
    ]])
    assert.equal("0 descriptors more, 1 threads\n", (run "states 1000 state.lua"))
  end)
end)

describe("the header", function()
  it("can be used from C++", function()
    local probe = sh "echo 'int main() {}' | c++ -x c++ -fsyntax-only -"
    if not probe then pending "no C++ compiler is installed" end
    local ok, text = sh(("printf '%s' | c++ -x c++ -Wall -Wextra -Werror "
      .. "-fsyntax-only -Isrc %s -"):format('#include "luaconc.h"\\n',
      (libraries:gsub("%-l%S+", ""))))
    assert(ok, text)
  end)
end)

describe("docs/embedding.md", function()
  local snippets = require "spec.support.snippets"

  local function plain(line)
    return (line:gsub("%s*/%*.-%*/%s*$", ""):match "^%s*(.-)%s*$")
  end

  it("shows lines of the examples", function()
    local lines, count = {}, 0
    for _, name in ipairs { "uvhost", "pollhost", "sandbox", "sieve" } do
      for line in io.lines("examples/embed/" .. name .. ".c") do
        lines[plain(line)] = true
      end
    end
    for _, block in ipairs(snippets.blocks("docs/embedding.md", "c")) do
      for line in (block.text .. "\n"):gmatch "(.-)\n" do
        local known = line == "..." or lines[plain(line)]
        assert.is_truthy(known, block.place .. ": " .. line)
        count = count + 1
      end
    end
    assert.is_true(count > 20)
  end)
end)
