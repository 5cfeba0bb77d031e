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

-- Flags for compiling only, and whether there is a compiler for C++.
local headers = libraries:gsub("%-l%S+", "")
local cxx = sh "echo 'int main() {}' | c++ -x c++ -fsyntax-only -"

local function build(name, source, flags)
  local ok, text = sh(("%s %s %s -o '%s/%s' %s"):format(cc, FLAGS, source, dir,
    name, flags))
  assert(ok, text)
end

-- Runs one of the programs; returns what it printed.
local function run(command, input)
  local ok, text = sh(("cd '%s' && printf '%s' | ./%s"):format(dir, input or "",
    command))
  return text, ok
end

lazy_setup(function()
  dir = folder.new()
  for _, name in ipairs { "uvhost", "pollhost", "sandbox" } do
    build(name, ("examples/embed/%s.c"):format(name),
      archive .. " " .. libraries .. " -lpthread -lm")
  end
  for _, name in ipairs { "states", "mistakes" } do
    build(name, ("spec/support/%s.c"):format(name),
      archive .. " " .. libraries .. " -lpthread -lm")
  end
  for name, source in pairs {
    sieve = "examples/embed/sieve.c", stray = "spec/support/stray.c",
  } do
    build(name .. ".so", source,
      "-shared -fPIC -Wl,-z,nodelete -lpthread " .. headers)
  end
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

-- Runs a script that has one of the modules; returns what it printed.
local function with(module, text)
  folder.make(dir .. "/module.lua", ([[
    package.cpath = "%s/?.so;" .. package.cpath
    local conc = require "luaconc"
    local %s = require "%s"
  ]]):format(dir, module, module) .. text)
  local ok, said = sh(lua .. " '" .. dir .. "/module.lua'")
  assert(ok, said)
  return said
end

describe("a function in C that waits", function()
  local function script(text) return with("sieve", text) end

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

  it("is no deadlock, though all others wait", function()
    assert.equal("1270607\n", script [[
      require "luaconc.core".nap(0.001)
      conc.run(function()
        local ch = conc.channel(1)
        local h = conc.thread(function(c) return (c:recv()) end, ch)
        conc.spawn(function() ch:send(sieve.count(20000000)) end)
        print(h:await())
      end)
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

describe("a thread of the host", function()
  it("may get the signal with which threads are struck", function()
    assert.equal("0\ndone\n", with("stray", [[
      local go = conc.channel()
      local job = conc.thread(function() go:recv() return "done" end)
      conc.spawn(function()
        -- The other thread may be just beginning, and take or free memory.
        local least = math.huge
        for _ = 1, 100 do
          least = math.min(least, math.abs(stray.urgent()))
          if least == 0 then break end
          conc.sleep(0.001)
        end
        print(least)
        go:send(true)
      end)
      print(job:await())
    ]]))
  end)
end)

-- Fewer under tools that make everything slow.
local STATES = math.ceil(1000 * (tonumber(os.getenv "LUACONC_SCALE") or 1))

describe("many states in one process", function()
  local function states(n, script, environment)
    local _, text = sh(("cd '%s' && %s GLIBC_TUNABLES=glibc.malloc.tcache_count=0 "
      .. "./states %d %s"):format(dir, environment or "", n, script))
    return text
  end

  it("leave nothing open", function()
    folder.make(dir .. "/state.lua", [[
      local conc = require "luaconc"
      conc.run(function()
        local l = assert(conc.tcp.listen("127.0.0.1", 0))
        conc.sleep(0)
        local ch = conc.channel()
        conc.thread(function() ch:send "from a thread" end)
        assert(ch:recv() == "from a thread")
        l:close()
      end)
      conc.spawn { conc.sleep, 1000, daemon = true }
      conc.thread { function() conc.sleep(1000) end, daemon = true }
    ]])
    assert.equal("0 descriptors more, 1 threads, the same memory\n",
      states(STATES, "state.lua"))
  end)

  it("leave nothing open, with processes of theirs", function()
    folder.make(dir .. "/processes.lua", [[
      local conc = require "luaconc"
      assert(conc.process(function() return "done" end):await() == "done")
      conc.process { conc.sleep, 1000, daemon = true }
    ]])
    assert.equal("0 descriptors more, 1 threads, the same memory\n",
      states(10, "processes.lua", "LUACONC_LUA=" .. lua))
  end)
end)

describe("a function in C++ that waits for what it does elsewhere", function()
  local function script(text)
    if not cxx then pending "no C++ compiler is installed" end
    local ok, said = sh(("c++ -std=c++11 -Wall -Wextra -Wpedantic -Wshadow "
      .. "-Wconversion -Werror -Isrc -shared -fPIC -Wl,-z,nodelete "
      .. "examples/embed/words.cpp -o '%s/words.so' %s"):format(dir, headers))
    assert(ok, said)
    return with("words", text)
  end

  it("suspends its task alone, and gives the results", function()
    assert.equal("4\n0\t1\n", script [[
      print(words.count("to be or not to be"))
      print(conc.gather(function() return words.count("") end,
        function() return words.count("a a") end))
    ]])
  end)

  it("is cancelled, shows in the tree, and may be under way at the end", function()
    assert.equal("nil\ttimed out\tETIMEDOUT\ntrue\n", script [[
      local text = ("a b c "):rep(100000)
      print(conc.timeout(0, words.count, text))
      conc.spawn { words.count, text, daemon = true }
      conc.yield()
      print(conc.tree():find("waiting for work in another thread", 1, true) ~= nil)
    ]])
  end)

  it("raises where nobody can wait", function()
    assert.is_truthy(script [[
      conc.run(function()
        print(pcall(table.sort, { 1, 2 }, function() words.count "a" end))
      end)
    ]]:find("cannot wait inside 'table.sort'", 1, true))
  end)
end)

describe("a host's mistake", function()
  local function mistake(which)
    local text, ok = run("mistakes " .. which)
    assert.is_truthy(ok and text:find "over\n$", text)
    return text
  end

  local function shows(text, ...)
    for _, part in ipairs { ... } do
      assert.is_truthy(text:find(part, 1, true), part .. " is not in:\n" .. text)
    end
  end

  it("in opening is an error that says what it needs", function()
    shows(mistake "opening",
      "preload: luaconc_preload: the library 'package' is not open\n",
      "get: the host's loop must be a light userdata, the address of its "
      .. "uv_loop_t, not a string\n")
  end)

  it("in starting a job is an error", function()
    shows(mistake "spawning",
      "nothing: spawn: there is no function below 0 arguments\n",
      "too much: spawn: there is no function below 3 arguments\n")
  end)

  it("in using what is closed, or closing it twice, does no harm", function()
    shows(mistake "closing",
      "spawn: no error\ndone: it never began\nclose: no error\n",
      "close again: no error\n",
      "0 jobs, timeout -1, descriptor ECANCELED, loop gone, post 0\n",
      "spawn: cannot start a job: the program is ending\n",
      "cannot wait: the state is being closed\n")
  end)

  it("in a function that waits is told, or does not count", function()
    shows(mistake "waiting",
      "1\nprint(f.twice()): no error\n1\nprint(f.twice()): no error\n",
      "print(plain.twice()): script:1: a function in C that waits must be added",
      "`complete` of luaconc's interface was called in another thread: post a "
      .. "call that does it\n",
      "a turn can't be run inside a task or a callback of the loop\n",
      "close: no error\n")
  end)

  it("in calling from another thread is an error while somebody is there", function()
    local said = ": another thread is in this state: from here only `post` may "
      .. "be called\n"
    shows(mistake "threads", "there: spawn" .. said, "there: turn" .. said,
      "there: close" .. said, "conc.sleep(0.2): no error\n",
      "handed over: spawn: no error\ndone: status 0\n"
      .. "handed over: turns: no error\n")
  end)

  it("in the order of the end, or inside a callback, is told", function()
    shows(mistake "order",
      "inside: turn: a turn can't be run inside a task or a callback",
      "inside: close: a state can't be closed inside a task or a callback",
      "cannot wait inside a callback of the event loop: start a task with",
      "the loop first: EBUSY\nthen: 0\n")
  end)
end)

describe("the header", function()
  it("says its version as a text and as a number that agree", function()
    local header = io.open "src/luaconc.h":read "a"
    local a, b, c = header:match '#define LUACONC_VERSION "(%d+)%.(%d+)%.(%d+)"'
    local number = tonumber(header:match "#define LUACONC_VERSION_NUM (%d+)")
    assert.equal(a * 10000 + b * 100 + c, number)
  end)

  it("and the examples are plain C11, without warnings", function()
    for _, name in ipairs { "uvhost", "pollhost", "sandbox", "sieve" } do
      local ok, text = sh(("%s %s -std=c11 -fsyntax-only examples/embed/%s.c %s")
        :format(cc, FLAGS, name, headers))
      assert(ok, text)
    end
  end)

  it("and the hosts are C++, too, and link with Lua's C functions", function()
    if not cxx then pending "no C++ compiler is installed" end
    for _, name in ipairs { "uvhost", "pollhost", "sandbox" } do
      local ok, text = sh(("c++ -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror "
        .. "-fsyntax-only -Isrc examples/embed/%s.c %s"):format(name, headers))
      assert(ok, text)
    end
    folder.make(dir .. "/hello.cpp", [[
      #include "luaconc.h"
      int main() {
        lua_State *L = luaL_newstate();
        luaL_traceback(L, L, "C names", 0);
        lua_close(L);
        return luaopen_luaconc_core == nullptr;
      }
    ]])
    local ok, text = sh((("c++ -Isrc -c 'DIR/hello.cpp' -o 'DIR/hello.o' %s && %s 'DIR/hello.o' "
      .. "-o 'DIR/hello' %s %s -lpthread -lm && 'DIR/hello'"):format(headers, cc, archive,
      libraries):gsub("DIR", dir)))
    assert(ok, text)
  end)
end)

describe("docs/embedding.md", function()
  local snippets = require "spec.support.snippets"

  local function plain(line)
    line = line:gsub("%s*/%*.-%*/%s*$", ""):gsub("%s*//.*$", "")
    return line:match "^%s*(.-)%s*$"
  end

  it("shows lines of the examples", function()
    local lines, count = {}, 0
    for _, name in ipairs { "uvhost.c", "pollhost.c", "sandbox.c", "sieve.c",
                             "words.cpp" } do
      for line in io.lines("examples/embed/" .. name) do
        lines[plain(line)] = true
      end
    end
    for _, language in ipairs { "c", "cpp" } do
      for _, block in ipairs(snippets.blocks("docs/embedding.md", language)) do
        for line in (block.text .. "\n"):gmatch "(.-)\n" do
          local known = line == "..." or lines[plain(line)]
          assert.is_truthy(known, block.place .. ": " .. line)
          count = count + 1
        end
      end
    end
    assert.is_true(count > 20)
  end)
end)
