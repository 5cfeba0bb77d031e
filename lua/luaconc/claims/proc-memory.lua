local T = require "luaconc.lab.thresholds"

return {
  id = "proc-memory",
  says = "Processes are the least memory-efficient of the three.",
  experiment = "Workers that only wait: memory of each, pages that several "
    .. "share counted once.",
  engines = { "task", "thread", "process" },
  figure = "how many times the memory of a thread, and of a task",
  measure = function(lab)
    local by = lab:get("idle").by
    local ratio = require("luaconc.lab").ratio
    return { thread = ratio(by.process, by.thread, "memory"),
      task = ratio(by.process, by.task, "memory"), rows = lab:get("idle").rows }
  end,
  parts = {
    { "thread", ">=", T.CLEARLY,
      "an idle process takes %s times the memory of an idle thread", "ratio" },
    { "task", ">=", T.MANY_TIMES, "and %s times that of a task", "ratio" },
  },
}
