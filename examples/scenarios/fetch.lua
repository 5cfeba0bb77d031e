-- Three sources that take 2, 3 and 1 units of time, asked for together: the
-- third answers first, then the first, then the second. The results come in
-- the order of asking all the same, and the whole takes as long as the
-- longest; one after the other it takes as long as all three together.

local conc = require "luaconc"

local UNIT = 0.1 -- seconds
local UNITS = { 2, 3, 1 }

local function answer(connection, units)
  local _ <close> = connection
  connection:read "l"
  conc.sleep(units * UNIT)
  connection:write(("page that took %d\n"):format(units))
end

local function serve(listener, units)
  local _ <close> = listener
  while true do
    conc.spawn(answer, assert(listener:accept()), units)
  end
end

return {
  name = "three sources asked together",
  about = "Local TCP servers that answer after 200, 300 and 100 ms.",
  sizes = { 3 },
  setup = function()
    local ports = {}
    for i, units in ipairs(UNITS) do
      local listener = assert(conc.tcp.listen("127.0.0.1", 0))
      conc.spawn(serve, listener, units)
      ports[i] = listener:sock().port
    end
    return { host = "127.0.0.1", ports = ports }
  end,
  job = function(i, ctx)
    local port = ctx.ports[(i - 1) % #ctx.ports + 1]
    local connection <close> = assert(conc.tcp.connect(ctx.host, port))
    assert(connection:write "GET\n")
    return assert(connection:read "l")
  end,
  check = function(results)
    for i, text in ipairs(results) do
      local wanted = "page that took " .. UNITS[(i - 1) % #UNITS + 1]
      assert(text == wanted, ("source %d gave '%s'"):format(i, text))
    end
  end,
}
