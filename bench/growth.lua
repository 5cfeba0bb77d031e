-- Whether cost stays flat as tasks grow in number: `switch_ns` between N
-- tasks that all yield, `spawn_ns` to start and await one more while N
-- sleep. `growth.lua [luaconc|plain] [N]`; `plain` does the same with bare
-- coroutines, which shows what caches and the collector take.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"
local conc

local SWITCHES, SPAWNS = 1000000, 200000

local function all_yield(tasks, each)
  local yield = conc.yield
  local group <close> = conc.group()
  for _ = 1, tasks do
    group:spawn(function()
      for _ = 1, each do yield() end
    end)
  end
  yield() -- all have started, and are past their first switch
  local start = measure.cpu()
  group:await()
  return (measure.cpu() - start) / (tasks * (each - 1)) * 1e9
end

local function spawn_beside(tasks)
  local group <close> = conc.group()
  for _ = 1, tasks do
    group:spawn(function() conc.sleep(3600) end)
  end
  conc.sleep(0.001)
  local function one() return 1 end
  local start = measure.cpu()
  for _ = 1, SPAWNS do conc.spawn(one):await() end
  local ns = (measure.cpu() - start) / SPAWNS * 1e9
  group:cancel()
  return ns
end

local cases = {}

function cases.luaconc(n)
  conc = require "luaconc"
  conc.run(function()
    measure.print("switch_ns", all_yield(n, SWITCHES // n))
    collectgarbage()
    measure.print("spawn_ns", spawn_beside(n))
  end)
end

local function plain_yield(tasks, each)
  local resume, yield, list = coroutine.resume, coroutine.yield, {}
  for i = 1, tasks do
    list[i] = coroutine.create(function()
      while true do yield() end
    end)
    resume(list[i])
  end
  local start = measure.cpu()
  for _ = 1, each - 1 do
    for i = 1, tasks do resume(list[i]) end
  end
  return (measure.cpu() - start) / (tasks * (each - 1)) * 1e9, list
end

function cases.plain(n)
  local create, resume = coroutine.create, coroutine.resume
  local ns, list = plain_yield(n, SWITCHES // n)
  measure.print("switch_ns", ns)
  collectgarbage()
  local function one() return 1 end
  local start = measure.cpu()
  for _ = 1, SPAWNS do resume(create(one)) end
  measure.print("spawn_ns", (measure.cpu() - start) / SPAWNS * 1e9)
  assert(#list == n)
end

measure.main(cases, "luaconc", 100000)
