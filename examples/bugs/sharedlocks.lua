-- Two threads that each take one lock and then want the other's.
local conc = require "luaconc"

local from, to = conc.shared.lock(), conc.shared.lock()
local begun = conc.shared.barrier(2)

local function transfer(first, second, both)
  local _ <close> = first:acquire()
  both:wait()
  local _ <close> = second:acquire()
end

conc.run(function()
  local left = conc.thread { transfer, from, to, begun, name = "left" }
  local right = conc.thread { transfer, to, from, begun, name = "right" }
  left:await()
  right:await()
  print "done"
end)
