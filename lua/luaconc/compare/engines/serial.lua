-- One job after the other, outside any task: each call that waits holds the
-- whole program. What the other engines are compared with.

return {
  name = "serial",
  title = "the serial run",
  about = "one job after the other",
  adds_up = true,
  run = function(job, size, ctx, finished)
    local results = {}
    for i = 1, size do
      results[i] = job(i, ctx)
      finished(i)
    end
    return results
  end,
}
