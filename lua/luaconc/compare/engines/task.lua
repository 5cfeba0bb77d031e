-- A task for each job, all on one loop in one Lua state.

local conc = require "luaconc"

return {
  name = "task",
  title = "tasks",
  about = "a task for each job, on one loop",
  run = function(job, size, ctx, finished)
    local results = {}
    local function run_job(i)
      results[i] = job(i, ctx)
      finished(i)
    end
    conc.run(function()
      for i = 1, size do conc.spawn(run_job, i) end
    end)
    return results
  end,
}
