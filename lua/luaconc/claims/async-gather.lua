local T = require "luaconc.lab.thresholds"

return {
  id = "async-gather",
  says = "Three waits of 2, 3 and 1 units together take 3 in all; they finish "
    .. "third, first, second, and the results come in order of asking.",
  experiment = "Three local servers that answer after so many units of time, "
    .. "asked together by tasks.",
  engines = { "serial", "task", "thread", "process" },
  figure = "the time in units, the order of the ends, the order of the results",
  measure = function(lab)
    local f = lab:get "fetch"
    return { time = f.task.units, order = f.task.finished == "3 1 2" and 3 or 0,
      results = f.task.ordered and 3 or 0, finished = f.task.finished,
      serial = f.serial.units, rows = f.rows }
  end,
  parts = {
    { "time", "<=", T.UNITS, "on tasks it takes %s", "units" },
    { "order", ">=", T.SOURCES,
      function(f) return "they finish " .. tostring(f.finished) end, "count",
      needs = "3 1 2" },
    { "results", ">=", T.SOURCES, "%s results come in order of asking",
      "count" },
  },
  why = function(f)
    return f.serial and ("One after the other it takes %.2f units.")
      :format(f.serial) or nil
  end,
}
