-- Streams and programs of others at the other end: what they take for granted
-- of a socket holds for ours.

local conc = require "luaconc"
local folder = require "spec.support.folder"
local peer = require "spec.support.peer"
local streams = require "spec.support.streams"

-- Promises about what one of them sees, kept inside conc.run.
local function promises_to(program)
  return function(text, f)
    it(text, function()
      local absent = peer.absent(program)
      if absent then return pending(absent) end
      streams.run(f)
    end)
  end
end

-- Serves while `f(port)` runs; what the handlers raise is raised here.
local function serving(handler, f)
  local group <close> = conc.group()
  local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
  group:spawn(conc.tcp.serve, listener, handler)
  f(listener:sock().port)
end

local function answer(s)
  local text = assert(s:read "a")
  assert(s:write(#text, " bytes, ", text:sub(-3)))
end

local function echo(s)
  while true do
    local data = s:read()
    if not data or not s:write(data) then return end
  end
end

-- The port that socat says it listens on.
local function listening_port(program)
  for line in program.stderr:lines() do
    local port = line:match "listening on .*:(%d+)$"
    if port then return tonumber(port) end
  end
end

local big = streams.bytes(2000000)

describe("socat", function()
  local promise = promises_to "socat"

  promise("hears the answer that comes after it has ended its half", function()
    serving(answer, function(port)
      local result = conc.exec { "socat", "-t5", "-", "TCP4:127.0.0.1:" .. port,
        input = "one two three" }
      assert.same({ 0, "13 bytes, ree", "" }, { result.code, result.stdout, result.stderr })
    end)
  end)

  promise("gets every byte of a large echo back", function()
    serving(echo, function(port)
      local result = conc.exec { "socat", "-t5", "-", "TCP4:127.0.0.1:" .. port,
        input = big }
      assert.is_true(result.stdout == big)
    end)
  end)

  promise("is spoken to where it listens", function()
    local program <close> = assert(conc.popen { "socat", "-d", "-d",
      "TCP4-LISTEN:0,bind=127.0.0.1", "EXEC:cat", stderr = "pipe" })
    local s <close> = assert(conc.tcp.connect("127.0.0.1", listening_port(program)))
    local got = conc.spawn(s.read, s, "a")
    assert(s:write(big))
    assert(s:shutdown())
    assert.is_true(got:await() == big)
    assert.equal(0, program:wait().code)
  end)

  promise("that is killed ends its own connection only", function()
    local ends = conc.queue(2)
    local function handler(s)
      s:write "hello\n"
      local data, _, code = s:read "a"
      ends:send(data or code)
    end
    serving(handler, function(port)
      local at = "TCP4:127.0.0.1:" .. port
      local one <close> = assert(conc.popen { "socat", "-", at })
      local two <close> = assert(conc.popen { "socat", "-t5", "-", at })
      assert.equal("hello", one.stdout:read "l")
      assert.equal("hello", two.stdout:read "l")
      one:kill "SIGKILL"
      assert.equal("", ends:recv())
      two.stdin:write "still here"
      two.stdin:close()
      assert.equal("still here", ends:recv())
    end)
  end)

  promise("speaks over a Unix socket", function()
    folder.with(function(dir)
      local path = dir .. "/socket"
      local group <close> = conc.group()
      local listener <close> = assert(conc.unix.listen(path))
      group:spawn(conc.unix.serve, listener, answer)
      local result = conc.exec { "socat", "-t5", "-", "UNIX-CONNECT:" .. path, input = "abc" }
      assert.equal("3 bytes, abc", result.stdout)
    end)
  end)

  promise("gets an answer to its datagram", function()
    local socket <close> = assert(conc.udp.bind("127.0.0.1", 0))
    conc.spawn(function()
      local data, from = socket:recv()
      socket:send(data:upper(), from.host, from.port)
    end)
    local program <close> = assert(conc.popen { "socat", "-",
      "UDP4:127.0.0.1:" .. socket:sock().port })
    program.stdin:write "datagram"
    assert.equal("DATAGRAM", program.stdout:read(8))
  end)
end)

describe("nc", function()
  local promise = promises_to "nc"

  promise("hears the answer that comes after it has ended its half", function()
    serving(answer, function(port)
      local result = conc.exec { "nc", "-N", "127.0.0.1", port, input = "one two" }
      assert.same({ 0, "7 bytes, two" }, { result.code, result.stdout })
    end)
  end)

  promise("finds nobody once the listener is closed", function()
    local port
    serving(answer, function(p) port = p end)
    assert.equal(1, conc.exec { "nc", "-N", "127.0.0.1", port }.code)
  end)
end)
