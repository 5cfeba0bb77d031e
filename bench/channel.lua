-- A channel from a thread to the main one, in wall time; `..._process`: from a
-- worker process.
-- `channel.lua integers|many|tables|codec|strings|round [N]`: ns a message one way, small
-- integers or tables {n, name=, ok=}, through a channel of 1,024 (`ns`) and of
-- 64, the usual one (`usual_ns`); strings of 1 MiB, GB a second; and us for an
-- integer to go to another thread and come back.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local conc = require "luaconc"

local LARGE, USUAL, MANY = 1024, 64, 100

local engine = conc.thread

local function produce(out, n, make)
  for i = 1, n do out:send(make(i)) end
  out:close()
end

local function produce_many(out, n, size)
  for i = 1, n, size do
    local list = {}
    for k = 1, size do list[k] = i + k - 1 end
    out:send_many(list)
  end
  out:close()
end

-- Seconds for n messages to come, from the first one on.
local function pass(n, capacity, make, check)
  local ch = conc.channel(capacity)
  assert(engine(produce, ch, n, make))
  check((ch:recv()), 1)
  local start, count = conc.now(), 1
  for value in ch:iter() do
    count = count + 1
    check(value, count)
  end
  assert(count == n)
  return conc.now() - start
end

local function one_way(n, make, check)
  conc.run(function()
    pass(n // 10, LARGE, make, check)
    measure.print("ns", pass(n, LARGE, make, check) / n * 1e9)
    measure.print("usual_ns", pass(n, USUAL, make, check) / n * 1e9)
  end)
end

local cases = {}

function cases.integers(n)
  one_way(n, function(i) return i end, function(v, i) assert(v == i) end)
end

-- Lists of 100, each way.
local function pass_many(n, capacity)
  local ch = conc.channel(capacity)
  assert(engine(produce_many, ch, n, MANY))
  local list = ch:recv_many(MANY)
  local start, count = conc.now(), 0
  while list do
    for i = 1, #list do assert(list[i] == count + i) end
    count = count + #list
    list = ch:recv_many(MANY)
  end
  assert(count == n)
  return conc.now() - start
end

function cases.many(n)
  n = n // MANY * MANY
  conc.run(function()
    pass_many(n // 10 // MANY * MANY, LARGE)
    measure.print("ns", pass_many(n, LARGE) / n * 1e9)
  end)
end

function cases.tables(n)
  n = n // 4
  one_way(n, function(i) return { i, name = "a name", ok = true } end,
    function(v, i) assert(v[1] == i) end)
end

-- The same tables as bytes and back, without a channel: the least.
function cases.codec(n)
  n = n // 4
  local encode, decode = conc.codec.encode, conc.codec.decode
  local start = conc.now()
  for i = 1, n do
    assert(decode(encode { i, name = "a name", ok = true })[1] == i)
  end
  measure.print("ns", (conc.now() - start) / n * 1e9)
end

function cases.strings(n)
  n = n // 1000
  local text = ("0123456789abcdef"):rep(65536)
  conc.run(function()
    local seconds = pass(n, 4, function() return text end,
      function(v) assert(#v == 1 << 20) end)
    measure.print("gb", n * (1 << 20) / seconds / 1e9)
  end)
end

local function answer(inbox, out)
  for v in inbox:iter() do out:send(v) end
end

function cases.round(n)
  n = n // 20
  conc.run(function()
    local there, back = conc.channel(1), conc.channel(1)
    assert(engine(answer, there, back))
    local function rounds(count)
      local start = conc.now()
      for i = 1, count do
        there:send(i)
        assert(back:recv() == i)
      end
      return conc.now() - start
    end
    rounds(n // 10)
    measure.print("us", rounds(n) / n * 1e6)
    there:close()
  end)
end

for _, name in ipairs { "integers", "many", "tables", "strings", "round" } do
  cases[name .. "_process"] = function(n)
    engine = conc.process
    cases[name](n)
  end
end

measure.main(cases, "integers", 1000000)
