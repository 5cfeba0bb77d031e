-- Three sources that answer after 2, 3 and 1 units of time, asked by the
-- programs of luaconc.lab.texts; the servers run in the measuring process.

local conc = require "luaconc"
local texts = require "luaconc.lab.texts"
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "three sources that take 2, 3 and 1 units, asked together"

local UNITS = { 2, 3, 1 }

local function answer(connection, wait, number, log)
  local _ <close> = connection
  connection:read "l"
  conc.sleep(wait)
  log[#log + 1] = number
  connection:write(("page %d\n"):format(number))
end

local function serve(listener, ...)
  local _ <close> = listener
  while true do
    conc.spawn(answer, assert(listener:accept()), ...)
  end
end

--- Runs one of the texts; returns seconds and the pages.
function M.probes.fetch(args)
  local core = require "luaconc.core"
  local chunk = assert(load("local ports = ...\n" .. texts[args.text]))
  return conc.run(function()
    local before = core.clock()
    local pages = chunk(args.ports)
    return { seconds = core.clock() - before, pages = pages }
  end)
end

local function ask(lab, text)
  local group <close> = conc.group()
  local ports, log = {}, {}
  for i, n in ipairs(UNITS) do
    local listener = assert(conc.tcp.listen("127.0.0.1", 0))
    ports[i] = listener:sock().port
    group:spawn(serve, listener, n * lab.unit, i, log)
  end
  local r = lab:probe("luaconc.lab.experiments.fetch", "fetch",
    { text = text, ports = ports })
  group:cancel()
  local ordered = true
  for i, page in ipairs(r.pages) do
    ordered = ordered and page == "page " .. i
  end
  return { units = r.seconds / lab.unit, ordered = ordered and #r.pages == 3,
    finished = table.concat(log, " ") }
end

-- The quickest of some, where units are short: what disturbs only adds.
local function quickest(lab, text)
  local best
  for _ = 1, lab:pick(3, 1) do
    local r = ask(lab, text)
    if not best or r.units < best.units then best = r end
  end
  return best
end

function M.run(lab)
  local out = { rows = { { "version", "time", "finished", "results" } } }
  for _, name in ipairs { "SERIAL", "TASK", "THREAD", "PROCESS" } do
    local r = quickest(lab, name)
    out[name:lower()] = r
    out.rows[#out.rows + 1] = { name:lower(),
      ("%.2f units of %s"):format(r.units, units.time(lab.unit)), r.finished,
      r.ordered and "in order of asking" or "out of order" }
  end
  return out
end

return M
