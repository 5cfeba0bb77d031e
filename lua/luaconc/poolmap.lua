-- One map over a list: its chunks are jobs of the pool, started in order.
--
-- The first failure is that of the map: it cancels the other chunks, and is
-- raised once they have ended. A map that is left otherwise does the same.

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
local function chunks(count, workers, size)
  local first, last = 1, 0
  return function()
    first = last + 1
    if first > count then return nil end
    local share = size or (count - last) // (SHARE * workers)
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

local function take_turn(map, first, last)
  local turn <close> = map.pool:begin(last - first + 1)
  local pool, items = map.pool, table.move(map.list, first, last, 1, {})
  local call = pool:pack(0, poolworker, map.f, items, turn.count)
  local ok, results, at, text = pool:reach(turn, call)
  if ok then
    table.move(results, 1, turn.count, first, map.results)
    turn.done = turn.count
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
  for first, last in chunks(#self.list, pool.workers, size) do
    if self.count - self.oldest >= WINDOW then self:reap() end
    if self.failed then return end
    self.jobs[self.count + 1] = pool:accept(last - first + 1, run_chunk, self,
      first, last)
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

--- The results of `f` for each item of the list, in order.
---@param pool luaconc.pool
---@param list any[]
---@param f function
---@param size? integer # of a chunk
function M.run(pool, list, f, size)
  local map <close> = setmetatable({ pool = pool, list = list, f = f,
    results = {}, jobs = {}, oldest = 1, count = 0, failed = false }, Map)
  map:start(size)
  while map.oldest <= map.count do map:reap() end
  if map.failed then core.raise(map.err) end
  return map.results
end

return M
