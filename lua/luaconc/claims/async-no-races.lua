local T = require "luaconc.lab.thresholds"
local units = require "luaconc.compare.units"

return {
  id = "async-no-races",
  says = "Code between two waits is atomic, so many races can't happen.",
  experiment = "Four tasks read a number, add one and write it back, with no "
    .. "wait in between.",
  engines = { "task" },
  figure = "updates lost of a million",
  measure = function(lab)
    local r = lab:get "races"
    return { lost = r.outside, thread = r.plain, rows = r.rows }
  end,
  parts = {
    { "lost", "<=", T.NONE, "%s updates of a million are lost", "count" },
  },
  why = function(f)
    return f.thread and ("Threads that do the same on a shared array lose "
      .. "%s of a million."):format(units.count(f.thread)) or nil
  end,
}
