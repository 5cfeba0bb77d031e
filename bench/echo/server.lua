-- The echo server on luaconc: a task per connection, written straight on.
-- `server.lua [idle]`: `idle` also collects garbage when a client asks.
-- Prints its port; ends when the connection to BENCH_CONTROL ends.
local conc = require "luaconc"

local function echo(s)
  while true do
    local data = s:read()
    if not data then break end
    s:write(data)
  end
end

local function echo_and_collect(s)
  while true do
    local data = s:read()
    if not data then break end
    if data == "collect\n" then
      collectgarbage()
      collectgarbage()
    end
    s:write(data)
  end
end

local handler = arg[1] == "idle" and echo_and_collect or echo

conc.run(function()
  local group <close> = conc.group()
  local listener = assert(conc.tcp.listen("127.0.0.1", 0, { backlog = 4096 }))
  local address = listener:sock()
  print("port " .. (type(address) == "table" and address.port or address))
  io.stdout:flush()
  group:spawn(conc.tcp.serve, listener, handler)
  local port = os.getenv("BENCH_CONTROL")
  if port then
    local control = assert(conc.tcp.connect("127.0.0.1", tonumber(port)))
    control:read()
    group:cancel()
  end
end)
