-- Worker processes: what a start, and a message, costs in wall time.
-- `process.lua start|spawn|fork|many|small|table|string|trip [N]`, and with
-- `_large` the first three.
-- `start` starts a process with a trivial job and waits for its end, one at a
-- time, `many` all at once, `spawn` by fresh interpreters, `fork` by forks of
-- the program; `_large` from a program of 1 GB. The others send N messages one way: small integers,
-- small tables, strings of 1 MiB (MB/s); or there and back, each in turn.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local conc = require "luaconc"
local core = require "luaconc.core"

local MIB = 1 << 20

local function one_by_one(n, options)
  local function once()
    return assert(conc.process { math.abs, -1, start = options }):await()
  end
  for _ = 1, n // 10 + 1 do once() end
  local start = conc.now()
  for _ = 1, n do assert(once() == 1) end
  measure.print("us", (conc.now() - start) / n * 1e6)
end

local function echo(n)
  local own = require "luaconc.core"
  for _ = 1, n do own.post(nil, select(2, own.take(nil))) end
end

-- Seconds to send n messages, until the other side has read them all. No
-- more than `ahead` are under way at a time.
local function one_way(n, value, ahead)
  local job = conc.process(function()
    local own = require "luaconc.core"
    for i = 1, n do
      own.take(nil)
      if i % ahead == 0 then own.post(nil, i) end
    end
  end)
  local start = conc.now()
  for i = 1, n do
    core.post(job, value)
    if i % ahead == 0 and i > ahead then core.take(job) end
  end
  job:await()
  return conc.now() - start
end

local function sending(value)
  return function(n)
    one_way(n // 10 + 1, value, 1000)
    measure.print("ns", one_way(n, value, 1000) / n * 1e9)
  end
end

local cases = {}

function cases.start(n) one_by_one(n) end

function cases.spawn(n) one_by_one(n, "spawn") end

function cases.fork(n) one_by_one(n, "fork") end

for _, case in ipairs { "start", "spawn", "fork" } do
  cases[case .. "_large"] = function(n)
    local ballast = {}
    for i = 1, 1024 do ballast[i] = ("x"):rep(MIB) .. i end
    cases[case](n)
    assert(#ballast == 1024)
  end
end

function cases.many(n)
  conc.process(math.abs, -1):await()
  local start, jobs = conc.now(), {}
  for i = 1, n do jobs[i] = assert(conc.process(math.abs, -i)) end
  for i = 1, n do assert(jobs[i]:await() == i) end
  measure.print("us", (conc.now() - start) / n * 1e6)
end

cases.small = sending(7)
cases.table = sending { id = 7, name = "seven", tags = { 1, 2, 3 } }

function cases.string(n)
  local text = ("x"):rep(MIB)
  one_way(4, text, 4)
  measure.print("mb", n * MIB / 1e6 / one_way(n, text, 4))
end

function cases.trip(n)
  local job = conc.process(echo, n + n // 10)
  for i = 1, n // 10 do
    core.post(job, i)
    core.take(job)
  end
  local start = conc.now()
  for i = 1, n do
    core.post(job, i)
    core.take(job)
  end
  measure.print("us", (conc.now() - start) / n * 1e6)
  job:await()
end

conc.run(measure.main, cases, "start", 500)
