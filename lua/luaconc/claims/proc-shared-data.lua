local T = require "luaconc.lab.thresholds"

return {
  id = "proc-shared-data",
  says = "Sharing state between processes needs special data structures.",
  experiment = "A number raised 1,000 times by each of four processes: in a "
    .. "variable, by messages to the parent, in a shared counter.",
  engines = { "task", "thread", "process" },
  figure = "raises that are lost in each way",
  measure = function(lab)
    local c = lab:get "counting"
    return { plain = c.process.plain.lost, message = c.process.message.lost,
      shared = c.process.shared.lost, missing = c.missing, rows = c.rows }
  end,
  parts = {
    { "plain", ">=", T.SOME, "in a variable %s raises are lost", "count" },
    { "message", "<=", T.NONE, "by messages %s", "count" },
    { "shared", "<=", T.NONE, "in a shared counter %s", "count" },
  },
  why = "A worker in another state works on a copy of the variable; threads of "
    .. "luaconc do, too.",
}
