-- What is measured of one job, in whatever state it runs: its time, the CPU
-- time of its thread, and the bytes that its process made for others. It goes
-- into sums, plain or shared, so that the job's results stay as they are. It
-- costs about 2 us a job.

local core = require "luaconc.core"

local M = {}

local function micro(seconds)
  return math.floor(seconds * 1e6 + 0.5)
end

local function finish(sums, start, cpu, sent, ...)
  sums.count:add(1)
  sums.wall:add(micro(core.clock() - start))
  sums.cpu:add(micro(core.cpu() - cpu))
  if sums.sent then sums.sent:add(core.sent() - sent) end
  return ...
end

--- Calls a job and adds what it took; one that fails adds nothing.
---@param sums table of counters: count, wall and cpu in microseconds, sent
---@param f function
---@param ... any
---@return any ...
function M.measure(sums, f, ...)
  local start, cpu, sent = core.clock(), core.cpu(), core.sent()
  return finish(sums, start, cpu, sent, f(...))
end

return M
