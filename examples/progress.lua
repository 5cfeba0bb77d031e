-- A shared counter shows how far several jobs have come.
--
--   lua5.4 examples/progress.lua [thread|process] [NUMBERS]
--
-- Each job looks for primes in a part of the numbers. The line on standard
-- error moves on while they compute: nobody sends messages about it.

local conc = require "luaconc"

local engine = arg[1] or "thread"
local most = math.tointeger(tonumber(arg[2] or 200000))
if engine ~= "thread" and engine ~= "process" or not most or most < 1 then
  io.stderr:write("usage: lua5.4 progress.lua [thread|process] [NUMBERS]\n")
  os.exit(1)
end

local function count_primes(done, first, last)
  local primes = 0
  for n = first, last do
    local is_prime = n > 1
    for d = 2, math.floor(n ^ 0.5) do
      if n % d == 0 then
        is_prime = false
        break
      end
    end
    if is_prime then primes = primes + 1 end
    if n % 1000 == 0 then done:add(1000) end
  end
  return primes
end

local function show(done)
  while true do
    io.stderr:write(("\r%3d %%"):format(100 * done:get() // most))
    conc.sleep(0.05)
  end
end

conc.run(function()
  local done, jobs = conc.shared.counter(), {}
  conc.spawn { show, done, daemon = true }
  for part = 1, 4 do
    local first, last = (part - 1) * most // 4 + 1, part * most // 4
    jobs[part] = conc[engine](count_primes, done, first, last)
  end
  local total = 0
  for _, primes in ipairs(conc.gather(jobs)) do total = total + primes end
  io.stderr:write "\r100 %\n"
  print(("%d primes up to %d"):format(total, most))
end)
