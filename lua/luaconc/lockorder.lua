-- Locks that are taken in two orders: found when the second order is seen,
-- whether the tasks have met each other or not. Only under debug.

local core = require "luaconc.core"

local M = {}

local WEAK = { __mode = "k" }

local function weak() return setmetatable({}, WEAK) end

local held = weak()     -- job -> list of {lock, place}; OUTSIDE: none's
local later = weak()    -- lock -> lock that was taken while it was held -> how
local OUTSIDE = {}

-- How `to` was taken while `from` was held, with others between, or nil.
local function find(from, to, seen)
  seen[from] = true
  for lock, how in pairs(later[from] or {}) do
    if lock == to or not seen[lock] and find(lock, to, seen) then return how end
  end
end

local function name(lock) return (tostring(lock):gsub("^.*: ", "")) end

local function warn(first, second, here, before)
  io.stderr:write(("luaconc: warning: locks are taken in two orders: lock %s "
    .. "(at %s), then lock %s (at %s); but before, lock %s (at %s), then lock "
    .. "%s (at %s): tasks that do both at once wait for each other for ever\n")
    :format(name(first.lock), first.place, name(second), here,
      before.first, before.from, before.second, before.to))
end

-- `mine.lock` is held while `lock` is taken.
local function note(mine, lock, here)
  local known = later[mine.lock]
  if known and known[lock] then return end
  local before = find(lock, mine.lock, {})
  if before then warn(mine, lock, here, before) end
  later[mine.lock] = known or weak()
  -- (Names of locks, not locks: a value would keep its key.)
  later[mine.lock][lock] = { first = name(mine.lock), from = mine.place,
    second = name(lock), to = here }
end

local function take(lock, here)
  local job = core.current() or OUTSIDE
  local list = held[job] or {}
  for _, mine in ipairs(list) do
    if mine.lock ~= lock then note(mine, lock, here) end
  end
  list[#list + 1] = { lock = lock, place = here }
  held[job] = list
end

local function give(lock)
  local list = held[core.current() or OUTSIDE] or {}
  for i = #list, 1, -1 do
    if list[i].lock == lock then
      table.remove(list, i)
      return
    end
  end
end

--- Watches the locks of this state from now on.
function M.start()
  core.on_lock(function(lock, taken, place)
    if taken then take(lock, place or "?") else give(lock) end
  end)
end

return M
