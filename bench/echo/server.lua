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

-- Waits until the load generator is gone.
local function watch_control(port)
  local control = assert(conc.tcp.connect("127.0.0.1", port))
  control:read()
  control:close()
end

conc.run(function()
  local group <close> = conc.group()
  group:spawn(conc.tcp.serve, "127.0.0.1", 0, handler, {
    backlog = 4096,
    ready = function(listener)
      print("port " .. listener:sock().port)
      io.stdout:flush()
    end,
  })
  local port = tonumber(os.getenv("BENCH_CONTROL"))
  if port then
    watch_control(port)
    group:cancel()
  end
end)
