-- An echo server: a task for each connection, until Ctrl-C.
--
--   lua5.4 examples/server.lua [PORT]
--
-- Talk to it with `nc 127.0.0.1 PORT`.

local conc = require "luaconc"

local port = math.tointeger(tonumber(arg and arg[1] or 0))
if not port or port < 0 or port > 65535 then
  io.stderr:write("usage: lua5.4 server.lua [PORT]\n")
  os.exit(2)
end

local function echo(stream)
  for line in stream:lines("L") do
    if not stream:write(line) then return end
  end
end

local function announce(listener)
  print(("listening on 127.0.0.1:%d"):format(listener:sock().port))
  io.stdout:flush()
end

local function complain(err, job)
  io.stderr:write(job.name, ": ", tostring(err), "\n")
end

local goodbye = setmetatable({}, { __close = function() print("closed") end })

conc.run(function()
  -- Ctrl-C cancels the root task: every wait in it raises, and its <close>
  -- variables run.
  local _ <close> = goodbye
  local served, message = conc.tcp.serve("127.0.0.1", port, echo,
    { ready = announce, on_error = complain })
  if served then return end
  io.stderr:write(message, "\n")
  os.exit(1)
end)
