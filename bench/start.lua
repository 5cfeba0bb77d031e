-- What a program pays for luaconc before it does anything.
-- `start.lua [luaconc|luv|plain]`: `ms` is CPU time of the first `require`,
-- `extra_kb` the memory that it, and a first sleep, add to this process.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local cases = {}

local function weigh(load)
  measure.collect()
  local rss, start = measure.rss(), measure.cpu()
  local sleep = load()
  measure.print("ms", (measure.cpu() - start) * 1e3)
  sleep()
  measure.collect()
  measure.print("extra_kb", (measure.rss() - rss) / 1024)
end

function cases.luaconc()
  weigh(function()
    local conc = require "luaconc"
    local run, sleep = conc.run, conc.sleep
    return function() run(function() sleep(0.001) end) end
  end)
end

-- A timer instead of a sleep: luv has no tasks.
function cases.luv()
  weigh(function()
    local uv = require "luv"
    return function()
      local timer = uv.new_timer()
      timer:start(1, 0, function() timer:close() end)
      uv.run()
    end
  end)
end

-- The same with a module that is nothing but a table: the loader's share.
function cases.plain()
  weigh(function()
    require "lib.json"
    return function() end
  end)
end

measure.main(cases, "luaconc", 1)
