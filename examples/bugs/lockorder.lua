-- Two locks, taken in two orders. It works, as a rule.
local conc = require "luaconc"

local from, to = conc.lock(), conc.lock()

local function transfer()
  local _ <close> = from:acquire()
  local _ <close> = to:acquire()
end

local function undo()
  local _ <close> = to:acquire()
  local _ <close> = from:acquire()
end

conc.run(function()
  conc.spawn(transfer):await()
  conc.spawn(undo):await()
  print "done"
end)
