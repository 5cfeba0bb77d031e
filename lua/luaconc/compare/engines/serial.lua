-- One job after the other, outside any task: each call that waits holds the
-- whole program. What the other engines are compared with.

local call = require("luaconc.compare.work").call

return {
  name = "serial",
  title = "the serial run",
  about = "one job after the other",
  adds_up = true,
  run = function(meter, job, size, ctx)
    local results = {}
    meter:start()
    for i = 1, size do results[i] = call(job, i, ctx) end
    meter:stop()
    meter:close()
    return results
  end,
}
