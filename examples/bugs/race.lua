-- Two threads that count in one element of a shared array: they read, wait
-- for the next customer, and write.
local conc = require "luaconc"

local function sell(sold)
  for _ = 1, 10 do
    local n = sold[1]
    require "luaconc".sleep(0.001)
    sold[1] = n + 1
  end
end

conc.run(function()
  local sold = conc.shared.array("i64", 1)
  local one = conc.thread { name = "till 1", sell, sold }
  local two = conc.thread { name = "till 2", sell, sold }
  one:await()
  two:await()
  print("sold: " .. sold[1])
end)
