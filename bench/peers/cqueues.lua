-- cqueues: tasks on epoll. `cqueues.lua CASE [N]`
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local measure = require "lib.measure"
local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local socket = require "cqueues.socket"

local cases = {}

function cases.switch(n)
  local function both(count)
    local cq = cqueues.new()
    for _ = 1, 2 do
      cq:wrap(function()
        for _ = 1, count // 2 do cqueues.sleep(0) end
      end)
    end
    assert(cq:loop())
  end
  both(n // 10)
  local start = measure.cpu()
  both(n)
  measure.print("ns", (measure.cpu() - start) / n * 1e9)
end

-- A task with a result: a condition tells that it is there.
local function spawn(cq, f)
  local job = { cond = condition.new() }
  cq:wrap(function()
    job.value, job.done = f(), true
    job.cond:signal()
  end)
  return job
end

local function await(job)
  while not job.done do job.cond:wait() end
  return job.value
end

function cases.spawn(n)
  local cq = cqueues.new()
  local function one() return 1 end
  cq:wrap(function()
    for _ = 1, n // 10 do await(spawn(cq, one)) end
    local start = measure.cpu()
    for _ = 1, n do await(spawn(cq, one)) end
    measure.print("ns", (measure.cpu() - start) / n * 1e9)
  end)
  assert(cq:loop())
end

function cases.memory(n)
  local cq = cqueues.new()
  local function body() cqueues.sleep(3600) end
  measure.collect()
  local rss = measure.rss()
  for _ = 1, n do cq:wrap(body) end
  cq:step(0)
  measure.collect()
  measure.print("bytes", (measure.rss() - rss) / n)
  os.exit(0, false)
end

function cases.timers(n)
  local delay, woken = measure.delays(), 0
  local start = measure.cpu()
  local cq = cqueues.new()
  for _ = 1, n do
    local seconds = delay()
    cq:wrap(function()
      cqueues.sleep(seconds)
      woken = woken + 1
    end)
  end
  assert(cq:loop())
  assert(woken == n)
  measure.print("cpu_s", measure.cpu() - start)
end

function cases.queue(n)
  local function pass(count)
    local cq, items, head, tail = cqueues.new(), {}, 0, 0
    local full, empty = condition.new(), condition.new()
    local sum = 0
    cq:wrap(function()
      for i = 1, count do
        while tail - head == 64 do full:wait() end
        tail = tail + 1
        items[tail] = i
        if tail - head == 1 then empty:signal() end
      end
    end)
    cq:wrap(function()
      for _ = 1, count do
        while tail == head do empty:wait() end
        head = head + 1
        sum = sum + items[head]
        items[head] = nil
        if tail - head == 63 then full:signal() end
      end
    end)
    assert(cq:loop())
    assert(sum == count * (count + 1) // 2)
  end
  pass(n // 10)
  local start = measure.cpu()
  pass(n)
  measure.print("ns", (measure.cpu() - start) / n * 1e9)
end

-- ---- echo servers ----

local function serve(each)
  local cq = cqueues.new()
  local server = socket.listen { host = "127.0.0.1", port = 0 }
  assert(server:listen())
  local _, _, port = server:localname()
  cq:wrap(function()
    for client in server:clients { nodelay = true } do
      client:setmode("bn", "bn")
      client:onerror(function(_, _, code) return code end)
      cq:wrap(function()
        while true do
          local data = client:read(-65536)
          if not data then break end
          each(data)
          client:write(data)
        end
        client:close()
      end)
    end
  end)
  cq:wrap(function()
    cqueues.poll { pollfd = 0, events = "r" }
    os.exit(0, false)
  end)
  print("port " .. math.tointeger(port))
  io.stdout:flush()
  assert(cq:loop())
end

function cases.echo()
  serve(function() end)
end

function cases.idle()
  serve(function(data)
    if data == "collect\n" then measure.collect() end
  end)
end

assert(cases[arg[1]], "no such case")(math.tointeger(tonumber(arg[2])))
