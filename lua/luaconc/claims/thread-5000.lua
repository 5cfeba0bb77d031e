local T = require "luaconc.lab.thresholds"
local crowd = require "luaconc.lab.experiments.crowd"
local units = require "luaconc.compare.units"

local ratio = function(...) return require("luaconc.lab").ratio(...) end

-- The runs with the best throughput up to the border, and those with the most
-- threads above it.
local function pair(by)
  local median = require("luaconc.lab").median
  local best, most
  for _, entry in ipairs(by) do
    local t = median(entry.runs, "throughput").median
    if entry.n > crowd.BORDER then
      most = entry
    elseif not best or t > median(best.runs, "throughput").median then
      best = entry
    end
  end
  return best, most
end

return {
  id = "thread-5000",
  says = "Above about 5,000 threads, switching between them hurts throughput.",
  experiment = "The same work on 10 to 6,000 threads (10,000 in a full book), "
    .. "which wait at a gate until all are there.",
  engines = { "thread" },
  figure = "throughput above 5,000 threads against the best below",
  measure = function(lab)
    local c = lab:get "crowd"
    local best, most = pair(c.by)
    local missing
    if not most then
      missing = ("the system refused more than %d threads: %s"):format(
        c.limit or 0, c.message or "?")
    end
    return { share = most and ratio(most.runs, best.runs, "throughput"),
      n = most and most.n, limit = c.limit, missing = missing, rows = c.rows }
  end,
  parts = {
    { "share", "<=", T.HURTS,
      "the most threads reach %s of the best throughput", "share" },
  },
  why = function(f)
    return f.n and ("They were %s. Each thread is woken at the gate and "
      .. "tells its result, and it is these hand-overs that grow with their "
      .. "number; the system switches those that compute by the clock.")
      :format(units.count(f.n)) or nil
  end,
}
