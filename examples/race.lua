-- A race, made and repaired in three ways.
--
--   lua5.4 examples/race.lua [ROUNDS]
--
-- Two threads raise one number. To read it, add one and write it back is three
-- steps: what the other writes in between is lost. Each repair makes one step
-- of them.

local conc = require "luaconc"

local rounds = math.tointeger(tonumber(arg[1] or 200000))
if not rounds or rounds < 1 then
  io.stderr:write "usage: lua5.4 race.lua [ROUNDS]\n"
  os.exit(1)
end

-- How many of the additions of two threads are lost.
local function lost(add, ...)
  local array = conc.shared.array("i64", 1)
  local function work(...)
    for _ = 1, rounds do add(array, ...) end
  end
  conc.gather(conc.thread(work, ...), conc.thread(work, ...))
  return 2 * rounds - array[1]
end

local function three_steps(array) array[1] = array[1] + 1 end

local function one_step(array) array:add(1, 1) end

local function with_lock(array, lock)
  local _ <close> = lock:acquire()
  array[1] = array[1] + 1
end

local function compare_and_set(array)
  repeat
    local n = array[1]
  until array:cas(1, n, n + 1)
end

local function show(text, n) print(("%-24s lost %d"):format(text, n)) end

conc.run(function()
  print(("%-24s lost %d of %d"):format("array[1] = array[1] + 1",
    lost(three_steps), 2 * rounds))
  show("array:add(1, 1)", lost(one_step))
  show("lock:acquire()", lost(with_lock, conc.shared.lock()))
  show("array:cas(1, n, n + 1)", lost(compare_and_set))
end)
