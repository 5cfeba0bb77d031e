-- The order in which 100 requests finish, over 20 runs: through sockets, with
-- a server that takes up to 5 ms by chance, and with given times and no
-- sockets.

local conc = require "luaconc"

local M = { probes = {} }

M.about = "the order in which 100 requests finish, again and again"

local REQUESTS = 100

local function answer(connection)
  local _ <close> = connection
  connection:read "l"
  conc.sleep(math.random() * 0.005)
  connection:write "done\n"
end

local function serve(listener)
  local _ <close> = listener
  while true do conc.spawn(answer, assert(listener:accept())) end
end

local function request(i, port)
  if not port then
    return conc.sleep((i * 37 % REQUESTS) * 1e-4)
  end
  local connection <close> = assert(conc.tcp.connect("127.0.0.1", port))
  assert(connection:write "go\n")
  assert(connection:read "l")
end

--- How many different orders there were.
function M.probes.order(args)
  local seen, different = {}, 0
  for _ = 1, args.runs do
    local ends = {}
    conc.run(function()
      for i = 1, REQUESTS do
        conc.spawn(function()
          request(i, args.port)
          ends[#ends + 1] = i
        end)
      end
    end)
    local order = table.concat(ends, " ")
    if not seen[order] then different = different + 1 end
    seen[order] = true
  end
  return { different = different }
end

M.RUNS = 20

function M.run(lab)
  local group <close> = conc.group()
  local listener = assert(conc.tcp.listen("127.0.0.1", 0))
  group:spawn(serve, listener)
  local module = "luaconc.lab.experiments.order"
  local sockets = lab:probe(module, "order",
    { runs = M.RUNS, port = listener:sock().port })
  local timers = lab:probe(module, "order", { runs = M.RUNS })
  group:cancel()
  return { sockets = sockets.different, timers = timers.different,
    rows = { { "requests", "different orders of " .. M.RUNS },
      { "through sockets", tostring(sockets.different) },
      { "with given times", tostring(timers.different) } } }
end

return M
