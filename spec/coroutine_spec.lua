local conc = require "luaconc"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

local co = conc.coroutine

describe("conc.coroutine", function()
  it("has every function of coroutine", function()
    for name in pairs(coroutine) do
      assert.equal("function", type(co[name]), name)
    end
  end)

  -- What a program sees of coroutines, the same with either table.
  local behaviours = {
    ["passes values in and out"] = function(c)
      local t = c.create(function(...)
        local a, b = c.yield(...)
        return c.yield(a + b)
      end)
      return c.status(t), table.pack(c.resume(t, 1, nil, 3)),
        table.pack(c.resume(t, 4, 5)), table.pack(c.resume(t, "end")),
        c.status(t), table.pack(c.resume(t))
    end,
    ["returns errors from resume"] = function(c)
      local t = c.create(function() error({ 1 }, 0) end)
      local ok, err = c.resume(t)
      return ok, err[1], c.status(t)
    end,
    ["raises errors from wrap"] = function(c)
      local f = c.wrap(function() c.yield(1) error("boom", 0) end)
      return f(), pcall(f)
    end,
    ["raises tables from wrap unchanged"] = function(c)
      local mine = {}
      local _, err = pcall(c.wrap(function() error(mine) end))
      return rawequal(mine, err)
    end,
    ["makes iterators for the for statement"] = function(c)
      local sum = 0
      for i in c.wrap(function() for i = 1, 10 do c.yield(i) end end) do
        sum = sum + i
      end
      return sum
    end,
    ["tells who is running"] = function(c)
      local t
      t = c.create(function()
        local running, main = c.running()
        return running == t, main, c.isyieldable(), c.status(t)
      end)
      return c.resume(t)
    end,
    ["tells that the resumer is normal"] = function(c)
      local outer
      outer = c.create(function()
        return c.wrap(function() return c.status(outer) end)()
      end)
      return c.resume(outer)
    end,
    ["closes a suspended one, running its <close> variables"] = function(c)
      local closed
      local t = c.create(function()
        local _ <close> = sim.on_close(function() closed = true end)
        c.yield()
      end)
      c.resume(t)
      return c.close(t), closed, c.status(t)
    end,
    ["returns a close's error"] = function(c)
      local t = c.create(function()
        local _ <close> = sim.on_close(function() error("close broke", 0) end)
        c.yield()
      end)
      c.resume(t)
      return c.close(t)
    end,
    ["does not resume a dead one"] = function(c)
      local t = c.create(function() end)
      c.resume(t)
      return c.resume(t)
    end,
    ["does not resume itself"] = function(c)
      local t
      t = c.create(function() return c.resume(t) end)
      return c.resume(t)
    end,
    ["nests"] = function(c)
      local list = {}
      for a in c.wrap(function()
        for b in c.wrap(function() c.yield(1) c.yield(2) end) do c.yield(b * 10) end
      end) do list[#list + 1] = a end
      return table.unpack(list)
    end,
    ["yields across pcall and metamethods"] = function(c)
      local t = setmetatable({}, { __index = function(_, k) return c.yield(k) end })
      local f = c.wrap(function() return pcall(function() return t.key end) end)
      return f(), f("value")
    end,
    ["refuses what is no function or coroutine"] = function(c)
      return (pcall(c.create, 1)), (pcall(c.wrap, {})), (pcall(c.resume, 1)),
        (pcall(c.status, "x"))
    end,
  }

  for name, behaviour in pairs(behaviours) do
    it(name .. ", as coroutine does, inside a task", function()
      local expected = table.pack(behaviour(coroutine))
      assert.same(expected, sim.run(function() return table.pack(behaviour(co)) end))
    end)

    it(name .. ", as coroutine does, outside tasks", function()
      assert.same(table.pack(behaviour(coroutine)), table.pack(behaviour(co)))
    end)
  end

  it("lets generators wait: only the task is suspended", function()
    local list, log = sim.log()
    sim.run(function()
      conc.spawn(function()
        conc.sleep(0.5)
        log "other"
        conc.sleep(1)
        log "other"
      end)
      for i in co.wrap(function()
        for i = 1, 2 do
          conc.sleep(1)
          co.yield(i)
        end
      end) do log(i) end
    end)
    assert.same({ "other", 1, "other", 2 }, list)
  end)

  it("lets nested generators wait at any depth", conc.test(function()
    local start = conc.now()
    local function deep(n)
      if n == 0 then
        conc.sleep(1)
        co.yield "bottom"
        conc.sleep(1)
        return
      end
      for v in co.wrap(function() deep(n - 1) end) do
        conc.sleep(1)
        co.yield(v .. n)
      end
    end
    local got = {}
    for v in co.wrap(function() deep(5) end) do got[#got + 1] = v end
    assert.same({ "bottom12345" }, got)
    assert.near(start + 7, conc.now(), 7 * sim.tolerance)
  end))

  it("lets a coroutine wait that is resumed by several tasks in turn", conc.test(function()
    local t = co.create(function()
      for i = 1, 3 do
        conc.sleep(1)
        co.yield(i)
      end
    end)
    for i = 1, 3 do
      local got = conc.spawn(function() return select(2, co.resume(t)) end):await()
      assert.equal(i, got)
    end
  end))

  it("refuses to resume one that waits on behalf of another task", conc.test(function()
    local t = co.create(function() conc.sleep(10) return "own" end)
    local h = conc.spawn(function() return select(2, co.resume(t)) end)
    conc.sleep(1)
    assert.not_equal("suspended", co.status(t))
    local ok, err = co.resume(t)
    assert.is_false(ok)
    assert.equal("string", type(tostring(err)))
    assert.equal("own", h:await())
  end))

  it("refuses to close one that waits", conc.test(function()
    local t = co.create(function() conc.sleep(10) return "own" end)
    local h = conc.spawn(function() return select(2, co.resume(t)) end)
    conc.sleep(1)
    assert.is_false((pcall(co.close, t)))
    assert.equal("own", h:await())
  end))

  it("lets generators wait outside tasks", function()
    local list = {}
    for i in co.wrap(function()
      for i = 1, 3 do
        conc.sleep(0.001)
        co.yield(i)
      end
    end) do list[i] = i end
    assert.same({ 1, 2, 3 }, list)
  end)

  it("raises errors through a generator that waited", conc.test(function()
    local mine = {}
    local f = co.wrap(sim.failing(1, mine))
    assert.equal(mine, sim.raises(f))
  end))

  it("says so where a <close> variable of a closed coroutine can't wait", conc.test(function()
    local t = co.create(function()
      local _ <close> = sim.on_close(function() conc.sleep(2) end)
      co.yield()
    end)
    co.resume(t)
    local ok, err = co.close(t)
    assert.is_false(ok)
    sim.shows(err, "cannot wait")
    assert.equal("dead", co.status(t))
    conc.sleep(1)
  end))

  it("brings a cancellation into the generator that waits", conc.test(function()
    local list, log = sim.log()
    local h = conc.spawn(function()
      local _ <close> = sim.on_close(function() log "task" end)
      co.wrap(function()
        local _ <close> = sim.on_close(function(err)
          log(conc.is_cancelled(err) and "generator")
        end)
        conc.sleep(1000)
      end)()
    end)
    conc.sleep(1)
    h:cancel()
    pcall(h.await, h)
    assert.same({ "generator", "task" }, list)
  end))

  it("allows groups inside", conc.test(function()
    local start = conc.now()
    local list = {}
    for v in co.wrap(function()
      do
        local g <close> = conc.group()
        local h = conc.spawn(sim.after(2, "a"))
        g:spawn(sim.after(3))
        co.yield(h:await())
      end
      co.yield "b"
    end) do list[#list + 1] = v end
    assert.same({ "a", "b" }, list)
    assert.near(start + 3, conc.now(), sim.tolerance)
  end))

  it("brings the failure of a group inside to who takes from the generator", conc.test(function()
    local mine = {}
    local f = co.wrap(function()
      local _ <close> = conc.group()
      conc.spawn(sim.failing(1, mine))
      conc.sleep(1000)
    end)
    assert.equal(mine, sim.raises(f))
    conc.sleep(1)
  end))

  it("keeps a generator's group from cancelling its taker while suspended", conc.test(function()
    local mine = {}
    local t = co.create(function()
      local _ <close> = conc.group()
      conc.spawn(sim.failing(1, mine))
      co.yield "open"
      conc.sleep(1000)
    end)
    assert.same({ true, "open" }, { co.resume(t) })
    conc.sleep(5)
    local ok, err = co.resume(t)
    assert.is_false(ok)
    assert.equal(mine, err)
  end))

  it("ends the jobs of a generator that is dropped half-way with its task", function()
    local seconds = sim.took(function()
      local h = conc.spawn(function()
        local f = co.wrap(function()
          local _ <close> = conc.group()
          conc.spawn(sim.after(5))
          co.yield()
        end)
        f()
      end)
      pcall(h.await, h)
      assert.not_equal("waiting", h:status())
    end)
    assert.is_true(seconds < 6)
  end)

  it("keeps scopes apart: one in a generator holds only there", conc.test(function()
    local f = co.wrap(function()
      local s <close> = conc.scope()
      s:cancel()
      co.yield((pcall(conc.sleep, 1)))
      return (pcall(conc.sleep, 1))
    end)
    assert.is_false(f())
    conc.sleep(1)
    assert.is_false(f())
  end))

  it("times a generator's waits by its taker's deadline", conc.test(function()
    local start = conc.now()
    local f = co.wrap(function() conc.sleep(1000) end)
    assert.same({ nil, "timed out", "ETIMEDOUT" }, { conc.timeout(2, f) })
    assert.near(start + 2, conc.now(), sim.tolerance)
  end))

  it("lets spawned tasks use plain coroutines that don't wait", conc.test(function()
    local list = {}
    conc.spawn(function()
      for i in coroutine.wrap(function()
        for i = 1, 3 do coroutine.yield(i) end
      end) do
        conc.sleep(1)
        list[#list + 1] = i
      end
    end):await()
    assert.same({ 1, 2, 3 }, list)
  end))

  it("lets 1,000 coroutines wait at once", function()
    local sum = 0
    sim.run(function()
      for i = 1, 1000 do
        conc.spawn(function()
          for v in co.wrap(function() conc.sleep(1) co.yield(i) end) do
            sum = sum + v
          end
        end)
      end
    end)
    assert.equal(500500, sum)
  end)

  it("frees coroutines that nobody holds", conc.test(function()
    local weak = setmetatable({}, { __mode = "k" })
    for _ = 1, 20 do
      local t = co.create(function() conc.yield() co.yield() end)
      co.resume(t)
      weak[t] = true
    end
    collectgarbage() collectgarbage()
    assert.is_nil(next(weak))
  end))
end)

-- In processes of their own: what goes wrong here could take the specs along.
describe("the coroutine of a task", function()
  for _, call in ipairs { "coroutine.resume", "coroutine.close",
    "conc.coroutine.resume", "conc.coroutine.close" } do
    it("survives " .. call .. " by another task", function()
      local result = script.run(([[
        local ended = pcall(conc.run, function()
          local own
          local h = conc.spawn { function()
            own = coroutine.running()
            conc.sleep(0.01)
            return "slept"
          end, keep = true }
          local other = conc.spawn(function() conc.sleep(0.02) return "other" end)
          conc.yield()
          say(tostring((pcall(%s, own))))
          say(tostring((pcall(h.await, h))))
          say(other:await())
        end)
        say(tostring(ended))
        conc.run(function() for _ = 1, 10 do conc.spawn(conc.sleep, 0.001) end end)
        say "end"
      ]]):format(call))
      assert.equal(0, result.code, result.err)
      assert.matches("other\ntrue\nend\n$", result.out)
    end)
  end

  it("keeps a hook of its own from later tasks", function()
    local hits = 0
    sim.run(function()
      debug.sethook(function() hits = hits + 1 end, "l")
      conc.sleep(1)
    end)
    local before = hits
    assert.is_true(before > 0)
    sim.run(function()
      for _ = 1, 100 do
        conc.yield()
      end
    end)
    assert.equal(before, hits)
  end)

  it("refuses a plain yield, which nobody would resume", conc.test(function()
    local h = conc.spawn { coroutine.yield, keep = true }
    local err = sim.raises(h.await, h)
    sim.shows(err, "coroutine.yield", "conc.yield")
    err = sim.raises(conc.coroutine.yield)
    sim.shows(err, "coroutine.yield")
  end))
end)

describe("a generator with an open group", function()
  it("whose taker is cancelled ends with it", function()
    local result = script.run [[
      conc.run(function()
        local t = conc.coroutine.create(function()
          local _ <close> = conc.scope { timeout = 100 }
          local g <close> = conc.group()
          g:spawn(function()
            local _ <close> = on_close(function() say "closed" end)
            conc.sleep(100)
          end)
          conc.coroutine.yield(1)
        end)
        local h = conc.spawn(function() conc.coroutine.resume(t) conc.sleep(100) end)
        conc.sleep(0.001)
        h:cancel()
        say(tostring((pcall(h.await, h))))
        pcall(conc.coroutine.resume, t)
      end)
      say "end"
    ]]
    assert.equal(0, result.code, result.err)
    assert.matches("^closed\nfalse\nend\n$", result.out)
  end)

  it("is not resumed by another task: an error says where to", conc.test(function()
    local t = co.create(function()
      local g <close> = conc.group()
      g:spawn(sim.after(5))
      co.yield(1)
    end)
    assert.is_true(co.resume(t))
    local h = conc.spawn { function() return co.resume(t) end, keep = true }
    local err = sim.raises(h.await, h)
    sim.shows(err, "another task", "resume it there")
    assert.is_true(co.resume(t))
  end))
end)
