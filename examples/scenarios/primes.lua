-- Work for the processor: how many primes are there below a limit? Every job
-- tries its share of the numbers, in blocks, so that all jobs are alike.

local LIMIT, PRIMES = 1000000, 78498
local BLOCK = 500

local function is_prime(n)
  if n < 4 then return n > 1 end
  if n % 2 == 0 then return false end
  for d = 3, math.floor(n ^ 0.5), 2 do
    if n % d == 0 then return false end
  end
  return true
end

return {
  name = "primes below 1,000,000",
  about = "Trial division, in as many shares as there are jobs.",
  sizes = { 4, 16 },
  setup = function(size)
    return { jobs = size }
  end,
  job = function(i, ctx)
    local count = 0
    for first = (i - 1) * BLOCK, LIMIT - 1, ctx.jobs * BLOCK do
      for n = first, math.min(first + BLOCK, LIMIT) - 1 do
        if is_prime(n) then count = count + 1 end
      end
    end
    return count
  end,
  check = function(results)
    local sum = 0
    for _, count in ipairs(results) do sum = sum + count end
    assert(sum == PRIMES, ("%d primes found, there are %d"):format(sum, PRIMES))
  end,
}
