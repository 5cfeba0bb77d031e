-- Holders of a shared lock, killed while they hold it. What it guards is two
-- numbers that are raised one after the other: the next holder finds the pair
-- torn or whole, is told that it has to look, and goes on.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- Places in the array; the pair is 1 and 2.
local HOLDER, STOP, REPAIRED, TORN, UNTOLD = 3, 4, 5, 6, 7

local function work(lock, array, me)
  local function enter()
    local _ <close>, _, code = lock:acquire()
    if array[1] ~= array[2] then
      array:add(code == "EOWNERDEAD" and TORN or UNTOLD, 1)
      array[2] = array[1]
    end
    if code == "EOWNERDEAD" then array:add(REPAIRED, 1) end
    array[HOLDER] = me
    for _ = 1, 50 do
      array[1] = array[1] + 1
      for _ = 1, 20 do array:load(1) end
      array[2] = array[2] + 1
    end
    array[HOLDER] = 0
  end
  while array[STOP] == 0 do enter() end
end

-- Waits for one of them to hold the lock.
local function find_holder(array)
  while array[HOLDER] == 0 do conc.yield() end
  return array[HOLDER]
end

local function run(size, promise)
  local lock, array = conc.shared.lock(), conc.shared.array("i64", 7)
  local workers, killed, others = {}, 0, 0
  local function start(i)
    workers[i] = conc.process { work, lock, array, i, keep = true }
  end
  for i = 1, size.workers do start(i) end
  while killed < size.kills do
    local victim = find_holder(array)
    if victim ~= 0 then
      workers[victim]:kill "SIGKILL"
      local ended, err = pcall(workers[victim].await, workers[victim])
      if ended or err.signal ~= "SIGKILL" then others = others + 1 end
      -- It may have given the lock up at the last moment; who has it now says so.
      array:cas(HOLDER, victim, 0)
      killed = killed + 1
      start(victim)
    end
  end
  array[STOP] = 1
  for _, worker in ipairs(workers) do worker:await() end
  local held <close>, _, code = lock:acquire()
  promise(held == lock, "the lock can't be had at the end")
  if code then array:add(REPAIRED, 1) end
  promise(code or array[1] == array[2], "a torn pair was left: %d and %d",
    array[1], array[2])
  promise(array[UNTOLD] == 0, "%d torn pairs without EOWNERDEAD", array[UNTOLD])
  promise(others == 0, "%d workers ended otherwise than by SIGKILL", others)
  promise(array[REPAIRED] >= killed / 2, "only %d of %d killed held the lock",
    array[REPAIRED], killed)
  return {
    { "kills", killed }, { "told", array[REPAIRED] }, { "torn", array[TORN] },
    { "untold", array[UNTOLD] },
  }
end

loadtest.main {
  full = { kills = 5000, workers = 4 },
  small = { kills = 20, workers = 2 },
  descriptors = function(size) return 10 * size.workers + 50 end,
  run = function(...) return conc.run(run, ...) end,
}
