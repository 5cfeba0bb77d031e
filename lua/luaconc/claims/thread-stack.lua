local T = require "luaconc.lab.thresholds"
local idle = require "luaconc.lab.experiments.idle"

local function median(list, field)
  return require("luaconc.lab").median(list, field).median
end

return {
  id = "thread-stack",
  says = "Every thread reserves memory for its stack.",
  experiment = "Idle threads with a stack of 1 MiB and of 8 MiB: address space "
    .. "and memory of each.",
  engines = { "thread" },
  figure = "by how much of the difference in stack size both grow",
  measure = function(lab)
    local by = lab:get("idle").by
    local more = idle.LARGE - idle.SMALL
    return { space = (median(by.large, "space") - median(by.thread, "space"))
        / more,
      memory = math.max(0, (median(by.large, "memory")
        - median(by.thread, "memory")) / more), rows = lab:get("idle").rows }
  end,
  parts = {
    { "space", ">=", T.RESERVED,
      "address space grows by %s of the larger stack", "share" },
    { "memory", ">=", T.RESIDENT, "memory by %s of it", "share" },
  },
  why = function(f)
    return f.memory and f.memory < T.RESIDENT.value and "A stack is reserved "
      .. "as addresses; memory is taken page by page, when it is touched."
      or nil
  end,
}
