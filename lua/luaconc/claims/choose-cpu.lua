local T = require "luaconc.lab.thresholds"
local absent = require "luaconc.lab.absent"

return {
  id = "choose-cpu",
  says = "Work that computes, in independent pieces, belongs on processes.",
  experiment = "Primes by trial division, in four pieces for each core, one "
    .. "after the other, on tasks, threads and processes.",
  engines = { "serial", "task", "thread", "process" },
  figure = "the share of the cores that the speed-up of processes makes use "
    .. "of, and how far tasks and threads are behind them",
  measure = function(lab)
    local cpu = lab:get "cpu"
    local python, why = lab:python("cpu", { limit = 80000,
      jobs = 4 * lab.cores, cores = lab.cores })
    return { share = cpu.share.process, task = cpu.task_to_process,
      thread = cpu.thread_to_process, rows = cpu.rows, note = cpu.note,
      python = python, absent = why }
  end,
  parts = {
    { "share", ">=", T.PARALLEL,
      "processes turn %s of the cores into speed", "share" },
    { "task", ">=", T.CLEARLY, "tasks take %s times as long", "ratio" },
    { "thread", ">=", T.CLEARLY, "threads take %s times as long", "ratio" },
  },
  why = function(f)
    return (f.thread and f.thread < T.CLEARLY.value
      and "A thread of luaconc has a Lua state of its own and no lock in "
        .. "common with others, so threads do as well as processes. " or "")
      .. (f.python and ("In CPython %s the same work ran %.2f times as fast "
        .. "on processes and %.2f times on threads."):format(
        f.python.version, f.python.process, f.python.thread) or absent(f))
  end,
}
