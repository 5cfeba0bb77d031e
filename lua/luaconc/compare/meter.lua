-- The readings around the work of one run.
--
-- An engine calls `start` when its workers are ready, `stop` when the last
-- job has ended, and `close` when its workers have told what they used.
-- Between start and stop there is nothing but work: starting workers and
-- ending them, and asking them, are outside.

local core = require "luaconc.core"
local work = require "luaconc.compare.work"

local M = {}
M.__index = M

-- What is counted once for each process, and so for all its threads.
local OF_PROCESS = { "user", "system", "voluntary", "involuntary", "sent" }

---@class luaconc.compare.Meter

--- A meter. `apart`: the workers are processes of their own.
---@param apart boolean?
---@return luaconc.compare.Meter
function M.new(apart)
  return setmetatable({ apart = apart, cores = core.machine().cores }, M)
end

local function sum(told, name)
  local n = 0
  for _, t in ipairs(told) do n = n + t[name] end
  return n
end

-- The sums of this process and of workers apart from it. The time spent
-- waiting for a core is that of this thread and the mean of the workers';
-- with more workers than cores they make each other wait, which tells
-- nothing of other programs.
local function totals(self, own, told)
  local out = {}
  for _, name in ipairs(OF_PROCESS) do
    out[name] = own[name] + (self.apart and sum(told, name) or 0)
  end
  if #told > self.cores then
    out.delayed = 0
  else
    out.delayed = own.delayed + sum(told, "delayed") / math.max(1, #told)
  end
  return out
end

--- The work begins now.
---@param told luaconc.compare.Told[]? by the workers, just before
function M:start(told)
  self.before = totals(self, work.tell(), told or {})
  self.started = core.clock()
end

--- The last job has ended.
function M:stop()
  self.stopped = core.clock()
  self.own = work.tell()
  self.memory = core.memory()
end

-- The jobs in the order in which they ended, by the clock that all states
-- and processes share.
local function order_of(states)
  local ends, order = {}, {}
  for _, t in ipairs(states) do
    table.move(t.ends, 1, #t.ends, #ends + 1, ends)
  end
  table.sort(ends, function(a, b) return a.time < b.time end)
  for i, e in ipairs(ends) do order[i] = e.job end
  return order
end

--- The readings are complete.
---@param told luaconc.compare.Told[]? by the workers, after `stop`
function M:close(told)
  told = told or {}
  self.after = totals(self, self.own, told)
  self.order = order_of(told[1] and told or { self.own })
end

--- What lies between start and stop, once it is closed.
---@return table
function M:figures()
  local out = { wall = self.stopped - self.started, memory = self.memory,
    order = self.order }
  for name, value in pairs(self.after) do
    out[name] = value - self.before[name]
  end
  return out
end

return M
