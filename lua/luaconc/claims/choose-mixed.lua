local T = require "luaconc.lab.thresholds"

return {
  id = "choose-mixed",
  says = "An event loop does not make threads redundant.",
  experiment = "16 jobs that wait and then compute: on tasks alone, on threads "
    .. "alone, and on tasks that hand the computing to a pool of threads.",
  engines = { "task", "thread" },
  figure = "how many times as long tasks take alone",
  measure = function(lab)
    local m = lab:get "mixed"
    local ratio = require("luaconc.lab").ratio
    return { alone = ratio(m.by.tasks, m.by.both, "own"),
      threads = ratio(m.by.threads, m.by.both, "time"), rows = m.rows }
  end,
  parts = {
    { "alone", ">=", T.CLEARLY,
      "tasks alone take %s times as long as tasks over a pool of threads",
      "ratio" },
  },
  why = function(f)
    return f.threads and ("Threads alone take %.2f times as long as both "
      .. "together."):format(f.threads) or nil
  end,
}
