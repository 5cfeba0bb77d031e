-- A connection as a network makes it: two streams, and between them time,
-- pieces of any size, and an end at any moment.
--
--   a <- pair -> inner -- flying, each with its time --> inner <- pair -> b
--
-- A task takes what was written, another delivers it when its time has come.
-- All chance is math.random's, so that a seed decides it (see seeds.lua).

local core = require "luaconc.core"
local option = require "luaconc.option"

local M = {}

local OPTIONS = {
  latency = option.seconds, jitter = option.seconds, rate = option.positive,
  piece = option.count, window = option.count, loss = option.share,
}

-- How much may be under way before who writes has to wait.
local WINDOW = 65536

local Link = {}
Link.__index = Link

-- When what is sent now arrives: not before what was sent earlier.
local function due(way)
  local link = way.link
  local at = core.now() + link.latency
  if link.jitter > 0 then at = at + math.random() * link.jitter end
  if at < way.last then at = way.last end
  way.last = at
  return at
end

local function send(way, item)
  local size = item.data and #item.data or 0
  while way.flying_bytes > 0 and way.flying_bytes + size > way.link.window do
    way.room:clear()
    way.room:wait()
  end
  way.flying_bytes = way.flying_bytes + size
  item.at = due(way)
  return way.flying:send(item)
end

local function pieces(link, data)
  local i = 1
  return function()
    if i > #data then return nil end
    local n = link.piece and math.random(link.piece) or #data
    local part = data:sub(i, i + n - 1)
    i = i + n
    return part
  end
end

-- Takes what is written at one end.
local function take(way)
  local link = way.link
  while true do
    local data, _, code = way.from:read()
    if not data then return send(way, { code = code }) end
    if link.loss > 0 and math.random() < link.loss then return link:cut() end
    for part in pieces(link, data) do send(way, { data = part }) end
  end
end

local function deliver(way, item)
  if item.data then
    if way.link.rate then core.sleep(#item.data / way.link.rate) end
    return way.to:write(item.data)
  elseif item.code == "EOF" then return way.to:shutdown() end
  way.to:reset()
end

-- Delivers it. A peer that is gone is seen by who writes to it.
local function bring(way)
  for item in way.flying:iter() do
    if item.at > core.now() then core.sleep(item.at - core.now()) end
    if way.link.gate then way.link.gate:wait() end
    if not deliver(way, item) and item.data then return way.from:reset() end
    way.flying_bytes = way.flying_bytes - (item.data and #item.data or 0)
    way.room:set()
    if not item.data then return end
  end
end

local function start(link, from, to)
  local way = { link = link, from = from, to = to, last = 0, flying_bytes = 0,
    flying = core.queue(1 << 20), room = core.event() }
  for _, f in ipairs { take, bring } do
    link.jobs[#link.jobs + 1] =
      link.group:spawn { f, way, daemon = true, name = "link" }
  end
end

--- The connection breaks: both ends see ECONNRESET, and what is under way is
--- lost.
function Link:cut()
  if self.broken then return end
  self.broken = true
  for _, inner in ipairs(self.inner) do inner:reset() end
end

--- Nothing arrives until `resume`, as with a peer that reads slowly, or a
--- network that is down for a while.
function Link:pause()
  self.gate = self.gate or core.event()
end

function Link:resume()
  local gate = self.gate
  self.gate = nil
  if gate then gate:set() end
end

--- Both ends are closed at once, and nothing goes on.
function Link:close()
  if self.closed then return end
  self.closed = true
  self:resume()
  for _, job in ipairs(self.jobs) do job:cancel() end
  for _, s in ipairs { self.a, self.b, self.inner[1], self.inner[2] } do
    s:reset()
  end
  if not self.shared then self.group:close() end
end

Link.__close = Link.close

--- A link with these options, checked, whose tasks belong to the group, or to
--- one of its own.
---@param opts table
---@param group luaconc.group?
---@return table link
function M.make(opts, group)
  local a, near = core.pair()
  local far, b = core.pair()
  local link = setmetatable({
    a = a, b = b, inner = { near, far },
    latency = opts.latency or 0, jitter = opts.jitter or 0,
    rate = opts.rate, piece = opts.piece, loss = opts.loss or 0,
    window = opts.window or WINDOW, jobs = {}, shared = group ~= nil,
    group = group or core.group { current = false, keep = true },
  }, Link)
  start(link, near, far)
  start(link, far, near)
  return link
end

--- The options of a link, checked as an argument of `name`.
---@param name string
---@param opts table?
---@return table opts
function M.options(name, opts)
  return option.check(name, 1, opts, OPTIONS)
end

--- Two streams joined by a network that is made up. Options: `latency` and
--- `jitter` (seconds: each piece arrives after latency + 0 .. jitter, in
--- order), `rate` (bytes a second), `piece` (bytes arrive in pieces of 1 to so
--- many), `loss` (the chance that the connection breaks with a write),
--- `window` (bytes under way before a writer waits). To be closed; it ends with
--- the task that makes it.
---@param opts table?
---@return { a: luaconc.stream, b: luaconc.stream } link with cut, pause,
--- resume, close
function M.link(opts)
  return M.make(M.options("link", opts))
end

return M
