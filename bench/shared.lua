-- Shared memory, in CPU time of one thread, uncontended.
-- `shared.lua element|copy|lock|counter|map [N]`: ns to read an element and one
-- of a table (`table_ns`); ms to pass 64 MiB to a thread by handle, and as a
-- string (`string_ms`), in wall time; ns to acquire and release; to add; to set
-- and to get (`get_ns`) one of 65,536 integers.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local conc = require "luaconc"

local ELEMENTS, KEYS = 4096, 65536

local cases = {}

local function per_call(name, n, f)
  f(n // 10)
  local start = measure.cpu()
  f(n)
  measure.print(name, (measure.cpu() - start) / n * 1e9)
end

function cases.element(n)
  local array, list = conc.shared.array("i64", ELEMENTS), {}
  for i = 1, ELEMENTS do list[i] = i end
  local function read(t)
    return function(times)
      local sum = 0
      for i = 1, times do sum = sum + t[i % ELEMENTS + 1] end
      return sum
    end
  end
  per_call("ns", n, read(array))
  per_call("table_ns", n, read(list))
end

function cases.copy()
  local bytes = 64 << 20
  local array = conc.shared.array("u8", bytes):fill(1)
  local text = array:get_string()
  local function touch(value)
    return #value
  end
  conc.run(function()
    conc.thread(touch, array):await()
    local start = conc.now()
    assert(conc.thread(touch, array):await() == bytes)
    local middle = conc.now()
    assert(conc.thread(touch, text):await() == bytes)
    measure.print("ms", (middle - start) * 1e3)
    measure.print("string_ms", (conc.now() - middle) * 1e3)
  end)
end

function cases.lock(n)
  local lock = conc.shared.lock()
  per_call("ns", n, function(times)
    for _ = 1, times do
      lock:acquire()
      lock:release()
    end
  end)
end

function cases.counter(n)
  local counter = conc.shared.counter()
  per_call("ns", n, function(times)
    for _ = 1, times do counter:add() end
  end)
end

function cases.map(n)
  local map = conc.shared.map()
  per_call("ns", n, function(times)
    for i = 1, times do map:set(i % KEYS, i) end
  end)
  per_call("get_ns", n, function(times)
    for i = 1, times do map:get(i % KEYS) end
  end)
end

cases[arg[1]](math.tointeger(tonumber(arg[2])) or 1000000)
