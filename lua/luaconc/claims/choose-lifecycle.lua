local T = require "luaconc.lab.thresholds"

return {
  id = "choose-lifecycle",
  says = "An event loop gives fine control over when work begins and ends.",
  experiment = "A job that waits, one that computes and one that is stuck in "
    .. "a call of C are cancelled, on each engine.",
  engines = { "task", "thread", "process" },
  figure = "the time from cancelling to the real end",
  measure = function(lab)
    local e = lab:get "ending"
    return { wait = math.max(0, e.wait.task.seconds),
      compute = math.max(0, e.compute.task.seconds),
      stuck = math.max(0, e.stuck.task.seconds), rows = e.rows,
      thread = math.max(0, e.compute.thread.seconds),
      process = math.max(0, e.stuck.process.seconds) }
  end,
  parts = {
    { "wait", "<=", T.PROMPT, "a task that waits ends %s after it is cancelled",
      "time" },
    { "compute", "<=", T.PROMPT, "one that computes after %s", "time" },
    { "stuck", "<=", T.PROMPT, "one that is stuck in C after %s", "time" },
  },
  why = function(f)
    return f.thread and f.process and ("A task can be ended where it waits, "
      .. "and nowhere else. A thread that computes ended after %s; a process "
      .. "ended after %s even while stuck."):format(
      require("luaconc.compare.units").time(f.thread),
      require("luaconc.compare.units").time(f.process)) or nil
  end,
}
