-- A chat server: what one says all others hear, until Ctrl-C.
--
--   lua5.4 examples/chat.lua [PORT]
--
-- Talk to it with `nc 127.0.0.1 PORT`; the first line is your name.

local conc = require "luaconc"

local port = math.tointeger(tonumber(arg and arg[1] or 0))
if not port or port < 0 or port > 65535 then
  io.stderr:write("usage: lua5.4 chat.lua [PORT]\n")
  os.exit(2)
end

local BACKLOG = 100   -- lines that may wait for a guest who reads too slowly

-- name -> queue of the lines that this guest is still to be sent
local guests = {}

-- A guest who does not read must not hold up the others: he misses lines.
local function tell_others(name, line)
  for other, lines in pairs(guests) do
    if other ~= name then lines:try_send(line) end
  end
end

local function leave(name)
  guests[name] = nil
  tell_others(name, name .. " has left")
end

-- Sends what the others say; a task of its own, beside the one that reads.
local function send_lines(stream, lines)
  for line in lines:iter() do
    if not stream:write(line, "\n") then return end
  end
end

local function ask_name(stream)
  stream:write("Your name?\n")
  local name = stream:read("l", 80)
  while name and (guests[name] or not name:find("^%w+\r?$")) do
    stream:write("Another one, please: letters and digits\n")
    name = stream:read("l", 80)
  end
  return name and name:gsub("\r$", "")
end

local function chat(stream)
  local name = ask_name(stream)
  if not name then return end
  guests[name] = conc.queue(BACKLOG)
  local _ <close> = setmetatable({}, { __close = function() leave(name) end })
  conc.spawn { send_lines, stream, guests[name], daemon = true }
  tell_others(name, name .. " is here")
  for line in stream:lines("l", 1000) do
    tell_others(name, name .. ": " .. line)
  end
end

local function announce(listener)
  print(("listening on 127.0.0.1:%d"):format(listener:sock().port))
  io.stdout:flush()
end

local function complain(err)
  io.stderr:write(tostring(err), "\n")
end

conc.run(function()
  local served, message = conc.tcp.serve("127.0.0.1", port, chat,
    { ready = announce, on_error = complain })
  if served then return end
  complain(message)
  os.exit(1)
end)
