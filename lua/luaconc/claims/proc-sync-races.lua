local T = require "luaconc.lab.thresholds"

return {
  id = "proc-sync-races",
  says = "Hidden points of synchronisation lead to races between processes.",
  experiment = "Four processes read a number in a file, add one and write it "
    .. "back, with and without a lock.",
  engines = { "process" },
  figure = "updates lost",
  measure = function(lab)
    local s = lab:get("store")
    return { open = s.process.open.lost, locked = s.process.locked.lost,
      missing = s.process.locked.missing, rows = s.rows }
  end,
  parts = {
    { "open", ">=", T.SOME, "without a lock %s updates are lost", "count" },
    { "locked", "<=", T.NONE, "under a lock %s", "count" },
  },
  why = "What processes share lies outside of them, and the file does not say "
    .. "that it is shared.",
}
