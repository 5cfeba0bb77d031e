-- One imap: a map over a list, or over what an iterator gives, whose results
-- are handed out one at a time.
--
-- A task of its own, the feeder, takes items and submits them; there are never
-- more than `window` that were taken and not handed out. A job is put into
-- `line` when it is submitted, or, where the order does not matter, by a guard
-- when it has ended. The first failure, in the order of handing out, is that of
-- the imap: it ends it, as leaving it does.

local check = require "luaconc.check"
local core = require "luaconc.core"
local crew = require "luaconc.poolcrew"

local M = {}

local Imap = {}
Imap.__index = Imap

-- ---- taking items ----

-- As iterators: a list; what has one (a queue, a channel); an iterator.
local function iterate(source)
  if check.callable(source) then return source end
  if type(source) ~= "table" or source.iter then return source:iter() end
  local i = 0
  return function()
    i = i + 1
    return source[i]
  end
end

--- Whether imap can take items from it.
---@param source any
---@return boolean
function M.is_source(source)
  if type(source) == "table" or check.callable(source) then return true end
  return type(source) == "userdata" and debug.getmetatable(source) ~= nil
    and check.callable(debug.getmetatable(source).__index and source.iter)
end

-- No more jobs will come.
function Imap:seal()
  if self.fed and self.guards == 0 then self.line:close() end
end

local function guard(map, n, job)
  crew.await_end(job)
  map.line:send { n, job }
  map.guards = map.guards - 1
  map:seal()
end

-- Problems of sending are about the items, not about our letters.
local function reword(err, n)
  if type(err) ~= "string" then return err end
  return (err:gsub("^cannot send argument #([12])", function(which)
    return "cannot send " .. (which == "1" and "the function" or "item " .. n)
  end))
end

function Imap:submit(n, item)
  local ok, job = pcall(self.pool.submit, self.pool, 0, self.options, self.f,
    item)
  if not ok then core.raise(reword(job, n)) end
  self.jobs[n] = job
  if self.ordered then
    self.line:send { n, job }
  else
    self.guards = self.guards + 1
    self.group:spawn { guard, self, n, job, daemon = true, level = 0 }
  end
end

local function take(map, source)
  local n = 0
  map.room:acquire()
  for item in iterate(source) do
    if map.closed then return end
    if map.pool.closed then error("the pool was closed before its imap", 0) end
    n = n + 1
    map:submit(n, item)
    map.room:acquire()
  end
end

-- The body of the feeder. What goes wrong is raised where the items end.
local function feed(map, source)
  local ok, err = core.traced(take, map, source)
  if not ok and core.is_cancelled(err) then core.raise(err) end
  map.err = err
  map.fed = true
  map:seal()
end

-- ---- handing out ----

-- Jobs that were not handed out are cancelled, and over when this returns.
function Imap:close()
  if self.closed then return end
  self.closed = true
  self.group:cancel()
  for _, job in pairs(self.jobs) do job:cancel() end
  core.shield(function()
    for _, job in pairs(self.jobs) do crew.await_end(job) end
  end)
  self.group:close()
end

Imap.__close = Imap.close

local function hand_out(map, n, ok, ...)
  if ok then return n, ... end
  map:close()
  return core.raise((...))
end

function Imap:next()
  if self.closed then return nil end
  local entry = self.line:recv()
  if not entry then
    local err = self.err
    self:close()
    if err ~= nil then core.raise(err) end
    return nil
  end
  local n, job = entry[1], entry[2]
  self:finish(n, job)
  return hand_out(self, n, pcall(job.await, job))
end

-- Waits for the job, whose place is free from now on.
function Imap:finish(n, job)
  crew.await_end(job)
  self.jobs[n] = nil
  self.room:release()
end

--- An iterator over index and results of `f` for each item, and what closes it.
---@param pool table
---@param source any
---@param f function
---@param opts table # ordered, window, and those of a job
function M.start(pool, source, f, opts)
  local window = opts.window or 2 * pool.workers
  local map = setmetatable({
    pool = pool, f = f, options = opts,
    ordered = opts.ordered ~= false,
    line = core.queue(window),
    room = core.semaphore(window),
    group = core.group { keep = true, current = false },
    jobs = {}, guards = 0, fed = false, closed = false,
  }, Imap)
  map.group:spawn { feed, map, source, daemon = true, level = 0, name = "imap" }
  return Imap.next, map, nil, map
end

return M
