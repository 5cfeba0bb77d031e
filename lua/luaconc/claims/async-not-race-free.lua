local T = require "luaconc.lab.thresholds"

return {
  id = "async-not-race-free",
  says = "An event loop does not prevent all races.",
  experiment = "Four tasks read a number, wait, add one and write it back.",
  engines = { "task" },
  figure = "updates lost of a million",
  measure = function(lab)
    local r = lab:get "races"
    return { lost = r.inside, rows = r.rows }
  end,
  parts = {
    { "lost", ">=", T.SOME, "%s updates of a million are lost", "count" },
  },
  why = "Who waits lets others in; what was read before may be old after.",
}
