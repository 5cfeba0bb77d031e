-- TCP connections with both ends in this process: all are open at once, then
-- each is sent its echoes, one after another, and every byte is compared.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- So many at a time try to connect: the listener's backlog is finite.
local AT_ONCE = 256

local function echo(stream)
  while true do
    local data = stream:read()
    if not data then return end
    assert(stream:write(data))
  end
end

local function open_all(port, count)
  local streams, slots = {}, conc.semaphore(AT_ONCE)
  local group <close> = conc.group()
  for i = 1, count do
    group:spawn(function()
      slots:acquire()
      streams[i] = assert(conc.tcp.connect("127.0.0.1", port))
      slots:release()
    end)
  end
  group:await()
  return streams
end

-- Sends its echoes; how many came back as they were.
local function talk(stream, number, echoes)
  local came = 0
  for i = 1, echoes do
    local text = ("%d of %d\n"):format(i, number)
    assert(stream:write(text))
    if stream:read(#text) == text then came = came + 1 end
  end
  assert(stream:shutdown())
  assert(select(3, stream:read()) == "EOF")
  stream:close()
  return came
end

local function talk_all(streams, echoes)
  local came = 0
  local group <close> = conc.group()
  for i, stream in ipairs(streams) do
    group:spawn(function()
      local mine = talk(stream, i, echoes)
      came = came + mine
    end)
  end
  group:await()
  return came
end

local function run(size, promise)
  return conc.run(function()
    local served, most = 0, 0
    local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0, { backlog = 4096 }))
    local open = 0
    local server = conc.spawn(conc.tcp.serve, listener, function(stream)
      served, open = served + 1, open + 1
      most = math.max(most, open)
      echo(stream)
      open = open - 1
    end)
    local streams = open_all(listener:sock().port, size.connections)
    local came = talk_all(streams, size.echoes)
    listener:close()
    server:await()
    local sent = size.connections * size.echoes
    promise(came == sent, "%d of %d echoes came back", came, sent)
    promise(served == size.connections, "%d of %d connections were served", served,
      size.connections)
    promise(most == size.connections, "only %d were open at once", most)
    return { { "connections", served }, { "at_once", most }, { "echoes", came },
      { "lost", sent - came } }
  end)
end

loadtest.main {
  full = { connections = 9900, echoes = 100 },
  small = { connections = 200, echoes = 5 },
  descriptors = function(size) return 2 * size.connections + 50 end,
  run = run,
}
