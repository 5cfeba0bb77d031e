-- Two workers that talk: round trips of an integer, small messages one way,
-- and messages of 1 MiB, over a queue between tasks, and over channels between
-- threads and between processes. Each is done in batches, and the quickest
-- counts: what disturbs only adds.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "messages between two tasks, threads, processes"

local MIB = 1 << 20

local function pair(conc, kind, size)
  if kind == "task" then return conc.queue(size), conc.queue(size) end
  return conc.channel(size), conc.channel(size)
end

-- Runs `f` on an engine.
local function start(conc, kind, f, ...)
  if kind == "task" then return conc.spawn(f, ...) end
  return assert(conc[kind](f, ...))
end

local function echo(from, to)
  for v in from:iter() do to:send(v) end
end

local BATCHES = 10

-- Takes all messages, and says so after each batch.
local function drain(from, to, n)
  local seen = 0
  for _ in from:iter() do
    seen = seen + 1
    if seen % n == 0 then to:send(true) end
  end
end

-- The seconds of one turn, in the quickest batch of `n` in all.
local function batches(n, f)
  local core, best = require "luaconc.core", math.huge
  n = math.max(1, n // BATCHES)
  for _ = 1, BATCHES do
    local before = core.clock()
    f(n)
    best = math.min(best, core.clock() - before)
  end
  return best / n
end

local function with(kind, size, f, body)
  local conc = require "luaconc"
  return conc.run(function()
    local there, back = pair(conc, kind, size)
    local job = start(conc, kind, f, there, back, body.n)
    local result = body.run(there, back)
    there:close()
    job:await()
    return result
  end)
end

--- Seconds for one round trip.
function M.probes.trip(args)
  return with(args.kind, 1, echo, { run = function(there, back)
    for _ = 1, 20 do
      there:send(0)
      back:recv()
    end
    return { time = batches(args.n, function(n)
      for i = 1, n do
        there:send(i)
        assert(back:recv() == i)
      end
    end) }
  end })
end

--- Seconds for one message, and CPU, and memory at the peak.
function M.probes.stream(args)
  local core = require "luaconc.core"
  local message = args.bytes > 8 and ("x"):rep(args.bytes) or 1
  local small = core.memory()
  return with(args.kind, 16, drain, { n = math.max(1, args.n // BATCHES),
    run = function(there, back)
    local time = batches(args.n, function(n)
      for _ = 1, n do there:send(message) end
      back:recv()
    end)
    return { time = time, memory = math.max(0, core.memory() - small) }
  end })
end

M.ENGINES = { "task", "thread", "process" }

local MODULE = "luaconc.lab.experiments.talk"

-- Whether a channel reaches another process here; else why not.
local function reaches(lab)
  local ok, err = pcall(lab.probe, lab, MODULE, "trip",
    { kind = "process", n = 1 })
  if ok then return true end
  if require("luaconc").is_cancelled(err) then error(err, 0) end
  return false, err.message
end

local function all(lab, kinds, what, name, args)
  local calls = {}
  for i, kind in ipairs(kinds) do
    local own = { kind = kind, n = args.n[kind], bytes = args.bytes }
    calls[i] = { kind, name, own }
  end
  return { what = what, by = lab:rounds(lab:pick(4, 10), MODULE, calls) }
end

function M.run(lab)
  local median = require("luaconc.lab").median
  local far, why = reaches(lab)
  local kinds = far and M.ENGINES or { "task", "thread" }
  local out = { cases = {
    trip = all(lab, kinds, "round trip of an integer", "trip", {
      n = { task = 50000, thread = 5000, process = 5000 } }),
    small = all(lab, kinds, "integer, one way", "stream", { bytes = 8,
      n = { task = 50000, thread = 50000, process = 50000 } }),
    large = all(lab, kinds, "1 MiB, one way", "stream", { bytes = MIB,
      n = { task = 100, thread = 100, process = 100 } }),
  }, missing = why, rows = { { "what", table.unpack(kinds) } } }
  for _, key in ipairs { "trip", "small", "large" } do
    local case, row = out.cases[key], { out.cases[key].what }
    for i, kind in ipairs(kinds) do
      row[i + 1] = units.time(median(case.by[kind], "time").median)
    end
    out.rows[#out.rows + 1] = row
  end
  return out
end

return M
