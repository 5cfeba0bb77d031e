local T = require "luaconc.lab.thresholds"
local runs = require "luaconc.lab.runs"

return {
  id = "choose-overkill",
  says = "Processes are overkill for input and output.",
  experiment = "The requests of choose-io-few and choose-io-many, on processes "
    .. "against tasks and threads.",
  engines = { "task", "thread", "process" },
  figure = "memory and time for each request",
  measure = function(lab)
    local r = lab:get "requests"
    local fast, slow = r.cases.fast400, r.cases.slow500
    return {
      task_memory = runs.ratio(slow.process, slow.task, "job_memory"),
      task_time = runs.ratio(slow.process, slow.task, "whole"),
      thread_memory = runs.ratio(slow.process, slow.thread, "job_memory"),
      thread_time = runs.ratio(fast.process, fast.thread, "whole"),
      rows = runs.pick(r.rows, { "50", "400", "500" }),
    }
  end,
  parts = {
    { "task_memory", ">=", T.MORE,
      "a request on a process takes %s times the memory of one on a task",
      "ratio" },
    { "task_time", ">=", T.MORE,
      "500 slow requests take %s times as long", "ratio" },
    { "thread_memory", ">=", T.CLEARLY,
      "against a thread it is %s times the memory", "ratio" },
    { "thread_time", ">=", T.CLEARLY,
      "and 400 fast requests take %s times as long", "ratio" },
  },
  why = "Processes of luaconc are forked from a small helper with the "
    .. "libraries loaded and share most of its pages; a fresh interpreter for "
    .. "each would cost more.",
}
