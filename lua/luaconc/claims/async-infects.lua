local T = require "luaconc.lab.thresholds"
local texts = require "luaconc.lab.texts"

return {
  id = "async-infects",
  says = "Code for an event loop infects the code base, and an await is easily "
    .. "forgotten.",
  experiment = "The fetch example, one after the other and on tasks (texts of "
    .. "ours, which are run): what changes in the function that waits.",
  engines = { "serial", "task" },
  figure = "lines that change in the function that waits, and the awaits in it",
  construction = true,
  measure = function(lab)
    local fetch = lab:get "fetch"
    local inside = texts.TASK:find(texts.FETCH, 1, true) and 0
      or texts.changed(texts.SERIAL, texts.TASK)
    return { lines = inside, awaits = texts.words(texts.FETCH, "await"),
      python = { lines = texts.changed(texts.PYTHON_FETCH,
        texts.PYTHON_ASYNC_FETCH),
        awaits = texts.words(texts.PYTHON_ASYNC_FETCH, "await") },
      rows = fetch.rows }
  end,
  parts = {
    { "lines", ">=", T.SOME,
      "%s lines of the function that waits change for tasks", "count" },
    { "awaits", ">=", T.SOME, "it has %s awaits to be forgotten", "count" },
  },
  why = function(f)
    return f.python and ("Lua's coroutines keep their whole stack, so any "
      .. "function may wait and its callers need not know. In Python %d lines "
      .. "of the same function change, with %d awaits."):format(
      f.python.lines, f.python.awaits) or nil
  end,
}
