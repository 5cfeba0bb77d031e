local core = require "luaconc.core"
local testing = require "luaconc.testing"
local script = require "spec.support.script"
local fuzz = require "spec.fuzz.corpus"

-- The functions below are to have the globals that every script has.
local describe, it, assert, after_each = describe, it, assert, after_each
local _ENV = _G  -- luacheck: ignore

local codec = core.codec
local encode, decode = codec.encode, codec.decode

-- A test may leave the state another encoder, which knows no names yet.
after_each(function() encode(print) end)

-- There and back, as within one program.
local function copy(...)
  return decode(encode(...), { functions = true })
end

local function raises(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err), err
end

local function refusal(...)
  return (raises(encode, ...):gsub("^[^:]*:%d+: ", ""))
end

-- Equal as far as Lua can tell, with the same sharing and cycles.
local function alike(a, b, seen)
  if math.type(a) ~= math.type(b) or type(a) ~= type(b) then return false end
  if type(a) ~= "table" then
    if math.type(a) == "float" then
      return string.pack("<d", a) == string.pack("<d", b)
    end
    return a == b
  end
  if seen[a] or seen[b] then return seen[a] == b and seen[b] == a end
  seen[a], seen[b] = b, a
  local keys = 0
  for key, value in pairs(a) do
    keys = keys + 1
    if not alike(value, rawget(b, key), seen) then return false end
  end
  for _ in pairs(b) do keys = keys - 1 end
  return keys == 0
end

local function same_back(...)
  local n = select("#", ...)
  local got = table.pack(copy(...))
  assert.equal(n, got.n)
  for i = 1, n do
    assert.is_true(alike((select(i, ...)), got[i], {}), "value " .. i)
  end
end

-- ---- values ----

