local T = require "luaconc.lab.thresholds"

return {
  id = "thread-comm-cheap",
  says = "Sharing between threads is cheap and easy.",
  experiment = "16 MiB (64 in a full book) handed to a worker: as a shared "
    .. "array, by copy to a thread, by copy to a process.",
  engines = { "thread", "process" },
  figure = "how many times as long a copy takes as the shared array",
  measure = function(lab)
    local a = lab:get "arrays"
    local ratio = require("luaconc.lab").ratio
    return { process = ratio(a.hand.copy_process, a.hand.shared_thread, "time"),
      thread = ratio(a.hand.copy_thread, a.hand.copy_process, "time"),
      missing = a.missing, rows = a.rows }
  end,
  parts = {
    { "process", ">=", T.MANY_TIMES,
      "a copy to a process takes %s times as long as a shared array to a "
        .. "thread",
      "ratio" },
    { "thread", "<=", T.HALF,
      "a copy to a thread takes %s of the time of one to a process", "share" },
  },
  why = "Threads have states of their own here: a table or string is copied, "
    .. "and only shared objects are shared.",
}
