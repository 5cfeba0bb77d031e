-- Three naps, taken together: the whole takes as long as the longest of them.
--
--   lua5.4 examples/hello.lua

local conc = require "luaconc"

local function nap(name, seconds)
  return function()
    conc.sleep(seconds)
    print(("%s slept for %.2f s"):format(name, seconds))
    return name
  end
end

local start = conc.now()
local a, b, c = conc.gather(nap("Ada", 0.1), nap("Ben", 0.2), nap("Cleo", 0.05))
print(("%s, %s and %s: %.2f s in all"):format(a, b, c, conc.now() - start))
