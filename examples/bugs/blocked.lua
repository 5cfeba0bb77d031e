-- A task that computes, while others want to answer.
local conc = require "luaconc"

local function checksum(n)
  local sum = 0
  for i = 1, n do sum = (sum * 31 + i) % 1000003 end
  return sum
end

conc.run(function()
  conc.spawn { name = "heartbeat", function()
    for _ = 1, 5 do conc.sleep(0.01) end
  end }
  conc.spawn { name = "report", function()
    conc.sleep(0.015)
    checksum(tonumber(arg[1]) or 2e7)
  end }
end)
