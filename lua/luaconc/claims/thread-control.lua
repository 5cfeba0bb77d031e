local T = require "luaconc.lab.thresholds"

return {
  id = "thread-control",
  says = "Threads are resources of the system, outside your full control.",
  experiment = "Threads are started until the system refuses one (as a user "
    .. "with a limit); one that computes and one that is stuck in C are "
    .. "cancelled.",
  engines = { "thread" },
  figure = "starts refused, and how long a cancelled thread goes on",
  measure = function(lab)
    local c, e = lab:get "control", lab:get "ending"
    return { refused = c.thread.said and 1 or c.thread.started and 0 or nil,
      compute = math.max(0, e.compute.thread.seconds),
      stuck = math.max(0, e.stuck.thread.seconds),
      left = e.stuck.thread.left, missing = c.thread.missing, rows = e.rows }
  end,
  parts = {
    { "refused", ">=", T.SOME, function(f)
      return f.refused > 0 and "a start beyond the limit is refused"
        or "no start is refused"
    end, "count" },
    { "compute", ">=", T.PROMPT, "a thread that computes ends %s after it is "
      .. "cancelled", "time" },
    { "stuck", ">=", T.PROMPT, "one that is stuck in C is given up after %s",
      "time" },
  },
  why = function(f)
    return f.left and f.left > 0 and "Lua code is interrupted at any "
      .. "instruction; C code is not, and its thread stays until it returns."
      or nil
  end,
}
