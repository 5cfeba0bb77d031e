local T = require "luaconc.lab.thresholds"
local runs = require "luaconc.lab.runs"

return {
  id = "thread-switch",
  says = "The system stops busy threads needlessly, so threads switch more "
    .. "than tasks.",
  experiment = "The 400 fast requests of choose-io-few: switches that the "
    .. "system counted.",
  engines = { "task", "thread" },
  figure = "switches of threads against tasks, and those by force",
  measure = function(lab)
    local r = lab:get "requests"
    local fast = r.cases.fast400
    local function at_least_one(list)
      local out = {}
      for i, v in ipairs(list) do out[i] = math.max(v, 1) end
      return out
    end
    local stats = require "luaconc.compare.stats"
    return { all = runs.ratio(fast.thread, fast.task, "switches"),
      forced = stats.ratio(at_least_one(fast.thread.forced),
        at_least_one(fast.task.forced)),
      share = stats.median(fast.thread.forced)
        / math.max(1, stats.median(fast.thread.switches)),
      rows = runs.pick(r.rows, { "400" }) }
  end,
  parts = {
    { "all", ">=", T.MORE, "threads switch %s times as often as tasks",
      "ratio" },
    { "forced", ">=", T.MORE, "they are stopped by force %s times as often",
      "ratio" },
  },
  why = function(f)
    return f.share and ("By force are %.0f %% of the threads' switches; in the "
      .. "others a thread had nothing to do but wait."):format(f.share * 100)
      or nil
  end,
}
