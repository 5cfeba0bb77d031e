-- An echo server: a task for each connection, until Ctrl-C.
--
--   lua5.4 examples/server.lua [PORT]
--
-- Talk to it with `nc 127.0.0.1 PORT`.

local conc = require "luaconc"

local port = tonumber(arg and arg[1]) or 0

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
  assert(conc.tcp.serve("127.0.0.1", port, echo,
    { ready = announce, on_error = complain }))
end)
