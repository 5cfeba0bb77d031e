-- What is measured of one job, in whatever state it runs: how long it took,
-- how much of that it computed, held the loop without computing (it called
-- something that blocks) or waited. It goes into sums, plain or shared, so that
-- the job's results stay as they are; a job that fails counts as well. It costs
-- a few microseconds.
--
-- A job waits while no task of its loop runs: for as long as it surely waits,
-- then, as a task that waits for its turn while others compute does not count.

local core = require "luaconc.core"

local M = {}

M.SAMPLES = 5 -- results of a place that are encoded to be sized

local function micro(seconds)
  return math.floor(seconds * 1e6 + 0.5)
end

-- ---- sums ----

-- Of a place: a list, or a shared array where its jobs run in other states. A
-- process that holds shared objects can't be forked as it is, so there are none
-- unless they are needed.
local FIELDS = { "count", "failed", "wall", "cpu", "blocked", "wait",
  "longest", "slowest", "sized", "outbytes" }
local AT = {}
for i, name in ipairs(FIELDS) do AT[name] = i end

---@class luaconc.advise.Sums count, failed, sized: jobs; wall, cpu, blocked,
--- wait, longest, slowest: microseconds; outbytes: bytes

local List = {}
List.__index = List

function List:add(i, n) self[i] = self[i] + n end

function List:cas(i, _, new)
  self[i] = new
  return true
end

--- New ones, all 0.
---@param engine string of the jobs
---@return luaconc.advise.Sums
function M.sums(engine)
  if engine ~= "task" then
    return assert(core.shared.array("i64", #FIELDS))
  end
  local list = {}
  for i = 1, #FIELDS do list[i] = 0 end
  return setmetatable(list, List)
end

--- One of them.
---@param sums luaconc.advise.Sums
---@param name string
---@return integer
function M.get(sums, name) return sums[AT[name]] end

local function raise(sums, i, value)
  local done, seen = false, sums[i]
  while not done and value > seen do done, seen = sums:cas(i, seen, value) end
end

-- ---- one job ----

local Turn = {}
Turn.__index = Turn

function Turn:add(name, n)
  self.sums:add(AT[name], n)
end

function Turn:__close(err)
  local wall = core.clock() - self.start
  local cpu, held, longest, all = core.spent()
  cpu, held = cpu - self.cpu, held - self.held
  self:add("count", 1)
  if err ~= nil then self:add("failed", 1) end
  self:add("wall", micro(wall))
  self:add("cpu", micro(cpu))
  self:add("blocked", micro(math.max(0, held - cpu)))
  local wait = math.max(0, wall - (all - self.all))
  self:add("wait", micro(wait))
  raise(self.sums, AT.longest, micro(longest))
  raise(self.sums, AT.slowest, micro(math.max(cpu, held) + wait))
end

local function begin(sums)
  core.account(true)
  local cpu, held, _, all = core.spent()
  return setmetatable({ sums = sums, cpu = cpu, held = held, all = all,
    start = core.clock() }, Turn)
end

-- The first few results are encoded, to know how many bytes they are.
local function size_result(turn, ...)
  if turn.sums[AT.sized] >= M.SAMPLES then return ... end
  local ok, bytes = pcall(core.codec.encode, (...))
  if ok then
    turn:add("sized", 1)
    turn:add("outbytes", #bytes)
  end
  return ...
end

--- Calls a job and adds what it took.
---@param sums luaconc.advise.Sums
---@param f function
---@param ... any
---@return any ...
function M.measure(sums, f, ...)
  local turn <close> = begin(sums)
  return size_result(turn, f(...))
end

return M
