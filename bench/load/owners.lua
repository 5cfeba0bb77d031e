-- Holders of a shared lock, killed while they hold it. What it guards is two
-- numbers that are raised one after the other: the next holder finds the pair
-- torn or whole, is told that it has to look, and goes on.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- Places in the array; the pair is 1 and 2.
local HOLDER, STOP, TURNS, TOLD, TORN, UNTOLD = 3, 4, 5, 6, 7, 8

local function work(lock, array, me)
  local function raise_pair()
    array[1] = array[1] + 1
    for _ = 1, 20 do array:load(1) end
    array[2] = array[2] + 1
  end
  local function enter()
    local _ <close>, _, code = lock:acquire()
    if array[1] ~= array[2] then
      array:add(code == "EOWNERDEAD" and TORN or UNTOLD, 1)
      array[2] = array[1]
    end
    if code == "EOWNERDEAD" then array:add(TOLD, 1) end
    raise_pair()
    if array:add(TURNS, 1) % 2 == 0 then return end
    -- Every other one stays until it is killed.
    array:store(HOLDER, me)
    array:notify(HOLDER)
    while array[STOP] == 0 do raise_pair() end
  end
  while array[STOP] == 0 do enter() end
end

-- Waits for one of them to hold the lock, and to stay.
local function find_holder(array)
  while array:load(HOLDER) == 0 do array:wait(HOLDER, 0) end
  return array:exchange(HOLDER, 0)
end

local function run(size, promise)
  local lock, array = conc.shared.lock(), conc.shared.array("i64", 8)
  local workers, killed, others = {}, 0, 0
  local function start(i)
    workers[i] = conc.process { work, lock, array, i, keep = true }
  end
  for i = 1, size.workers do start(i) end
  while killed < size.kills do
    local victim = find_holder(array)
    workers[victim]:kill "SIGKILL"
    local ended, err = pcall(workers[victim].await, workers[victim])
    if ended or err.signal ~= "SIGKILL" then others = others + 1 end
    killed = killed + 1
    start(victim)
  end
  find_holder(array)
  array[STOP] = 1
  for _, worker in ipairs(workers) do worker:await() end
  local held <close>, _, code = lock:acquire()
  promise(held == lock and not code, "the lock is not as it should be")
  promise(array[1] == array[2], "a torn pair was left: %d and %d", array[1], array[2])
  promise(array[UNTOLD] == 0, "%d torn pairs without EOWNERDEAD", array[UNTOLD])
  promise(others == 0, "%d workers ended otherwise than by SIGKILL", others)
  promise(array[TOLD] == killed, "%d of %d deaths were told", array[TOLD], killed)
  return {
    { "kills", killed }, { "told", array[TOLD] }, { "torn", array[TORN] },
    { "untold", array[UNTOLD] },
  }
end

loadtest.main {
  full = { kills = 5000, workers = 4 },
  small = { kills = 20, workers = 2 },
  descriptors = function(size) return 10 * size.workers + 50 end,
  run = function(...) return conc.run(run, ...) end,
}
