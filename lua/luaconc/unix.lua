-- Streams over Unix sockets, between processes of one machine. One attempt to
-- connect is C: see src/stream/unix.c.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"
local server = require "luaconc.server"

local M = {}

local connecting = { timeout = option.seconds }

local listening = { backlog = option.count, mode = option.integer(0, 4095) }

local function check_path(name, path, wanted)
  if type(path) ~= "string" then
    check.expected(name, 1, wanted or "a path", path)
  elseif path == "" then
    check.complain(name, 1, "the path is empty")
  elseif path:find("\0", 2, true) and path:byte() ~= 0 then
    check.complain(name, 1, "a path can't hold a zero byte")
  end
end

-- As a message shows it: an abstract name with an @ in front.
local function place(path)
  return (path:gsub("^%z", "@"))
end

local function failure(path, message, code)
  return nil, place(path) .. ": " .. message, code
end

-- Where a listener's backlog is full, the system lets nobody wait for it:
-- one asks again, at growing intervals.
local FIRST, LONGEST = 0.001, 0.05

---Connects to the listener at `path`, waiting while its backlog is full. On
---Linux, a path that begins with a zero byte is an abstract name. Waits.
---Options: `timeout`, seconds.
---@param path string
---@param opts? {timeout: number?}
---@return luaconc.stream? stream
---@return string? message
---@return string? code # "ENOENT", "ECONNREFUSED", "EACCES", "ETIMEDOUT" ...
function M.connect(path, opts)
  check_path("connect", path)
  opts = option.check("connect", 2, opts, connecting)
  local deadline = core.now() + (opts.timeout or math.huge)
  local pause = FIRST
  while true do
    local stream, message, code = core.unix.connect(path)
    if stream then return stream end
    if code ~= "EAGAIN" then return failure(path, message, code) end
    if core.now() >= deadline then
      return failure(path, "timed out", "ETIMEDOUT")
    end
    core.sleep(math.min(pause, deadline - core.now()))
    pause = math.min(2 * pause, LONGEST)
  end
end

local function listen(path, opts)
  local listener, message, code = core.unix.listen(path, opts.backlog,
    opts.mode)
  if listener then return listener end
  return failure(path, message, code)
end

---Listens at `path`, a new file, which is removed when the listener is closed.
---A socket that nobody listens at any more is replaced. Options: `backlog`,
---connections that may wait to be accepted (511); `mode`, the permissions of
---the file.
---@param path string
---@param opts? luaconc.unixlistenoptions
---@return luaconc.listener? listener
---@return string? message
---@return string? code # "EADDRINUSE", "EACCES", "ENOENT", ...
function M.listen(path, opts)
  check_path("listen", path)
  return listen(path, option.check("listen", 2, opts, listening))
end

---`conc.tcp.serve` for Unix sockets: `serve(path, handler, opts)`, or
---`serve(listener, handler, opts)`. Waits.
---@param path string|luaconc.listener
---@param handler fun(stream: luaconc.stream)
---@param opts? table
---@return true?
---@return string? message
---@return string? code
function M.serve(path, handler, opts)
  local made = server.is_listener(path)
  if not made then check_path("serve", path, "a path or a listener") end
  server.check_handler(2, handler)
  opts = option.check("serve", 3, opts, server.options,
    not made and listening or nil)
  if made then return server.serve(path, handler, opts) end
  return server.serve_made(handler, opts, listen(path, opts))
end

return M
