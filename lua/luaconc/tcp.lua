-- Streams over TCP: names of hosts, one address after another, and servers.
-- One connection to one numeric address is C: see src/tcp.c.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

-- ---- arguments ----

local complain = check.complain

local function check_host(name, host, wanted)
  if type(host) == "string" then return end
  complain(name, 1, (wanted or "a host") .. " expected, got " .. type(host))
end

local function is_listener(value)
  local meta = debug.getmetatable(value)
  local methods = meta and meta.__index
  return type(methods) == "table" and methods.accept ~= nil
end

local function check_port(name, port)
  local n = math.tointeger(port)
  if n and n >= 0 and n <= 65535 then return n end
  local got = type(port) == "number" and tostring(port) or type(port)
  complain(name, 2, "a port from 0 to 65535 expected, got " .. got)
end

local function check_handler(name, index, handler)
  if check.callable(handler) then return end
  complain(name, index, "a function expected, got " .. type(handler))
end

local function is_seconds(value)
  return type(value) == "number" and value >= 0, "seconds, 0 or more"
end

local function is_boolean(value)
  return type(value) == "boolean", "a boolean"
end

local function is_function(value)
  return check.callable(value), "a function"
end

local function is_count(value)
  local n = math.tointeger(value)
  return n and n >= 1 and n <= 0x7fffffff, "an integer, 1 or more"
end

local connecting = { timeout = is_seconds, nodelay = is_boolean }

local listening = {
  backlog = is_count, nodelay = is_boolean, reuseport = is_boolean,
  v6only = is_boolean,
}

local serving = {
  limit = is_count, grace = is_seconds, ready = is_function,
  on_error = is_function,
}

local function check_option(name, index, key, value, checks, more)
  local try = checks[key] or more and more[key]
  if not try then
    complain(name, index, ("unknown option '%s'"):format(tostring(key)))
  end
  local fits, wanted = try(value)
  if fits then return end
  complain(name, index, ("option '%s' must be %s, got %s"):format(key, wanted,
    tostring(value)))
end

-- The options, checked; `checks` and `more` say what there may be.
local function check_options(name, index, opts, checks, more)
  if opts == nil then return {} end
  if type(opts) ~= "table" then
    complain(name, index, "a table of options expected, got " .. type(opts))
  end
  for key, value in pairs(opts) do
    check_option(name, index, key, value, checks, more)
  end
  return opts
end

-- ---- one address after another ----

