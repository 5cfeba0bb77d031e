-- TCP connections between worker processes, in pairs: a server and a client. All
-- are open at once, in all pairs, then each is sent its echoes.
--
-- A process may hold so many descriptors, and an address and port so many
-- connections: hence several pairs, and an address of 127.0.0.0/8 for each. The
-- workers say how far they are over a connection to this process.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local echoes = require "lib.echoes"
local conc = require "luaconc"

-- In a worker: its connection to the parent.
local function report_to(port) return assert(conc.tcp.connect("127.0.0.1", port)) end

local function serve(parent_port, pair, address)
  local parent <close> = report_to(parent_port)
  local listener <close> = assert(conc.tcp.listen(address, 0, { backlog = 4096 }))
  conc.spawn(function()
    parent:write("server ", pair, " ", listener:sock().port, "\n")
    parent:read "l"
    listener:close()
  end)
  return echoes.serve(listener)
end

local function talk(parent_port, pair, address, port, size)
  local parent <close> = report_to(parent_port)
  local streams = echoes.open(address, port, size.connections // size.pairs)
  parent:write("client ", pair, " ", #streams, "\n")
  parent:read "l"
  return { open = #streams, came = echoes.talk(streams, size.echoes) }
end

local function address_of(pair) return "127.0.0." .. 1 + pair end

-- The reports of so many workers of a kind, by pair: their connection, and the
-- number that they said.
local function reports(listener, kind, count)
  local list = {}
  for _ = 1, count do
    local stream = assert(listener:accept())
    local said, pair, number = stream:read "l":match "^(%a+) (%d+) (%d+)$"
    assert(said == kind)
    list[tonumber(pair)] = { stream = stream, number = tonumber(number) }
  end
  return list
end

-- Tells the workers to go on; their results.
local function go_on(workers, jobs)
  local results = {}
  for _, worker in ipairs(workers) do worker.stream:write "go on\n" end
  for pair, job in ipairs(jobs) do results[pair] = job:await() end
  for _, worker in ipairs(workers) do worker.stream:close() end
  return results
end

local function sum(list, key)
  local n = 0
  for _, item in ipairs(list) do n = n + item[key] end
  return n
end

local function run(size, promise)
  local parent <close> = assert(conc.tcp.listen("127.0.0.1", 0))
  local port = parent:sock().port
  local serving, talking = {}, {}
  for pair = 1, size.pairs do
    serving[pair] = conc.process(serve, port, pair, address_of(pair))
  end
  local servers = reports(parent, "server", size.pairs)
  for pair = 1, size.pairs do
    talking[pair] = conc.process(talk, port, pair, address_of(pair),
      servers[pair].number, size)
  end
  local clients = reports(parent, "client", size.pairs)
  local talked = go_on(clients, talking)
  local served = go_on(servers, serving)

  local open, came = sum(talked, "open"), sum(talked, "came")
  local sent = open * size.echoes
  promise(open == size.connections, "%d of %d connections were open", open,
    size.connections)
  promise(came == sent, "%d of %d echoes came back", came, sent)
  promise(sum(served, "served") == open, "%d of %d connections were served",
    sum(served, "served"), open)
  promise(sum(served, "most") == open, "only %d were open at once", sum(served, "most"))
  return { { "workers", 2 * size.pairs }, { "connections", open }, { "echoes", came },
    { "lost", sent - came } }
end

loadtest.main {
  full = { connections = 50000, pairs = 5, echoes = 20 },
  small = { connections = 100, pairs = 2, echoes = 3 },
  descriptors = function(size) return size.connections // size.pairs + 50 end,
  run = function(...) return conc.run(run, ...) end,
}
