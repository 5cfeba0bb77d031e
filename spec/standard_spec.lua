-- Standard input and output as streams, whatever they are, and as others find
-- them afterwards. Each of these is a program of its own.

local conc = require "luaconc"
local folder = require "spec.support.folder"
local streams = require "spec.support.streams"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"
local temporary, contents = folder.temporary, folder.take

-- Runs `text` as a Lua program. `options` as for conc.exec; `shell` is a
-- command in which $lua is the program.
local function run(text, options, shell)
  local path = temporary('local conc = require "luaconc"\n' .. text)
  local command = { lua, path, timeout = 15 }
  if shell then
    command = { "sh", "-c", ("lua='%s %s'; %s"):format(lua, path, shell),
      timeout = 15 }
  end
  for key, value in pairs(options or {}) do command[key] = value end
  local r, message, _, partial = streams.run(conc.exec, command)
  os.remove(path)
  return r or error(message .. "\n" .. (partial and partial.stderr or ""))
end

-- Prints the numbers of the lines, from all kinds of inputs.
local COUNT = [[
  conc.run(function()
    local n, ticks = 0, 0
    conc.spawn { function()
      while true do
        ticks = ticks + 1
        conc.yield()
      end
    end, daemon = true }
    for line in conc.stdin:lines() do
      n = n + 1
      assert(line == "line " .. n)
    end
    assert(ticks > 0)
    assert(select(3, conc.stdin:read()) == "EOF")
    print(n)
  end)
]]

local lines = {}
for i = 1, 20000 do lines[i] = "line " .. i .. "\n" end
lines = table.concat(lines)

-- Prints the flags of the descriptors, as others see them, and fails where
-- one of them is non-blocking.
local FLAGS = [[
  for n = 0, 2 do
    local file = io.open("/proc/self/fdinfo/" .. n)
    local flags = tonumber(file:read("a"):match "flags:%s*(%d+)", 8)
    file:close()
    assert(flags & 2048 == 0, n .. " is non-blocking")
  end
]]

local USE = [[
  conc.run(function()
    conc.stdout:write ""
    conc.stderr:write ""
    conc.stdin:timeout(0.001):read()
]] .. FLAGS .. [[
    conc.stdout:write "used\n"
  end)
]] .. FLAGS

