local T = require "luaconc.lab.thresholds"
local absent = require "luaconc.lab.absent"

return {
  id = "proc-parallel",
  says = "Processes really run in parallel; no interpreter lock holds them.",
  experiment = "The primes of choose-cpu on as many processes as cores.",
  engines = { "serial", "process" },
  figure = "the share of the cores that the speed-up makes use of",
  measure = function(lab)
    local cpu = lab:get "cpu"
    local python, why = lab:python("cpu", { limit = 80000, jobs = 4 * lab.cores,
      cores = lab.cores })
    return { share = cpu.share.process, python = python, rows = cpu.rows,
      note = cpu.note, absent = why }
  end,
  parts = {
    { "share", ">=", T.PARALLEL,
      "processes turn %s of the cores into speed", "share" },
  },
  why = function(f)
    return f.python and ("In CPython %s processes ran %.2f times as fast as "
      .. "one."):format(f.python.version, f.python.process) or absent(f)
  end,
}
