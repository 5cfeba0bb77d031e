-- Unix sockets: names, files, connecting, listening, serving. What streams share
-- is in spec/contract/stream_*_spec.lua, what servers share in spec/tcp_spec.lua.

local lfs = require "lfs"
local conc = require "luaconc"
local testing = require "luaconc.testing"
local folder = require "spec.support.folder"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local unix = conc.unix
local settle, waiting = streams.settle, streams.waiting

local CLOSED = { nil, "closed", "EBADF" }
local WOKEN = { nil, "closed", "ECANCELED" }

-- `it`, with `f(path)` in a task: the path of a file that does not exist.
local function with(promise, f)
  it(promise, function()
    folder.with(function(dir) streams.run(f, dir .. "/socket") end)
  end)
end

local function type_of(path)
  return (lfs.symlinkattributes(path, "mode"))
end

describe("a unix listener", function()
  with("is a file while it listens, and none afterwards", function(path)
    local l = assert(unix.listen(path))
    assert.equal("socket", type_of(path))
    assert.same({ path = path, family = "unix" }, l:sock())
    sim.shows(tostring(l), "unix listener")
    l:close()
    assert.is_nil(type_of(path))
    assert.same(CLOSED, { l:accept() })
    assert.same(CLOSED, { l:sock() })
  end)

  with("knows who connects", function(path)
    local l <close> = assert(unix.listen(path))
    local a <close> = assert(unix.connect(path))
    local b <close> = assert(l:accept())
    assert.equal(path, a:peer().path)
    assert.same({ path = path, family = "unix" }, b:sock())
    assert.same({ family = "unix" }, a:sock())
    local peer = b:peer()
    assert.is_nil(peer.path)
    local file <close> = assert(io.open "/proc/self/stat")
    assert.equal(file:read "n", peer.pid)
    assert.equal(lfs.attributes("/proc/self", "uid"), peer.uid)
    assert.equal(lfs.attributes("/proc/self", "gid"), peer.gid)
    a:write("hello")
    assert.equal("hello", b:read())
    assert.equal(a, a:option("send_buffer", 50000))
    assert.is_true(a:option "send_buffer" >= 50000)
    assert.equal("ENOTSUP", select(3, a:option "nodelay"))
  end)

  with("has the permissions that were asked for", function(path)
    local l <close> = assert(unix.listen(path, { mode = tonumber("620", 8) }))
    assert.equal("rw--w----", lfs.attributes(path, "permissions"))
    l:close()
    local other <close> = assert(unix.listen(path, { mode = tonumber("777", 8) }))
    assert.equal("rwxrwxrwx", lfs.attributes(path, "permissions"))
    local _ = other
  end)

  with("is not taken over while somebody listens, even a busy one", function(path)
    local l <close> = assert(unix.listen(path, { backlog = 1 }))
    local s, message, code = unix.listen(path)
    assert.is_nil(s)
    assert.equal(path .. ": address already in use", message)
    assert.equal("EADDRINUSE", code)
    local held = {}
    local stream
    repeat
      stream = unix.connect(path, { timeout = 0 })
      held[#held + 1] = stream
    until not stream
    assert.equal("EADDRINUSE", select(3, unix.listen(path)))
    for _, one in ipairs(held) do one:close() end
    local _ = l
  end)

  with("replaces a socket that a killed process has left", function(path)
    local said = script.run(([[
      assert(conc.unix.listen(%q))
      io.popen("kill -KILL $PPID"):close()
      while true do end
    ]]):format(path))
    assert.equal(137, said.code)
    assert.equal("socket", type_of(path))
    assert.equal("ECONNREFUSED", select(3, unix.connect(path)))
    local l <close> = assert(unix.listen(path))
    local a <close> = assert(unix.connect(path))
    assert(l:accept()):close()
    assert.equal("", a:read "a")
  end)

  with("replaces no other file, and removes none", function(path)
    local file = assert(io.open(path, "w"))
    file:write("precious")
    file:close()
    assert.equal("EADDRINUSE", select(3, unix.listen(path)))
    assert.equal("ECONNREFUSED", select(3, unix.connect(path)))
    assert.equal("file", type_of(path))
    os.remove(path)
    local l <close> = assert(unix.listen(path))
    os.remove(path)
    assert(io.open(path, "w")):close()
    l:close()
    assert.equal("file", type_of(path))
  end)

  it("may have an abstract name, which is in no folder", function()
    streams.run(function()
      local name = "\0luaconc " .. tostring(testing)
      local l <close> = assert(unix.listen(name))
      assert.equal("EADDRINUSE", select(3, unix.listen(name)))
      local a <close> = assert(unix.connect(name))
      local b <close> = assert(l:accept())
      assert.equal(name, a:peer().path)
      assert.equal(name, b:sock().path)
      l:close()
      local _, message, code = unix.connect(name)
      assert.equal("ECONNREFUSED", code)
      assert.equal("@luaconc ", message:sub(1, 9))
    end)
  end)

  with("accepts as a tcp listener does", function(path)
    local l <close> = assert(unix.listen(path))
    assert.same({ nil, "timed out", "ETIMEDOUT" }, { l:timeout(0.001):accept() })
    l:timeout()
    local job = waiting(l.accept, l)
    sim.shows(conc.tree(), "accept of unix listener")
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
    local first = waiting(l.accept, l)
    l:close()
    assert.same(WOKEN, { first:await() })
  end)
end)

describe("unix.connect", function()
  with("says which path, and why", function(path)
    local s, message, code = unix.connect(path)
    assert.is_nil(s)
    assert.equal(path .. ": no such file or directory", message)
    assert.equal("ENOENT", code)
    assert.equal("ENAMETOOLONG", select(3, unix.connect("/" .. ("x"):rep(107))))
    assert.equal("ENAMETOOLONG", select(3, unix.listen("\0" .. ("x"):rep(108))))
  end)

  -- Fills the backlog of a listener; f(listener, path) with a waiting connect.
  local function when_full(promise, f)
    with(promise, function(path)
      local l <close> = assert(unix.listen(path, { backlog = 1 }))
      local held = {}
      repeat
        local stream, _, code = unix.connect(path, { timeout = 0.002 })
        held[#held + 1] = stream
      until code == "ETIMEDOUT"
      f(l, path)
      for _, stream in ipairs(held) do stream:close() end
    end)
  end

  when_full("waits while the backlog is full", function(l, path)
    local job = conc.spawn(unix.connect, path)
    settle()
    assert(l:accept()):close()
    local s <close> = assert(job:await())
    local _ = s
  end)

  when_full("can be cancelled meanwhile", function(_, path)
    local before = testing.counts()
    local job = conc.spawn { unix.connect, path, keep = true }
    settle()
    job:cancel()
    assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
    settle()
    assert.equal(before.descriptors, testing.counts().descriptors)
  end)

  it("in a cancelled task opens nothing", function()
    streams.run(function()
      local err
      local job = conc.spawn { function()
        conc.current():cancel()
        err = sim.raises(unix.connect, "\0nobody")
      end, keep = true }
      pcall(job.await, job)
      assert.is_true(conc.is_cancelled(err))
    end)
  end)
end)

describe("a unix stream", function()
  with("names its socket in an error of the system, at both ends", function(path)
    local l <close> = assert(unix.listen(path))
    for _, first_goes in ipairs { true, false } do
      local a <close> = assert(unix.connect(path))
      local b <close> = assert(l:accept())
      local gone, left = a, b
      if not first_goes then gone, left = b, a end
      gone:close()
      settle()
      local _, message, code = left:write("x")
      assert.same({ path .. ": broken pipe", "EPIPE" }, { message, code })
    end
  end)
end)

describe("unix.serve", function()
  with("serves at a path, with the options of both", function(path)
    local listener
    local server = conc.spawn(unix.serve, path, function(s)
      for line in s:lines() do s:write(line:upper(), "\n") end
    end, { backlog = 5, limit = 1, ready = function(l) listener = l end })
    while not listener do conc.yield() end
    for _ = 1, 3 do
      local s <close> = assert(unix.connect(path))
      s:write("hello\n")
      assert.equal("HELLO", s:read "l")
    end
    listener:close()
    assert.is_true(server:await())
    assert.is_nil(type_of(path))
  end)

  with("serves a listener, within its grace", function(path)
    local l <close> = assert(unix.listen(path))
    local server = conc.spawn(unix.serve, l, function(s) s:read() end, { grace = 0.005 })
    local s <close> = assert(unix.connect(path))
    settle()
    l:close()
    assert.is_true(server:await())
    assert.equal("", s:read "a")
  end)

  with("at a path that is taken fails as listen does", function(path)
    local l <close> = assert(unix.listen(path))
    assert.equal("EADDRINUSE", select(3, unix.serve(path, print)))
    local _ = l
  end)
end)

describe("a wrong call of conc.unix", function()
  it("is told by the place and the name, at the line of the caller", function()
    local function shows(part, f)
      local err = sim.raises(f)
      sim.shows(err, part)
      local line = debug.getinfo(f, "S").linedefined
      assert.matches("unix_spec%.lua:" .. line .. ": ", err)
    end
    shows("bad argument #1 to 'connect' (a path expected, got nil)", function() unix.connect() end)
    shows("bad argument #1 to 'connect' (the path is empty)", function() unix.connect "" end)
    shows("a path can't hold a zero byte", function() unix.listen "a\0b" end)
    shows("unknown option 'nodelay'", function() unix.connect("x", { nodelay = true }) end)
    shows("option 'timeout' must be seconds", function() unix.connect("x", { timeout = "1" }) end)
    shows("option 'mode' must be an integer from 0 to 4095, got 4096",
      function() unix.listen("x", { mode = 4096 }) end)
    shows("bad argument #1 to 'serve' (a path or a listener expected, got table)",
      function() unix.serve({}, print) end)
    shows("bad argument #2 to 'serve' (function expected, got nil",
      function() unix.serve "x" end)
    shows("unknown option 'v6only'", function() unix.serve("x", print, { v6only = true }) end)
  end)
end)
