-- Ten million messages through one channel, from eight threads to eight
-- others; then a tenth of that between as many processes. Each consumer sees
-- those of each producer in order, none is lost, none comes twice.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- The number of the producer stands above that of the message. Every other
-- batch goes one by one.
local function produce(id, n, batch, out)
  local i, alone = 0, false
  while i < n do
    local last = math.min(i + batch, n)
    if alone then
      for k = i + 1, last do out:send(id << 40 | k) end
    else
      local list = {}
      for k = i + 1, last do list[k - i] = id << 40 | k end
      assert(out:send_many(list) == last - i)
    end
    i, alone = last, not alone
  end
end

-- What has come from each producer: how many, their sum, how many too late.
local function consume(producers, batch, from)
  local last, count, sum, late = {}, {}, {}, 0
  for id = 1, producers do last[id], count[id], sum[id] = 0, 0, 0 end
  local list = from:recv_many(batch)
  while list do
    for i = 1, #list do
      local id, k = list[i] >> 40, list[i] & (1 << 40) - 1
      if k <= last[id] then late = late + 1 end
      last[id] = k
      count[id] = count[id] + 1
      sum[id] = sum[id] + k
    end
    list = from:recv_many(batch)
  end
  return { count = count, sum = sum, late = late }
end

local function pass(engine, size, messages, promise)
  local start = conc.now()
  local ch = conc.channel(size.capacity)
  local n = messages // size.producers
  local producers, consumers = {}, {}
  for i = 1, size.consumers do
    consumers[i] = assert(engine(consume, size.producers, size.batch, ch))
  end
  for id = 1, size.producers do
    producers[id] = assert(engine(produce, id, n, size.batch, ch))
  end
  for _, job in ipairs(producers) do job:await() end
  ch:close()
  local count, sum, late = {}, {}, 0
  for _, job in ipairs(consumers) do
    local books = job:await()
    late = late + books.late
    for id = 1, size.producers do
      count[id] = (count[id] or 0) + books.count[id]
      sum[id] = (sum[id] or 0) + books.sum[id]
    end
  end
  for id = 1, size.producers do
    promise(count[id] == n and sum[id] == n * (n + 1) // 2,
      "producer %d sent %d messages, and %d have come", id, n, count[id])
  end
  promise(late == 0, "%d messages came out of order", late)
  return (conc.now() - start) / (n * size.producers) * 1e9
end

local function run(size, promise)
  local threads = pass(conc.thread, size, size.messages, promise)
  local processes = pass(conc.process, size, size.messages // 10, promise)
  return { { "messages", size.messages }, { "threads_ns", threads },
    { "processes_ns", processes } }
end

loadtest.main {
  full = { messages = 10000000, producers = 8, consumers = 8, batch = 100,
    capacity = 1000 },
  small = { messages = 8000, producers = 4, consumers = 4, batch = 10,
    capacity = 16 },
  run = run,
}
