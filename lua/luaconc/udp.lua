-- Datagrams: sockets for them. See src/stream/udp.c.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"

local M = {}

local common = {
  keep = option.integer(0, 0x7fffffff), broadcast = option.boolean,
  ttl = option.integer(1, 255),
}

local binding = {
  reuseaddr = option.boolean, reuseport = option.boolean,
  v6only = option.boolean,
}

local function check_place(name, host, port)
  check.host(name, 1, host)
  local n = math.tointeger(port)
  if n and n >= 0 and n <= 65535 then return n end
  check.expected(name, 2, "a port from 0 to 65535", port)
end

-- The socket with its options; closed where one can't be set.
local function set_up(socket, opts)
  if opts.keep then socket:keep(opts.keep) end
  for _, name in ipairs { "broadcast", "ttl" } do
    if opts[name] ~= nil then
      local ok, message, code = socket[name](socket, opts[name])
      if not ok then
        socket:close()
        return nil, message, code
      end
    end
  end
  return socket
end

-- Tries `try(address)` for each address of the host until one succeeds.
local function make(host, port, opts, try)
  local list, message, code = core.dns.lookup(host)
  for _, address in ipairs(list or {}) do
    local socket
    socket, message, code = try(address)
    if socket then socket, message, code = set_up(socket, opts) end
    if socket then return socket end
  end
  local form = host:find(":", 1, true) and "[%s]:%d: %s" or "%s:%d: %s"
  return nil, form:format(host, port, message), code
end

---A socket with an address of its own, which sends to and receives from
---anybody. Port 0: the system chooses. Waits while a name is looked up.
---@param host string
---@param port integer
---@param opts? luaconc.udpbindoptions
---@return luaconc.udpsocket? socket
---@return string? message
---@return string? code
function M.bind(host, port, opts)
  port = check_place("bind", host, port)
  opts = option.check("bind", 3, opts, common, binding)
  return make(host, port, opts, function(address)
    return core.udp.bind(address, port, opts.reuseaddr, opts.v6only,
      opts.reuseport)
  end)
end

---A socket that sends to and receives from one address only. Nothing is sent
---by that: nobody need be there. Waits while a name is looked up.
---@param host string
---@param port integer
---@param opts? luaconc.udpoptions
---@return luaconc.udpsocket? socket
---@return string? message
---@return string? code
function M.connect(host, port, opts)
  port = check_place("connect", host, port)
  opts = option.check("connect", 3, opts, common)
  return make(host, port, opts, function(address)
    return core.udp.connect(address, port)
  end)
end

return M
