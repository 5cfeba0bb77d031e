local T = require "luaconc.lab.thresholds"
local runs = require "luaconc.lab.runs"

local function behind(by)
  local best = runs.least(by, { "task", "process" }, "whole")
  return runs.ratio(by.thread, by[best], "whole")
end

return {
  id = "choose-io-few",
  says = "For fast input and output over few connections (below 500), threads "
    .. "are enough.",
  experiment = "50 and 400 requests to a local server that answers at once, "
    .. "each on a connection of its own; on tasks, and on a thread or a "
    .. "process for each.",
  engines = { "task", "thread", "process" },
  figure = "how many times as long threads take as the best other engine, "
    .. "their start included",
  measure = function(lab)
    local r = lab:get "requests"
    return { few = behind(r.cases.fast50), more = behind(r.cases.fast400),
      rows = runs.pick(r.rows, { "50", "400" }) }
  end,
  parts = {
    { "few", "<=", T.ENOUGH,
      "for 50 requests threads take %s times as long as the best", "ratio" },
    { "more", "<=", T.ENOUGH,
      "for 400 requests, %s times as long", "ratio" },
  },
  why = function(f)
    if not f.few or f.few <= T.ENOUGH.value then return nil end
    return "A thread for each request costs its start, a Lua state, and a "
      .. "loop, which takes longer than the request itself; in seconds it is "
      .. "little all the same (see the table)."
  end,
}
