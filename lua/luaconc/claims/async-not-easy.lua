local T = require "luaconc.lab.thresholds"

return {
  id = "async-not-easy",
  says = "An event loop does not make concurrent programming easy; it only "
    .. "makes some mistakes rarer.",
  experiment = "Four classic mistakes on tasks and on threads: which are "
    .. "prevented, which are reported, which pass in silence.",
  engines = { "task", "thread" },
  figure = "mistakes that pass in silence on tasks",
  measure = function(lab)
    local m = lab:get "mistakes"
    return { silent = m.silent.task, others = m.silent.thread,
      missing = m.missing, rows = m.rows }
  end,
  parts = {
    { "silent", ">=", T.SOME, "on tasks %s of 4 mistakes pass in silence",
      "count" },
  },
  why = function(f)
    return f.others and ("On threads it is %d of 4. What blocks is told of "
      .. "under luaconc run --debug."):format(f.others) or nil
  end,
}
