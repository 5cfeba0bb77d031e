local T = require "luaconc.lab.thresholds"

return {
  id = "proc-comm-cost",
  says = "Talking to a process costs significant time and memory.",
  experiment = "Calls of a pool with one worker, one after the other, with an "
    .. "integer and with a string of 1 MiB.",
  engines = { "task", "thread", "process" },
  figure = "how many times as long as a call between tasks",
  measure = function(lab)
    local c = lab:get "calls"
    local ratio = require("luaconc.lab").ratio
    local little, much = c.cases.little.by, c.cases.much.by
    return { little = ratio(little.process, little.task, "time"),
      much = ratio(much.process, much.task, "time"),
      thread = ratio(little.process, little.thread, "time"),
      sent = require("luaconc.lab").median(much.process, "sent"),
      rows = c.rows }
  end,
  parts = {
    { "little", ">=", T.MANY_TIMES,
      "a call of a process takes %s times as long as one of a task", "ratio" },
    { "much", ">=", T.MANY_TIMES, "with 1 MiB, %s times as long", "ratio" },
    { "sent", ">=", T.COPIED, "%s go over for each MiB", "bytes" },
  },
  why = function(f)
    return f.thread and ("Against a thread it is %.2f times as long: what "
      .. "costs is the copy and the wake-up, and a thread needs both as "
      .. "well."):format(f.thread) or nil
  end,
}
