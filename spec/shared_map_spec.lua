-- Maps that states share.

local conc = require "luaconc"
local sim = require "spec.support.sim"

local function content(map)
  local list = {}
  for key, value in pairs(map) do list[key] = value end
  return list
end

describe("a shared map", function()
  it("keeps keys and values of every kind, as copies", function()
    local m <close> = conc.shared.map()
    local t = { 1, { 2 } }
    local values = {
      a = 1, ["1"] = "text key", [1] = "integer key", [-7] = -0.5, [2.5] = true,
      [math.mininteger] = math.maxinteger, [""] = "", [true] = false,
      long = ("x"):rep(100000), ["with\0zero"] = "\0", [math.huge] = math.huge, t = t,
    }
    for key, value in pairs(values) do assert.is_true(m:set(key, value)) end
    for key, value in pairs(values) do
      assert.same(value, m:get(key))
      assert.equal(math.type(value), math.type(m:get(key)))
    end
    assert.same(values, content(m))
    t[1] = 5
    assert.equal(1, m:get("t")[1])
    assert.not_equal(m:get "t", m:get "t")
    assert.equal("integer key", m:get(1.0))
    assert.is_nil(m:get "none")
    assert.equal(12, #m)
  end)

  it("carries functions within the family", function()
    local m <close> = conc.shared.map()
    m:set("f", function(x) return x + 1 end)
    assert.equal(3, conc.run(function()
      return conc.thread(function() return m:get "f" (2) end):await()
    end))
  end)

  it("refuses what is no key or no value", function()
    local m <close> = conc.shared.map()
    for _, key in ipairs { {}, print, io.stdout } do
      for _, verb in ipairs { "get", "set", "delete", "incr", "cas", "expire" } do
        sim.shows(sim.raises(m[verb], m, key, 1), "a key of a shared map must be a ")
      end
    end
    sim.raises(m.get, m)
    sim.shows(sim.raises(m.set, m, 0 / 0, 1), "must not be nan")
    sim.shows(sim.raises(m.set, m, 1, nil), "nil can't be a value")
    sim.shows(sim.raises(m.set, m, 1, coroutine.create(print)), "cannot send value")
    sim.shows(sim.raises(m.set, m, 1, m), "a map can't be kept as bytes")
    assert.equal(0, #m)
    for _, options in ipairs { { memory = 1 }, { memory = "x" }, { memory = 1e18 },
      { memori = 1 }, 5 } do
      sim.raises(conc.shared.map, options)
    end
  end)

  it("counts, compares and deletes", function()
    local m <close> = conc.shared.map()
    assert.same({ 1, 6, 5 }, { m:incr "n", m:incr("n", 5), m:incr("n", -1) })
    m:set("s", "x")
    sim.shows(sim.raises(m.incr, m, "s"), "'incr' needs a value that is an integer: key 's'")
    m:set("f", 1.5)
    sim.raises(m.incr, m, "f")
    assert.is_true(m:cas("new", nil, 1))
    assert.is_false(m:cas("new", nil, 2))
    assert.is_false(m:cas("new", 1.0, 2))
    assert.is_false(m:cas("new", "1", 2))
    assert.is_true(m:cas("new", 1, { 2 }))
    assert.equal(2, m:get("new")[1])
    sim.shows(sim.raises(m.cas, m, "new", {}, 1), "'cas' compares strings")
    assert.is_true(m:cas("s", "x", nil))
    assert.is_false(m:cas("s", "x", nil))
    assert.is_true(m:cas("s", nil, nil))
    assert.is_true(m:delete "n")
    assert.is_false(m:delete "n")
    assert.is_nil(m:get "n")
  end)

  it("loses no update of threads and processes", function()
    conc.run(function()
      local m = conc.shared.map()
      local function work()
        for i = 1, 200 do
          m:incr("count" .. i % 7)
          m:update("list", function(list)
            list = list or { n = 0 }
            list.n = list.n + 1
            return list
          end)
          repeat
            local old = m:get "cas"
          until m:cas("cas", old, (old or 0) + 1)
        end
      end
      conc.gather(conc.thread(work), conc.thread(work), conc.process(work))
      local sum = 0
      for i = 0, 6 do sum = sum + m:get("count" .. i) end
      assert.same({ 600, 600, 600 }, { sum, m:get("list").n, m:get "cas" })
    end)
  end)

  it("updates by a function that may be called again, fail, or delete", function()
    conc.run(function()
      local m <close> = conc.shared.map()
      m:set("a", 1)
      local calls = 0
      local result = m:update("a", function(value, more)
        calls = calls + 1
        if calls == 1 then m:set("a", 10) end
        return value + more
      end, 5)
      assert.same({ 15, 2, 15 }, { result, calls, m:get "a" })
      sim.shows(sim.raises(m.update, m, "a", function() error "no" end), "no")
      assert.equal(15, m:get "a")
      assert.is_nil(m:update("a", function() end))
      assert.equal(0, #m)
      assert.is_nil(m:update("a", function(value) return value end))
      sim.shows(sim.raises(m.update, m, "a", conc.sleep, 1), "seconds")
      sim.shows(sim.raises(m.update, m, "a", function() conc.sleep(1) end), "cannot wait")
      sim.raises(m.update, m, "a", 1)
      sim.shows(sim.raises(m.update, m, "a", function() m:close() end), "closed")
    end)
  end)

  it("forgets what has expired, by the clock of its users", function()
    sim.run(function()
      local m <close> = conc.shared.map()
      m:set("a", 1)
      m:set("b", 2)
      assert.is_true(m:expire("a", 10))
      assert.is_false(m:expire("none", 10))
      conc.sleep(9)
      assert.equal(1, m:get "a")
      conc.sleep(2)
      assert.is_nil(m:get "a")
      assert.is_true(m:cas("a", nil, 3))
      assert.same({ a = 3, b = 2 }, content(m))
      m:expire("a", 1)
      m:expire("a")
      m:expire("b", 5)
      m:set("b", 4)
      conc.sleep(100)
      assert.same({ a = 3, b = 4 }, content(m))
      m:expire("a", 0)
      assert.is_nil(m:get "a")
      m:expire("b", 1)
      conc.sleep(2)
      assert.same({}, content(m))
      assert.equal(7, m:incr("b", 7))
    end)
  end)

  it("is iterated as it was at one moment", function()
    local m <close> = conc.shared.map()
    for i = 1, 100 do m:set(i, i) end
    local seen, sum = 0, 0
    for key, value in m:iter() do
      m:delete(key)
      m:set(key + 1000, 0)
      seen, sum = seen + 1, sum + value
    end
    assert.same({ 100, 5050, 100 }, { seen, sum, #m })
    for _ in pairs(conc.shared.map()) do error "there is nothing" end
  end)

  it("refuses keys and values whose length would not fit", function()
    local m <close> = conc.shared.map { memory = 1 << 26 }
    -- Test builds refuse from 16 MiB on, not from 4 GiB on.
    local most = ("x"):rep(1 << 24)
    local long = most .. "x"
    local why = "keys and values of a shared map must be shorter than 4 GiB"
    assert.is_true(m:set("a", most))
    assert.equal(most, m:get "a")
    assert.same({ nil, why, "EMSGSIZE" }, { m:set("a", long) })
    assert.same({ nil, why, "EMSGSIZE" }, { m:set(long, 1) })
    assert.same({ nil, why, "EMSGSIZE" }, { m:set("a", { long }) })
    assert.same({ nil, why, "EMSGSIZE" }, { m:incr(long) })
    assert.same({ nil, why, "EMSGSIZE" }, { m:cas("b", nil, long) })
    assert.same({ nil, why, "EMSGSIZE" }, { m:update("a", function() return long end) })
    assert.equal(most, m:get "a")
    assert.equal(1, #m)
  end)

  it("has a bound, and room again for what is deleted, in any sizes", function()
    local m <close> = conc.shared.map { memory = 32768 }
    local function fill(size)
      local n = 0
      while true do
        local ok, why, code = m:set("key" .. n, ("x"):rep(size))
        if not ok then
          assert.same({ "the shared map is full: its memory is 32768 bytes (memory=)", "ENOSPC" },
            { why, code })
          return n
        end
        n = n + 1
      end
    end
    for _, size in ipairs { 10, 1000, 1, 5000, 100, 20000, 10 } do
      local n = fill(size)
      assert.is_true(n * (size + 80) > 32768 - 2 * (size + 80))
      assert.equal(n, #m)
      assert.is_nil((m:incr(("a key that is too long to fit "):rep(900))))
      for i = 0, n - 1 do assert.equal(size, #m:get("key" .. i)) end
      for i = 0, n - 1 do assert.is_true(m:delete("key" .. i)) end
    end
    assert.equal("ENOSPC", select(3, m:set("big", ("x"):rep(32768))))
    assert.equal("ENOSPC", select(3, m:cas("big", nil, ("x"):rep(32768))))
    local long = ("x"):rep(40000)
    assert.equal("ENOSPC", select(3, m:update("big", function() return long end)))
    for i = 1, 400 do
      m:set(i, i)
      m:expire(i, 0)
    end
    assert.is_true(m:set("big", ("x"):rep(30000)))
  end)

  it("holds against a table, whatever is done in whatever order", function()
    local m <close> = conc.shared.map { memory = 65536 }
    local mine, n = {}, 0
    math.randomseed(3)
    for _ = 1, 5000 do
      local key, what = math.random(60), math.random(6)
      if what <= 3 then
        local value = ("v"):rep(math.random(0, 900))
        if m:set(key, value) then
          n = n + (mine[key] == nil and 1 or 0)
          mine[key] = value
        end
      elseif what == 4 then
        assert.equal(mine[key] ~= nil, m:delete(key))
        n = n - (mine[key] and 1 or 0)
        mine[key] = nil
      else
        assert.equal(mine[key], m:get(key))
      end
      assert.equal(n, #m)
    end
    assert.same(mine, content(m))
  end)

  it("is no map any more when it is closed", function()
    local m = conc.shared.map()
    m:close()
    m:close()
    for _, verb in ipairs { "get", "set", "delete", "incr", "len", "iter", "expire" } do
      sim.shows(sim.raises(m[verb], m, 1, 1), "closed")
    end
    sim.raises(m.get, {})
    sim.raises(m.close, 1)
  end)
end)
