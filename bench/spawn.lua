-- Starting a trivial task and awaiting its result.
-- `spawn.lua [luaconc|batch|plain|reused] [N]`
-- `plain` creates a coroutine and resumes it to its end; `reused` hands
-- each function to a coroutine that lives on.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local cases = {}

local function one() return 1 end

local function timed(name, n, f)
  f(n // 10)
  local start = measure.cpu()
  f(n)
  measure.print(name, (measure.cpu() - start) / n * 1e9)
end

-- One at a time: spawned, awaited, the next.
function cases.luaconc(n)
  local conc = require "luaconc"
  local spawn = conc.spawn
  conc.run(function()
    timed("ns", n, function(count)
      for _ = 1, count do spawn(one):await() end
    end)
  end)
end

-- A thousand at a time.
function cases.batch(n)
  local conc = require "luaconc"
  local spawn = conc.spawn
  conc.run(function()
    timed("ns", n, function(count)
      local list = {}
      for _ = 1, count // 1000 do
        for i = 1, 1000 do list[i] = spawn(one) end
        for i = 1, 1000 do list[i]:await() end
      end
    end)
  end)
end

function cases.plain(n)
  local create, resume = coroutine.create, coroutine.resume
  timed("ns", n, function(count)
    for _ = 1, count do resume(create(one)) end
  end)
end

function cases.reused(n)
  local resume, yield = coroutine.resume, coroutine.yield
  local co = coroutine.create(function(f)
    while true do f = yield(f()) end
  end)
  timed("ns", n, function(count)
    for _ = 1, count do resume(co, one) end
  end)
end

measure.main(cases, "luaconc", 1000000)
