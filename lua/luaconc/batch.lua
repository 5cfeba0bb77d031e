-- A batch: functions and handles that one call waits for together.
--
-- Its functions are started in a group of its own, so that they end with the
-- call however it is left; with `keep`, so that their failures come to the
-- call and not to the group. Handles stay in the groups that they belong to.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

local is_callable, complain = check.callable, check.complain

-- What is wrong with an item, or nil.
local function fault(item, current)
  if current and item == current then
    return "a job can't wait for itself: wait for it in another"
  end
  if not core.is_job(item) and not is_callable(item) then
    return check.no_function("a function or a job", item)
  end
end

local function check_items(name, list, n, place)
  local current = core.current()
  for i = 1, n do
    local problem = fault(list[i], current)
    if problem and place then
      complain(name, place, ("item %d: %s"):format(i, problem))
    elseif problem then
      complain(name, i, problem)
    end
  end
  return list, n
end

local function check_list(name, list)
  if type(list) ~= "table" or is_callable(list) then
    check.expected(name, 1, "a list of functions and jobs", list)
  end
  check.dot(name, 1, list)
  return check_items(name, list, #list, 1)
end

-- The items that a call is about, how many, and whether they came as a list.
local function check_arguments(name, ...)
  local n, first = select("#", ...), ...
  check.dot(name, 1, first)
  if n == 1 and type(first) == "table" and not is_callable(first) then
    check_items(name, first, #first, 1)
    return first, #first, true
  end
  check_items(name, { ... }, n)
  return { ... }, n, false
end

-- The handles of all items; functions are started, in order.
local function start(group, items, n)
  local handles = {}
  for i = 1, n do
    local item = items[i]
    handles[i] = core.is_job(item) and item or group:spawn { item, level = 0 }
  end
  return handles
end

-- For the generic for: each handle and its index, as the jobs end. `name` is
-- what conc.tree says of the wait.
local function as_they_end(handles, name)
  local watch = core.watch(handles, name)
  return watch.next, watch
end

local function cancel_all(handles)
  for _, handle in ipairs(handles) do handle:cancel() end
end

---Runs all together and returns the first result of each, in order of
---asking: several values for several arguments, one list for a list. The
---first failure is raised, once the rest is cancelled and what was started
---here has ended. Handles are cancelled too then, but not waited for: that
---is for their own groups. Waits.
---@param ... function|luaconc.job|(function|luaconc.job)[]
---@return any ...
function M.gather(...)
  local items, n, listed = check_arguments("gather", ...)
  local group <close> = core.group { keep = true }
  local handles, results = start(group, items, n), {}
  for handle, i in as_they_end(handles, "gather") do
    local ok, value = core.look(handle)
    if not ok then
      cancel_all(handles)
      core.raise(value)
    end
    results[i] = value
  end
  if listed then return results end
  return table.unpack(results, 1, n)
end

---Runs all to the end, whatever fails, and returns how each ended, in order
---of asking. Waits.
---@param list (function|luaconc.job)[]
---@return luaconc.outcome[]
function M.settle(list)
  local items, n = check_list("settle", list)
  local group <close> = core.group { keep = true }
  local results = {}
  for handle, i in as_they_end(start(group, items, n), "settle") do
    local ok, value = core.look(handle)
    results[i] = { ok = ok, value }
  end
  return results
end

-- Those of the items that are jobs of the group that the caller is in.
local function own_jobs(items, n)
  local own = {}
  for i = 1, n do
    local item = items[i]
    if core.is_job(item) and core.belongs(item) then own[#own + 1] = item end
  end
  return own
end

-- Waits for what the race has started, in a cancelled scope too. A failure
-- after the winner is a lost race and nothing more, so it is looked at.
local function await_losers(group, handles, items)
  local losers = {}
  for i, handle in ipairs(handles) do
    if handle ~= items[i] then losers[#losers + 1] = handle end
  end
  group:cancel()
  core.shield(function()
    for loser in as_they_end(losers, "race") do core.look(loser) end
  end)
end

---Runs all together and returns the results of the first that succeeds;
---raises the last error if all fail. What it started is cancelled and waited
---for; jobs handed in are cancelled where they belong to the caller's group.
---Waits.
---@param ... function|luaconc.job|(function|luaconc.job)[]
---@return any ...
function M.race(...)
  local items, n = check_arguments("race", ...)
  if n == 0 then
    complain("race", 1, "a function or a job expected, got none")
  end
  local own = own_jobs(items, n)
  local group <close> = core.group { keep = true }
  local handles, last = start(group, items, n), nil
  for handle in as_they_end(handles, "race") do
    local outcome = table.pack(core.look(handle))
    if outcome[1] then
      cancel_all(own)
      await_losers(group, handles, items)
      group:close()   -- raises no cancellation: the winner is not lost
      return table.unpack(outcome, 2, outcome.n)
    end
    last = outcome[2]
  end
  return core.raise(last)
end

-- What a loop over completed jobs closes when it is left: at its end, the
-- group has nothing to wait for; before it, the rest is cancelled.
local iteration = {}

function iteration:__close(err)
  if not self.exhausted then self.group:cancel() end
  self.group:close(err)
end

local function watch_all(group, items, n)
  return core.watch(start(group, items, n), "completed")
end

---Iterates over the handles in order of completion. A loop that is left
---early cancels what was started here and waits for it. A failure that
---nobody looked at is raised when the loop ends. Waits, in each round.
---@param list (function|luaconc.job)[]
---@return fun(): luaconc.job?
---@return nil
---@return nil
---@return table closing
function M.completed(list)
  local items, n = check_list("completed", list)
  local group = core.group { keep = true, current = false }
  local loop = setmetatable({ group = group }, iteration)
  local ok, watch = pcall(watch_all, group, items, n)
  if not ok then
    group:close(watch)
    core.raise(watch)
  end
  local function next_completed()
    local handle = watch:next()
    loop.exhausted = handle == nil
    return handle
  end
  return next_completed, nil, nil, loop
end

return M
