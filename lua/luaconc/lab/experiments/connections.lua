-- Many open connections with a heartbeat each: the server in one process, the
-- clients in another.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "many open connections with a heartbeat each"

local function resident()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "a"
  file:close()
  return tonumber(text:match "VmRSS:%s*(%d+)") * 1024
end

local function answer(connection)
  local _ <close> = connection
  while true do
    local line = connection:read "l"
    if not line then return end
    connection:write(line, "\n")
  end
end

-- One client: beats once in each period, at a time of its own.
local function beat(conc, core, args, i, latencies, permits)
  local connection <close> = assert(conc.tcp.connect("127.0.0.1", args.port))
  args.open = args.open + 1
  permits:release()
  while args.open < args.n do conc.sleep(0.05) end
  conc.sleep(args.period * (i / args.n))
  for _ = 1, args.beats do
    local before = core.clock()
    assert(connection:write "beat\n")
    assert(connection:read "l")
    latencies[#latencies + 1] = core.clock() - before
    conc.sleep(math.max(0, args.period - (core.clock() - before)))
  end
end

local function clients(args)
  local conc, core = require "luaconc", require "luaconc.core"
  local latencies, permits = {}, conc.semaphore(200)
  args.open = 0
  conc.run(function()
    for i = 1, args.n do
      permits:acquire()
      conc.spawn(beat, conc, core, args, i, latencies, permits)
    end
  end)
  table.sort(latencies)
  return { n = #latencies, median = latencies[#latencies // 2 + 1],
    p99 = latencies[math.max(1, math.ceil(#latencies * 0.99))],
    most = latencies[#latencies] }
end

--- Memory of a connection in the server, and latencies in the clients.
function M.probes.serve(args)
  local conc = require "luaconc"
  return conc.run(function()
    local group <close> = conc.group { keep = true }
    local listener = assert(conc.tcp.listen("127.0.0.1", 0,
      { backlog = 4096 }))
    args.port = listener:sock().port
    collectgarbage()
    local before, open, most = resident(), 0, 0
    group:spawn(function()
      while true do
        local connection = listener:accept()
        if connection then
          open = open + 1
          conc.spawn(answer, connection)
          if open == args.n then most = resident() end
        end
      end
    end)
    local found = assert(conc.process(clients, args)):await()
    found.open = open
    found.memory = (most - before) / args.n
    group:cancel()
    return found
  end)
end

function M.run(lab)
  local n = lab:pick(4000, 10000)
  local r = lab:probe("luaconc.lab.experiments.connections", "serve",
    { n = n, beats = 2, period = lab:pick(1, 5) }, 180)
  r.asked = n
  r.rows = { { "connections", "memory of each", "median", "slowest hundredth",
    "slowest" }, { units.count(r.open), units.size(r.memory),
    units.time(r.median), units.time(r.p99), units.time(r.most) } }
  return r
end

return M
