-- What an engine costs on this machine, apart from the work: seconds to start
-- a worker, for one call, and for each byte that goes over. Measured in a few
-- hundredths of a second; the least of several, as what disturbs only adds.

local core = require "luaconc.core"

local M = {}

local function nothing(v) return type(v) == "string" and #v or v end

local function least(n, f)
  local best = math.huge
  for _ = 1, n do
    local before = core.clock()
    f()
    best = math.min(best, core.clock() - before)
  end
  return best
end

local BYTES, CALLS = 1 << 20, 20

local function of_engine(conc, engine)
  local start = least(5, function()
    assert(conc[engine](nothing)):await()
  end)
  local pool <close> = assert(conc.pool { engine = engine, workers = 1 })
  local text = ("x"):rep(BYTES)
  local function call(v) return pool:submit(nothing, v):await() end
  call(1)
  local one = least(10, function() for _ = 1, CALLS do call(1) end end) / CALLS
  local large = least(3, function() call(text) end)
  return { start = start, call = one, byte = math.max(0, large - one) / BYTES }
end

--- The costs of all engines. Waits.
---@return table<string, { start: number, call: number, byte: number }>
function M.measure()
  local conc = require "luaconc"
  local function spawn() conc.spawn(nothing):await() end
  local task = least(10, function() for _ = 1, CALLS do spawn() end end) / CALLS
  return { task = { start = 0, call = task, byte = 0 },
    thread = of_engine(conc, "thread"), process = of_engine(conc, "process") }
end

return M