describe("the codec", function()
  it("brings each plain value back as it is", function()
    same_back()
    same_back(nil)
    same_back(nil, true, false, nil)
    for bits = 0, 63 do
      for by = -1, 1 do same_back((1 << bits) + by, -(1 << bits) + by) end
    end
    same_back(math.mininteger, math.maxinteger, -1)
  end)

  it("keeps integers and floats apart, and every bit of a float", function()
    same_back(3, 3.0, -0.0, 0.0, 0, 1e308, 2^53, math.pi, 5e-324)
    same_back(math.huge, -math.huge)
    for _, bits in ipairs { 0x7ff8000000000000, 0xfff8000000000000,
      0x7ff8dead0000beef, 0x7ff0000000000000, 1 } do
      same_back((string.unpack("<d", string.pack("<i8", bits))))
    end
  end)

  it("brings back strings of any bytes and length", function()
    local all = {}
    for i = 0, 255 do all[#all + 1] = string.char(i) end
    same_back("", "\0", table.concat(all), ("\255"):rep(1000000))
    for n = 30, 70 do same_back(("s"):rep(n)) end
    same_back(("x"):rep(127), ("x"):rep(128), ("x"):rep(16384))
  end)

  it("brings back a thousand different strings, each several times", function()
    local list = {}
    for i = 1, 4000 do list[i] = "name " .. i % 1000 end
    same_back(list, { a = list[1], [list[2]] = 1 })
  end)

  it("brings back tables of all shapes", function()
    same_back({}, { 1, 2, 3 }, { a = 1, b = 2 }, { 1, 2, x = 3 })
    same_back({ [0] = 1, [-1] = 2, [1.5] = 3, [true] = 4, [false] = 5 })
    same_back({ [math.mininteger] = 1, [math.maxinteger] = 2 })
    same_back({ [1 << 40] = 1, [("k"):rep(100)] = 2 })
    local powers = {}
    for i = 0, 62 do powers[1 << i] = i end
    same_back(powers)
    for _, n in ipairs { 254, 255, 256, 257, 65535, 65536 } do
      local list, map = {}, {}
      for i = 1, n do list[i], map["k" .. i] = i, i end
      same_back(list)
      same_back(map)
    end
  end)

  it("keeps the length of a list with holes", function()
    assert.equal(3, #copy { 1, nil, 3 })
    assert.equal(5, copy(table.pack(nil, 2, nil, nil, 5)).n)
    same_back({ 1, nil, 3 }, { nil, nil, 3, nil, 5 })
  end)

  it("needs little room for what is small", function()
    assert.equal(5, #encode(1))
    assert.is_true(#encode { 1, 2, 3 } <= 10)
    local record = { id = 1, name = "x" }
    local one, two = #encode { record }, #encode { record, { id = 2, name = "y" } }
    assert.is_true(two - one <= 12)
  end)

  it("brings back a thousand made-up messages", function()
    local random = math.random
    local function value(depth, known)
      local kind = random(depth > 0 and 9 or 6)
      if kind == 1 then return random(0) end
      if kind == 2 then return random(-200, 200) end
      if kind == 3 then return random() * 1000 end
      if kind == 4 then return random(2) == 1 end
      if kind == 5 then return "word" .. random(20) end
      if kind == 6 then return ("b\0"):rep(random(0, 60)) end
      if kind == 7 and #known > 0 then return known[random(#known)] end
      local t = {}
      known[#known + 1] = t
      for _ = 1, random(0, 6) do
        t[random(2) == 1 and #t + 1 or value(0, known)] = value(depth - 1, known)
      end
      return t
    end
    math.randomseed(4711)
    for _ = 1, 1000 do same_back(value(5, {}), value(3, {})) end
  end)
end)

describe("identity", function()
  it("is kept: what is shared stays shared, cycles stay cycles", function()
    local shared = { 1 }
    local list = { shared, shared, { deep = shared } }
    list.self, list[list] = list, list
    local got, again = copy(list, shared)
    assert.equal(got[1], got[2])
    assert.equal(got[1], got[3].deep)
    assert.equal(got[1], again)
    assert.equal(got, got.self)
    assert.equal(got, got[got])
    assert.not_equal(list, got)
  end)

  it("of equal but different tables stays different", function()
    local got = copy { {}, {} }
    assert.not_equal(got[1], got[2])
  end)

  it("saves the bytes of a long string that is repeated", function()
    local long = ("long"):rep(1000)
    assert.is_true(#encode { long, long, long } < 4100)
    same_back { long, long, [long] = long }
  end)
end)

-- ---- functions ----

describe("a function", function()
  it("crosses with copies of its upvalues", function()
    local n, words = 1, { "a" }
    local function count() n = n + 1 return n, words[1] end
    local other = copy(count)
    assert.same({ 2, "a" }, { other() })
    assert.same({ 3, "a" }, { other() })
    assert.equal(1, n)
    assert.equal(2, (count()))
  end)

  it("shares its upvalues with the other functions of the message", function()
    local n = 0
    local function add() n = n + 1 end
    local function get() return n end
    local a, box = copy(add, { get = get, n = { get } })
    a()
    a()
    assert.equal(2, box.get())
    assert.equal(box.get, box.n[1])
    assert.equal(0, n)
  end)

  it("may call itself and others in a circle", function()
    local even, odd
    function even(n) if n == 0 then return true end return odd(n - 1) end
    function odd(n) if n == 0 then return false end return even(n - 1) end
    assert.is_true(copy(even)(10))
    assert.is_false(copy(odd)(10))
    local function factorial(n) return n < 2 and 1 or n * factorial(n - 1) end
    assert.equal(3628800, copy(factorial)(10))
  end)

  it("may have hundreds of upvalues, or none", function()
    local names = {}
    for i = 1, 254 do names[i] = "v" .. i end
    local source = ("local t = ... return function() return t end")
    assert.same({ x = 1 }, copy(load(source) { x = 1 })())
    -- A function has at most 200 locals; two nests make more upvalues.
    local first = table.concat(names, ",", 1, 150)
    local second = table.concat(names, ",", 151, 254)
    local f = load(("local %s = ... return function(...) local %s = ... "
      .. "return function() return %s end end"):format(first, second,
      table.concat(names, ",")))
    local values = {}
    for i = 1, 254 do values[i] = i end
    local g = f(table.unpack(values, 1, 150))(table.unpack(values, 151))
    assert.same(values, { copy(g)() })
    assert.is_nil(copy(function() end)())
  end)

  it("finds nil where an upvalue is nil", function()
    local nothing = nil
    local function f() return nothing, print ~= nil end
    assert.same({ nil, true }, { copy(f)() })
    local function only() return nothing end
    assert.is_nil(copy(only)())
  end)

  it("keeps its debug information: errors name file and line", function()
    local function fail() error "planned" end
    local line = debug.getinfo(fail, "S").linedefined
    assert.truthy(raises(copy(fail)):find("codec_spec.lua:" .. line, 1, true))
  end)

  it("has the receiver's globals where it had the sender's", function()
    local function globals() return _G, _ENV, print end
    local function env() return _ENV end
    local other = copy(env)
    assert.equal(_G, other())
    assert.equal(_G, (copy(globals)()))
    assert.equal(_G, copy({ deep = _G }).deep)
    local own = setmetatable({}, nil)
    local sandboxed = load("x = (x or 0) + 1 return x", "=s", "t", own)
    assert.equal(1, copy(sandboxed)())
    assert.is_nil(own.x)
  end)

  it("of C is found again by module and name", function()
    assert.equal(print, copy(print))
    local format = string.format
    local f = copy(function() return format("%d", 5), format end)
    assert.same({ "5", string.format }, { f() })
    assert.equal(core.codec.encode ~= nil, true)
    assert.equal(core.yield, copy(core.yield))
  end)

  it("of C that no module has is refused", function()
    local iterator = ("x"):gmatch "."
    assert.equal("cannot send argument #1: this C function is in no loaded "
      .. "module: send a function in Lua that finds it", refusal(iterator))
  end)
end)

describe("a loaded module", function()
  local made = {}

  local function module(name, value)
    package.loaded[name] = value
    made[#made + 1] = name
    return value
  end

  after_each(function()
    for i = #made, 1, -1 do
      package.loaded[made[i]], made[i] = nil, nil
    end
  end)

  it("is found again by require, wherever it appears", function()
    local m = module("spec.codec.m", { f = function() end })
    assert.equal(string, copy(string))
    assert.equal(m, copy({ deep = { m } }).deep[1])
    assert.equal(m, copy(function() return m end)())
    local got = table.pack(copy(m, m, { m }))
    assert.equal(m, got[2])
    assert.equal(m, got[3][1])
  end)

  it("may have a metatable, or be a function or userdata", function()
    local lazy = module("spec.codec.lazy", setmetatable({}, { __index = _G }))
    local f = module("spec.codec.f", function() end)
    local u = module("spec.codec.u", io.stderr)
    assert.equal(lazy, copy { lazy }[1])
    assert.equal(f, copy(f))
    assert.equal(u, copy { u }[1])
  end)

  it("that is only data is copied in a message that is only data", function()
    local settings = module("spec.codec.settings", { level = 3 })
    assert.not_equal(settings, copy(settings))
    assert.same(settings, copy(settings))
    assert.equal(settings, (copy(settings, print)))
  end)

  it("is asked for when the receiver has not loaded it", function()
    local m = module("spec.codec.later", { print })
    local bytes = encode(m)
    package.loaded["spec.codec.later"] = nil
    local loads = 0
    package.preload["spec.codec.later"] = function()
      loads = loads + 1
      return { "loaded anew" }
    end
    local got = decode(bytes, { functions = true })
    package.preload["spec.codec.later"] = nil
    assert.equal(1, loads)
    assert.same({ "loaded anew" }, got)
  end)

  it("that the receiver can't find is an error that names it", function()
    local bytes = encode(module("spec.codec.gone", { print }))
    package.loaded["spec.codec.gone"] = nil
    assert.truthy(raises(decode, bytes, { functions = true })
      :find("module 'spec.codec.gone' not found", 1, true))
  end)

  it("that lacks the C function there is an error that names both", function()
    local bytes = encode((module("spec.codec.c", { ("x"):gmatch "." }))[1] and
      (module("spec.codec.c2", { iterate = ("x"):gmatch "." })).iterate)
    package.loaded["spec.codec.c2"] = {}
    local text, err = raises(decode, bytes, { functions = true })
    assert.truthy(text:find("the module 'spec.codec.c2' has no function "
      .. "'iterate' here", 1, true))
    assert.equal("ENOENT", err.code)
  end)
end)

-- ---- classes ----

describe("a registered class", function()
  local Point = { __name = "Point" }
  Point.__index = Point
  function Point:sum() return self.x + self.y end

  local function point(x, y) return setmetatable({ x = x, y = y }, Point) end

  codec.register("spec.codec.point", Point)

  it("keeps its metatable, its identity and its cycles", function()
    local p = point(1, 2)
    p.self = p
    local list = decode(encode { p, p, point(3, 4) })
    assert.equal(Point, getmetatable(list[1]))
    assert.equal(list[1], list[2])
    assert.equal(list[1], list[1].self)
    assert.equal(7, list[3]:sum())
  end)

  it("is refused where it is not registered, naming the metatable", function()
    local Other = setmetatable({}, { __name = "Other" })
    assert.equal("cannot send argument #1.at[1]: its metatable 'Other' is not "
      .. "registered (conc.codec.register)", refusal { at = { Other } })
    assert.equal("cannot send argument #1: its metatable is not registered "
      .. "(conc.codec.register)", refusal(setmetatable({}, {})))
  end)

  it("is looked for in the module of its name, if that is trusted", function()
    local source = [[
      local core = require "luaconc.core"
      package.preload["spec.codec.point"] = function()
        local P = {}
        P.__index = P
        function P:sum() return self.x + self.y end
        %s
        return %s
      end
      local bytes = %q
      print(pcall(core.codec.decode, bytes))
      print(core.codec.decode(bytes, { functions = true }):sum())]]
    local bytes = encode(point(5, 6))
    for _, ways in ipairs {
      { 'core.codec.register("spec.codec.point", P)', "true" }, { "", "P" },
    } do
      local r = script.run(source:format(ways[1], ways[2], bytes))
      assert.truthy(r.out:find("the class 'spec.codec.point' is not "
        .. "registered here (conc.codec.register)", 1, true))
      assert.equal("11\n", r.out:match "[^\n]*\n$", r.err)
    end
    local r = script.run(source:format("", "{}", bytes))
    assert.truthy(r.err:find("the module 'spec.codec.point' does not register "
      .. "its class", 1, true))
  end)

  it("is that of luaconc's own errors in every state", function()
    local got = decode(encode(core.error("EPIPE", "gone")))
    assert.equal("EPIPE", got.code)
    assert.equal("gone", tostring(got))
  end)

  it("takes a name and a metatable", function()
    assert.truthy(raises(codec.register, 1, {}):find("string expected", 1, true))
    assert.truthy(raises(codec.register, "x"):find("table expected", 1, true))
  end)
end)

-- ---- userdata ----

describe("userdata with __transfer", function()
  local meta = getmetatable(io.stdout)

  local function with_transfer(transfer, f)
    meta.__transfer = transfer
    local ok, err = pcall(f)
    meta.__transfer = nil
    if not ok then error(err, 0) end
  end

  it("is what the function it gives makes of its arguments", function()
    local calls = 0
    local function transfer(file)
      calls = calls + 1
      return function(...) return { kind = io.type(file) or "?", ... } end, 1, "two"
    end
    with_transfer(function(file)
      calls = calls + 1
      local kind = io.type(file)
      return function(...) return { kind = kind, ... } end, 1, "two"
    end, function()
      local list = copy { io.stdout, io.stdout, { io.stdout } }
      assert.same({ kind = "file", 1, "two" }, list[1])
      assert.equal(list[1], list[2])
      assert.equal(list[1], list[3][1])
      assert.equal(1, calls)
    end)
    with_transfer(transfer, function()
      assert.equal("cannot send argument #1.f, result 1 of its __transfer, "
        .. "upvalue 'file' of function <" .. debug.getinfo(transfer, "S").short_src
        .. ":" .. debug.getinfo(transfer, "S").linedefined + 2
        .. ">: its own __transfer returned it", refusal { f = io.stdout })
    end)
  end)

  it("may encode by itself meanwhile", function()
    with_transfer(function() return rawlen, encode { "inner" } end, function()
      local outer = copy { "before", io.stdout, "after" }
      assert.same({ "before", #encode { "inner" }, "after" }, outer)
    end)
  end)

  it("may fail: the error passes, and the next message is well", function()
    with_transfer(function() error("planned", 0) end, function()
      assert.equal("planned", raises(encode, { io.stdout }))
      same_back { 1, 2, 3 }
    end)
    with_transfer(function() return 1 end, function()
      assert.truthy(raises(encode, io.stdout):find("must return a function"))
    end)
    with_transfer(function() return print, 1 end, function()
      local bytes = encode(io.stdout, (io.stdout))
      assert.truthy(raises(decode, bytes):find("functions = true", 1, true))
    end)
  end)

  it("is a value of its own among objects that come and go", function()
    with_transfer(function() return rawlen, { {}, {}, {} } end, function()
      collectgarbage()
      local list = {}
      for i = 1, 50 do list[i] = { i } end
      local bytes = encode({ io.stdout, list })
      assert.same({ 3, list }, decode(bytes, { functions = true }))
    end)
  end)
end)

-- ---- refusals ----

describe("what can't be sent", function()
  local up = io.stdout
  local function uses() return up end
  local place = debug.getinfo(uses, "S")
  place = place.short_src .. ":" .. place.linedefined

  local golden = {
    { { 1, { jobs = { {}, {}, { file = io.stdout } } } },
      "argument #2.jobs[3].file: userdata 'FILE*' has no __transfer" },
    { { io.stdout }, "argument #1: userdata 'FILE*' has no __transfer" },
    { { { ["a b"] = io.stdout } },
      [=[argument #1["a b"]: userdata 'FILE*' has no __transfer]=] },
    { { { ['say "\n'] = { [1.5] = { [true] = up } } } },
      [=[argument #1["say \"\010"][1.5][true]: userdata 'FILE*' has no __transfer]=] },
    { { { [("n"):rep(60)] = up } }, 'argument #1["' .. ("n"):rep(40)
      .. [=[..."]: userdata 'FILE*' has no __transfer]=] },
    { { { [-7] = { [{}] = up } } },
      "argument #1[-7][table]: userdata 'FILE*' has no __transfer" },
    { { { x = { [up] = 1 } } },
      "argument #1.x, a key: userdata 'FILE*' has no __transfer" },
    { { { cb = uses } }, "argument #1.cb, upvalue 'up' of function <" .. place
      .. ">: userdata 'FILE*' has no __transfer" },
    { { coroutine.create(print) },
      "argument #1: a coroutine can't leave its state" },
  }

  for i, case in ipairs(golden) do
    it("is refused with the path to it (" .. i .. ")", function()
      assert.equal("cannot send " .. case[2], refusal(table.unpack(case[1])))
    end)
  end

  local function nested(depth)
    local t = {}
    for _ = 1, depth - 1 do t = { next = t } end
    return t
  end

  it("is what is nested deeper than 200", function()
    same_back(nested(200))
    same_back(nested(201))
    assert.equal("cannot send argument #1" .. (".next"):rep(10) .. " ... "
      .. (".next"):rep(10) .. ": nested deeper than 200", refusal(nested(202)))
    local f = function() return nil end
    for _ = 1, 300 do
      local inner = f
      f = function() return inner end
    end
    assert.truthy(refusal(f):find("nested deeper than 200", 1, true))
  end)

  it("is what is longer than the limit", function()
    local old = codec.limit(1000)
    local function large() return ("large"):rep(1), ("one"):rep(2) end
    for _ = 1, 20 do
      local inner = large
      large = function() return inner end
    end
    local function check()
      assert.equal(1000, codec.limit())
      same_back(("x"):rep(900))
      local why = "the message would be longer than 1000 bytes"
      assert.equal("cannot send argument #1.a: " .. why,
        refusal { a = ("x"):rep(1000) })
      assert.truthy(refusal(("x"):rep(1000), 2):find(why, 1, true))
      local list = {}
      for i = 1, 1000 do list[i] = i end
      assert.truthy(refusal(list):find(why, 1, true))
      assert.truthy(refusal(large):find(why, 1, true))
    end
    local ok, err = pcall(check)
    codec.limit(old)
    assert(ok, err)
    assert.truthy(raises(codec.limit, 0):find("the limit must be an integer, 1 or more"))
  end)

  it("leaves the codec ready for the next message", function()
    for _ = 1, 100 do
      refusal { 1, { io.stdout } }
      same_back { 1, { "well" } }
    end
  end)
end)

-- ---- bytes from outside ----

describe("bytes from outside", function()
  local function bad(bytes)
    local text, err = raises(decode, bytes)
    assert.equal("EPROTO", err.code, text)
    assert.truthy(text:find("no message, or a damaged one: ", 1, true), text)
  end

  it("are refused functions, modules and globals unless told", function()
    for _, value in ipairs { print, function() end, string, _G } do
      local text, err = raises(decode, encode { value })
      assert.equal("EPERM", err.code)
      assert.truthy(text:find("functions = true", 1, true))
    end
  end)

  it("that are no message are an error", function()
    bad ""
    bad "x"
    bad "hello, world"
    bad(encode(1) .. "\0")
    bad "\xC1\0\0\1"              -- no value
    bad "\xC1\2\0\0"              -- an unknown flag
    bad "\xC1\0\0\1\xFF"          -- an unknown tag
    bad "\xC1\0\0\xff\xff\xff\xff\xff\1"
    bad "\xC1\0\0\xff\xff\xff\xff\x0f\1"
    bad "\xC1\0\0\1\x80"          -- a slot that is empty
    bad "\xC1\0\2\1\xA9\1\1x"     -- a slot before its turn
    bad "\xC1\0\0\1\xA9\0\1x"     -- a slot that there is not
    bad "\xC1\0\0\1\xAE\0"        -- an object, none remembered
    bad "\xC1\1\0\1\xAE\0"        -- an object that there is not
    bad "\xC1\0\0\1\xAC\0\1\xA0\1"                 -- a nil key
    bad "\xC1\0\0\1\xAC\0\1\xA7\0\0\0\0\0\0\xF8\x7F\1" -- a nan key
    bad "\xC1\0\0\1\xAF\1\xAC\0\0"                 -- a class without a name
    local _, err = raises(decode, "\xC1\0\1\1\xAF\xA9\0\1x\xAC\0\0")
    assert.equal("ENOENT", err.code) -- a class that is not here
  end)

  it("that claim more than they hold make no large table", function()
    bad "\xC1\0\0\1\xAD\xff\xff\xff\xff\xff\xff\xff\xff"
    bad "\xC1\0\0\1\xAD\xff\xff\xff\x7f\0\0\0\0"
    bad "\xC1\0\0\1\xAD\0\0\0\0\xff\xff\xff\x3f"
    bad "\xC1\0\0\1\xA8\xff\xff\xff\xff\x07"
    -- Tables in tables that each claim all the rest.
    local n = 60000
    local parts = { "\xC1\0\0\1" }
    for i = 1, 150 do parts[i + 1] = "\xAD" .. string.pack("<I4I4", n, 0) end
    parts[#parts + 1] = ("\0"):rep(n)
    collectgarbage()
    local before = collectgarbage "count"
    bad(table.concat(parts))
    assert.is_true(collectgarbage "count" - before < 8000)
  end)

  it("that are nested too deeply are an error", function()
    bad("\xC1\0\0\1" .. ("\xAC\1\0"):rep(10000) .. "\0")
  end)

  -- Data of each kind, with classes and repetitions.
  local Thing = {}
  codec.register("spec.codec.thing", Thing)
  local shared = { "shared" }
  local corpus = {
    encode(nil, true, false, 1, -1, 1000, 100000, 1 << 40, 1.5),
    encode("", "short", ("long"):rep(20), "short"),
    encode { 1, 2, nil, 4, name = "x", [true] = 1.5, [shared] = shared },
    encode(setmetatable({ shared, { shared } }, Thing), shared),
    encode(core.error("EPIPE", "message")),
  }

  it("that are cut short at any place are an error", function()
    for _, bytes in ipairs(corpus) do
      for n = 0, #bytes - 1 do bad(bytes:sub(1, n)) end
    end
  end)

  -- Each bit, and a few more.
  local changes = { [255] = true, [3] = true, [0xAA] = true }
  for bit = 0, 7 do changes[1 << bit] = true end

  it("with any bit or byte changed are a message or an error", function()
    for _, bytes in ipairs(corpus) do
      for at = 1, #bytes do
        for change in pairs(changes) do
          local changed = bytes:sub(1, at - 1)
            .. string.char(bytes:byte(at) ~ change) .. bytes:sub(at + 1)
          local got = table.pack(pcall(decode, changed))
          if got[1] then
            encode(table.unpack(got, 2, got.n))
          else
            local code = got[2].code
            assert.is_true(code == "EPROTO" or code == "EPERM"
              or code == "ENOENT", tostring(got[2]))
          end
        end
      end
    end
  end)

  it("that the fuzzer has found are a message or an error", function()
    local inputs, messages = fuzz.inputs(), 0
    for _, bytes in ipairs(inputs) do
      local got = table.pack(pcall(decode, bytes))
      if got[1] then
        messages = messages + 1
        encode(table.unpack(got, 2, got.n))
      else
        assert.is_string(got[2].code)
      end
    end
    assert.is_true(messages > 10 and #inputs - messages > 10)
  end)

  it("take a string, and no other options", function()
    assert.truthy(raises(decode, 12):find("string expected", 1, true))
    assert.truthy(raises(decode, encode(1), { code = true })
      :find("unknown option 'code'", 1, true))
  end)
end)

-- ---- another state ----

describe("another state", function()
  it("reads what this one wrote, with its own globals and modules", function()
    local n, list = 41, { "kept" }
    list.self = list
    local format = string.format
    function _G.spec_codec_global() end  -- luacheck: ignore
    local bytes = encode(function(...)
      n = n + 1
      return format("%d %s %s %s %s", n, list.self[1], ..., _G == the_globals, -- luacheck: ignore
        spec_codec_global)                 -- luacheck: ignore
    end, string, 3, 3.0)
    _G.spec_codec_global = nil             -- luacheck: ignore
    local r = script.run(([[
      the_globals = _G
      local decode = require "luaconc.core".codec.decode
      local f, s, i, x = decode(%q, { functions = true })
      print(f("arg"))
      print(s == string, math.type(i), math.type(x))]]):format(bytes))
    assert.equal("42 kept arg true nil\ntrue\tinteger\tfloat\n", r.out, r.err)
  end)
end)

-- ---- want of memory ----

describe("want of memory", function()
  local shared = {}
  local n = 0
  local function counter() n = n + 1 return n, shared end
  local message = { 1, "two", { shared, shared }, counter, string, print,
    function() return counter end, ("x"):rep(2000) }
  for i = 1, 300 do message["key" .. i] = { i } end

  local function check(f, arm)
    local i, hit = 0
    repeat
      i = i + 1
      collectgarbage()
      collectgarbage "stop"
      arm(i)
      local ok, err = pcall(f)
      hit = testing.failed()
      arm(nil)
      collectgarbage "restart"
      assert.is_true(ok or hit, err)
      if not ok then
        -- (A stack that can't grow is called an overflow by Lua.)
        local text = tostring(err)
        assert.truthy(text:find "memory" or text:find "stack overflow", text)
      end
      assert.is_true(i < 20000)
    until not hit
    return i
  end

  local function encoding() return encode(message) end
  local bytes = encode(message)
  local function decoding() return decode(bytes, { functions = true }) end

  if testing.available then
    it("in C is an error, and the next message is well", function()
      -- What the state's encoder has kept must not be enough.
      local small = 0
      for _ = 1, 3 do small = small + #encode { 1 } end
      local tries = check(function()
        encode { 1 }
        encode { 1 }
        return encoding()
      end, testing.fail_alloc)
      assert.is_true(small > 0 and tries > 3)
      assert.equal(#bytes, #encode(message))
    end)

    it("in Lua is an error, and the next message is well", function()
      assert.is_true(check(encoding, testing.fail_lua) > 1)
      assert.is_true(check(decoding, testing.fail_lua) > 100)
      assert.equal(#bytes, #encode(message))
    end)

    it("in a __transfer leaves nothing behind", function()
      local meta = getmetatable(io.stdout)
      meta.__transfer = function() return rawlen, encode { "inner" } end
      local ok, err = pcall(check, function() encode { io.stdout } end,
        testing.fail_lua)
      meta.__transfer = nil
      assert(ok, err)
    end)
  end
end)
