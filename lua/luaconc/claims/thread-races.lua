local T = require "luaconc.lab.thresholds"
local units = require "luaconc.compare.units"

return {
  id = "thread-races",
  says = "Races are easy to introduce and hard to spot.",
  experiment = "Four threads read an element of a shared array, add one and "
    .. "write it back; then the same by the array's atomic add.",
  engines = { "thread" },
  figure = "updates lost of a million, and reports of it",
  measure = function(lab)
    local r = lab:get "races"
    return { plain = r.plain, atomic = r.atomic, missing = r.missing,
      reports = r.reports.plain, watched = r.reports.watched, rows = r.rows }
  end,
  parts = {
    { "plain", ">=", T.SOME, "%s updates of a million are lost", "count" },
    { "reports", "<=", T.NONE, "%s reports tell of it", "count" },
  },
  why = function(f)
    return f.atomic and f.watched and ("Under --debug it was reported %d %s, "
      .. "with the lines that read and write. By the atomic add %s are lost. "
      .. "Between threads of luaconc only shared objects can race; all else is "
      .. "copied."):format(f.watched, f.watched == 1 and "time" or "times",
      units.count(f.atomic)) or nil
  end,
}
