local T = require "luaconc.lab.thresholds"

return {
  id = "proc-globals",
  says = "Whether a process sees the parent's globals depends on how it was "
    .. "started.",
  experiment = "A global is set, and read in a process that was started by "
    .. "spawn, by fork, and by the fork server.",
  engines = { "process" },
  figure = "ways of starting in which it is seen, and in which it is not",
  measure = function(lab)
    local g = lab:get "globals"
    return { blind = g.blind, sees = not (g.missing and g.sees == 0) and g.sees
      or nil, missing = g.missing, rows = g.rows }
  end,
  parts = {
    { "blind", ">=", T.SOME, "%s ways of starting hide it", "count" },
    { "sees", ">=", T.SOME, "%s show it", "count" },
  },
  why = "A forked process begins with a copy of all that its parent held; a "
    .. "fresh program and a fork of the small helper do not.",
}
