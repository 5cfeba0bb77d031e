-- A task for each job, all on one loop in one Lua state.

local conc = require "luaconc"
local call = require("luaconc.compare.work").call

return {
  name = "task",
  title = "tasks",
  about = "a task for each job, on one loop",
  run = function(meter, job, size, ctx)
    local results = {}
    local function run_job(i)
      results[i] = call(job, i, ctx)
    end
    meter:start()
    conc.run(function()
      for i = 1, size do conc.spawn(run_job, i) end
    end)
    meter:stop()
    meter:close()
    return results
  end,
}
