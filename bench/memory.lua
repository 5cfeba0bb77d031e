-- Memory of a sleeping task: N of them, resident memory after a full
-- collection. `memory.lua [luaconc|plain] [N]`; `plain` is a coroutine that
-- has yielded. `bytes` is resident memory, `lua_bytes` what Lua counts
-- itself; the rest is the core's and the allocator's.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local cases = {}

-- Calls `start()` n times, then `settle()`, and prints what one has cost.
local function weigh(n, start, settle)
  measure.collect()
  local rss, lua = measure.rss(), collectgarbage("count")
  local list = start(n)
  settle()
  measure.collect()
  measure.print("bytes", (measure.rss() - rss) / n)
  measure.print("lua_bytes", (collectgarbage("count") - lua) * 1024 / n)
  return list
end

function cases.luaconc(n)
  local conc = require "luaconc"
  local function body() conc.sleep(3600) end
  conc.run(function()
    local group <close> = conc.group()
    weigh(n, function(count)
      for _ = 1, count do group:spawn(body) end
    end, function()
      conc.sleep(0.001)
      local jobs = #conc.jobs()
      assert(jobs >= n, "only " .. jobs .. " jobs are alive")
    end)
    group:cancel()
  end)
end

function cases.plain(n)
  local function body() coroutine.yield() end
  local keep = {}
  for i = 1, n do keep[i] = false end
  weigh(n, function(count)
    for i = 1, count do
      keep[i] = coroutine.create(body)
      coroutine.resume(keep[i])
    end
  end, function() end)
end

measure.main(cases, "luaconc", 100000)
