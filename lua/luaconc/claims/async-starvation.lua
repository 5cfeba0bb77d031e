local T = require "luaconc.lab.thresholds"

return {
  id = "async-starvation",
  says = "One event loop avoids starvation and deadlock by design.",
  experiment = "A task that computes among 100 that run every millisecond; and "
    .. "two tasks that take two locks in opposite order.",
  engines = { "task" },
  figure = "the longest wait of the others; deadlocks",
  measure = function(lab)
    local g = lab:get "greedy"
    return { longest = g.held, deadlocks = g.deadlocks, shared = g.shared,
      told = g.told, rows = g.rows }
  end,
  parts = {
    { "longest", "<=", T.PROMPT, "the others wait for up to %s", "time" },
    { "deadlocks", "<=", T.NONE, "%s deadlock comes about", "count" },
  },
  why = function(f)
    if not (f.shared and f.told) then return nil end
    local units = require "luaconc.compare.units"
    return ("Where the greedy task yields, they wait for %s. The deadlock is "
      .. "told after %s, with who waits for what, instead of hanging."):format(
      units.time(f.shared), units.time(f.told))
  end,
}
