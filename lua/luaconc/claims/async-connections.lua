local T = require "luaconc.lab.thresholds"

return {
  id = "async-connections",
  says = "An event loop serves many thousands of long-lived connections.",
  experiment = "4,000 connections (10,000 in a full book) with a heartbeat "
    .. "each; the clients are in another process.",
  engines = { "task" },
  figure = "connections lost, memory of each, the slowest hundredth of the "
    .. "heartbeats",
  measure = function(lab)
    local c = lab:get "connections"
    return { lost = c.asked - c.open + 2 * c.asked - c.n, memory = c.memory,
      p99 = c.p99, rows = c.rows }
  end,
  parts = {
    { "lost", "<=", T.NONE, "%s connections or beats are lost", "count" },
    { "memory", "<=", T.CONNECTION_MEMORY, "a connection takes %s", "bytes" },
    { "p99", "<=", T.PROMPT, "the slowest hundredth of the beats takes %s",
      "time" },
  },
}
