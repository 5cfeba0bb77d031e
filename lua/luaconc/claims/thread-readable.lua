local T = require "luaconc.lab.thresholds"
local texts = require "luaconc.lab.texts"

return {
  id = "thread-readable",
  says = "Threaded code reads from top to bottom like sequential code.",
  experiment = "Three sources asked one after the other, and together on "
    .. "threads, tasks and processes: the lines of the function that fetches, "
    .. "and of the rest, that must change (texts of ours, which are run).",
  engines = { "task", "thread", "process" },
  figure = "lines that change in the function that waits",
  construction = true,
  measure = function(lab)
    local fetch = lab:get "fetch"
    local rows = { { "version", "lines that change", "of them in fetch",
      "time" } }
    for i, name in ipairs { "TASK", "THREAD", "PROCESS" } do
      rows[i + 1] = { name:lower(),
        tostring(texts.changed(texts.SERIAL, texts[name])),
        texts[name]:find(texts.FETCH, 1, true) and "0" or "some",
        ("%.2f units"):format(fetch[name:lower()].units) }
    end
    return { fetch = texts.THREAD:find(texts.FETCH, 1, true) and 0
        or texts.changed(texts.SERIAL, texts.THREAD),
      python = { task = texts.changed(texts.PYTHON_FETCH,
        texts.PYTHON_ASYNC_FETCH) }, rows = rows }
  end,
  parts = {
    { "fetch", "<=", T.FEW_LINES,
      "the function that waits changes in %s lines for threads", "count" },
  },
  why = function(f)
    return ("So it is for tasks and processes here. In Python the same "
      .. "function changes in no line for threads and in %d for asyncio.")
      :format(f.python and f.python.task or 0)
  end,
}
