local T = require "luaconc.lab.thresholds"

return {
  id = "async-lifecycle",
  says = "A loop is started, called, given a task, waited on for several, and "
    .. "closes when all is done.",
  experiment = "The five steps as five short programs, which are run.",
  engines = { "task" },
  figure = "steps that work",
  measure = function(lab)
    local s = lab:get "steps"
    return { passed = s.passed, rows = s.rows }
  end,
  parts = { { "passed", ">=", T.STEPS, "%s of 5 steps work", "count" } },
}
