-- A bounded queue (64) between two tasks: ns an item, sent and received.
-- `queue.lua [luaconc|calls] [N]`; `calls` is two calls of a C function from
-- Lua an item, the least that a queue written in C can cost.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local cases = {}

function cases.luaconc(n)
  local conc = require "luaconc"
  local function pass(count)
    local queue = conc.queue(64)
    conc.spawn(function()
      for i = 1, count do queue:send(i) end
      queue:close()
    end)
    local sum = 0
    for _ = 1, count do sum = sum + queue:recv() end
    assert(sum == count * (count + 1) // 2)
    assert(queue:recv() == nil)
  end
  conc.run(function()
    pass(n // 10)
    local start = measure.cpu()
    pass(n)
    measure.print("ns", (measure.cpu() - start) / n * 1e9)
  end)
end

function cases.calls(n)
  local call = rawequal
  local function pass(count)
    for i = 1, count do
      call(count, i)
      call(count, i)
    end
  end
  pass(n // 10)
  local start = measure.cpu()
  pass(n)
  measure.print("ns", (measure.cpu() - start) / n * 1e9)
end

measure.main(cases, "luaconc", 2000000)
