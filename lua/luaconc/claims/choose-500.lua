local T = require "luaconc.lab.thresholds"
local units = require "luaconc.compare.units"

local border = T.FEW_CONNECTIONS.value

local NEAR = ("%s to %s"):format(units.count(border / T.NEAR.value),
  units.count(border * T.NEAR.value))

-- How many times one border is the other, whichever is larger.
local function apart(number)
  return math.max(number / border, border / number)
end

local function words(found, what)
  if found.number == math.huge then
    return ("%s: threads are not beaten up to %s requests"):format(what,
      units.count(found.high))
  elseif found.number == found.low then
    return ("%s: no crossing, tasks win from %s requests or fewer on"):format(
      what, units.count(found.low))
  end
  return ("%s: tasks win from %s requests on"):format(what,
    units.count(found.number))
end

return {
  id = "choose-500",
  says = "The border between threads and an event loop lies near 500 "
    .. "connections.",
  experiment = "Slow requests, 50 to 1,000 of them (5,000 in a full book), on "
    .. "tasks and on a thread each; bisection finds where tasks begin to win.",
  engines = { "task", "thread" },
  figure = "the number of requests from which on tasks win, in time and in "
    .. "memory, and how far it is from 500",
  measure = function(lab)
    local b = lab:get "border"
    return { time = apart(b.time.number), memory = apart(b.memory.number),
      time_found = b.time, memory_found = b.memory, rows = b.rows }
  end,
  parts = {
    { "time", "<=", T.NEAR, function(f) return words(f.time_found, "time") end,
      "ratio", needs = NEAR },
    { "memory", "<=", T.NEAR,
      function(f) return words(f.memory_found, "memory") end, "ratio",
      needs = NEAR },
  },
  why = function(_, verdict)
    return verdict ~= "holds" and "A number of connections is no property of "
      .. "the model: it follows from what a worker costs to start and to keep."
      or nil
  end,
}
