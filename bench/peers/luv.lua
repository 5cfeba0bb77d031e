-- luv, the libuv binding: callbacks, and coroutines resumed by callbacks.
-- `luv.lua CASE [N]`
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local measure = require "lib.measure"
local uv = require "luv"

local cases = {}

-- The documented way to let others run: a timer of zero a coroutine.
function cases.switch(n)
  local function both(count)
    for _ = 1, 2 do
      local timer, co = uv.new_timer(), nil
      local function resume() coroutine.resume(co) end
      co = coroutine.create(function()
        for _ = 1, count // 2 do
          timer:start(0, 0, resume)
          coroutine.yield()
        end
        timer:close()
      end)
      coroutine.resume(co)
    end
    uv.run()
  end
  both(n // 10)
  local start = measure.cpu()
  both(n)
  measure.print("ns", (measure.cpu() - start) / n * 1e9)
end

local function sleep(seconds)
  local co, timer = coroutine.running(), uv.new_timer()
  timer:start(math.floor(seconds * 1000), 0, function()
    timer:close()
    coroutine.resume(co)
  end)
  coroutine.yield()
end

function cases.memory(n)
  local function body() sleep(3600) end
  measure.collect()
  local rss = measure.rss()
  for _ = 1, n do coroutine.wrap(body)() end
  uv.run("nowait")
  measure.collect()
  measure.print("bytes", (measure.rss() - rss) / n)
  os.exit(0, false)
end

function cases.timers(n)
  local delay, woken = measure.delays(), 0
  local start = measure.cpu()
  for _ = 1, n do
    coroutine.wrap(function()
      sleep(delay())
      woken = woken + 1
    end)()
  end
  uv.run()
  assert(woken == n)
  measure.print("cpu_s", measure.cpu() - start)
end

-- ---- echo servers ----

local function serve(accept)
  local server = uv.new_tcp()
  assert(server:bind("127.0.0.1", 0))
  assert(server:listen(4096, function(err)
    assert(not err, err)
    local client = uv.new_tcp()
    server:accept(client)
    client:nodelay(true)
    accept(client)
  end))
  local input = uv.new_pipe(false)
  input:open(0)
  input:read_start(function(_, data)
    if not data then os.exit(0, false) end
  end)
  print("port " .. server:getsockname().port)
  io.stdout:flush()
  uv.run()
end

local function collect_if_asked(data)
  if data == "collect\n" then measure.collect() end
end

function cases.echo_try()
  serve(function(client)
    client:read_start(function(_, data)
      if not data then
        client:close()
        return
      end
      local sent = client:try_write(data) or 0
      if sent < #data then client:write(data:sub(sent + 1)) end
    end)
  end)
end

function cases.echo_write()
  serve(function(client)
    client:read_start(function(_, data)
      if not data then
        client:close()
        return
      end
      client:write(data)
    end)
  end)
end

-- Straight-line code in a coroutine per connection.
local function echo_in_coroutine(client, each, try)
  local co = coroutine.running()
  local waiting, chunks, ended = false, {}, false
  client:read_start(function(_, data)
    if data then chunks[#chunks + 1] = data else ended = true end
    if waiting then coroutine.resume(co) end
  end)
  local function wait()
    waiting = true
    coroutine.yield()
    waiting = false
  end
  local function written() coroutine.resume(co) end
  local function write(data)
    local sent = try and client:try_write(data) or 0
    if sent == #data then return end
    client:write(data:sub(sent + 1), written)
    coroutine.yield()
  end
  while true do
    if #chunks == 0 and not ended then wait() end
    if #chunks == 0 then break end
    local data = table.remove(chunks, 1)
    each(data)
    write(data)
  end
  client:close()
end

local function serve_in_coroutines(each, try)
  serve(function(client) coroutine.wrap(echo_in_coroutine)(client, each, try) end)
end

local function nothing() end

function cases.echo_coroutine() serve_in_coroutines(nothing, false) end

function cases.echo_coroutine_try() serve_in_coroutines(nothing, true) end

function cases.idle()
  serve(function(client)
    client:read_start(function(_, data)
      if not data then
        client:close()
        return
      end
      collect_if_asked(data)
      client:write(data)
    end)
  end)
end

function cases.idle_coroutine() serve_in_coroutines(collect_if_asked, true) end

-- The work queue, by two threads: a call is handed over by itself.

local function add_one(n) return n + 1 end

local function compute(n)
  local sum = 0
  for i = 1, n do sum = sum + i % 7 end
  return sum
end

local function queue_all(f, list)
  local results = {}
  for i, item in ipairs(list) do
    uv.new_work(f, function(result) results[i] = result end):queue(item)
  end
  uv.run()
  return results
end

local function numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

function cases.work(n)
  uv.os_setenv("UV_THREADPOOL_SIZE", "2")
  queue_all(add_one, numbers(n // 10))
  local list = numbers(n)
  local start = uv.hrtime()
  local results = queue_all(add_one, list)
  measure.print("us", (uv.hrtime() - start) / n / 1e3)
  for i = 1, n do assert(results[i] == i + 1) end
end

function cases.work_speed(n)
  uv.os_setenv("UV_THREADPOOL_SIZE", "2")
  queue_all(compute, { 1, 1 })
  local list, sums = {}, {}
  for i = 1, 16 do list[i] = n end
  local start = uv.hrtime()
  for i = 1, 16 do sums[i] = compute(n) end
  local alone = uv.hrtime() - start
  start = uv.hrtime()
  local results = queue_all(compute, list)
  measure.print("times", alone / (uv.hrtime() - start))
  for i = 1, 16 do assert(results[i] == sums[i]) end
end

assert(cases[arg[1]], "no such case")(math.tointeger(tonumber(arg[2])))
