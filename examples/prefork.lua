-- A TCP server on several processes: all of them accept from one listener, so
-- that one that crashes takes only its own connections along, and is replaced.
--
--   lua5.4 examples/prefork.lua [PORT [WORKERS]]
--
-- Each line that is sent comes back in capitals, with the number of the
-- process that did it; `crash` kills that process. Ctrl-C ends all.

local conc = require "luaconc"

local port = math.tointeger(tonumber(arg and arg[1] or 8000))
local workers = math.tointeger(tonumber(arg and arg[2] or 2))
if not port or not workers or workers < 1 then
  io.stderr:write("usage: lua5.4 prefork.lua [PORT [WORKERS]]\n")
  os.exit(2)
end

-- In a worker.
local function serve(listener, number)
  local own = require "luaconc"
  own.tcp.serve(listener, function(stream)
    for line in stream:lines() do
      if line == "crash" then os.exit(1) end
      stream:write(number, ": ", line:upper(), "\n")
    end
  end)
end

-- Keeps one worker running, with a copy of the listener for each.
local function keep(listener, number)
  while true do
    local copy = assert(listener:dup())
    local job = assert(conc.process { serve, copy, number, keep = true,
      name = "worker " .. number })
    local _, err = pcall(job.await, job)
    if conc.is_cancelled(err) then error(err, 0) end
    io.stderr:write(tostring(err), "; another is started\n")
  end
end

conc.run(function()
  assert(conc.forkserver { preload = { "luaconc.tcp" } })
  local listener <close> = assert(conc.tcp.listen("127.0.0.1", port))
  io.write("listening on port ", listener:sock().port, "\n")
  io.flush()
  for number = 1, workers do conc.spawn(keep, listener, number) end
  conc.sleep(math.huge)
end)
