local T = require "luaconc.lab.thresholds"

return {
  id = "async-gil",
  says = "An event loop does not remove the interpreter lock.",
  experiment = "The primes of choose-cpu on tasks, and on tasks that hand them "
    .. "to a pool of threads; here and in CPython.",
  engines = { "serial", "task", "thread" },
  figure = "the speed-up of tasks over a pool of threads",
  lock = "cpython",
  measure = function(lab)
    local cpu = lab:get "cpu"
    local python, why = lab:python("cpu", { limit = 80000,
      jobs = 4 * lab.cores, cores = lab.cores })
    return { pooled = cpu.speedup.thread, tasks = cpu.speedup.task,
      cpython = python and python.pooled, version = python and python.version,
      absent = why, rows = cpu.rows, note = cpu.note }
  end,
  parts = {
    { "pooled", "<=", T.NO_GAIN, "tasks over a pool of threads run %s times as "
      .. "fast as the serial run", "ratio" },
  },
  why = function(f)
    local why = ("On tasks alone nothing is gained%s; there is no lock to "
      .. "remove, as each thread has a Lua state of its own."):format(f.tasks
      and (" (%.2f times)"):format(f.tasks) or "")
    if f.cpython then
      return why .. (" In CPython %s, asyncio over a thread pool ran %.2f "
        .. "times as fast."):format(f.version, f.cpython)
    end
    return why .. " The experiment in CPython was not done ("
      .. (f.absent or "not asked for") .. ")."
  end,
}
