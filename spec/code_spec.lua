-- Functions that are sent often: their code is dumped once, and loaded twice.

local conc = require "luaconc"
local testing = require "luaconc.testing"

-- The functions below are to have the globals that every script has.
local describe, it, assert = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local function codes()
  collectgarbage()
  collectgarbage()
  return testing.available and testing.counts().codes or 0
end

-- There and back in this state, as between two.
local function through(f, ...)
  local ch = conc.channel(1)
  ch:send(table.pack(f, ...))
  return table.unpack(ch:recv())
end

-- A function of its own, of some size.
local function fresh(i)
  return load(("local n = ... local function f() n = n + %d return n, %q end "
    .. "return f"):format(i, ("code %d"):format(i)))(i)
end

local function counter(n)
  return function() n = n + 1 return n end
end

describe("a function that is sent again and again", function()
  it("is another one each time, with its own variables", function()
    local f = counter(10)
    local copies = {}
    for i = 1, 20 do
      copies[i] = through(f)
      assert.equal(10 + i, f())
    end
    for i, g in ipairs(copies) do
      assert.equal(10 + i, g())
      assert.equal(11 + i, g())
    end
    assert.not_equal(copies[19], copies[20])
  end)

  it("shares variables with those of its message, and with no others", function()
    local n, log = 0, {}
    local function add(x) n = n + x log[#log + 1] = n return n end
    local function get() return n, #log end
    local before
    for _ = 1, 10 do
      local a, g, box = through(add, get, { add })
      assert.equal(a, box[1])
      a(3)
      a(4)
      assert.same({ 7, 2 }, { g() })
      if before then assert.same({ 7, 2 }, { before() }) end
      before = g
    end
    assert.equal(0, n)
  end)

  it("calls itself, and others in a circle", function()
    local even, odd
    function even(n) if n == 0 then return true end return odd(n - 1) end
    function odd(n) if n == 0 then return false end return even(n - 1) end
    for n = 1, 10 do assert.equal(n % 2 == 0, through(even)(n)) end
  end)

  it("may be vararg, a main chunk, or without variables", function()
    local function count(...) return select("#", ...), (select(2, ...)) end
    local chunk = load "local a = ... x_of_spec = a return a, _ENV == _G"
    for i = 1, 10 do
      assert.same({ 3, 2 }, { through(count)(1, 2, 3) })
      assert.same({ i, true }, { through(chunk)(i) })
      assert.equal(i, rawget(_G, "x_of_spec"))
    end
    rawset(_G, "x_of_spec", nil)
  end)

  it("may hold every kind of constant, and functions with functions", function()
    local function all(x)
      local t = { nil, true, false, 1, -1, 1 << 40, 1.5, 1e300, "short",
        "a string that is longer than the forty bytes of a short one", n = x }
      return function()
        return function() return t, x, all end
      end
    end
    local want = all(5)()()
    for _ = 1, 10 do
      local t, x = through(all)(5)()()
      assert.same(want, t)
      assert.equal(5, x)
    end
  end)

  it("has any number of variables", function()
    for _, n in ipairs { 1, 2, 60, 99, 100, 101, 150 } do
      local names, values = {}, {}
      for i = 1, n do names[i], values[i] = "v" .. i, i * i end
      local list = table.concat(names, ",")
      local f = load(("local %s = ... return function() v1 = v1 + 1 "
        .. "return %s end"):format(list, list))(table.unpack(values))
      values[1] = 2
      for _ = 1, 5 do assert.same(values, { through(f)() }) end
    end
  end)

  it("fails with its own file and line, and has its own name", function()
    local function fail() error "planned" end
    local line = debug.getinfo(fail, "S").linedefined
    for _ = 1, 5 do
      local f = through(fail)
      local _, err = pcall(f)
      assert.equal("spec/code_spec.lua:" .. line .. ": planned", err)
      assert.same(debug.getinfo(fail, "Slu"), debug.getinfo(f, "Slu"))
    end
  end)

  it("is one of many: hundreds in turn", function()
    local list = {}
    for i = 1, 300 do list[i] = fresh(i) end
    for round = 1, 3 do
      for i, f in ipairs(list) do
        local copy = through(f)
        assert.same({ 2 * i, "code " .. i }, { copy() }, round)
      end
    end
  end)

  it("is stripped, or comes from a dump", function()
    local f = load(string.dump(function(a) return a and a + 1 end, true))
    for i = 1, 5 do assert.equal(i + 1, through(f)(i)) end
  end)

  it("is given back when nobody has it any more", function()
    local before = codes()
    local function send()
      local list = {}
      for i = 1, 200 do
        list[i] = fresh(1000 + i)
        through(list[i])
      end
      assert.is_true(not testing.available or codes() >= 200)
    end
    send()
    -- (What has come twice is kept, for a while.)
    assert.is_true(codes() <= before + 64)
  end)
end)

describe("other states", function()
  it("get the code of a function, each once, in any order", function()
    local jobs, results = conc.channel(4), conc.channel(4)
    local function work()
      for f, x in jobs:iter() do
        assert(x == nil)
        results:send { f[1](f[2]) }
      end
    end
    conc.run(function()
      local scale = 3
      local function multiply(x) return "multiplied", x * scale end
      local function add(x) scale = scale + 1 return "added", x + scale end
      local threads = {}
      for i = 1, 3 do threads[i] = conc.thread(work) end
      conc.spawn(function()
        for i = 1, 300 do jobs:send { i % 3 == 0 and add or multiply, i } end
        jobs:close()
      end)
      local sum, want = 0, 0
      for i = 1, 300 do
        sum = sum + results:recv()[2]
        want = want + (i % 3 == 0 and i + 4 or i * 3)
      end
      assert.equal(want, sum)
      for _, job in ipairs(threads) do job:await() end
    end)
  end)

  it("keep it when the sender's function is gone", function()
    local ch = conc.channel(100)
    for _ = 1, 100 do ch:send(fresh(7)) end
    collectgarbage()
    collectgarbage()
    local sum = conc.thread(function()
      local sum = 0
      for _ = 1, 100 do sum = sum + ch:recv()() end
      return sum
    end):await()
    assert.equal(1400, sum)
  end)

  it("get what they do not know yet after others, and the other way", function()
    conc.run(function()
      local f = counter(0)
      for _ = 1, 3 do
        f()
        for _, engine in ipairs { "thread", "process", "thread" } do
          assert.equal(f() + 1, conc[engine](f):await())
        end
      end
    end)
  end)

  it("send them on, and back", function()
    local f = fresh(5)
    local back = conc.thread(function(g)
      local own = require "luaconc"
      return own.thread(function(h) h() return h end, g):await()
    end, f):await()
    assert.equal(15, (back()))
  end)
end)
