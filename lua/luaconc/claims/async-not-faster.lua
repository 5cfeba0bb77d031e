local T = require "luaconc.lab.thresholds"

return {
  id = "async-not-faster",
  says = "An event loop does not make code any faster by itself.",
  experiment = "Requests to a local server, one at a time over one connection, "
    .. "outside of tasks and in a task.",
  engines = { "serial", "task" },
  figure = "how many times as fast the task is",
  measure = function(lab)
    local t = lab:get "turns"
    return { speedup = t.speedup, rows = t.rows }
  end,
  parts = {
    { "speedup", "<=", T.NO_GAIN, "in a task it is %s times as fast", "ratio" },
  },
  why = "With one request at a time there is nothing to overlap.",
}
