-- Sorts a shared array in parts at once, then merges them.
--
--   lua5.4 examples/sort.lua [thread|process] [COUNT]
--
-- No number is sent anywhere: the jobs get access to one array, and each sorts
-- its own part of it.

local conc = require "luaconc"

local PARTS = 4

local engine = arg[1] or "thread"
local count = math.tointeger(tonumber(arg[2] or 200000))
if engine ~= "thread" and engine ~= "process" or not count or count < PARTS then
  io.stderr:write("usage: lua5.4 sort.lua [thread|process] [COUNT]\n")
  os.exit(1)
end

local function sort_part(array, first, last)
  local list = {}
  for i = first, last do list[#list + 1] = array[i] end
  table.sort(list)
  for i, number in ipairs(list) do array[first + i - 1] = number end
end

-- from[first .. middle] and from[middle + 1 .. last], both sorted, go to `to`.
local function merge(from, to, first, middle, last)
  local a, b = first, middle + 1
  for i = first, last do
    if b > last or a <= middle and from[a] <= from[b] then
      to[i], a = from[a], a + 1
    else
      to[i], b = from[b], b + 1
    end
  end
end

local function start(...) return conc[engine](...) end

local function sort(array)
  local other = conc.shared.array("f64", #array)
  local ends = {}
  for part = 0, PARTS do ends[part] = part * #array // PARTS end
  local jobs = {}
  for part = 1, PARTS do
    jobs[part] = start(sort_part, array, ends[part - 1] + 1, ends[part])
  end
  conc.gather(jobs)
  conc.gather(start(merge, array, other, 1, ends[1], ends[2]),
    start(merge, array, other, ends[2] + 1, ends[3], ends[4]))
  start(merge, other, array, 1, ends[2], ends[4]):await()
end

conc.run(function()
  local array = conc.shared.array("f64", count)
  for i = 1, count do array[i] = math.random() end
  local began, sum = conc.now(), array:sum()
  sort(array)
  local seconds = conc.now() - began
  for i = 2, count do assert(array[i - 1] <= array[i], "not sorted") end
  assert(math.abs(array:sum() - sum) < 1e-6 * count, "numbers were lost")
  print(("%d numbers sorted by %d jobs in %.2f s"):format(count, PARTS,
    seconds))
end)
