local T = require "luaconc.lab.thresholds"
local runs = require "luaconc.lab.runs"
local units = require "luaconc.compare.units"

local function lead(by)
  local other = runs.least(by, { "thread", "process" }, "whole")
  return runs.ratio(by[other], by.task, "whole")
end

return {
  id = "choose-io-many",
  says = "For slow input and output over many connections (above 500), an "
    .. "event loop is the choice.",
  experiment = "500, 2,000 and 10,000 requests to a local server that answers "
    .. "after 200 ms; threads with one for each as far as descriptors go, "
    .. "processes up to 500.",
  engines = { "task", "thread", "process" },
  figure = "how many times as long the best other engine takes as tasks, its "
    .. "start included, and how much more memory",
  measure = function(lab)
    local r = lab:get "requests"
    local c = r.cases
    return { at500 = lead(c.slow500), at2000 = lead(c.slow2000),
      at10000 = lead(c.slow10000),
      memory = runs.ratio(c.slow2000.thread, c.slow2000.task, "job_memory"),
      rows = runs.pick(r.rows, { "500", "2,000", "10,000" }),
      workers = c.slow10000.thread.workers }
  end,
  parts = {
    { "at500", ">=", T.CLEARLY,
      "at 500 requests the best other engine takes %s times as long as tasks",
      "ratio" },
    { "at2000", ">=", T.CLEARLY, "at 2,000, %s times", "ratio" },
    { "at10000", ">=", T.CLEARLY, "at 10,000, %s times", "ratio" },
    { "memory", ">=", T.MORE,
      "a request on a thread takes %s times the memory", "ratio" },
  },
  why = function(f)
    return f.workers and ("Threads end at %s here, as each loop and connection "
      .. "takes descriptors; more requests wait for a free one. Processes were "
      .. "taken to 500."):format(
      units.count(f.workers)) or nil
  end,
}
