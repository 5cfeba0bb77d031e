-- Pools of two workers: what a call costs, and how much sooner computing ends.
-- `pool.lua thread_chunks|thread_calls|thread_submit|thread_speed [N]`, and
-- the same with `process`. `chunks` is `map` as it is, `calls` with chunks of
-- one, `submit` a handle for each, awaited in order; `us` is wall time a call.
-- `speed` is how many times as long the same work takes without a pool.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local conc = require "luaconc"

local function add_one(n) return n + 1 end

local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

local function check(results, n)
  for i = 1, n do assert(results[i] == i + 1) end
end

local function mapping(chunk)
  return function(pool, list)
    return pool:map(list, add_one, { chunk = chunk })
  end
end

local function submit(pool, list)
  local jobs, results = {}, {}
  for i, n in ipairs(list) do jobs[i] = pool:submit(add_one, n) end
  for i, job in ipairs(jobs) do results[i] = job:await() end
  return results
end

-- Wall time, since most of the work is not on this thread.
local function timed(engine, n, call)
  local pool <close> = conc.pool { engine = engine, workers = 2 }
  call(pool, numbers(n // 10))
  local list = numbers(n)
  local start = conc.now()
  local results = call(pool, list)
  measure.print("us", (conc.now() - start) / n * 1e6)
  check(results, n)
end

local function compute(n)
  local sum = 0
  for i = 1, n do sum = sum + i % 7 end
  return sum
end

local function speed(engine, n)
  local pool <close> = conc.pool { engine = engine, workers = 2 }
  local list = {}
  for i = 1, 16 do list[i] = n end
  pool:map({ 1, 1 }, compute, { chunk = 1 })
  local start = conc.now()
  local sums = {}
  for i = 1, #list do sums[i] = compute(list[i]) end
  local alone = conc.now() - start
  start = conc.now()
  local results = pool:map(list, compute, { chunk = 1 })
  measure.print("times", alone / (conc.now() - start))
  for i = 1, #list do assert(results[i] == sums[i]) end
end

local cases = {}
for _, engine in ipairs { "thread", "process" } do
  local function case(name, f)
    cases[engine .. "_" .. name] = function(n)
      conc.run(f, engine, n)
    end
  end
  case("chunks", function(e, n) timed(e, n, mapping(nil)) end)
  case("calls", function(e, n) timed(e, n, mapping(1)) end)
  case("submit", function(e, n) timed(e, n, submit) end)
  case("speed", speed)
end

measure.main(cases, "thread_chunks", 20000)
