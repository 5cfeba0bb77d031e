local T = require "luaconc.lab.thresholds"
local runs = require "luaconc.lab.runs"
local texts = require "luaconc.lab.texts"

-- In how many of the cases threads take no more than ENOUGH times as long as
-- the best.
local function enough(cases)
  local n, all = 0, 0
  for _, by in pairs(cases) do
    local best = runs.least(by, { "task", "thread", "process" }, "whole")
    local ratio = runs.ratio(by.thread, by[best], "whole")
    all = all + 1
    if ratio.median <= T.ENOUGH.value then n = n + 1 end
  end
  return n, all
end

return {
  id = "choose-simple",
  says = "Threads are simpler than an event loop, and often enough.",
  experiment = "The lines that change from a serial program to one with tasks "
    .. "or threads (texts of ours), and how often threads are at most twice as "
    .. "slow as the best engine, over the requests and the primes.",
  engines = { "task", "thread", "process" },
  figure = "lines saved by threads; share of the cases in which they are "
    .. "enough",
  construction = true,
  measure = function(lab)
    local n, all = enough(lab:get("requests").cases)
    local cpu = lab:get "cpu"
    all = all + 1
    if cpu.thread_to_process.median <= T.ENOUGH.value then n = n + 1 end
    local task = texts.changed(texts.SERIAL, texts.TASK)
    local thread = texts.changed(texts.SERIAL, texts.THREAD)
    return { saved = task - thread, share = n / all,
      rows = { { "version", "lines that change" }, { "tasks",
        tostring(task) }, { "threads", tostring(thread) } } }
  end,
  parts = {
    { "saved", ">=", T.SOME, "threads change %s lines less than tasks",
      "count" },
    { "share", ">=", T.MOST, "threads are enough in %s of the cases", "share" },
  },
  why = "Here both versions differ in one word, as a task waits without "
    .. "saying so; in Python every function that waits must be rewritten.",
}
