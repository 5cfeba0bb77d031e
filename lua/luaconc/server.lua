-- Serving connections: a task for each that a listener accepts. What tcp and
-- unix servers share.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"

local M = {}

--- What there may be among the options of a server.
M.options = {
  limit = option.count, grace = option.seconds, ready = option.callable,
  on_error = option.callable,
}

--- Whether it is a listener, of whatever kind.
---@param value any
---@return boolean
function M.is_listener(value)
  local meta = debug.getmetatable(value)
  local methods = meta and meta.__index
  return type(methods) == "table" and methods.accept ~= nil
end

--- Raises unless the argument `index` of `serve` can be called.
---@param index integer
---@param handler any
function M.check_handler(index, handler)
  check.func("serve", index, handler)
end

-- Where the system has no memory for another connection: it waits in the
-- backlog, and is asked for again a little later. (Where there are no
-- descriptors, the listener itself waits: see src/stream/listener.h.)
local short_of = { ENOBUFS = true, ENOMEM = true }
local PAUSE = 0.05

-- A failure that was looked at is kept by no group: those after the first one,
-- which the end of the group raises.
local function forget(job)
  pcall(job.await, job)
end

-- Tells of the first failure that on_error was not told of.
local function report(server)
  local job = table.remove(server.untold, 1)
  if not job then return end
  local _, err = pcall(job.await, job)
  server.on_error(err, job)
end

-- The running handler has failed. on_error finds its job ended, and no
-- cancellation reaches it.
local function note_failure(server, job)
  if server.on_error then
    server.untold[#server.untold + 1] = job
    server.reports:spawn(core.shield, report, server)
  elseif server.failed then
    server.group:spawn(forget, job)
  end
  server.failed = true
end

-- A server is closed once by each of its handlers, at the end.
local Server = {}

function Server.__close(server, err)
  if server.slots then server.slots:release() end
  if err ~= nil and not core.is_cancelled(err) then
    note_failure(server, core.current())
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

-- Of a server that is cancelled, no task begins any more: what its handlers
-- fail with meanwhile is told here.
local function report_rest(server)
  pcall(server.group.await, server.group)
  while server.untold[1] do report(server) end
end

local function end_handlers(server, err)
  if err ~= nil then server.group:cancel() end
  core.shield(report_rest, server)
end

local function run_server(server)
  local _ <close> = setmetatable(server.fresh, { __close = close_fresh })
  local reports <close> = core.group { keep = true }
  local group <close> = core.group { keep = true }
  server.group, server.reports = group, reports
  local _ <close> = server.on_error and setmetatable({}, {
    __close = function(_, err) end_handlers(server, err) end,
  }) or nil
  group:spawn { watch_end, server, daemon = true }
  return accept_all(server)
end

--- Serves until the listener is closed, then until all handlers have ended;
-- the options are checked already.
---@param listener luaconc.listener
---@param handler fun(stream: luaconc.stream)
---@param opts table
---@return true?
---@return string? message
---@return string? code
function M.serve(listener, handler, opts)
  local server = setmetatable({
    listener = listener, handler = handler, fresh = {}, untold = {},
    slots = opts.limit and core.semaphore(opts.limit),
    grace = opts.grace, on_error = opts.on_error,
  }, Server)
  if opts.ready then opts.ready(listener) end
  local message, code = run_server(server)
  if code ~= "ECANCELED" and code ~= "EBADF" then return nil, message, code end
  return true
end

--- The same for a listener that is made here, and closed at the end; what
-- `listen` returned.
---@param handler fun(stream: luaconc.stream)
---@param opts table
---@param listener luaconc.listener?
---@param message string?
---@param code string?
function M.serve_made(handler, opts, listener, message, code)
  if not listener then return nil, message, code end
  local made <close> = listener
  local ok
  ok, message, code = M.serve(made, handler, opts)
  if ok then return true end
  return nil, message, code
end

return M
