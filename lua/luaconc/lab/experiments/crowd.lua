-- The same work on few and on very many threads: throughput, and switches.
-- The threads wait at a gate first, so that all are there when it opens, and
-- wait again when they are done: starting and ending them is not counted.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "the same work on 10 to 10,000 threads"

M.BORDER = 5000

local function work(gate, done, rest, turns)
  gate:recv()
  local x = 1
  for i = 1, turns do x = (x * 1103515245 + i) % 2147483648 end
  done:send(x)
  rest:recv()
end

local function start(conc, args, gate, done, rest)
  local turns = args.turns // args.n
  for i = 1, args.n do
    local job, message = conc.thread(work, gate, done, rest, turns)
    if not job then return i - 1, message end
  end
  return args.n
end

--- Throughput in turns a second, and switches, with so many threads; how many
--- there were where the system refused more.
function M.probes.work(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local gate, done = conc.channel(args.n), conc.channel(args.n)
    local group <close> = conc.group { keep = true }
    local started, message = start(conc, args, gate, done,
      conc.channel(1))
    if started < args.n then
      group:cancel()
      return { refused = started, message = message }
    end
    local before = core.clock()
    local _, _, _, waited, forced = core.usage()
    for _ = 1, args.n do gate:send(true) end
    for _ = 1, args.n do done:recv() end
    local time = core.clock() - before
    local _, _, _, waited2, forced2 = core.usage()
    group:cancel()
    return { throughput = args.turns / time, time = time,
      waited = waited2 - waited, forced = forced2 - forced }
  end)
end

function M.run(lab)
  local sizes = lab:pick({ 10, 1000, 6000 }, { 10, 100, 1000, 5000, 10000 })
  local out = { by = {}, sizes = sizes, rows = { { "threads", "time",
    "million turns a second", "waits", "forced off a core" } } }
  local rounds = {}
  for round = 1, lab:pick(3, 5) do
    for _, n in ipairs(sizes) do
      local r = lab:probe("luaconc.lab.experiments.crowd", "work",
        { n = n, turns = lab:pick(12000000, 100000000) })
      rounds[n] = rounds[n] or {}
      rounds[n][round] = r
      if r.refused then out.limit, out.message = r.refused, r.message end
    end
  end
  for _, n in ipairs(sizes) do
    local list = rounds[n]
    if not list[1].refused then
      out.by[#out.by + 1] = { n = n, runs = list }
      local median = require("luaconc.lab").median
      out.rows[#out.rows + 1] = { units.count(n),
        units.time(median(list, "time").median),
        ("%.1f"):format(median(list, "throughput").median / 1e6),
        units.count(median(list, "waited").median),
        units.count(median(list, "forced").median) }
    end
  end
  return out
end

return M
