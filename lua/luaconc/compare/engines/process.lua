-- A pool of processes.

local pooled = require "luaconc.compare.pooled"

return {
  name = "process",
  title = "processes",
  one = "process",
  about = "a pool of processes, jobs in chunks",
  workers = true,
  apart = true,
  run = pooled.engine "process",
}
