-- A pipeline: one job makes numbers, four work on them, one collects. The
-- lines between them hold a few items each, so a slow stage slows down the
-- ones before it, and memory stays small however many items there are.
--
--   lua5.4 examples/pipeline.lua [task|thread [COUNT]]
--
-- Tasks share one Lua state: a queue between them passes the items as they
-- are. Threads have states of their own: a channel passes copies.

local conc = require "luaconc"

local stages = {
  task = { start = "spawn", line = conc.queue },
  thread = { start = "thread", line = conc.channel },
}

local engine, count = stages[arg[1] or "task"], tonumber(arg[2] or 1000)
if not engine or not count then
  io.stderr:write("usage: lua5.4 pipeline.lua [task|thread [COUNT]]\n")
  os.exit(2)
end

local function produce(numbers, last)
  for n = 1, last do numbers:send(n) end
  numbers:close()
end

-- The length of n's Collatz sequence.
local function steps(n)
  local length = 0
  while n ~= 1 do
    n = n % 2 == 0 and n // 2 or 3 * n + 1
    length = length + 1
  end
  return length
end

local function work(numbers, results)
  for n in numbers:iter() do results:send { n = n, steps = steps(n) } end
end

-- The longest sequence; of equally long ones, that of the smallest number.
local function collect(results)
  local longest = { n = 1, steps = 0 }
  for result in results:iter() do
    if result.steps > longest.steps
      or result.steps == longest.steps and result.n < longest.n then
      longest = result
    end
  end
  return longest
end

conc.run(function()
  local numbers, results = engine.line(16), engine.line(16)
  local group <close> = conc.group()
  local function start(...) return group[engine.start](group, ...) end
  local collector = start(collect, results)
  local jobs = { start(produce, numbers, count) }
  for i = 1, 4 do jobs[1 + i] = start(work, numbers, results) end
  for _, job in ipairs(jobs) do job:await() end
  results:close()
  local longest = collector:await()
  print(("of the first %d numbers, %d takes most steps to 1: %d")
    :format(count, longest.n, longest.steps))
end)
