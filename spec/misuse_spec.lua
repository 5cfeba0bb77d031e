-- Every function and method with every wrong type, and too few and too many
-- arguments: it may raise, it must not crash, hang or leave anything behind.

local lfs = require "lfs"
local conc = require "luaconc"
local testing = require "luaconc.testing"
local folder = require "spec.support.folder"
local sim = require "spec.support.sim"

local function closed_group()
  local group
  do
    local g <close> = conc.group()
    group = g
  end
  return group
end

local function text() return "text" end
local function digits() return "10" end

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
  text,
  digits,
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

-- Functions of a table, and of the tables in it, by name.
local function functions_of(t, prefix, found)
  for name, value in pairs(t) do
    if type(value) == "function" then found[prefix .. name] = value
    elseif type(value) == "table" then
      functions_of(value, prefix .. name .. ".", found)
    end
  end
end

-- Name and function of all that can be called, methods under their object's.
local function callables()
  local found = {}
  functions_of(conc, "", found)
  sim.run(function()
    for i, make in ipairs(makers) do
      local value = make()
      local mt = type(value) == "userdata" and value ~= io.stdout
        and debug.getmetatable(value) or {}
      for name, method in pairs(mt.methods or {}) do
        found[i .. ":" .. name] = method
      end
      for name, method in pairs(mt) do
        local called = type(name) == "string" and name ~= "__gc"
        if called and type(method) == "function" then
          found[i .. "." .. name] = method
        end
      end
    end
  end)
  return found
end

-- An error of Lua itself inside a file of ours: an argument went unchecked.
local function is_slip(err)
  return tostring(err):find("lua/luaconc/[%w_/]+%.lua:%d+: attempt to") ~= nil
end

-- Does it leave files with new names behind, or watch the program from then
-- on? (Their own specs call it.)
local function lasts(name)
  return name:find "^fs%.mk.temp$" ~= nil or name == "debug.start"
end

-- Functions that make files are called in a folder of their own.
local function in_folder(name, f)
  if not name:find "^fs%." and not name:find "^trace%." then return f() end
  folder.with(function(dir)
    local here = lfs.currentdir()
    assert(lfs.chdir(dir))
    local _ <close> = setmetatable({}, { __close = function() lfs.chdir(here) end })
    f()
    conc.trace.stop()
  end)
end

-- Is it a name of a host? Then real time would pass until it is looked up.
local function is_host(name, make)
  return (name:find "^tcp%." or name:find "^udp%." or name:find "^dns%.")
    and (make == text or make == digits)
end

-- Calls it in a task of its own, for a second at most.
local function try(f, ...)
  local args = table.pack(...)
  local slip
  local function call(...)
    local results = table.pack(pcall(f, ...))
    if results[1] then return table.unpack(results, 2, results.n) end
    if is_slip(results[2]) then slip = results[2] end
    error(results[2], 0)
  end
  local ok, err = pcall(sim.run, function()
    for i = 1, args.n do args[i] = args[i]() end
    conc.timeout(1, call, table.unpack(args, 1, args.n))
  end)
  if not ok and is_slip(err) then slip = err end
  assert.is_nil(slip)
end

local function call_with_all(name, f)
  local own = makers[tonumber(name:match "^(%d+)[:.]")]
  try(f)
  for _, first in ipairs(makers) do
    if not is_host(name, first) then try(f, first) end
    for _, second in ipairs(is_host(name, first) and {} or makers) do
      if own then try(f, own, first, second)
      else try(f, first, second) end
    end
  end
end

describe("wrong arguments", function()
  for name, f in pairs(callables()) do
    it("to " .. name .. " do no harm", function()
      if lasts(name) then return end
      in_folder(name, function() call_with_all(name, f) end)
      testing.check()
      assert.equal(0, testing.counts().jobs)
      -- A request that was left alone by its deadline ends when it is done.
      while testing.counts().ops > 0 do conc.run(conc.sleep, 0.001) end
      assert.equal(1, sim.run(function() conc.sleep(1) return 1 end))
    end)
  end
end)
