-- Channels between processes, beyond what contract/queue_spec.lua says of them:
-- what crosses, who holds them, and what is left when a process is killed.

local conc = require "luaconc"
local testing = require "luaconc.testing"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, assert = describe, it, assert
local _ENV = _G  -- luacheck: ignore

-- Sends back whatever comes.
local function echo(there, back)
  for value in there:iter() do back:send(value) end
end

local function counts()
  collectgarbage()
  collectgarbage()
  return testing.counts()
end

describe("a channel between processes", function()
  it("carries every kind of value, there and back", function()
    conc.run(function()
      local there, back = conc.channel(4), conc.channel(4)
      local worker = assert(conc.process(echo, there, back))
      local values = { true, false, 7, -0.5, "", ("s"):rep(40), ("m"):rep(41),
        ("a"):rep(8192), ("b"):rep(8193), ("c"):rep(1 << 20) }
      for _, value in ipairs(values) do
        there:send(value)
        local got = back:recv()
        assert.is_true(value == got, type(value) .. " " .. #tostring(value))
        assert.equal(math.type(value), math.type(got))
      end
      local list = { 1, deep = { "two" } }
      list.self = list
      there:send(list)
      local got = back:recv()
      assert.equal("two", got.deep[1])
      assert.equal(got, got.self)
      there:send { ("x"):rep(20000) }
      assert.equal(20000, #back:recv()[1])
      there:close()
      worker:await()
    end)
  end)

  it("carries channels and other shared objects", function()
    conc.run(function()
      local there, back = conc.channel(0), conc.channel(0)
      local worker = assert(conc.process(echo, there, back))
      local inner, counter = conc.channel(2), conc.shared.counter(3)
      there:send { inner, inner, counter, there }
      local got = back:recv()
      assert.equal(inner, got[1])
      assert.equal(inner, got[2])
      assert.equal(counter, got[3])
      assert.equal(there, got[4])
      inner:send(1)
      assert.equal(1, inner:recv())
      there:close()
      worker:await()
    end)
  end)

  it("takes along what is in it, and who waits", function()
    conc.run(function()
      local full, empty = conc.channel(2), conc.channel(2)
      full:send "first"
      full:send { "second" }
      local sender = conc.spawn(function() return full:send { "third" } end)
      local many = conc.spawn(function() return full:send_many { "4th", "5th" } end)
      local receiver = conc.spawn(function() return empty:recv() end)
      local either = conc.spawn(function()
        return table.pack(conc.select { empty, out = { full, "send", "6th" } })
      end)
      conc.yield()
      local worker = assert(conc.process(function(from, to)
        local got = {}
        for i = 1, 6 do
          local value = from:recv()
          got[i] = type(value) == "table" and value[1] or value
        end
        to:send "answer"
        return got
      end, full, empty))
      assert.equal("answer", receiver:await())
      local got = worker:await()
      assert.same({ "first", "second" }, { got[1], got[2] })
      table.sort(got)
      assert.same({ "4th", "5th", "6th", "first", "second", "third" }, got)
      assert.is_true(sender:await())
      assert.equal(2, many:await())
      assert.equal("out", either:await()[1])
    end)
  end)

  it("refuses to leave with what can't", function()
    conc.run(function()
      local ch = conc.channel()
      ch:send { conc.channel() }
      local ok, text, code = conc.process(print, ch)
      assert.is_nil(ok)
      assert.equal("EBUSY", code)
      assert.match("a channel in it holds functions or channels", text, 1, true)
      assert.equal("table", type(ch:recv()))
      assert.is_true(ch:send(1))
      -- From then on it takes both.
      local job = conc.process(function(from)
        from:recv()
        return from:recv()(), from:recv():recv()
      end, ch)
      local inner = conc.channel()
      ch:send(function() return 7 end)
      ch:send(inner)
      inner:send "there"
      assert.same({ 7, "there" }, { job:await() })
    end)
  end)

  it("keeps order and loses nothing, to several processes and threads", function()
    conc.run(function()
      local work, done = conc.channel(8), conc.channel(8)
      local function double(from, to)
        for n in from:iter() do to:send { n, 2 * n } end
      end
      local jobs = {
        assert(conc.process(double, work, done)), assert(conc.process(double, work, done)),
        conc.thread(double, work, done),
      }
      local feeder = conc.spawn(function()
        for i = 1, 400 do work:send(i) end
        work:close()
      end)
      local seen = {}
      for _ = 1, 400 do
        local pair = done:recv()
        assert.equal(2 * pair[1], pair[2])
        assert.is_nil(seen[pair[1]])
        seen[pair[1]] = true
      end
      assert.equal(400, #seen)
      feeder:await()
      for _, job in ipairs(jobs) do job:await() end
    end)
  end)

  it("sends many with few wake-ups, and is a case of a select", function()
    conc.run(function()
      local there, back = conc.channel(64), conc.channel(64)
      local worker = assert(conc.process(function(from, to)
        local stop = false
        while not stop do
          local key, value, _, code = conc.select { from = from, late = conc.after(20) }
          if key == "late" or code == "EOF" then stop = true
          else to:send(value) end
        end
        return "stopped"
      end, there, back))
      local list, got = {}, {}
      for i = 1, 300 do list[i] = i end
      local sender = conc.spawn(function() return there:send_many(list) end)
      while #got < 300 do
        for _, v in ipairs(back:recv_many(100)) do got[#got + 1] = v end
      end
      assert.same(list, got)
      assert.equal(300, sender:await())
      there:close()
      assert.equal("stopped", worker:await())
    end)
  end)

  -- Receives, in a task that waits already or not, with the n-th allocation
  -- failing: whether it did, and what has come.
  local function receive_failing(ch, arm, n, waits)
    local list = { { "t" }, true, ("s"):rep(40), ("m"):rep(41), { "u" }, 6 }
    local receiver = { ch.recv_many, ch, 10, keep = true }
    local job = waits and conc.spawn(receiver)
    if waits then conc.yield() end
    assert.equal(#list, ch:send_many(list))
    job = job or conc.spawn(receiver)
    collectgarbage "stop"
    arm(n)
    for _ = 1, 1000 do
      if job:status() == "done" then break end
      pcall(conc.yield)
    end
    local hit = testing.failed()
    arm(nil)
    collectgarbage "restart"
    local ok, got = pcall(job.await, job)
    return hit, ok and got or {}, ok and 0 or 1, #list
  end

  for name, arm in pairs { C = testing.fail_alloc, Lua = testing.fail_lua } do
    it("keeps what it has taken where memory ends: " .. name, function()
      conc.run(function()
        local ch, stop = conc.channel(16), conc.channel()
        local holder = assert(conc.process(function(_, wait) wait:recv() end, ch, stop))
        for _, waits in ipairs { false, true } do
          for n = 1, 60 do
            local hit, got, failures, all = receive_failing(ch, arm, n, waits)
            repeat
              local ok, value = pcall(ch.try_recv, ch)
              if not ok then failures = failures + 1 end
              if ok then got[#got + 1] = value end
            until ok and value == nil
            -- At most the one that couldn't be read is gone, and was told.
            assert.is_true(failures <= 1, n .. " failed " .. failures)
            assert.is_true(#got + failures >= all, n .. " lost: " .. all - #got)
            if not hit then break end
          end
        end
        stop:close()
        holder:await()
      end)
    end)
  end

  it("is at its end when the other processes are gone, not before", function()
    conc.run(function()
      local ch, back = conc.channel(4), conc.channel(4)
      local worker = assert(conc.process(function(out, from)
        out:send "last words"
        from:recv()
      end, ch, back))
      assert.equal("last words", ch:recv())
      local waiting = conc.spawn(function() return table.pack(ch:recv()) end)
      conc.yield()
      assert.same({ nil, "empty", "EAGAIN" }, { ch:try_recv() })
      back:send "go"
      assert.same({ nil, "closed", "EOF", n = 3 }, waiting:await())
      worker:await()
      assert.same({ nil, "closed", "EPIPE" }, { ch:send(1) })
    end)
  end)

  it("ends where its process is killed, whoever waits", function()
    conc.run(function()
      local ch, full = conc.channel(4), conc.channel(1)
      local worker = assert(conc.process { function(out, from)
        out:send "here"
        from:recv()
        conc.sleep(100)
      end, ch, full, keep = true })
      assert.equal("here", ch:recv())
      full:send(0)
      full:send(1)
      local receiver = conc.spawn(function() return select(3, ch:recv()) end)
      local sender = conc.spawn(function() return select(3, full:send(2)) end)
      local either = conc.spawn(function()
        return select(4, conc.select { ch })
      end)
      conc.yield()
      worker:kill "SIGKILL"
      assert.equal("EOF", receiver:await())
      assert.equal("EPIPE", sender:await())
      assert.equal("EOF", either:await())
      assert.is_false((pcall(worker.await, worker)))
    end)
  end)

  it("leaves nothing behind", function()
    local before = counts()
    conc.run(function()
      local ch = conc.channel(2)
      local worker = assert(conc.process(function(out)
        out:send { ("x"):rep(100000), conc.channel() }
      end, ch))
      worker:await()
    end)
    local after = counts()
    assert.equal(before.blocks, after.blocks)
    assert.equal(before.descriptors, after.descriptors)
  end)
end)

describe("where processes are killed at random", function()
  -- Sends numbers of its own and receives those of others, and tells of both.
  local function trade(own, channels, report)
    local n = 0
    while true do
      local ch = channels[n % #channels + 1]
      n = n + 1
      local value = { own, n, ("x"):rep(n % 3 * 5000) }
      if conc.timeout(0.01, ch.send, ch, value) then report:send { own, n } end
      local got = conc.timeout(0.01, ch.recv, ch)
      if got then report:send { "got", got[1], got[2] } end
    end
  end

  local function round(seed)
    local channels = { conc.channel(0), conc.channel(1), conc.channel(8) }
    local report = conc.channel(1000)
    local got, workers = {}, {}
    local function start(i)
      workers[i] = assert(conc.process { trade, seed .. ":" .. i, channels, report,
        keep = true, daemon = true })
    end
    for i = 1, 3 do start(i) end
    local ledger = conc.spawn { function()
      for entry in report:iter() do
        if entry[1] == "got" then
          local key = entry[2] .. "." .. entry[3]
          assert(not got[key], key .. " came twice")
          got[key] = true
        end
      end
    end, daemon = true }
    for i = 4, 8 do
      conc.sleep(0.02)
      workers[i - 3]:kill "SIGKILL"
      start(i)
    end
    for _, worker in pairs(workers) do worker:kill "SIGKILL" end
    for _, worker in pairs(workers) do pcall(worker.await, worker) end
    for _, ch in ipairs(channels) do
      -- Whatever is left can be read, and then it is at its end.
      local value, _, code = ch:recv()
      while value do value, _, code = ch:recv() end
      assert(code == "EOF", code)
    end
    report:close()
    ledger:await()
    assert(next(got))
  end

  it("nobody hangs, and nothing comes twice", function()
    for seed = 1, 3 do
      local ok, err = pcall(conc.run, round, seed)
      if not ok then error("seed " .. seed .. ": " .. tostring(err), 0) end
    end
  end)
end)
