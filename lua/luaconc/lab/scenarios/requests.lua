-- Waiting on the network: each job asks a local server, which answers after
-- `delay` seconds; the server runs in the process that measures.

local conc = require "luaconc"

local _, set = ...
local delay = set.delay or 0

local function answer(connection)
  local _ <close> = connection
  local n = math.tointeger(connection:read "l")
  if not n then return end
  if delay > 0 then conc.sleep(delay) end
  connection:write(("%d\n"):format(n * n))
end

local function serve(listener)
  local _ <close> = listener
  while true do
    local connection = listener:accept()
    if connection then conc.spawn(answer, connection) end
  end
end

return {
  name = "requests",
  sizes = { 50 },
  setup = function()
    local listener = assert(conc.tcp.listen("127.0.0.1", 0,
      { backlog = 4096 }))
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