local function place(host, port)
  return (host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(host, port)
end

-- Tries `try(address)` for each address of the host until one succeeds.
local function each_address(host, port, try)
  local list, message, code = core.dns.lookup(host)
  for i, address in ipairs(list or {}) do
    local found
    found, message, code = try(address, #list - i + 1)
    if found then return found end
  end
  return nil, place(host, port) .. ": " .. message, code
end

---Connects to `host`, a name or a numeric address; a name's addresses are tried
---in turn. Waits. Options: `timeout`, seconds for the whole, shared out evenly
---among the addresses; `nodelay` (true): small writes go out at once.
---@param host string
---@param port integer
---@param opts? {timeout: number?, nodelay: boolean?}
---@return luaconc.tcpstream? stream
---@return string? message
---@return string? code # "ECONNREFUSED", "ETIMEDOUT", "EAI_NONAME", ...
function M.connect(host, port, opts)
  check_host("connect", host)
  port = check_port("connect", port)
  opts = check_options("connect", 3, opts, connecting)
  local deadline = opts.timeout and core.now() + opts.timeout
  return each_address(host, port, function(address, left)
    local share = deadline and math.max(0, deadline - core.now()) / left
    return core.tcp.connect(address, port, opts.nodelay ~= false, share)
  end)
end

local function listen(host, port, opts)
  return each_address(host, port, function(address)
    return core.tcp.listen(address, port, opts.backlog,
      opts.nodelay ~= false, opts.reuseport, opts.v6only)
  end)
end

---Listens on `host`, a name or a numeric address ("0.0.0.0", "::": every one
---of this machine). Port 0: the system chooses, `listener:sock()` tells.
---Options: `backlog`, connections that may wait to be accepted (511);
---`nodelay` for the accepted streams (true); `reuseport`: several listeners
---share the port; `v6only`.
---@param host string
---@param port integer
---@param opts? luaconc.listenoptions
---@return luaconc.tcplistener? listener
---@return string? message
---@return string? code # "EADDRINUSE", "EACCES", ...
function M.listen(host, port, opts)
  check_host("listen", host)
  port = check_port("listen", port)
  opts = check_options("listen", 3, opts, listening)
  return listen(host, port, opts)
end

-- ---- servers ----

-- Where the system has no memory for another connection: it waits in the
-- backlog, and is asked for again a little later. (Where there are no
-- descriptors, the listener itself waits: see src/listener.h.)
local short_of = { ENOBUFS = true, ENOMEM = true }
local PAUSE = 0.05

-- Looks at how a failed connection ended, so that the group need not keep it.
local function look_at(server, job)
  local ok, err = pcall(job.await, job)
  if ok or core.is_cancelled(err) then return end
  if server.on_error then return server.on_error(err, job) end
  server.failed = server.failed or job
end

-- A server is closed once by each of its handlers, at the end.
local Server = {}

function Server.__close(server, err)
  if server.slots then server.slots:release() end
  if err ~= nil and not core.is_cancelled(err) then
    server.group:spawn(look_at, server, core.current())
  end
end

local function handle(server, stream)
  local _ <close> = server
  local s <close> = stream
  server.fresh[stream] = nil
  server.handler(s)
end

-- The next connection; nil at the end. True: try again.
local function accept(server)
  local stream, message, code = server.listener:accept()
  if stream then return stream end
  if server.slots then server.slots:release() end
  if short_of[code] then core.sleep(PAUSE) end
  if short_of[code] or code == "ETIMEDOUT" then return true end
  return nil, message, code
end

local function accept_all(server)
  while true do
    if server.slots then server.slots:acquire() end
    local stream, message, code = accept(server)
    if not stream then return message, code end
    if stream ~= true then
      server.fresh[stream] = true
      server.group:spawn(handle, server, stream)
    end
  end
end

-- Once the listener is closed: wakes accept_all, which may wait for a slot,
-- and sees to the grace.
local function watch_end(server)
  assert(server.listener:closed())
  if server.slots then server.slots:release() end
  if not server.grace then return end
  core.sleep(server.grace)
  server.group:cancel()
end

-- Connections whose task was cancelled before it began.
local function close_fresh(fresh)
  for stream in pairs(fresh) do stream:close() end
end

local function run_server(server)
  local _ <close> = setmetatable(server.fresh, { __close = close_fresh })
  local group <close> = core.group { keep = true }
  server.group = group
  group:spawn { watch_end, server, daemon = true }
  return accept_all(server)
end

local function serve_on(listener, handler, opts)
  local server = setmetatable({
    listener = listener, handler = handler, fresh = {},
    slots = opts.limit and core.semaphore(opts.limit),
    grace = opts.grace, on_error = opts.on_error,
  }, Server)
  if opts.ready then opts.ready(listener) end
  local message, code = run_server(server)
  if server.failed then server.failed:await() end
  if code ~= "ECANCELED" and code ~= "EBADF" then return nil, message, code end
  return true
end

local function serve_at(host, port, handler, opts)
  local listener <close>, message, code = listen(host, port, opts)
  if not listener then return nil, message, code end
  local ok
  ok, message, code = serve_on(listener, handler, opts)
  if ok then return true end
  return nil, message, code
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
---closed before they are cancelled; `on_error(err, job)`.
---@param host string|luaconc.tcplistener
---@param port integer|fun(stream: luaconc.tcpstream)
---@param handler? fun(stream: luaconc.tcpstream)|table
---@param opts? table
---@return true?
---@return string? message
---@return string? code
function M.serve(host, port, handler, opts)
  if is_listener(host) then
    check_handler("serve", 2, port)
    handler = check_options("serve", 3, handler, serving)
    return serve_on(host, port, handler)
  end
  check_host("serve", host, "a host or a listener")
  port = check_port("serve", port)
  check_handler("serve", 3, handler)
  opts = check_options("serve", 4, opts, serving, listening)
  return serve_at(host, port, handler, opts)
end

return M
