-- What a message is besides bytes: the shared objects that it holds. They are
-- seen through channels, which send messages and are such objects.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local sim = require "spec.support.sim"

-- There and back, as one message.
local function through(value)
  local ch = conc.channel(1)
  assert(ch:try_send(value))
  return (ch:try_recv())
end

local function refusal(f, ...)
  return (tostring(sim.raises(f, ...)):gsub("^[^:]*:%d+: ", ""))
end

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("a message", function()
  it("brings a channel as what it is, wherever it is", function()
    local ch = conc.channel()
    local got = through { ch, deep = { list = { ch } }, [ch] = "key" }
    assert.equal(ch, got[1])
    assert.equal(ch, got.deep.list[1])
    assert.equal("key", got[ch])
  end)

  it("brings several, each as itself", function()
    local list = {}
    for i = 1, 20 do list[i] = conc.channel(i) end
    local got = through(list)
    for i = 1, 20 do assert.equal(list[i], got[i]) end
  end)

  it("brings one in an upvalue, and beside functions and modules", function()
    local ch = conc.channel()
    local f, lib, print_ = table.unpack(through {
      function() return ch end, string, print })
    assert.equal(ch, f())
    assert.equal(string, lib)
    assert.equal(print, print_)
  end)

  it("makes a new handle of a channel that only it held", function()
    local outer = conc.channel(1)
    local weak = setmetatable({ conc.channel(3) }, { __mode = "v" })
    weak[1]:try_send "inside"
    outer:try_send(weak[1])
    collect()
    assert.is_nil(weak[1])
    local inner = outer:try_recv()
    assert.equal("inside", (inner:try_recv()))
    assert.is_truthy(inner:try_send(1))
  end)

  it("that is refused holds nothing, and says where", function()
    local before = testing.counts().blocks
    do
      local ch = conc.channel()
      assert.equal("cannot send argument #1[2].file: userdata 'FILE*' has no "
        .. "__transfer", refusal(through, { ch, { file = io.stdout } }))
    end
    collect()
    assert.equal(before, testing.counts().blocks)
  end)

  it("that finds itself among data and starts again holds once", function()
    local before = testing.counts().blocks
    do
      local ch = conc.channel()
      -- The function makes the walk begin anew, after the channel.
      local got = through { ch, ch, function() return ch end }
      assert.equal(ch, got[3]())
    end
    collect()
    assert.equal(before, testing.counts().blocks)
  end)

  it("can't be bytes where it holds something", function()
    assert.equal("cannot send argument #2.ch: a channel can't be kept as bytes: "
      .. "send it itself, to a thread or through a channel",
      refusal(conc.codec.encode, 1, { ch = conc.channel() }))
  end)

  it("takes nobody else's userdata for a shared object", function()
    local ch = conc.channel()
    local meta = debug.getmetatable(ch)
    local file = assert(io.tmpfile())
    local own = debug.getmetatable(file)
    debug.setmetatable(file, meta)
    local ok, err = pcall(through, { file })
    local used, why = pcall(meta.methods.send, file, 1)
    debug.setmetatable(file, own)
    file:close()
    assert.is_false(ok)
    sim.shows(err, "has no __transfer")
    assert.is_false(used, why)
  end)
end)

describe("the names that a message knows", function()
  local loaded = package.loaded

  after_each(function()
    loaded["spec.names.a"], loaded["spec.names.b"] = nil, nil
  end)

  local function encoded(v) return conc.codec.encode(v) end

  it("follow package.loaded: a module that comes, changes and goes", function()
    local one, two = {}, {}
    local function f(m) return encoded { print, m } end
    assert.is_nil(f(one):find("spec.names", 1, true))
    loaded["spec.names.a"] = one
    assert.is_truthy(f(one):find("spec.names.a", 1, true))
    assert.is_nil(f(two):find("spec.names", 1, true))
    loaded["spec.names.a"] = two
    assert.is_nil(f(one):find("spec.names", 1, true))
    assert.is_truthy(f(two):find("spec.names.a", 1, true))
    loaded["spec.names.b"], loaded["spec.names.a"] = two, nil
    assert.is_truthy(f(two):find("spec.names.b", 1, true))
    loaded["spec.names.b"] = nil
    assert.is_nil(f(two):find("spec.names", 1, true))
  end)

  it("follow the fields of modules", function()
    -- (A C function that is in no other module.)
    local f = string.gmatch("x", "x")
    local module = {}
    loaded["spec.names.a"] = module
    sim.shows(sim.raises(encoded, f), "this C function is in no loaded module")
    module.first = f
    assert.is_truthy(encoded(f):find("first", 1, true))
    assert.is_truthy(encoded(f):find("first", 1, true))
    module.first, module.second = nil, f
    assert.is_truthy(encoded(f):find("second", 1, true))
    module.second = print
    sim.shows(sim.raises(encoded, f), "this C function is in no loaded module")
  end)

  it("are there for our own libraries inside the face", function()
    local c, d = through { conc.coroutine, conc.codec, conc.coroutine.wrap }[3],
      through(conc.codec.encode)
    assert.equal(conc.coroutine.wrap, c)
    assert.equal(conc.codec.encode, d)
    assert.equal(conc.coroutine, through { conc.coroutine, print }[1])
  end)
end)
