-- One map over a list: its chunks are jobs of the pool, started in order.
--
-- The first failure is that of the map: it cancels the other chunks, and is
-- raised once they have ended. A map that is left otherwise does the same.
-- Options: `chunk`, how many items at a time; `on_progress`, called with the
-- numbers of items done and of all; `timeout` of an item, `retries`,
-- `priority` (see luaconc.poolstate).

local core = require "luaconc.core"
local crew = require "luaconc.poolcrew"
local poolworker = require "luaconc.poolworker"

local M = {}

local SHARE = 4     -- the part of what a worker is still to get, in a chunk
local WINDOW = 1000 -- chunks that are started beforehand

local Map = {}
Map.__index = Map

-- ---- chunks ----

-- Their first and last items. Unless a size is given they shrink towards the
-- end of the list, so that no worker is left with much when it comes.
local function chunks(count, workers, size, largest)
  local first, last = 1, 0
  return function()
    first = last + 1
    if first > count then return nil end
    local share = size or (count - last) // (SHARE * workers)
    if largest then share = math.min(share, largest) end
    last = math.min(count, last + math.max(1, share))
    return first, last
  end
end

-- Problems of sending are about the list, not about our letters.
local function reword(err, first)
  if type(err) ~= "string" then return err end
  return (err:gsub("^(cannot send )(%l+) #(%d+)%[?(%d*)%]?",
    function(start, what, n, index)
      if what == "argument" and n == "2" then return start .. "the function" end
      local item = index ~= "" and math.tointeger(index) + first - 1
      if not item then return nil end
      local place = what == "result" and "the result of item " or "item "
      return start .. place .. item
    end))
end

local function place_of(first, last)
  if first == last then return ("item %d of the list"):format(first) end
  return ("items %d to %d of the list"):format(first, last)
end

function Map:cancel_rest()
  local current = core.current()
  for i = self.oldest, self.count do
    if self.jobs[i] ~= current then self.jobs[i]:cancel() end
  end
end

-- The error of these items ends the whole.
function Map:fail(err, first, last, text)
  if self.failed then return end
  self.failed, self.err = true, reword(err, first)
  local elsewhere = text ~= nil
  text = text or poolworker.traceback_of(err)
  text = "in " .. place_of(first, last) .. (text and "\n" .. text or "")
  core.recall(self.err, text, not elsewhere)
  self:cancel_rest()
end

-- What is handed to a worker: an item or more of the list.
local function pack(map, first, last)
  local items = table.move(map.list, first, last, 1, {})
  return map.pool:pack(0, poolworker, map.f, items, last - first + 1,
    map.spread)
end

function Map:progress(count)
  self.finished = self.finished + count
  local tell = self.options.on_progress
  if tell then tell(self.finished, #self.list) end
end

local function take_turn(map, first, last)
  local turn <close> = map.pool:begin(last - first + 1)
  local function again() return pack(map, first, last) end
  local ok, results, at, text = map.pool:make(turn, again(), again,
    map.options)
  if ok then
    table.move(results, 1, turn.count, first, map.results)
    turn.done = turn.count
    turn:leave()
    map:progress(turn.count)
    return
  end
  if core.is_cancelled(results) then core.raise(results) end
  turn.done, turn.failed = at and at - 1 or 0, 1
  if at then first, last = first + at - 1, first + at - 1 end
  map:fail(results, first, last, text)
end

-- The body of a chunk's job. It fails the map, and not itself.
local function run_chunk(map, first, last)
  local ok, err = core.traced(take_turn, map, first, last)
  if ok then return end
  if core.is_cancelled(err) then core.raise(err) end
  map:fail(err, first, last)
end

-- ---- the whole ----

-- Waits for the oldest chunk. One that did not end by itself (the pool was
-- cancelled) ends the whole.
function Map:reap()
  local job = self.jobs[self.oldest]
  local ok, err = crew.await_end(job)
  self.jobs[self.oldest] = nil
  self.oldest = self.oldest + 1
  if ok or self.failed then return end
  self.failed, self.err = true, err
  self:cancel_rest()
end

function Map:start(size)
  local pool = self.pool
  for first, last in chunks(#self.list, pool.workers, size,
    pool.largest) do
    if self.count - self.oldest >= WINDOW then self:reap() end
    if self.failed then return end
    self.jobs[self.count + 1] = pool:accept(last - first + 1, self.options,
      run_chunk, self, first, last)
    self.count = self.count + 1
  end
end

function Map:__close()
  if self.oldest > self.count then return end
  self.failed = true
  self:cancel_rest()
  core.shield(function()
    while self.oldest <= self.count do self:reap() end
  end)
end

-- How many items a chunk has, where that is fixed.
local function size_of(pool, opts)
  if opts.chunk then return opts.chunk end
  return (opts.timeout or opts.retries) and 1 or pool.chunk
end

--- The results of `f` for each item of the list, in order.
---@param pool table
---@param list any[]
---@param f function
---@param opts table
---@param spread? boolean # an item is a list of arguments
function M.run(pool, list, f, opts, spread)
  local map <close> = setmetatable({ pool = pool, list = list, f = f,
    spread = spread or nil, options = opts, results = {}, jobs = {},
    oldest = 1, count = 0, finished = 0, failed = false }, Map)
  map:start(size_of(pool, opts))
  while map.oldest <= map.count do map:reap() end
  if map.failed then core.raise(map.err) end
  return map.results
end

return M
