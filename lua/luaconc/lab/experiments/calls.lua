-- Calls of a pool with one worker: what goes to the worker and back, one by
-- one, on tasks (by reference), threads and processes (by copy).

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "calls of a pool with one worker, of little and of much"

M.ENGINES = { "task", "thread", "process" }

local function same(v) return v end
local function length(s) return #s end

local BATCHES = 10

--- Seconds for one call in the quickest batch, as what disturbs only adds; and
--- bytes sent for it.
function M.probes.call(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local pool <close> = assert(conc.pool { engine = args.kind, workers = 1 })
    local f, value = same, 1
    if args.bytes > 8 then f, value = length, ("x"):rep(args.bytes) end
    for _ = 1, 5 do pool:submit(f, value):await() end
    collectgarbage()
    local sent, best = core.sent(), math.huge
    for _ = 1, BATCHES do
      local before = core.clock()
      for _ = 1, args.n // BATCHES do pool:submit(f, value):await() end
      best = math.min(best, core.clock() - before)
    end
    return { time = best / (args.n // BATCHES),
      sent = (core.sent() - sent) / (args.n // BATCHES * BATCHES) }
  end)
end

local function case(lab, what, bytes, n)
  local calls = {}
  for i, kind in ipairs(M.ENGINES) do
    calls[i] = { kind, "call", { kind = kind, bytes = bytes, n = n } }
  end
  return { what = what, by = lab:rounds(lab:pick(5, 10),
    "luaconc.lab.experiments.calls", calls) }
end

function M.run(lab)
  local median = require("luaconc.lab").median
  local out = { cases = {
    little = case(lab, "an integer", 8, lab:pick(1000, 5000)),
    much = case(lab, "1 MiB", 1 << 20, lab:pick(50, 200)),
  }, rows = { { "call with", "task", "thread", "process" } } }
  for _, key in ipairs { "little", "much" } do
    local row = { out.cases[key].what }
    for i, kind in ipairs(M.ENGINES) do
      row[i + 1] = units.time(median(out.cases[key].by[kind], "time").median)
    end
    out.rows[#out.rows + 1] = row
  end
  return out
end

return M
