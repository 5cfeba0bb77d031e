-- One request after the other, outside of tasks and in a task.

local conc = require "luaconc"
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "one request at a time, serially and in a task"

local function answer(connection)
  local _ <close> = connection
  while true do
    local line = connection:read "l"
    if not line then return end
    connection:write(line, "\n")
  end
end

local function serve(listener)
  local _ <close> = listener
  while true do conc.spawn(answer, assert(listener:accept())) end
end

local BATCHES = 20

-- Of the quickest batch, as what disturbs only adds.
local function ask(port, n)
  local core = require "luaconc.core"
  local connection <close> = assert(conc.tcp.connect("127.0.0.1", port))
  local best = math.huge
  for _ = 1, BATCHES do
    local before = core.clock()
    for i = 1, n // BATCHES do
      assert(connection:write(i, "\n"))
      assert(connection:read "l")
    end
    best = math.min(best, core.clock() - before)
  end
  return best / (n // BATCHES)
end

--- Seconds of a request.
function M.probes.ask(args)
  if args.way == "serial" then return { time = ask(args.port, args.n) } end
  return { time = conc.run(ask, args.port, args.n) }
end

function M.run(lab)
  local group <close> = conc.group()
  local listener = assert(conc.tcp.listen("127.0.0.1", 0))
  group:spawn(serve, listener)
  local args = { port = listener:sock().port, n = lab:pick(2000, 10000) }
  local by = lab:rounds(lab:pick(6, 12), "luaconc.lab.experiments.turns", {
    { "serial", "ask", { way = "serial", port = args.port, n = args.n } },
    { "task", "ask", { way = "task", port = args.port, n = args.n } },
  })
  group:cancel()
  local L = require "luaconc.lab"
  return { speedup = L.ratio(by.serial, by.task, "time"),
    rows = { { "a request", "" },
      { "serially", units.time(L.median(by.serial, "time").median) },
      { "in a task", units.time(L.median(by.task, "time").median) } } }
end

return M
