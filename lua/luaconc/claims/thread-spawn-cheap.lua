local T = require "luaconc.lab.thresholds"
local stats = require "luaconc.compare.stats"

return {
  id = "thread-spawn-cheap",
  says = "Starting threads is cheap and predictable.",
  experiment = "A trivial job started and awaited, 300 times (1,000 in a full "
    .. "book), on each engine.",
  engines = { "task", "thread", "process" },
  figure = "time against a process; the slowest hundredth against the median",
  measure = function(lab)
    local s = lab:get "start"
    return { time = stats.ratio(s.samples.thread, s.samples.forkserver),
      spread = s.p99.thread / s.median.thread,
      task = s.median.thread / math.max(s.median.task, 1e-9), rows = s.rows }
  end,
  parts = {
    { "time", "<=", T.HALF, "a thread takes %s of the time of a process",
      "share" },
    { "spread", "<=", T.PREDICTABLE,
      "the slowest hundredth takes %s times the median", "ratio" },
  },
  why = function(f)
    return f.task and ("Against a task it takes %.0f times as long."):format(
      f.task) or nil
  end,
}
