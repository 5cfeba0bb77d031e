local T = require "luaconc.lab.thresholds"

return {
  id = "thread-db",
  says = "Threads share a resource such as a database or a file system well.",
  experiment = "Four workers raise a number in a file under a lock, on each "
    .. "engine; and in SQLite, where its Lua binding is installed.",
  engines = { "task", "thread", "process" },
  figure = "updates lost, and the time against tasks",
  measure = function(lab)
    local s = lab:get "store"
    local sql = s.thread.sql
    local time = s.thread.locked.time
    return { lost = s.thread.locked.lost,
      time = time and time / s.task.locked.time,
      sql = sql.lost, missing = s.thread.locked.missing, rows = s.rows }
  end,
  parts = {
    { "lost", "<=", T.NONE, "under a lock threads lose %s updates", "count" },
    { "time", "<=", T.ENOUGH, "they take %s times as long as tasks", "ratio" },
  },
  why = function(f)
    return f.sql and ("In SQLite %d updates are lost."):format(f.sql)
      or "SQLite was not tried: its binding for Lua is not installed."
  end,
}
