-- Every function and method with every wrong type, and too few and too many
-- arguments: it may raise, it must not crash, hang or leave anything behind.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local sim = require "spec.support.sim"

local function closed_group()
  local group
  do
    local g <close> = conc.group()
    group = g
  end
  return group
end

-- One of each kind of value, made anew each time: some calls change them.
local makers = {
  function() return nil end,
  function() return true end,
  function() return -1 end,
  function() return 0 end,
  function() return 2.5 end,
  function() return 0 / 0 end,
  function() return math.huge end,
  function() return math.mininteger end,
  function() return "text" end,
  function() return "10" end,
  function() return {} end,
  function() return { type, 1, timeout = 1, limit = 1, name = "n" } end,
  function() return setmetatable({}, { __call = type }) end,
  function() return type end,
  function() return error end,
  function() return io.stdout end,
  function() return coroutine.create(type) end,
  function() return conc.coroutine.create(type) end,
  function() return conc.spawn(conc.yield) end,
  function() return conc.current() end,
  function() return conc.group { current = false } end,
  closed_group,
  function() return conc.scope { timeout = 1 } end,
  function() return conc.queue(1) end,
  function() return conc.lock() end,
  function() return conc.semaphore(0) end,
  function() return conc.event() end,
  function() return conc.condition(conc.lock()) end,
  function() return conc.barrier(2) end,
}

-- Name and function of all that can be called, methods under their object's.
local function callables()
  local found = {}
  for _, name in ipairs { "run", "spawn", "sleep", "yield", "now", "current",
    "jobs", "locals", "shield", "traceback", "is_cancelled", "group", "scope",
    "queue", "lock", "semaphore", "event", "condition", "barrier", "gather",
    "settle", "race", "completed", "timeout", "tree" } do
    found[name] = assert(conc[name], name)
  end
  for name, f in pairs(conc.coroutine) do found["coroutine." .. name] = f end
  sim.run(function()
    for i, make in ipairs(makers) do
      local value = make()
      local mt = type(value) == "userdata" and value ~= io.stdout
        and debug.getmetatable(value) or {}
      for _, name in ipairs { "await", "cancel", "status", "spawn", "close", "send",
        "recv", "try_send", "try_recv", "len", "iter", "acquire", "try_acquire",
        "release", "with", "set", "clear", "is_set", "wait", "notify",
        "notify_all" } do
        local method = mt.__index and value[name]
        if type(method) == "function" then found[i .. ":" .. name] = method end
      end
      for _, name in ipairs { "__close", "__tostring", "__index", "__newindex" } do
        if type(mt[name]) == "function" then found[i .. "." .. name] = mt[name] end
      end
    end
  end)
  return found
end

-- Calls it in a task of its own, for a second at most.
local function try(f, ...)
  local args = table.pack(...)
  pcall(sim.run, function()
    for i = 1, args.n do args[i] = args[i]() end
    conc.timeout(1, f, table.unpack(args, 1, args.n))
  end)
end

describe("wrong arguments", function()
  for name, f in pairs(callables()) do
    it("to " .. name .. " do no harm", function()
      local own = makers[tonumber(name:match "^(%d+)[:.]")]
      try(f)
      for _, first in ipairs(makers) do
        try(f, first)
        for _, second in ipairs(makers) do
          if own then try(f, own, first, second)
          else try(f, first, second) end
        end
      end
      testing.check()
      assert.equal(0, testing.counts().jobs)
      assert.equal(0, testing.counts().ops)
      assert.equal(1, sim.run(function() conc.sleep(1) return 1 end))
    end)
  end
end)
