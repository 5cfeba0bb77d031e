local T = require "luaconc.lab.thresholds"
local absent = require "luaconc.lab.absent"

return {
  id = "async-cpu-poor",
  says = "An event loop handles work that computes poorly.",
  experiment = "The primes of choose-cpu on tasks, against the serial run.",
  engines = { "serial", "task" },
  figure = "the speed-up of tasks",
  measure = function(lab)
    local cpu = lab:get "cpu"
    local python, why = lab:python("cpu", { limit = 80000, jobs = 4 * lab.cores,
      cores = lab.cores })
    return { speedup = cpu.speedup.task, python = python, rows = cpu.rows,
      note = cpu.note, absent = why }
  end,
  parts = {
    { "speedup", "<=", T.NO_GAIN,
      "tasks run %s times as fast as the serial run", "ratio" },
  },
  why = function(f)
    return "All tasks of a state share one core, with no waits to overlap. "
      .. (f.python and ("In CPython %s asyncio ran %.2f times as fast.")
        :format(f.python.version, f.python.task) or absent(f))
  end,
}
