-- A network that is made up: listeners, connections, and all that happens to
-- them, without a socket. See link.lua.

local core = require "luaconc.core"
local links = require "luaconc.testing.link"

local M = {}

-- ---- what listens ----

local Listener = {}
Listener.__index = Listener

--- The next connection, as a real listener's `accept`.
---@return luaconc.stream?
---@return string? message
---@return string? code
function Listener:accept()
  local stream = self.waiting:recv()
  if stream then return stream end
  return nil, "closed", "ECANCELED"
end

function Listener:sock()
  return { host = "network", port = self.port }
end

--- Waits until it is closed.
function Listener:closed()
  self.over:wait()
  return true
end

--- Who waits in `accept` is woken; connections that nobody has accepted are
--- reset.
function Listener:close()
  if self.over:is_set() then return end
  self.over:set()
  self.waiting:close()
  for stream in self.waiting:iter() do stream:close() end
  self.network.listeners[self.port] = nil
end

Listener.__close = Listener.close

-- ---- the network ----

local Network = {}
Network.__index = Network

--- Something that listens, for `accept`, or for conc.tcp.serve.
---@return table listener
function Network:listen()
  local port = #self.listeners + 1
  local listener = setmetatable({ network = self, port = port,
    waiting = core.queue(1024), over = core.event() }, Listener)
  self.listeners[port] = listener
  return listener
end

--- A connection to it: the stream of this side. It takes the latency of the
--- network, there and back.
---@param listener table
---@return luaconc.stream?
---@return string? message
---@return string? code
function Network:connect(listener)
  if self.opts.latency then core.sleep(2 * self.opts.latency) end
  local link = links.make(self.opts, self.group)
  self.links[#self.links + 1] = link
  local ok = listener.waiting:try_send(link.b)
  if ok then return link.a end
  link:close()
  return nil, ("network:%d: connection refused"):format(listener.port),
    "ECONNREFUSED"
end

--- Breaks a connection that is alive, chosen by chance.
---@return boolean any was there one?
function Network:cut()
  local alive = {}
  for _, link in ipairs(self.links) do
    if not link.broken and not link.closed then alive[#alive + 1] = link end
  end
  if #alive == 0 then return false end
  alive[math.random(#alive)]:cut()
  return true
end

function Network:close()
  for _, listener in pairs(self.listeners) do listener:close() end
  for _, link in ipairs(self.links) do link:close() end
  self.links = {}
  self.group:close()
end

Network.__close = Network.close

--- A network whose connections are links with these options. To be closed; it
--- ends with the task that makes it.
---@param opts table? see `link`
---@return table network with listen, connect, cut, close
function M.network(opts)
  return setmetatable({
    opts = links.options("network", opts), links = {}, listeners = {},
    group = core.group { current = false, keep = true },
  }, Network)
end

return M
