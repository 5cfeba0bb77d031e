-- Programs: /bin/true, 8 at a time; wall time of each.
-- `exec.lua quiet|captured N [MB]`: without output or with both outputs
-- captured; in a program that holds so many megabytes.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"
local conc = require "luaconc"

local AT_ONCE = 8

-- Each page is written to, as an application's heap would be.
local function hold(megabytes)
  local held = {}
  for i = 1, megabytes do held[i] = ("x"):rep(2 ^ 20 - 64 - i) end
  return held
end

local function once(captured)
  local where = not captured and "null" or nil
  local result = assert(conc.exec { "/bin/true", stdout = where, stderr = where })
  assert(result.code == 0)
end

local function run(n, captured)
  local left = n
  local group <close> = conc.group()
  for _ = 1, AT_ONCE do
    group:spawn(function()
      while left > 0 do
        left = left - 1
        once(captured)
      end
    end)
  end
end

local function case(captured)
  return function(n)
    local held = hold(tonumber(arg[3] or 0))
    conc.run(function()
      run(n // 10, captured)
      local start, cpu = conc.now(), measure.cpu()
      run(n, captured)
      measure.print("ms", (conc.now() - start) / n * 1e3)
      measure.print("cpu_ms", (measure.cpu() - cpu) / n * 1e3)
    end)
    assert(#held >= 0)
  end
end

measure.main({ quiet = case(false), captured = case(true) }, "quiet", 500)
