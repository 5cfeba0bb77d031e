local T = require "luaconc.lab.thresholds"

return {
  id = "proc-serialise",
  says = "What goes to a process must be serialised, and some values are hard "
    .. "to send.",
  experiment = "Values of eleven kinds are sent to a process and back.",
  engines = { "process" },
  figure = "bytes that a call takes on its way; kinds that are refused",
  measure = function(lab)
    local k, calls = lab:get "kinds", lab:get "calls"
    return { bytes = require("luaconc.lab").median(
        calls.cases.little.by.process, "sent"), refused = k.refused,
      located = k.located, rows = k.rows }
  end,
  parts = {
    { "bytes", ">=", T.SOME, "a call with an integer sends %s", "bytes" },
    { "refused", ">=", T.SOME, "%s of the kinds do not get there", "count" },
  },
  why = function(f)
    return f.refused and f.located and f.refused > 0 and ("Of these, %d are "
      .. "refused before anything is sent, with the path to the value.")
      :format(f.located) or nil
  end,
}
