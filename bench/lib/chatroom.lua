-- The chat server of the examples, as it stands, in a network that is made up:
-- guests come and go, their lines arrive in pieces and late, connections break.
-- What every guest has heard must make sense, whatever the order.

local conc = require "luaconc"
local testing = require "luaconc.testing"

local M = {}

local SERVER = "examples/chat.lua"

local function source_of(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- Two guests who ask for one name at once both get it: between the look and
-- the entry others run.
local SOUND = "  guests[name] = conc.queue(BACKLOG)\n"
local PLANT = "  conc.yield()\n" .. SOUND

--- The source of the server; with `planted`, with an error of order in it.
---@param planted boolean?
---@return string
function M.source(planted)
  local source = source_of(SERVER)
  if not planted then return source end
  local changed, n = source:gsub(SOUND:gsub("%p", "%%%0"), (PLANT:gsub("%%", "%%%%")))
  assert(n == 1, SERVER .. " has no place for the plant any more")
  return changed
end

-- Runs the script; what it would serve at a port is served in the network.
local function start_server(source, net, mistakes)
  local listener, serve = net:listen(), conc.tcp.serve
  local env = setmetatable({
    arg = {}, print = function() end, os = { exit = function() end },
    io = { stdout = io.stdout, stderr = { write = function(_, text)
      local lost = text == "\n" or text:find "connection reset"
      if not lost then mistakes[#mistakes + 1] = text end
    end } },
  }, { __index = _G })
  local script = assert(load(source, "@" .. SERVER, "t", env))
  conc.tcp.serve = function(_, _, handler, opts)
    return serve(listener, handler, opts)
  end
  local server = conc.spawn(script)
  conc.yield()
  return listener, server, function() conc.tcp.serve = serve end
end

-- What a guest hears: a name comes once before it goes, and says its lines in
-- order.
local function check_line(guest, line)
  local here, who = guest.here, line:match "^(%w+) is here$"
  if who then
    assert(not here[who], who .. " came twice")
    here[who] = 0
    return
  end
  who = line:match "^(%w+) has left$"
  if who then
    here[who] = nil
    return
  end
  local n
  who, n = line:match "^(%w+): (%d+)$"
  assert(who, "a line that nobody wrote: " .. line)
  assert(who ~= guest.name, who .. " hears what " .. who .. " says")
  assert(tonumber(n) > (here[who] or 0), who .. " is heard out of order")
  here[who] = tonumber(n)
end

local function hear(guest)
  while true do
    local line = guest.stream:read "l"
    if not line then return end
    guest.heard = guest.heard + 1
    check_line(guest, line)
  end
end

local NAMES = { "ann", "bob", "cid" }

-- Asks for a name until one is free. Nil: the connection broke.
local function introduce(guest)
  assert(guest.stream:read "l" ~= "", "no question")
  for _, name in ipairs { NAMES[math.random(#NAMES)], "guest" .. guest.id } do
    guest.name = name
    if not guest.stream:write(name, "\n") then return nil end
    local answer = conc.timeout(1, guest.stream.read, guest.stream, "l")
    if not answer then return name end
    if not answer:find "^Another one" then
      check_line(guest, answer)
      return name
    end
  end
end

local function visit(net, listener, guest)
  conc.sleep(math.random(3) / 2)
  guest.stream = net:connect(listener)
  if not guest.stream then return end
  local _ <close> = guest.stream
  if not introduce(guest) then return end
  local hearing = conc.spawn(hear, guest)
  for n = 1, math.random(4) do
    conc.sleep(math.random())
    if not guest.stream:write(n, "\n") then break end
  end
  conc.sleep(math.random())
  guest.stream:shutdown()
  conc.timeout(5, hearing.await, hearing)
  hearing:cancel()
end

--- One evening of `guests` visits. Raises where one heard what can't be.
---@param source string see `source`
---@param guests integer
---@return integer heard lines
function M.evening(source, guests)
  -- Without jitter much happens at one moment, and the seed decides the order.
  local net <close> = testing.network { latency = 0.01, piece = 8, loss = 0.01,
    jitter = math.random(0, 1) * 0.05 }
  local mistakes, heard = {}, 0
  local listener, server, restore = start_server(source, net, mistakes)
  local _ <close> = setmetatable({}, { __close = restore })
  local visits = {}
  do
    local group <close> = conc.group()
    for i = 1, guests do
      visits[i] = { id = i, here = {}, heard = 0 }
      group:spawn(visit, net, listener, visits[i])
    end
    group:spawn(function()
      conc.sleep(math.random() * 3)
      net:cut()
    end)
  end
  listener:close()
  server:await()
  assert(#mistakes == 0, mistakes[1])
  for _, guest in ipairs(visits) do heard = heard + guest.heard end
  return heard
end

return M
