local T = require "luaconc.lab.thresholds"

return {
  id = "thread-flat-share",
  says = "The system gives CPU time to all threads, whether they have work or "
    .. "not.",
  experiment = "1,000 threads that wait beside two that compute: the CPU time "
    .. "of each by the system's account.",
  engines = { "thread" },
  figure = "the share of the CPU time that waiting threads took",
  measure = function(lab)
    local b = lab:get "blocked"
    return { share = b.share, rows = b.rows }
  end,
  parts = {
    { "share", ">=", T.CPU_SHARE,
      "1,000 waiting threads took %s of the CPU time", "share" },
  },
  why = function(_, verdict)
    return verdict == "does not hold" and "A thread that waits is on no list "
      .. "of what may run; the scheduler does not see it until it is woken."
      or nil
  end,
}
