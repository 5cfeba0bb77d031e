-- Shared objects under the failure of each allocation and each call of the
-- system. (Unlike those of fault_spec.lua they hold descriptors until they are
-- collected.)

local conc = require "luaconc"
local sweep = require "spec.support.sweep"
local testing = require "luaconc.testing"

local shared = conc.shared

local function check(ok)
  if not ok then error("a wrong result", 0) end
end

local operations = {
  ["a lock"] = function()
    local lock = assert(shared.lock())
    local job = conc.spawn(function() return lock:with(conc.yield) end)
    conc.yield()
    lock:with(function() check(not lock:try_acquire()) end)
    job:await()
    check(select("#", lock:acquire()) == 1)
    lock:release()
  end,
  ["a lock that is abandoned"] = function()
    local lock = assert(shared.lock())
    conc.spawn(function() lock:acquire() end):await()
    check(select(3, lock:acquire()) == "EOWNERDEAD")
    lock:release()
  end,
  ["semaphore, event and barrier"] = function()
    local semaphore, event = assert(shared.semaphore(0)), assert(shared.event())
    local barrier = assert(shared.barrier(2))
    conc.spawn(function()
      conc.yield()
      semaphore:release()
      conc.yield()
      event:set()
      barrier:wait()
    end)
    semaphore:acquire()
    check(conc.select { e = event, never = conc.channel() } == "e")
    check(barrier:wait() <= 2)
  end,
  ["an array"] = function()
    local array = assert(shared.array("i32", 100))
    conc.spawn(function()
      conc.yield()
      array:store(1, 1)
      array:notify(1)
    end)
    while array:load(1) == 0 do array:wait(1, 0) end
    check(#array:fill(2):get_string() == 400 and array:sum() == 200)
  end,
  ["a counter"] = function() check(assert(shared.counter()):add(2) == 2) end,
  ["a map"] = function()
    local map = assert(shared.map { memory = 1 << 16 })
    check(map:set("a", { 1, 2, { 3 } }) and map:get("a")[3][1] == 3)
    check(map:update("b", function(v) return v or ("x"):rep(2000) end))
    local n = 0
    for _ in pairs(map) do n = n + 1 end
    check(n == 2)
  end,
  ["sending to a thread and back"] = function()
    local array, lock = assert(shared.array("u8", 1)), assert(shared.lock())
    local job = assert(conc.thread(function()
      lock:with(function() array:add(1, 1) end)
      return array
    end))
    check(job:await() == array and array[1] == 1)
  end,
}

local function live()
  collectgarbage()
  collectgarbage()
  return sweep.live(testing.counts())
end

for what, fault in pairs(sweep.faults) do
  describe("the failure of any " .. what .. " in", function()
    for name, operation in pairs(operations) do
      it(name .. " raises or is survived, and leaves nothing behind", function()
        local function run() testing.virtual(operation) end
        run()
        sweep.each(fault, run, live)
        run()
      end)
    end
  end)
end
