local T = require "luaconc.lab.thresholds"

return {
  id = "async-switch-cheap",
  says = "Switching between tasks costs nearly nothing, compared with threads.",
  experiment = "An integer handed to and fro between two tasks over queues, "
    .. "between two threads and two processes over channels: two switches "
    .. "each.",
  engines = { "task", "thread", "process" },
  figure = "how many times as long a round trip takes as between tasks",
  measure = function(lab)
    local talk = lab:get "talk"
    local by = talk.cases.trip.by
    local ratio = require("luaconc.lab").ratio
    return { thread = ratio(by.thread, by.task, "time"),
      process = by.process and ratio(by.process, by.task, "time"),
      missing = talk.missing, rows = talk.rows }
  end,
  parts = {
    { "thread", ">=", T.MANY_TIMES,
      "a round trip between threads takes %s times as long as between tasks",
      "ratio" },
  },
  why = function(f)
    return f.process and ("Between processes it is %.0f times as long.")
      :format(f.process) or nil
  end,
}
