-- N tasks that sleep 0..1 s: CPU seconds for all, from before the first
-- spawn to after the last wake-up. `timers.lua [luaconc] [N]`
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local cases = {}

function cases.luaconc(n)
  local conc = require "luaconc"
  local delay, sleep, woken = measure.delays(), conc.sleep, 0
  local start = measure.cpu()
  conc.run(function()
    local function body(seconds)
      sleep(seconds)
      woken = woken + 1
    end
    for _ = 1, n do conc.spawn(body, delay()) end
  end)
  assert(woken == n, "only " .. woken .. " woke")
  measure.print("cpu_s", measure.cpu() - start)
end

measure.main(cases, "luaconc", 100000)
