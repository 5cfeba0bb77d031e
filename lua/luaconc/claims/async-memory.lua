local T = require "luaconc.lab.thresholds"

return {
  id = "async-memory",
  says = "Tasks need less memory, and their results can be consumed as they "
    .. "come.",
  experiment = "Workers that only wait, on each engine; and 200 jobs that give "
    .. "64 KiB each, taken as they come or all at the end.",
  engines = { "task", "thread", "process" },
  figure = "memory of a thread and a process against a task; the peak when "
    .. "consumed as they come against gathering",
  measure = function(lab)
    local idle = lab:get "idle"
    local peak = lab:get "consume"
    local ratio = require("luaconc.lab").ratio
    local rows = table.move(idle.rows, 1, #idle.rows, 1, {})
    table.move(peak.rows, 1, #peak.rows, #rows + 1, rows)
    return { thread = ratio(idle.by.thread, idle.by.task, "memory"),
      process = ratio(idle.by.process, idle.by.task, "memory"),
      peak = peak.share, rows = rows }
  end,
  parts = {
    { "thread", ">=", T.MANY_TIMES,
      "an idle thread takes %s times the memory of a task", "ratio" },
    { "process", ">=", T.MANY_TIMES, "an idle process %s times", "ratio" },
    { "peak", "<=", T.HALF,
      "consuming results as they come takes %s of the memory of gathering "
        .. "them", "share" },
  },
}
