-- Downloads files over HTTP, several at a time (no HTTPS: luaconc has no TLS).
--
--   lua5.4 examples/download.lua FOLDER URL...

local conc = require "luaconc"

local AT_A_TIME = 8
local TIMEOUT = 30
local LONGEST = 2^30   -- bytes of one file

local folder = arg[1]
if not folder or #arg < 2 then
  io.stderr:write("usage: lua5.4 download.lua FOLDER URL...\n")
  os.exit(2)
end

local function parse(url)
  local place, path = url:match "^http://([^/?#]+)([^#]*)"
  if not place then return nil, "no http:// address" end
  local host, port = place:match "^(.-):(%d+)$"
  if path:sub(1, 1) ~= "/" then path = "/" .. path end
  return host or place, tonumber(port or 80), path
end

-- HTTP/1.0: the end of the connection is the end of the file.
local function get(host, port, path)
  local stream <close>, message = conc.tcp.connect(host, port)
  if not stream then return nil, message end
  stream:write("GET ", path, " HTTP/1.0\r\nHost: ", host, "\r\n\r\n")
  local head
  head, message = stream:read_until("\r\n\r\n", 65536)
  if not head then return nil, message end
  local status = head:match "^HTTP/1%.%d (%d%d%d[^\r]*)"
  if not status or status:sub(1, 3) ~= "200" then
    return nil, status or "no answer in HTTP"
  end
  local body
  body, message = stream:read("a", LONGEST)
  local length = tonumber(head:lower():match "\ncontent%-length:%s*(%d+)")
  if body and length and #body ~= length then return nil, "it is cut short" end
  return body, message
end

local function download(url)
  local host, port, path = parse(url)
  if not host then return nil, port end
  local body, message = conc.timeout(TIMEOUT, get, host, port, path)
  if not body then return nil, message end
  local name = path:match "([^/?]+)[^/]*$" or "index.html"
  local ok
  ok, message = conc.fs.write_file(folder .. "/" .. name, body)
  return ok and #body, message
end

local failed = false

local function report(url)
  local bytes, message = download(url)
  if bytes then
    print(("%s: %d bytes"):format(url, bytes))
  else
    failed = true
    io.stderr:write(url, ": ", message, "\n")
  end
end

conc.run(function()
  local jobs <close> = conc.group { limit = AT_A_TIME }
  for i = 2, #arg do jobs:spawn(report, arg[i]) end
end)
os.exit(not failed)
