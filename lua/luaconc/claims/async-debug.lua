local T = require "luaconc.lab.thresholds"
local absent = require "luaconc.lab.absent"

local FAULTS = { { "blocked", "the loop is held" },
  { "deadlock", "all wait for ever" }, { "lost", "an error is lost" } }

-- How many of the three are not told of.
local function silent(told, suffix)
  if not told then return nil end
  local n = 0
  for _, fault in ipairs(FAULTS) do
    local t = told[fault[1] .. suffix]
    if not t or t == 0 then n = n + 1 end
  end
  return n
end

local function word(told, name)
  if not told then return "?" end
  return told[name] and told[name] ~= 0 and "told" or "silent"
end

return {
  id = "async-debug",
  says = "Event loops are tricky to debug.",
  experiment = "A task that holds the loop, tasks that wait for ever, an error "
    .. "that nobody looks at: does the tool tell by itself, and in its debug "
    .. "mode (luaconc run --debug)?",
  engines = { "task" },
  figure = "faults of three that pass in silence, by itself and in debug mode",
  measure = function(lab)
    local m = lab:get "mistakes"
    local python, why = lab:python "faults"
    local rows = { { "fault", "luaconc", "with --debug", "asyncio",
      "in debug mode" } }
    for i, fault in ipairs(FAULTS) do
      rows[i + 1] = { fault[2], word(m.faults, fault[1]),
        word(m.debug, fault[1]), word(python, fault[1]),
        word(python, fault[1] .. "_debug") }
    end
    return { silent = silent(m.faults, ""), debug = silent(m.debug, ""),
      absent = why, version = python and python.version,
      there = silent(python, ""),
      there_debug = silent(python, "_debug"), rows = rows }
  end,
  parts = {
    { "silent", ">=", T.SOME, "%s of 3 faults pass in silence", "count" },
    { "debug", ">=", T.SOME, "in debug mode %s", "count" },
  },
  why = function(f)
    return "What holds the loop is told of by --debug, while it holds it. "
      .. (f.there and ("In CPython %s, asyncio leaves %d of the three in "
      .. "silence, and %d in its debug mode."):format(f.version, f.there,
      f.there_debug) or absent(f))
  end,
}
