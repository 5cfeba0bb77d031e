-- Arrays that states share: elements, ranges, atomic methods, waits, and that
-- nothing is copied.

local conc = require "luaconc"
local sim = require "spec.support.sim"

local array = conc.shared.array

local bounds = {
  i8 = { -128, 127 }, i16 = { -32768, 32767 }, i32 = { -2 ^ 31 | 0, 2 ^ 31 - 1 | 0 },
  i64 = { math.mininteger, math.maxinteger },
  u8 = { 0, 255 }, u16 = { 0, 65535 }, u32 = { 0, 2 ^ 32 - 1 | 0 },
}

local formats = {
  i8 = "i1", i16 = "i2", i32 = "i4", i64 = "i8", u8 = "I1", u16 = "I2", u32 = "I4",
  f32 = "f", f64 = "d",
}

local function values(a)
  local list = {}
  for i, v in pairs(a) do list[i] = v end
  return list
end

describe("a shared array", function()
  for kind, range in pairs(bounds) do
    it("of " .. kind .. " holds what fits, and nothing else", function()
      local a <close> = array(kind, 3)
      assert.same({ 0, 0, 0 }, values(a))
      a[1], a[3] = range[1], range[2]
      assert.same({ range[1], 0, range[2] }, values(a))
      assert.equal("integer", math.type(a[1]))
      a[2] = 7.0
      assert.equal(7, a[2])
      for _, n in ipairs(kind ~= "i64" and { range[1] - 1, range[2] + 1 } or {}) do
        sim.shows(sim.raises(function() a[2] = n end), ("%d is out of the range of %s: "
          .. "%d to %d"):format(n, kind, range[1], range[2]))
      end
      for _, bad in ipairs { 0.5, "1", true, {} } do
        sim.shows(sim.raises(function() a[2] = bad end), "an integer expected, got ")
      end
      assert.equal(7, a[2])
    end)
  end

  for kind, exact in pairs { f32 = 0.1 - 0.1 % 2 ^ -27, f64 = 0.1 } do
    it("of " .. kind .. " holds numbers", function()
      local a <close> = array(kind, 4)
      assert.same({ 0.0, 0.0, 0.0, 0.0 }, values(a))
      a[1], a[2], a[3], a[4] = 0.1, 3, -math.huge, 0 / 0
      assert.is_true(math.abs(a[1] - exact) < 1e-7)
      assert.equal("float", math.type(a[2]))
      assert.equal(-math.huge, a[3])
      assert.is_true(a[4] ~= a[4])
      sim.shows(sim.raises(function() a[1] = "1" end), "a number expected, got string")
      for _, verb in ipairs { "load", "store", "add", "exchange", "cas", "wait", "notify" } do
        sim.shows(sim.raises(a[verb], a, 1, 1, 1),
          "'" .. verb .. "' needs elements that are integers: these are " .. kind)
      end
    end)
  end

  it("names the index and the bound", function()
    local a <close> = array("u8", 3)
    for _, i in ipairs { 0, -1, 4, math.maxinteger, math.mininteger } do
      local text = ("index %d is out of bounds: the array has 3 elements"):format(i)
      sim.shows(sim.raises(function() return a[i] end), text)
      sim.shows(sim.raises(function() a[i] = 1 end), text)
      sim.shows(sim.raises(a.add, a, i, 1), text)
      sim.shows(sim.raises(a.wait, a, i, 1), text)
    end
    for _, i in ipairs { 1.5, true, {}, 0 / 0 } do
      sim.shows(sim.raises(function() return a[i] end), "must be an integer, got ")
    end
    sim.shows(sim.raises(function() a.x = 1 end), "must be an integer, got \"x\"")
    assert.is_nil(a.x)
    assert.is_nil(a["1"])
    for _, r in ipairs { { 0, 1 }, { 2, 4 }, { 5, 5 }, { -1, 3 },
      { 2, math.maxinteger }, { math.mininteger, 1 } } do
      for _, verb in ipairs { "sum", "get_string" } do
        sim.shows(sim.raises(a[verb], a, r[1], r[2]), "out of bounds: the array has 3")
      end
      sim.raises(a.fill, a, 1, r[1], r[2])
      sim.raises(a.copy, a, r[1], r[2], 1)
      sim.raises(a.copy, a, 1, 2, 3)
    end
    sim.raises(a.copy, a, 1, 3, math.maxinteger)
    sim.raises(a.set_string, a, math.maxinteger, "abc")
    sim.raises(a.set_string, a, 2, "abc")
  end)

  it("is made of a type and a number", function()
    sim.shows(sim.raises(array, "u64", 1), "a type of elements (i8, i16")
    sim.raises(array, 1, 1)
    sim.raises(array, "u8", 0)
    sim.raises(array, "u8", -1)
    sim.raises(array, "u8", 1.5)
    local none, why, code = array("f64", math.maxinteger)
    assert.same({ true, true, "ENOMEM" }, { none == nil, #why > 0, code })
    assert.equal("ENOMEM", select(3, array("f64", 1 << 55)))
  end)

  it("is closed once, and then is no array any more", function()
    local a = array("u8", 3)
    a:close()
    a:close()
    for _, f in ipairs { function() return a[1] end, function() a[1] = 1 end,
      function() return #a end, function() return pairs(a) end,
      function() return a:sum() end, function() return a:add(1, 1) end,
      function() return a:wait(1, 0) end, function() return a:get_string() end,
      function() return a:fill(1) end, function() return a:notify(1) end } do
      sim.shows(sim.raises(f), "this shared array is closed")
    end
    local b <close> = array("u8", 3)
    sim.raises(b.copy, b, 1, 1, 1, a)
    sim.shows(sim.raises(conc.channel().try_send, conc.channel(), a), "cannot send")
    sim.raises(b.sum, {})
    sim.raises(b.sum, io.stdout)
    sim.raises(b.close, 1)
  end)

  -- Against a table, with ranges that begin and end anywhere in words.
  it("fills, copies, sums and gives strings as a table would", function()
    math.randomseed(7)
    for kind, format in pairs(formats) do
      local n = 37
      local a <close> = array(kind, n)
      local b <close> = array(kind, n)
      local mine, other = {}, {}
      for i = 1, n do mine[i], other[i] = math.random(0, 100), 0 end
      for i = 1, n do a[i] = mine[i] end
      for _ = 1, 60 do
        local i = math.random(1, n)
        local j = math.random(i - 1, n)
        local to, value = math.random(1, n - (j - i)), math.random(0, 100)
        if j < i then to = math.random(1, n + 1) end
        local what = math.random(4)
        if what == 1 then
          assert.equal(a, a:fill(value, i, j))
          for k = i, j do mine[k] = value end
        elseif what == 2 then
          assert.equal(a, a:copy(i, j, to))
          table.move(mine, i, j, to)
        elseif what == 3 then
          assert.equal(b, a:copy(i, j, to, b))
          table.move(mine, i, j, to, other)
        elseif j >= i then
          local text = a:get_string(i, j)
          local pieces = {}
          for k = i, j do pieces[#pieces + 1] = string.pack(format, mine[k]) end
          assert.equal(table.concat(pieces), text)
          assert.equal(b, b:set_string(to, text))
          table.move(mine, i, j, to, other)
        end
        local sum = 0
        for k = i, j do sum = sum + mine[k] end
        assert.is_true(a:sum(i, j) == sum)
      end
      for i = 1, n do assert(a[i] == mine[i] and b[i] == other[i], kind) end
    end
  end)

  it("sums integers as Lua adds them, and refuses other types and odd strings", function()
    local a <close> = array("i64", 2)
    local b <close> = array("u16", 2)
    a[1], a[2] = math.maxinteger, 1
    assert.equal(math.mininteger, a:sum())
    assert.equal(0, a:sum(3))
    assert.equal("", a:get_string(1, 0))
    sim.shows(sim.raises(a.copy, a, 1, 1, 1, b),
      "both arrays must have elements of one type: these are i64 and u16")
    sim.shows(sim.raises(b.set_string, b, 1, "abc"),
      "3 bytes are no whole number of elements: one of u16 has 2")
  end)

  it("changes elements in one step, and wraps around", function()
    local a <close> = array("u8", 2)
    assert.equal(200, a:add(2, 200))
    assert.equal(44, a:add(2, 100))
    assert.equal(255, a:add(1, -1))
    assert.equal(44, a:exchange(2, 9))
    assert.is_true(a:cas(2, 9, 10))
    assert.same({ false, 10 }, { a:cas(2, 9, 11) })
    a:store(1, 3)
    assert.same({ 3, 10 }, { a:load(1), a:load(2) })
    local signed <close> = array("i16", 1)
    assert.equal(-5, signed:add(1, -5))
    assert.is_true(signed:cas(1, -5, -6))
    assert.same({ false, -6 }, { signed:cas(1, -5, 0) })
    assert.equal(-6, signed:exchange(1, 32767))
    assert.equal(-32768, signed:add(1, 1))
    sim.raises(a.store, a, 1, 256)
    sim.raises(a.cas, a, 1, -1, 0)
  end)

  it("loses nothing that is added by threads and processes at once", function()
    conc.run(function()
      for _, kind in ipairs { "i8", "u16", "i32", "i64" } do
        local a = array(kind, 3)
        local function count() for _ = 1, 400 do a:add(2, 1) end end
        conc.gather(conc.thread(count), conc.thread(count), conc.process(count))
        local wanted = kind == "i8" and 1200 - 1280 or 1200
        assert.same({ 0, wanted, 0 }, values(a))
      end
    end)
  end)

  it("is one and the same wherever it is sent", function()
    conc.run(function()
      local a, ch = array("f64", 1000), conc.channel()
      conc.thread(function() a:fill(1) end):await()
      assert.equal(1000.0, a:sum())
      conc.process(function() a:fill(2) end):await()
      assert.equal(2000.0, a:sum())
      local echo = conc.thread(function() return ch:recv() end)
      ch:send(a)
      local b = echo:await()
      assert.equal(a, b)
      assert.equal(a, conc.process(function() return a end):await())
      local list = conc.thread(function() return { a, a } end):await()
      assert.is_true(list[1] == a and list[2] == a)
    end)
  end)

  it("made by a thread or process that has ended lives on", function()
    conc.run(function()
      local function make()
        local a = conc.shared.array("u8", 5)
        a:set_string(1, "hello")
        return a
      end
      for _, start in ipairs { conc.thread, conc.process } do
        assert.equal("hello", start(make):await():get_string())
      end
    end)
  end)

  it("closed here is open elsewhere", function()
    conc.run(function()
      local a, ready, go = array("u8", 1), conc.shared.event(), conc.shared.event()
      local job = conc.thread(function()
        a[1] = 5
        ready:set()
        go:wait()
        return a[1]
      end)
      ready:wait()
      a:close()
      go:set()
      assert.equal(5, job:await())
    end)
  end)

  it("can't be kept as bytes", function()
    local a <close> = array("u8", 1)
    sim.shows(sim.raises(conc.codec.encode, a), "a array can't be kept as bytes")
  end)
end)

describe("waiting for an element of a shared array", function()
  for _, engine in ipairs { "spawn", "thread", "process" } do
    it("ends when a " .. engine .. "ed job notifies, oldest first", function()
      conc.run(function()
        local a = array("i32", 3)
        local order = {}
        local jobs = {}
        for i = 1, 3 do
          jobs[i] = conc.spawn(function()
            assert.is_true(a:wait(2, 0))
            order[#order + 1] = i
          end)
          conc.yield()
        end
        local function notify(i, n) return a:notify(i, n) end
        assert.equal(0, conc[engine](notify, 1, 9):await())
        assert.equal(1, conc[engine](notify, 2):await())
        jobs[1]:await()
        assert.equal(0, conc[engine](notify, 2, 0):await())
        assert.equal(2, conc[engine](notify, 2, math.maxinteger):await())
        conc.gather(jobs)
        assert.same({ 1, 2, 3 }, order)
      end)
    end)
  end

  it("does not begin where the value is another", function()
    conc.run(function()
      local a = array("i8", 1)
      a[1] = -1
      assert.is_false(a:wait(1, 0))
      assert.equal("ETIMEDOUT", select(3, conc.timeout(0.001, a.wait, a, 1, -1)))
    end)
  end)

  it("misses no change, however threads interleave", function()
    conc.run(function()
      local a = array("i64", 2)
      local rounds = 200
      local job = conc.thread(function()
        for i = 1, rounds do
          while a:load(1) < i do a:wait(1, i - 1) end
          a:store(2, i)
          a:notify(2)
        end
      end)
      for i = 1, rounds do
        a:store(1, i)
        a:notify(1)
        while a:load(2) < i do a:wait(2, i - 1) end
      end
      job:await()
    end)
  end)

  it("wakes more than a few at once", function()
    conc.run(function()
      local a, count = array("i64", 1), 0
      for _ = 1, 100 do
        conc.spawn(function()
          a:wait(1, 0)
          count = count + 1
        end)
      end
      conc.yield()
      assert.equal(100, conc.thread(function() return a:notify(1, 1000) end):await())
      conc.sleep(0)
      while count < 100 do conc.yield() end
    end)
  end)

  it("goes on where the handle is closed meanwhile", function()
    conc.run(function()
      local a = array("i64", 1)
      local other = conc.thread(function(mine)
        while mine:notify(1) == 0 do conc.yield() end
      end, a)
      local job = conc.spawn(function() return a:wait(1, 0) end)
      conc.yield()
      a:close()
      assert.is_true(job:await())
      other:await()
    end)
  end)
end)
