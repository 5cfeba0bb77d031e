-- Blocking calls, made by threads that this state keeps for them.
--
-- The threads are those of a pool (luaconc.poolcrew), but belong to no task:
-- they are daemons of the code outside tasks, and end with what it runs.

local check = require "luaconc.check"
local core = require "luaconc.core"
local crew = require "luaconc.poolcrew"

local M = {}

local MOST = 32   -- calls at a time; the rest waits for its turn

local outermost = {}

function outermost.thread(_, form) return core.outermost(form) end

local hands = crew.new("thread", "offload", outermost)
local turns = core.semaphore(MOST)

-- From the moment that a call may be made to its end, however that comes.
local Turn = {}
Turn.__index = Turn

function Turn:__close()
  if self.worker then
    self.worker:leave()
    hands:keep_idle(core.cores())
  end
  turns:release()
end

local function conclude(ok, ...)
  if ok then return ... end
  local err, _, text = ...
  if text then core.recall(err, text) end
  return core.raise(err)
end

---Calls `f(...)` on a thread of its own state, so that a call that blocks (a
---C library, `os.execute`) stops nobody else; returns its results or raises
---its error. Function, arguments and results are copies. A call that is
---cancelled is left to itself after 1 s where it can't be interrupted. Waits.
---@param f function
---@param ... any
---@return any ...
function M.offload(f, ...)
  check.func("offload", 1, f)
  local letter = hands:letter(2, f, ...)
  turns:acquire()
  local turn <close> = setmetatable({}, Turn)
  return conclude(hands:call(turn, letter))
end

return M
