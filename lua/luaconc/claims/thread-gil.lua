local T = require "luaconc.lab.thresholds"

return {
  id = "thread-gil",
  says = "Threads are useless for work that computes, because of the "
    .. "interpreter lock.",
  experiment = "The primes of choose-cpu on as many threads as cores, here and "
    .. "in CPython.",
  engines = { "serial", "thread" },
  figure = "the speed-up of threads",
  lock = "cpython",
  measure = function(lab)
    local cpu = lab:get "cpu"
    local python, why = lab:python("cpu", { limit = 80000,
      jobs = 4 * lab.cores, cores = lab.cores })
    return { speedup = cpu.speedup.thread, cpython = python and python.thread,
      version = python and python.version, absent = why, rows = cpu.rows,
      note = cpu.note }
  end,
  parts = {
    { "speedup", "<=", T.NO_GAIN, "threads of luaconc run %s times as fast as "
      .. "the serial run", "ratio" },
  },
  why = function(f)
    local why = "Each thread has a Lua state of its own, and states share no "
      .. "lock."
    if f.cpython then
      return why .. (" CPython %s, where all threads share one interpreter, "
        .. "ran %.2f times as fast on threads."):format(f.version, f.cpython)
    end
    return why .. " The lock is CPython's; the experiment there was not done ("
      .. (f.absent or "not asked for") .. ")."
  end,
}
