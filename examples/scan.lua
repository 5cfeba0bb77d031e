-- Which ports of a host are open? Asks many at a time.
--
--   lua5.4 examples/scan.lua [FIRST [LAST [HOST]]]
--
-- Without a host it asks this machine, 127.0.0.1. Ask other hosts only if they
-- are yours.

local conc = require "luaconc"

local AT_A_TIME = 100
local TIMEOUT = 1

local function usage()
  io.stderr:write("usage: lua5.4 scan.lua [FIRST [LAST [HOST]]]\n")
  os.exit(2)
end

local function check_port(text, unless_said)
  local port = math.tointeger(tonumber(text or unless_said))
  if not port or port < 1 or port > 65535 then usage() end
  return port
end

local first = check_port(arg[1], 1)
local last = check_port(arg[2], arg[1] or 1024)
local host = arg[3] or "127.0.0.1"
if last < first then usage() end

local function is_open(address, port)
  local stream, _, code = conc.tcp.connect(address, port, { timeout = TIMEOUT })
  if stream then
    stream:close()
    return true
  end
  -- What says nothing about this port is worth knowing.
  if code ~= "ECONNREFUSED" and code ~= "ETIMEDOUT" then return nil, code end
  return false
end

local open, failures = {}, {}

local function ask(address, port)
  local found, code = is_open(address, port)
  if found then open[#open + 1] = port end
  if code then failures[code] = (failures[code] or 0) + 1 end
end

conc.run(function()
  local addresses, message = conc.dns.lookup(host)
  if not addresses then
    io.stderr:write(host, ": ", message, "\n")
    os.exit(1)
  end
  -- Only so many of these jobs run at a time.
  local scan <close> = conc.group { limit = AT_A_TIME }
  for port = first, last do scan:spawn(ask, addresses[1], port) end
end)

table.sort(open)
for _, port in ipairs(open) do print(("%d is open"):format(port)) end
for code, n in pairs(failures) do
  print(("%d not asked: %s"):format(n, code))
end
print(("%d of %d ports are open"):format(#open, last - first + 1))