describe("conc.stdin", function()
  it("reads a pipe", function()
    assert.same({ code = 0, stdout = "20000\n", stderr = "" },
      run(COUNT, { input = lines }))
  end)

  it("reads a file, also by a thread of its own", function()
    local path = temporary(lines)
    local file <close> = io.open(path)
    assert.equal("20000\n", run(COUNT, { stdin = file }).stdout)
    os.remove(path)
  end)

  it("reads the null device", function()
    assert.equal("0\n", run(COUNT).stdout)
  end)

  it("reads a terminal", function()
    local r = run(COUNT, { input = "line 1\nline 2\n" },
      'script -qec "$lua" /dev/null')
    assert.equal("2", r.stdout:gsub("\r", ""):match "(%d+)\n$")
  end)

  it("reads and writes a socket", function()
    local r = run([[
      conc.run(function()
        for line in conc.stdin:lines() do assert(conc.stdout:write("<", line, ">\n")) end
      end)
    ]], nil, [[perl -e 'use Socket; use IO::Handle;
      socketpair(A, B, AF_UNIX, SOCK_STREAM, 0);
      if (!fork) { open(STDIN, "<&B"); open(STDOUT, ">&B"); exec @ARGV }
      close B; print A "one\ntwo\n"; A->flush; shutdown(A, 1);
      print while <A>; wait; print $?' $lua]])
    assert.equal("<one>\n<two>\n0", r.stdout)
  end)

  it("reads a closed descriptor by no means", function()
    local r = run([[print(pcall(function() return conc.stdin end))]], nil,
      "$lua <&-")
    assert.equal("false\t", r.stdout:match "^false\t")
  end)

  it("left open does not keep the program", function()
    local r = run([[
      conc.run(function()
        conc.spawn { function() conc.stdin:read() end, daemon = true }
        conc.sleep(0.01)
      end)
      print "done"]], nil, "sleep 5 2>/dev/null | { $lua; kill $$; }")
    assert.equal("done\n", r.stdout)
  end)
end)

describe("conc.stdout", function()
  it("shares its place in a file with io.write", function()
    local path = temporary()
    local file <close> = io.open(path, "w")
    file:write "before\n"
    run([[
      io.write "one\n" io.flush()
      conc.stdout:write("two\n")
      io.write "three\n" io.flush()
      conc.stdout:write("four\n")
      assert(conc.stdout:flush())
      assert(conc.stdout:shutdown())
      io.write "five\n"
    ]], { stdout = file })
    assert.equal("before\none\ntwo\nthree\nfour\nfive\n", contents(path))
  end)

  it("has written all when the program ends", function()
    local r = run([[
      conc.run(function()
        for i = 1, 50 do conc.stdout:write(("x"):rep(99999), "\n") end
      end)
    ]], nil, "$lua | { sleep 0.1; wc -c; }")
    assert.equal(5000000, tonumber(r.stdout))
  end)

  it("lets io.write lose nothing", function()
    local r = run([[
      conc.stdout:write("x")
      for i = 1, 110 do assert(io.write(("x"):rep(100000))) end
      io.close()
    ]], nil, "$lua | { sleep 0.1; wc -c; }")
    assert.equal(11000001, tonumber(r.stdout))
  end)

  it("tells when nobody reads any more", function()
    local r = run([[
      conc.run(function()
        local _, message, code
        repeat
          _, message, code = conc.stdout:write "x\n"
          conc.sleep(0.001)
        until message
        conc.stderr:write(code, "\n")
      end)
    ]], nil, "$lua | true")
    assert.equal("EPIPE\n", r.stderr)
  end)

  it("tells when there is no room", function()
    local r = run([[
      local ok, message, code = conc.stdout:write(("x"):rep(100000))
      conc.stderr:write(tostring(ok), " ", code, "\n")
    ]], nil, "$lua >/dev/full")
    assert.equal("nil ENOSPC\n", r.stderr)
  end)

  it("writes in a thread", function()
    local r = run([[
      conc.thread(function() require("luaconc").stdout:write "from a thread\n" end):await()
      print "and outside"
    ]])
    assert.equal("from a thread\nand outside\n", r.stdout)
  end)
end)

describe("standard descriptors", function()
  it("stay blocking for everybody else: pipes", function()
    assert.equal("used\n", run(USE, { input = "x" }).stdout)
  end)

  it("stay blocking for everybody else: files", function()
    local from, to = temporary "x", temporary()
    local source <close> = io.open(from)
    local sink <close> = io.open(to, "w")
    assert.equal("", run(USE, { stdin = source, stdout = sink }).stderr)
    os.remove(from)
    assert.equal("used\n", contents(to))
  end)

  it("stay blocking for everybody else: a terminal", function()
    local r = run(USE, { input = "x\n" },
      'script -qec "$lua; echo code $?" /dev/null')
    assert.is_truthy(r.stdout:find("used\r\ncode 0", 1, true), r.stdout)
  end)

  it("are opened by their first use only, and closed with the state", function()
    local r = run([[
      local function count()
        local n = 0
        for _ in require("lfs").dir("/proc/self/fd") do n = n + 1 end
        return n
      end
      conc.run(conc.sleep, 0)
      local before = count()
      for name in pairs(conc) do assert(name ~= "stdin", name) end
      assert(count() == before)
      local stream = conc.stdout
      assert(stream == conc.stdout)
      assert(count() > before)
    ]])
    assert.same({ code = 0, stdout = "", stderr = "" }, r)
  end)
end)
