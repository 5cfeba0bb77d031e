-- Waiting on the network: requests to a server that takes its time to answer.
--
-- The server runs in the parent for as long as jobs are measured; each job
-- opens a connection of its own, asks, and waits for the answer. One after
-- the other, 500 requests take 50 seconds, which is more than the usual
-- budget: `luaconc compare` then estimates that row from the smaller size
-- and says so (`--budget 200` runs it).

local conc = require "luaconc"

local DELAY = 0.1 -- seconds

local function answer(connection)
  local _ <close> = connection
  local n = math.tointeger(connection:read "l")
  if not n then return end
  conc.sleep(DELAY)
  connection:write(("%d\n"):format(n * n))
end

local function serve(listener)
  local _ <close> = listener
  while true do
    conc.spawn(answer, assert(listener:accept()))
  end
end

return {
  name = "requests to a slow server",
  about = "Each job asks a local TCP server that answers after 100 ms.",
  sizes = { 4, 500 },
  setup = function()
    local listener = assert(conc.tcp.listen("127.0.0.1", 0))
    conc.spawn(serve, listener)
    return { host = "127.0.0.1", port = listener:sock().port }
  end,
  job = function(i, ctx)
    local connection <close> = assert(conc.tcp.connect(ctx.host, ctx.port))
    assert(connection:write(i, "\n"))
    return tonumber(assert(connection:read "l"))
  end,
  check = function(results)
    for i, n in ipairs(results) do
      assert(n == i * i, ("request %d was answered by %s"):format(i, n))
    end
  end,
}
