-- A pipeline: one task makes numbers, four work on them, one collects. The
-- queues between them hold a few items each, so a slow stage slows down the
-- ones before it, and memory stays small however long the line is.
--
--   lua5.4 examples/pipeline.lua [COUNT]

local conc = require "luaconc"

local count = tonumber(arg and arg[1]) or 1000

local function produce(numbers)
  for n = 1, count do numbers:send(n) end
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

local function collect(results)
  local longest = { n = 1, steps = 0 }
  for result in results:iter() do
    if result.steps > longest.steps then longest = result end
  end
  return longest
end

conc.run(function()
  local numbers, results = conc.queue(16), conc.queue(16)
  local collector = conc.spawn(collect, results)
  do
    local workers <close> = conc.group()
    conc.spawn(produce, numbers)
    for _ = 1, 4 do workers:spawn(work, numbers, results) end
  end
  -- The group has ended: all is worked on.
  results:close()
  local longest = collector:await()
  print(("of the first %d numbers, %d takes most steps to 1: %d")
    :format(count, longest.n, longest.steps))
end)
