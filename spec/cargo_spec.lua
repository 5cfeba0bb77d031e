-- Userdata of other people's modules in C, by luaconc.h alone: the module is
-- spec/support/moved.c, built here.

local conc = require "luaconc"
local core = require "luaconc.core"
local testing = require "luaconc.testing"

local folder, cpath, moved

local function sh(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  assert(pipe:close(), text)
  return text
end

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(err):gsub("^[^:]*:%d+: ", ""))
end

-- All objects have been given back. (Their userdata may be in what has been
-- called last, which a first collection takes for alive.)
local function check_none_left()
  collectgarbage()
  collectgarbage()
  assert.equal(0, moved.live())
end

describe("userdata with a __transfer in C", function()
  lazy_setup(function()
    folder = sh("mktemp -d"):gsub("\n", "")
    sh(("%s -shared -fPIC -Isrc $(pkg-config --cflags lua5.4) -o '%s/moved.so' "
      .. "spec/support/moved.c"):format(os.getenv "CC" or "cc", folder))
    cpath, package.cpath = package.cpath, folder .. "/?.so;" .. package.cpath
    moved = require "moved"
  end)

  lazy_teardown(function()
    if not folder then return end
    package.cpath, package.loaded.moved = cpath, nil
    sh("rm -r '" .. folder .. "'")
  end)

  after_each(function()
    moved.way "moves"
    conc.codec.encode(print)   -- an encoder for the next one
    check_none_left()
  end)

  it("moves to a thread and back: here it is empty then", function()
    local box = moved.new(5)
    local back = conc.thread(function(list)
      local m = require "moved"
      assert(m.get(list[1]) == 5 and list[1] == list[2])
      return list[2]
    end, { box, box }):await()
    assert.is_nil(moved.get(box))
    assert.equal(5, moved.get(back))
  end)

  it("arrives where the module is not loaded yet", function()
    assert.equal(7, conc.thread(function(box)
      return package.loaded.moved.get(box)
    end, moved.new(7)):await())
  end)

  it("goes through a channel", function()
    local ch = conc.channel(2)
    ch:send(moved.new(1))
    ch:send { here = moved.new(2) }
    assert.equal(1, moved.get(ch:recv()))
    assert.equal(2, moved.get(ch:recv().here))
  end)

  it("stays where something else of the message can't be sent", function()
    local box = moved.new(5)
    assert.equal("cannot send argument #2[2]: a coroutine can't leave its "
      .. "state", message_of(conc.thread, print,
      { box, coroutine.create(print) }))
    assert.equal(5, moved.get(box))
  end)

  it("is refused with the reason of its module, and the path", function()
    local text = message_of(conc.thread, print, { box = moved.new(-1) })
    assert.equal("cannot send argument #2.box: userdata 'moved.box' stays here",
      text)
    local box = moved.new(3)
    conc.thread(function() end, box):await()
    assert.match("#2: userdata 'moved.box' is empty",
      message_of(conc.thread, print, box), 1, true)
  end)

  it("that leaves with an error is not sent, nor what left before", function()
    assert.equal("it won't leave", message_of(conc.thread, print,
      moved.new(1), moved.new(666)))
  end)

  it("that arrives with an error is given back", function()
    local job = conc.thread { function() end, moved.new(777), keep = true }
    assert.match("it can't arrive", message_of(job.await, job), 1, true)
  end)

  it("that nobody takes is given back", function()
    conc.channel(2):send(moved.new(1))
    collectgarbage()
    collectgarbage()
    assert.equal(0, moved.live())
    conc.run(function()
      local job = conc.thread { function(box) return box end, moved.new(2) }
      job:cancel()
      conc.settle { job }
    end)
  end)

  it("is no bytes, and for no other process, unless it is described", function()
    local box = moved.new(5)
    assert.equal("cannot send argument #1: userdata 'moved.box' can't be kept "
      .. "as bytes: send it itself, to a thread or through a channel",
      message_of(conc.codec.encode, box))
    assert.equal("cannot send argument #1: userdata 'moved.box' can't be moved "
      .. "to another process", message_of(core.letter, "process", box))
    moved.way "copies"
    local bytes = conc.codec.encode { box, box }
    local got = conc.codec.decode(bytes, { functions = true })
    assert.equal(got[1], got[2])
    assert.equal(5, moved.get(got[1]))
    assert.equal(5, moved.get(box))
    core.letter("process", box)
  end)

  it("of another version of the interface is refused", function()
    moved.way "old"
    assert.match("the __transfer of userdata 'moved.box' is of another version "
      .. "of luaconc.h", message_of(conc.codec.encode, moved.new(1)), 1, true)
  end)

  it("loses nothing where memory is missing", function()
    for _, fail in ipairs { testing.fail_alloc, testing.fail_lua } do
      local n, sent = 0, false
      while not sent do
        n = n + 1
        local ch = conc.channel(1)
        local box = moved.new(n)
        local message = { box, { box } }
        fail(n)
        pcall(ch.send, ch, message)
        local hit = testing.failed()
        fail(nil)
        sent = not hit
        local got = sent and ch:recv()
        assert.is_true(not sent or moved.get(got[1]) == n)
      end
      check_none_left()
      assert.is_true(n > 3)
    end
  end)
end)
