---Connections that echo, and those who talk over them: what the load tests
---over TCP share. Each message is unlike every other, and is compared.
local conc = require "luaconc"

local M = {}

-- So many at a time try to connect: a listener's backlog is finite.
local AT_ONCE = 256

local function echo(stream)
  while true do
    local data = stream:read()
    if not data then return end
    assert(stream:write(data))
  end
end

---Serves until the listener is closed.
---@param listener luaconc.listener
---@return {served: integer, most: integer} books connections, and at one time
function M.serve(listener)
  local books, open = { served = 0, most = 0 }, 0
  assert(conc.tcp.serve(listener, function(stream)
    books.served, open = books.served + 1, open + 1
    books.most = math.max(books.most, open)
    echo(stream)
    open = open - 1
  end))
  return books
end

---Opens so many connections to an address.
---@return luaconc.stream[]
function M.open(host, port, count)
  local streams, slots = {}, conc.semaphore(AT_ONCE)
  local group <close> = conc.group()
  for i = 1, count do
    group:spawn(function()
      slots:acquire()
      streams[i] = assert(conc.tcp.connect(host, port))
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

---Sends so many messages over each, one after another, and closes them.
---@return integer came echoes that came back as they were sent
function M.talk(streams, echoes)
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

return M
