-- An HTTP/1.1 server for the files of a folder, until Ctrl-C.
--
--   lua5.4 examples/http.lua FOLDER [PORT]
--
-- Ask it with `curl http://127.0.0.1:PORT/NAME`. It knows GET and HEAD, and
-- keeps connections open; it is an example and no server for the internet.

local conc = require "luaconc"

local folder = arg and arg[1]
local port = math.tointeger(tonumber(arg and arg[2] or 0))
if not folder or folder:find "^%-" or not port or port < 0 or port > 65535 then
  io.stderr:write("usage: lua5.4 http.lua FOLDER [PORT]\n")
  os.exit(2)
end

local function give_up(message)
  io.stderr:write(message, "\n")
  os.exit(1)
end

local IDLE = 30          -- seconds that a client may be silent
local LONGEST = 16384    -- bytes of a request

local reasons = {
  [200] = "OK", [400] = "Bad Request", [403] = "Forbidden",
  [404] = "Not Found", [405] = "Method Not Allowed",
}

local function answer(stream, status, body, keep, head_only)
  return stream:write("HTTP/1.1 ", status, " ", reasons[status],
    "\r\nContent-Length: ", #body,
    "\r\nContent-Type: application/octet-stream",
    "\r\nConnection: ", keep and "keep-alive" or "close", "\r\n\r\n",
    head_only and "" or body)
end

local function refuse(stream, status, keep)
  return answer(stream, status, reasons[status] .. "\n", keep)
end

-- The path of the file that was asked for; nil where it is none of ours.
local function path_of(target)
  local name = target:match "^/([^?#]*)":gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end)
  if name:find "%z" or ("/" .. name .. "/"):find "/%.%.?/" then return nil end
  return folder .. "/" .. name
end

local function send_file(stream, target, keep, head_only)
  local path = path_of(target)
  if not path then return refuse(stream, 403, keep) end
  local body = conc.fs.read_file(path)
  if not body then return refuse(stream, 404, keep) end
  return answer(stream, 200, body, keep, head_only)
end

-- Is the connection to stay open after this request?
local function stays(version, head)
  local wish = head:lower():match "\nconnection:%s*(%S+)"
  if version == "1.0" then return wish == "keep-alive" end
  return wish ~= "close"
end

local function serve(stream)
  stream:timeout(IDLE)
  local keep = true
  while keep do
    local head = stream:read_until("\r\n\r\n", LONGEST)
    if not head then return end
    local method, target, version = head:match "^(%u+) (/%S*) HTTP/(1%.[01])"
    if not method then return refuse(stream, 400, false) end
    keep = stays(version, head)
    local sent
    if method == "GET" or method == "HEAD" then
      sent = send_file(stream, target, keep, method == "HEAD")
    else
      keep = false   -- what else it sends would be read as a request
      sent = refuse(stream, 405, keep)
    end
    if not sent then return end
  end
end

local function announce(listener)
  print(("listening on 127.0.0.1:%d"):format(listener:sock().port))
  io.stdout:flush()
end

conc.run(function()
  local found, message = conc.fs.stat(folder)
  if not found then give_up(message) end
  if found.type ~= "directory" then give_up(folder .. " is no folder") end
  found, message = conc.tcp.serve("127.0.0.1", port, serve, {
    ready = announce, limit = 1000,
    on_error = function(err) io.stderr:write(tostring(err), "\n") end,
  })
  if not found then give_up(message) end
end)
