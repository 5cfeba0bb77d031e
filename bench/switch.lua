-- A switch: two tasks that yield to each other, against a plain coroutine
-- that Lua resumes and that yields back. `switch.lua [luaconc|plain] [N]`
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local cases = {}

function cases.luaconc(n)
  local conc = require "luaconc"
  local yield = conc.yield
  local function body(count)
    for _ = 1, count do yield() end
  end
  local function both(count)
    local a, b = conc.spawn(body, count // 2), conc.spawn(body, count // 2)
    a:await()
    b:await()
  end
  conc.run(function()
    both(n // 10)
    local start = measure.cpu()
    both(n)
    measure.print("ns", (measure.cpu() - start) / n * 1e9)
  end)
end

function cases.plain(n)
  local resume, yield = coroutine.resume, coroutine.yield
  local co = coroutine.create(function()
    while true do yield() end
  end)
  for _ = 1, n // 10 do resume(co) end
  local start = measure.cpu()
  for _ = 1, n do resume(co) end
  measure.print("ns", (measure.cpu() - start) / n * 1e9)
end

measure.main(cases, "luaconc", 3000000)
