-- A large array of numbers: handed to a worker as a shared array, or sent as
-- bytes; and summed and changed by two workers, in each way.

local told = require "luaconc.lab.told"
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "a large array, shared or sent, and worked on by two workers"

-- A worker that takes what comes and says how long it is.
local function measure(v) return #v end

--- Seconds to hand the data to a worker that waits, and back its length.
function M.probes.hand(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local data = args.way == "shared"
      and conc.shared.array("u8", args.bytes) or ("x"):rep(args.bytes)
    local pool <close> = assert(conc.pool { engine = args.engine,
      workers = 1 })
    pool:submit(measure, "x"):await()
    local best = math.huge
    for _ = 1, 3 do
      local before = core.clock()
      local ok, n = pcall(function()
        return pool:submit(measure, data):await()
      end)
      if not ok then return { missing = told(n) } end
      assert(n == args.bytes)
      best = math.min(best, core.clock() - before)
    end
    return { time = best }
  end)
end

-- Doubles a part of a shared array in place and returns its sum.
local function in_place(array, from, to)
  local sum = 0
  for i = from, to do
    local v = array[i] * 2
    array[i] = v
    sum = sum + v
  end
  return sum
end

-- The same with numbers that came as bytes; the changed ones go back.
local function in_copy(bytes)
  local sum, out = 0, {}
  for i = 1, #bytes, 8 do
    local v = string.unpack("d", bytes, i) * 2
    out[#out + 1] = string.pack("d", v)
    sum = sum + v
  end
  return { sum, table.concat(out) }
end

local WORK = {}

function WORK.shared(conc, pool, n)
  local array = conc.shared.array("f64", n)
  array:fill(1)
  local half = n // 2
  local a = pool:submit(in_place, array, 1, half)
  local b = pool:submit(in_place, array, half + 1, n)
  return a:await() + b:await()
end

function WORK.message(_, pool, n)
  local half = string.pack("d", 1):rep(n // 2)
  local a, b = pool:submit(in_copy, half), pool:submit(in_copy, half)
  local x, y = a:await(), b:await()
  assert(#x[2] + #y[2] == n * 8)
  return x[1] + y[1]
end

--- Seconds for the whole, and memory at its end.
function M.probes.work(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local pool <close> = assert(conc.pool { engine = args.engine,
      workers = 2 })
    pool:submit(measure, "x"):await()
    local before = core.clock()
    local ok, sum = pcall(WORK[args.way], conc, pool, args.n)
    if not ok then return { missing = told(sum) } end
    assert(sum == 2 * args.n)
    return { time = core.clock() - before, memory = core.memory() }
  end)
end

local MODULE = "luaconc.lab.experiments.arrays"

local HAND = { { "shared_thread", "shared", "thread", "shared, to a thread" },
  { "copy_thread", "copy", "thread", "sent, to a thread" },
  { "shared_process", "shared", "process", "shared, to a process" },
  { "copy_process", "copy", "process", "sent, to a process" } }

local WORKERS = { { "shared_thread", "shared", "thread",
    "two threads, shared" },
  { "message_thread", "message", "thread", "two threads, by message" },
  { "shared_process", "shared", "process", "two processes, shared" },
  { "message_process", "message", "process", "two processes, by message" } }

-- Runs a probe some times for each case; `out.missing` where one can't be.
local function each(lab, out, name, cases, args, into, show)
  for _, case in ipairs(cases) do
    local list = {}
    for round = 1, lab:pick(3, 5) do
      local own = { way = case[2], engine = case[3] }
      for k, v in pairs(args) do own[k] = v end
      local r = lab:probe(MODULE, name, own)
      if r.missing then
        out.missing = case[4] .. ": " .. r.missing
        break
      end
      list[round] = r
    end
    into[case[1]] = list[1] and list or nil
    out.rows[#out.rows + 1] = { case[4], show(list) }
  end
end

function M.run(lab)
  local median = require("luaconc.lab").median
  local out = { hand = {}, work = {}, rows = {} }
  local bytes = lab:pick(16, 64) << 20
  local n = (lab:pick(4, 64) << 20) // 8
  out.rows[1] = { ("%s handed over"):format(units.size(bytes)), "" }
  each(lab, out, "hand", HAND, { bytes = bytes }, out.hand, function(list)
    return list[1] and units.time(median(list, "time").median) or "?"
  end)
  out.rows[#out.rows + 1] = { ("%s of numbers doubled and summed"):format(
    units.size(n * 8)), "" }
  each(lab, out, "work", WORKERS, { n = n }, out.work, function(list)
    return list[1] and ("%s, %s at the end"):format(
      units.time(median(list, "time").median),
      units.size(median(list, "memory").median)) or "?"
  end)
  return out
end

return M
