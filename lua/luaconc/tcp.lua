-- Streams over TCP: names of hosts, and one address after another. One
-- connection to one numeric address is C: see src/stream/tcp.c.

local check = require "luaconc.check"
local core = require "luaconc.core"
local dial = require "luaconc.dial"
local option = require "luaconc.option"
local server = require "luaconc.server"

local M = {}

-- ---- arguments ----

local function check_port(name, port)
  local n = math.tointeger(port)
  if n and n >= 0 and n <= 65535 then return n end
  check.expected(name, 2, "a port from 0 to 65535", port)
end

local connecting = {
  timeout = option.seconds, nodelay = option.boolean, from = option.numeric,
}

local listening = {
  backlog = option.count, nodelay = option.boolean, reuseport = option.boolean,
  v6only = option.boolean,
}

-- ---- one address after another ----

local function failure(host, port, message, code)
  local form = host:find(":", 1, true) and "[%s]:%d: %s" or "%s:%d: %s"
  return nil, form:format(host, port, message), code
end

-- Tries `try(address)` for each address of the host until one succeeds.
local function each_address(host, port, try)
  local list, message, code = core.dns.lookup(host)
  for _, address in ipairs(list or {}) do
    local found
    found, message, code = try(address)
    if found then return found end
  end
  return failure(host, port, message, code)
end

local function listen(host, port, opts)
  return each_address(host, port, function(address)
    return core.tcp.listen(address, port, opts.backlog,
      opts.nodelay ~= false, opts.reuseport, opts.v6only)
  end)
end

---Connects to `host`, a name or a numeric address. Of several addresses of a
---name, the next is tried when the one before has failed, or has not answered
---within 0.25 s; the first that answers is taken (RFC 8305). Waits. Options:
---`timeout`, seconds for the whole, the look-up of the name included; `nodelay`
---(true): small writes go out at once; `from`: the numeric address of this
---machine to connect from.
---@param host string
---@param port integer
---@param opts? luaconc.connectoptions
---@return luaconc.stream? stream
---@return string? message
---@return string? code # "ECONNREFUSED", "ETIMEDOUT", "EAI_NONAME", ...
function M.connect(host, port, opts)
  check.host("connect", 1, host)
  port = check_port("connect", port)
  opts = option.check("connect", 3, opts, connecting)
  local stream, message, code = dial.connect(host, port, opts)
  if stream then return stream end
  return failure(host, port, message, code)
end

---Listens on `host`, a name or a numeric address ("0.0.0.0", "::": every one
---of this machine). Port 0: the system chooses, `listener:sock()` tells.
---Options: `backlog`, connections that may wait to be accepted (511);
---`nodelay` for the accepted streams (true); `reuseport`: several listeners
---share the port; `v6only`.
---@param host string
---@param port integer
---@param opts? luaconc.listenoptions
---@return luaconc.listener? listener
---@return string? message
---@return string? code # "EADDRINUSE", "EACCES", ...
function M.listen(host, port, opts)
  check.host("listen", 1, host)
  port = check_port("listen", port)
  opts = option.check("listen", 3, opts, listening)
  return listen(host, port, opts)
end

---Accepts connections and runs `handler(stream)` in a task for each, until
---the listener is closed; a stream is closed when its handler returns. Then
---waits until all handlers have ended, and returns true. Waits.
---Either `serve(host, port, handler, opts)` or, with a listener instead of
---host and port, `serve(listener, handler, opts)`.
---A handler that fails ends its own connection only. Its error goes to
---`on_error`; without that, serve raises the first one when it has ended.
---Options, besides those of `listen` for the first form: `limit`, connections
---at one time (more wait in the backlog); `ready(listener)`, called before the
---first accept; `grace`, seconds that handlers have once the listener is
---closed before they are cancelled; `on_error(err, job)`, which is called while
---the server is cancelled, too, and not cancelled itself.
---@param host string|luaconc.listener
---@param port integer|fun(stream: luaconc.stream)
---@param handler? fun(stream: luaconc.stream)|table
---@param opts? table
---@return true?
---@return string? message
---@return string? code
function M.serve(host, port, handler, opts)
  if server.is_listener(host) then
    server.check_handler(2, port)
    handler = option.check("serve", 3, handler, server.options)
    return server.serve(host, port, handler)
  end
  check.host("serve", 1, host, "a host or a listener")
  port = check_port("serve", port)
  server.check_handler(3, handler)
  opts = option.check("serve", 4, opts, server.options, listening)
  return server.serve_made(handler, opts, listen(host, port, opts))
end

return M
