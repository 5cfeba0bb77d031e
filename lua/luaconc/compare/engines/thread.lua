-- A pool of threads, each with a Lua state of its own.

local pooled = require "luaconc.compare.pooled"

return {
  name = "thread",
  title = "threads",
  one = "thread",
  about = "a pool of threads, jobs in chunks",
  workers = true,
  run = pooled.engine "thread",
}
