-- TCP connections with both ends in this process: all are open at once, then
-- each is sent its echoes, one after another.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local echoes = require "lib.echoes"
local conc = require "luaconc"

local function run(size, promise)
  local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0, { backlog = 4096 }))
  local server = conc.spawn(echoes.serve, listener)
  local streams = echoes.open("127.0.0.1", listener:sock().port, size.connections)
  local came = echoes.talk(streams, size.echoes)
  listener:close()
  local books = server:await()
  local sent = size.connections * size.echoes
  promise(came == sent, "%d of %d echoes came back", came, sent)
  promise(books.served == size.connections, "%d of %d connections were served",
    books.served, size.connections)
  promise(books.most == size.connections, "only %d were open at once", books.most)
  return { { "connections", books.served }, { "echoes", came }, { "lost", sent - came } }
end

loadtest.main {
  full = { connections = 9900, echoes = 100 },
  small = { connections = 200, echoes = 5 },
  descriptors = function(size) return 2 * size.connections + 50 end,
  run = function(...) return conc.run(run, ...) end,
}
