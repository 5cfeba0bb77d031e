-- Threads: what a start costs, and what two of them gain, in wall time.
-- `thread.lua start|face|many|speed [N]`. `start` starts a thread with a
-- trivial job and waits for its end, one at a time; `face` the same with a
-- job that asks for luaconc; `many` starts N before it waits for the first;
-- `speed` computes N steps twice, one after the other and on two threads.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local conc = require "luaconc"

local function one_by_one(n, job)
  for _ = 1, n // 10 + 1 do conc.thread(job):await() end
  local start = conc.now()
  for _ = 1, n do assert(conc.thread(job):await() == 1) end
  measure.print("us", (conc.now() - start) / n * 1e6)
end

local function compute(n)
  local x = 0
  for i = 1, n do x = (x * 31 + i) % 1000003 end
  return x
end

local function seconds(f)
  local start = conc.now()
  f()
  return conc.now() - start
end

local cases = {}

function cases.start(n)
  one_by_one(n, function() return 1 end)
end

function cases.face(n)
  one_by_one(n, function()
    require "luaconc"
    return 1
  end)
end

function cases.many(n)
  local jobs, start = {}, conc.now()
  for i = 1, n do jobs[i] = assert(conc.thread(math.abs, -i)) end
  for i = 1, n do assert(jobs[i]:await() == i) end
  measure.print("us", (conc.now() - start) / n * 1e6)
end

function cases.speed(n)
  compute(n // 10)
  local alone = seconds(function()
    compute(n)
    compute(n)
  end)
  local together = seconds(function()
    local a, b = conc.thread(compute, n), conc.thread(compute, n)
    assert(a:await() == b:await())
  end)
  measure.print("times", alone / together)
end

conc.run(measure.main, cases, "start", 1000)
