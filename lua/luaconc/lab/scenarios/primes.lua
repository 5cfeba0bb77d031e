-- Work for the processor: primes below a limit, by trial division, in as many
-- shares as there are jobs.

local _, set = ...
local limit = set.limit or 600000
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
  name = "primes",
  sizes = { 4 },
  setup = function(size) return { jobs = size } end,
  job = function(i, ctx)
    local count = 0
    for first = (i - 1) * BLOCK, limit - 1, ctx.jobs * BLOCK do
      for n = first, math.min(first + BLOCK, limit) - 1 do
        if is_prime(n) then count = count + 1 end
      end
    end
    return count
  end,
}
