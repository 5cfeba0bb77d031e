local T = require "luaconc.lab.thresholds"

return {
  id = "thread-shared-cpu",
  says = "Threads can use several cores on shared memory, where moving the "
    .. "data to processes costs too much.",
  experiment = "Numbers doubled and summed by two workers: in a shared array "
    .. "on threads and on processes, and by message.",
  engines = { "thread", "process" },
  figure = "time and memory against threads on a shared array",
  measure = function(lab)
    local a = lab:get "arrays"
    local ratio = require("luaconc.lab").ratio
    local w = a.work
    return { message = ratio(w.message_process, w.shared_thread, "time"),
      memory = ratio(w.message_process, w.shared_thread, "memory"),
      process = w.shared_process
        and ratio(w.shared_process, w.shared_thread, "time"),
      missing = a.missing, rows = a.rows }
  end,
  parts = {
    { "message", ">=", T.CLEARLY,
      "processes that get the data by message take %s times as long", "ratio" },
    { "memory", ">=", T.CLEARLY, "and %s times the memory", "ratio" },
    { "process", ">=", T.CLEARLY,
      "processes on a shared array take %s times as long", "ratio" },
  },
  why = function(f)
    return f.process and f.process < T.CLEARLY.value and "What costs is moving "
      .. "the data, which processes need not do either, where it lies in "
      .. "shared memory." or nil
  end,
}
