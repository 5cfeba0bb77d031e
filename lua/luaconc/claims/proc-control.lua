local T = require "luaconc.lab.thresholds"

return {
  id = "proc-control",
  says = "Processes are resources of the system, outside your full control.",
  experiment = "A worker process is killed from outside, another is stopped, "
    .. "and processes are started until the system refuses one (as a user "
    .. "with a limit).",
  engines = { "process" },
  figure = "jobs lost, events that pass unnoticed, starts refused",
  measure = function(lab)
    local c = lab:get "control"
    return { lost = c.kill.lost, unnoticed = c.stop.noticed and 0 or 1,
      refused = c.process.said and 1 or c.process.started and 0 or nil,
      seconds = c.kill.seconds, missing = c.process.missing, rows = c.rows }
  end,
  parts = {
    { "lost", ">=", T.SOME, "killing a worker loses its job (%s)", "count" },
    { "unnoticed", ">=", T.SOME, function(f)
      return "stopping one " .. (f.unnoticed > 0 and "passes unnoticed"
        or "is noticed")
    end, "count" },
    { "refused", ">=", T.SOME, function(f)
      return f.refused > 0 and "a start beyond the limit is refused"
        or "no start is refused"
    end, "count" },
  },
  why = function(f)
    return f.seconds and ("The program learns of the death after %s, and the "
      .. "pool replaces the worker; a refused start is an error with a code.")
      :format(require("luaconc.compare.units").time(f.seconds)) or nil
  end,
}
