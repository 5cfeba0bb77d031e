local T = require "luaconc.lab.thresholds"

return {
  id = "async-debug",
  says = "Event loops are tricky to debug.",
  experiment = "A task that holds the loop, tasks that wait for ever, an error "
    .. "that nobody looks at: does the tool tell?",
  engines = { "task" },
  figure = "faults of three that pass in silence",
  measure = function(lab)
    local f = lab:get("mistakes").faults
    local silent, rows = 0, { { "fault", "luaconc", "asyncio" } }
    local python = lab:python "faults"
    local there = python and 3 - python.blocked - python.deadlock - python.lost
    for _, name in ipairs { "blocked", "deadlock", "lost" } do
      if not f[name] then silent = silent + 1 end
      rows[#rows + 1] = { name == "blocked" and "the loop is held"
        or name == "deadlock" and "all wait for ever" or "an error is lost",
        f[name] and "told" or "silent",
        python and (python[name] == 1 and "told" or "silent") or "?" }
    end
    return { silent = silent, there = there, python = python, rows = rows }
  end,
  parts = {
    { "silent", ">=", T.SOME, "%s of 3 faults pass in silence", "count" },
  },
  why = function(f)
    return f.there and ("In CPython %s, asyncio by itself leaves %d of the "
      .. "three in silence (its debug mode tells of a held loop).")
      :format(f.python.version, f.there) or nil
  end,
}
