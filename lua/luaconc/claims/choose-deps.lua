local T = require "luaconc.lab.thresholds"

return {
  id = "choose-deps",
  says = "Jobs with synchronisation that is not trivial belong on an event "
    .. "loop.",
  experiment = "A counter under a lock, a bounded buffer, five philosophers, "
    .. "on each engine.",
  engines = { "task", "thread", "process" },
  figure = "errors on tasks; how many times as long threads take",
  measure = function(lab)
    local s = lab:get "sync"
    local ratio = require("luaconc.lab").ratio
    local out = { errors = 0, missing = s.missing, rows = s.rows }
    for _, name in ipairs(require("luaconc.lab.experiments.sync").NAMES) do
      local task, thread = s.by[name .. "_task"], s.by[name .. "_thread"]
      for _, r in ipairs(task) do out.errors = out.errors + r.errors end
      out[name] = thread and ratio(thread, task, "time")
    end
    return out
  end,
  parts = {
    { "errors", "<=", T.NONE, "tasks make %s errors", "count" },
    { "counter", ">=", T.CLEARLY,
      "for the counter threads take %s times as long", "ratio" },
    { "buffer", ">=", T.CLEARLY, "for the buffer %s times", "ratio" },
    { "philosophers", ">=", T.CLEARLY, "for the philosophers %s times",
      "ratio" },
  },
  why = "A task goes on from where it waited in the same thread; a thread that "
    .. "finds a lock taken or a buffer empty may have to be woken by the "
    .. "system.",
}
