-- Methods of streams, listeners and sockets with wrong arguments, in any
-- order, by anybody: they may raise, they must not crash, hang or leave
-- anything behind.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local testing = require "luaconc.testing"

-- Each listener has a name of its own.
local names = 0

local function unix_listener()
  names = names + 1
  local path = ("\0luaconc misuse %d"):format(names)
  return assert(conc.unix.listen(path)), path
end

local function unix_pair()
  local l, path = unix_listener()
  local a = assert(conc.unix.connect(path))
  local b = assert(l:accept())
  l:close()
  return a, b
end

-- Makers of objects; each returns one, and what is to be closed with it.
local objects = {
  ["memory stream"] = function() return conc.pair() end,
  ["tcp listener"] = function() return assert(conc.tcp.listen("127.0.0.1", 0)) end,
  ["unix listener"] = function() return (unix_listener()) end,
  ["tcp stream"] = function()
    local l = assert(conc.tcp.listen("127.0.0.1", 0))
    return assert(conc.tcp.connect("127.0.0.1", l:sock().port)), l
  end,
  ["unix stream"] = unix_pair,
  ["udp socket"] = function() return assert(conc.udp.bind("127.0.0.1", 0)) end,
}

local values = {
  function() return nil end,
  function() return true end,
  function() return -1 end,
  function() return 2.5 end,
  function() return 3 end,
  function() return 0 / 0 end,
  function() return "l" end,
  function() return "127.0.0.1" end,
  function() return "nodelay" end,
  function() return ("x"):rep(200000) end,
  function() return {} end,
  function() return print end,
  function() return io.stdout end,
  function() return (conc.pair()) end,
}

local function methods_of(object)
  local list = {}
  for name in pairs(debug.getmetatable(object).__index) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- Calls the method, for a second of the virtual clock at most; what is raised
-- is about the caller, not about our own files.
local function try(object, name, ...)
  local results = table.pack(pcall(conc.timeout, 1, object[name], ...))
  local text = tostring(results[2])
  assert.is_true(results[1] or not text:find("lua/luaconc/[%w_/]+%.lua:%d+: attempt to"))
  for i = 2, results.n do
    local made = results[i]
    if type(made) == "userdata" and made ~= object and made ~= io.stdout then
      pcall(made.close, made)
    end
  end
end

local function close_all(...)
  for _, object in ipairs { ... } do
    if not pcall(function() return object:reset() end) then object:close() end
  end
end

describe("wrong arguments", function()
  for title, make in pairs(objects) do
    it("to the methods of a " .. title .. " do no harm", function()
      local methods
      sim.run(function()
        local made = table.pack(make())
        methods = methods_of(made[1])
        close_all(table.unpack(made, 1, made.n))
      end)
      for _, name in ipairs(methods) do
        for _, first in ipairs(values) do
          for _, second in ipairs { values[1], values[3] } do
            sim.run(function()
              local made = table.pack(make())
              try(made[1], name, made[1], first(), second())
              try(made[1], name, first(), made[1])
              close_all(table.unpack(made, 1, made.n))
              try(made[1], name, made[1], first(), second())
            end)
          end
        end
      end
      collectgarbage()
      testing.check()
      assert.equal(0, testing.counts().ops)
    end)
  end
end)

describe("any order of calls", function()
  -- Seeded: a failing one can be run again.
  local function drawing(seed)
    local state = seed * 2654435761 % 0x7fffffff + 1
    return function(n)
      state = state * 48271 % 0x7fffffff
      return state % n + 1
    end
  end

  local calls = {
    function(s, draw) return s:write(("y"):rep(draw(70000))) end,
    function(s, draw) return s:read(draw(90000)) end,
    function(s) return s:read() end,
    function(s) return s:read "l" end,
    function(s) return s:read "a" end,
    function(s) return s:flush() end,
    function(s) return s:shutdown() end,
    function(s) return s:close() end,
    function(s) return s:reset() end,
    function(s, draw) return s:timeout(draw(3)) end,
    function(s) return conc.select { s, conc.after(1) } end,
    function(s) return conc.select { { s, "read", "l" }, { s, "read", 5 } } end,
    function() conc.yield() end,
    function() conc.sleep(1) end,
    function(s) return conc.channel(1):send(s) end,
    function(_, _, job) job:cancel() end,
  }

  -- Calls at random on the ends of one pair, by several tasks, some of which
  -- are cancelled.
  local function storm(make, seed)
    local draw = drawing(seed)
    testing.seed(seed)
    sim.run(function()
      local ends = table.pack(make())
      local jobs = {}
      for i = 1, 6 do
        jobs[i] = conc.spawn { function()
          for _ = 1, 12 do
            local call = calls[draw(#calls)]
            pcall(conc.timeout, 5, call, ends[draw(ends.n)], draw, jobs[draw(6)])
          end
        end, keep = true }
      end
      for _, job in ipairs(jobs) do pcall(job.await, job) end
      for i = 1, ends.n do ends[i]:reset() end
    end)
    testing.seed(nil)
    testing.check()
    assert.equal(0, testing.counts().ops, "seed " .. seed)
  end

  it("on a pair in memory does no harm", function()
    for seed = 1, 100 do
      storm(function() return conc.pair(1 + seed * 37 % 5000) end, seed)
    end
  end)

  it("on a connection does no harm", function()
    for seed = 1, 30 do
      storm(unix_pair, seed)
    end
  end)
end)
