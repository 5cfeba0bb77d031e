local T = require "luaconc.lab.thresholds"
local stats = require "luaconc.compare.stats"

return {
  id = "proc-spawn-cost",
  says = "Starting and stopping processes costs more than threads.",
  experiment = "A trivial job started and awaited again and again; and the "
    .. "memory of a worker that waits.",
  engines = { "task", "thread", "process" },
  figure = "how many times the time and the memory of a thread",
  measure = function(lab)
    local s, idle = lab:get "start", lab:get "idle"
    return {
      time = stats.ratio(s.samples.forkserver, s.samples.thread),
      spawn = stats.ratio(s.samples.spawn, s.samples.thread),
      memory = require("luaconc.lab").ratio(idle.by.process, idle.by.thread,
        "memory"), rows = s.rows }
  end,
  parts = {
    { "time", ">=", T.MORE,
      "a process of the helper takes %s times as long as a thread", "ratio" },
    { "spawn", ">=", T.MORE, "a fresh program %s times as long", "ratio" },
    { "memory", ">=", T.MORE, "a process takes %s times the memory of a thread",
      "ratio" },
  },
}
