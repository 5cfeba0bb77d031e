local T = require "luaconc.lab.thresholds"
local order = require "luaconc.lab.experiments.order"

return {
  id = "async-order",
  says = "The order in which tasks finish is hard to predict.",
  experiment = "100 requests on tasks, 20 times: through sockets to a server "
    .. "that takes up to 5 ms by chance, and with given times.",
  engines = { "task" },
  figure = "the share of the runs that had an order of their own",
  measure = function(lab)
    local o = lab:get "order"
    return { share = o.sockets / order.RUNS, timers = o.timers, rows = o.rows }
  end,
  parts = {
    { "share", ">=", T.ORDER,
      "%s of the runs finished in an order of their own", "share" },
  },
  why = function(f)
    return f.timers and ("The chance is the network's and not the loop's: with "
      .. "given times there %s. Under luaconc.testing, clock and order come "
      .. "from a seed, and each run repeats."):format(f.timers == 1
      and "was one order in all 20 runs"
      or ("were %d orders"):format(f.timers)) or nil
  end,
}
