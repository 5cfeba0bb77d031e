local T = require "luaconc.lab.thresholds"

return {
  id = "thread-memory",
  says = "Threads are memory-efficient, since they share what they use.",
  experiment = "Workers that only wait; and numbers that two workers double, "
    .. "in a shared array or by message.",
  engines = { "task", "thread", "process" },
  figure = "memory of an idle thread against a process, and of shared data "
    .. "against copies",
  measure = function(lab)
    local idle, a = lab:get "idle", lab:get "arrays"
    local ratio = require("luaconc.lab").ratio
    return { process = ratio(idle.by.thread, idle.by.process, "memory"),
      data = ratio(a.work.shared_thread, a.work.message_thread, "memory"),
      task = ratio(idle.by.thread, idle.by.task, "memory"), rows = idle.rows }
  end,
  parts = {
    { "process", "<=", T.HALF,
      "an idle thread takes %s of the memory of a process", "share" },
    { "data", "<=", T.HALF,
      "a shared array takes %s of the memory of messages", "share" },
  },
  why = function(f)
    return f.task and ("Against a task a thread takes %.0f times as much: it "
      .. "has a Lua state of its own, and code and data are not shared.")
      :format(f.task) or nil
  end,
}
