-- What a channel promises beyond a queue (contract/queue_spec.lua has what
-- they share): copies, refusals, who holds it, and everything across threads.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

local function collect()
  collectgarbage()
  collectgarbage()
end

-- (A note that is on the way keeps a seat until it has arrived.)
local function blocks()
  collect()
  conc.yield()
  return testing.counts().blocks
end

describe("a channel", function()
  it("carries every plain value as it is", function()
    local ch = conc.channel(100)
    local values = { true, false, 0, -1, math.maxinteger, math.mininteger, 0.5,
      -0.0, math.huge, "", "\0", ("x"):rep(40), ("y"):rep(41), ("z"):rep(70000) }
    for _, v in ipairs(values) do assert(ch:try_send(v)) end
    for _, v in ipairs(values) do
      local got = ch:try_recv()
      assert.equal(v, got)
      assert.equal(math.type(v), math.type(got))
    end
    ch:try_send(0 / 0)
    local nan = ch:try_recv()
    assert.is_true(nan ~= nan)
  end)

  it("carries copies", function()
    local ch = conc.channel()
    local mine = { list = { 1 } }
    mine.self = mine
    ch:try_send(mine)
    mine.list[1] = 2
    local got = ch:try_recv()
    assert.equal(1, got.list[1])
    assert.equal(got, got.self)
    assert.not_equal(mine, got)
  end)

  it("refuses what can't be sent before anything happens", function()
    sim.run(function()
      local ch = conc.channel(1)
      local receiver = conc.spawn(function() return ch:recv() end)
      conc.yield()
      for _, verb in ipairs { "send", "try_send" } do
        local err = sim.raises(ch[verb], ch, { job = { file = io.stdout } })
        sim.shows(err, "cannot send argument #1.job.file: userdata 'FILE*' has "
          .. "no __transfer")
      end
      assert.equal("waiting", receiver:status())
      assert.equal(0, #ch)
      ch:send "well"
      assert.equal("well", receiver:await())
      ch:send "full"
      sim.raises(ch.send, ch, io.stdout)
      sim.raises(ch.try_send, ch, coroutine.create(print))
      assert.equal(1, #ch)
    end)
  end)

  it("keeps to the limit of messages", function()
    local ch = conc.channel()
    local before = conc.codec.limit(1000)
    local ok, err = pcall(ch.try_send, ch, ("x"):rep(1000))
    conc.codec.limit(before)
    assert.is_false(ok)
    sim.shows(err, "longer than 1000 bytes")
    assert.equal(0, #ch)
  end)

  it("tells an error of the receiver's side as one, and goes on", function()
    local ch = conc.channel()
    package.loaded["spec.gone"] = { here = true }
    ch:try_send { print, package.loaded["spec.gone"] }
    package.loaded["spec.gone"] = nil
    ch:try_send "next"
    sim.shows(sim.raises(ch.try_recv, ch), "spec.gone")
    assert.equal("next", (ch:try_recv()))
  end)

  it("grows as far as its capacity and no further", function()
    for _, n in ipairs { 1, 63, 64, 65, 100, 1000 } do
      local ch = conc.channel(n)
      -- Begins in the middle of its ring.
      for _ = 1, 5 do
        ch:try_send "x"
        ch:try_recv()
      end
      for i = 1, n do assert(ch:try_send(i)) end
      assert.same({ nil, "full", "EAGAIN" }, { ch:try_send(0) })
      assert.equal(n, ch:len())
      for i = 1, n do assert.equal(i, (ch:try_recv())) end
    end
  end)

  it("counts a deadlock inside one state as one", function()
    local err = sim.fails(function() conc.channel():recv() end)
    sim.shows(err, "deadlock", "channel:recv")
    err = sim.fails(function()
      local ch = conc.channel(0)
      local other = conc.channel()
      conc.spawn(function()
        conc.sleep(1)
        -- For a moment a message holds it.
        other:send(ch)
        conc.sleep(1)
        assert(other:recv() == ch)
      end)
      ch:send(1)
    end)
    sim.shows(err, "deadlock", "channel:send")
  end)

  it("counts one too where the messages in it hold it itself", function()
    for _, own in ipairs { 1, 2 } do
      local err = sim.fails(function()
        local ch = conc.channel(own)
        for _ = 1, own do ch:send { ch } end
        ch:send "too many"
      end)
      sim.shows(err, "deadlock", "channel:send")
    end
  end)

  it("is never at its end for one state that held it alone", function()
    local ch = conc.channel(2)
    local other = conc.channel()
    other:try_send(ch)
    assert.equal(ch, (other:try_recv()))
    other:try_send(ch)
    other = nil -- luacheck: ignore
    collect()
    assert.same({ nil, "empty", "EAGAIN" }, { ch:try_recv() })
    assert.is_true(ch:try_send(1))
  end)

  it("says in misuse what it is", function()
    local ch = conc.channel()
    sim.shows(sim.raises(ch.send, {}, 1), "channel expected, got table")
    sim.shows(sim.raises(ch.recv, conc.queue()), "channel expected, got queue")
    sim.shows(sim.raises(conc.channel, math.huge), "channel")
    sim.shows(sim.raises(conc.channel, -1), "the capacity")
  end)
end)

describe("what nobody can reach any more", function()
  -- Runs f, which leaves channels behind; nothing of them may stay.
  local function frees(f)
    local before = blocks()
    f()
    assert.equal(before, blocks())
  end

  it("is freed: messages in a channel", function()
    frees(function()
      local ch = conc.channel()
      for i = 1, 10 do ch:try_send { i, ("x"):rep(100) } end
      ch:try_send(("y"):rep(1000))
    end)
  end)

  it("is freed: a channel in itself", function()
    frees(function()
      local ch = conc.channel()
      ch:try_send(ch)
      ch:try_send { ch, { ch } }
    end)
  end)

  it("is freed: rings of channels, and what hangs on them", function()
    frees(function()
      local list = {}
      for i = 1, 20 do list[i] = conc.channel() end
      for i = 1, 20 do
        list[i]:try_send { list[i % 20 + 1], list[(i * 7) % 20 + 1] }
        list[i]:try_send(conc.channel())
      end
    end)
  end)

  it("is freed: a chain that is longer than any stack", function()
    frees(function()
      local ch = conc.channel(1)
      for _ = 1, 20000 do
        local next_one = conc.channel(1)
        next_one:try_send(ch)
        ch = next_one
      end
    end)
  end)

  it("is not what a ring holds that somebody can reach", function()
    local entry = conc.channel()
    do
      local a, b = conc.channel(), conc.channel()
      a:try_send(b)
      b:try_send(a)
      b:try_send "treasure"
      entry:try_send(a)
    end
    collect()
    local a = entry:try_recv()
    local b = a:try_recv()
    assert.equal(a, (b:try_recv()))
    assert.equal("treasure", (b:try_recv()))
  end)

  it("is freed when the last way to a ring goes", function()
    frees(function()
      local entry = conc.channel()
      do
        local a, b = conc.channel(), conc.channel()
        a:try_send(b)
        b:try_send(a)
        entry:try_send { a, b }
      end
      collect()
      assert(entry:try_recv())
    end)
  end)

  it("is freed after tasks that were cancelled, closed or left", function()
    frees(function()
      sim.run(function()
        local ch = conc.channel(0)
        local value = { ("x"):rep(100), ch }
        local a = conc.spawn(ch.send, ch, value)
        local b = conc.spawn(ch.send, ch, value)
        conc.yield()
        a:cancel()
        pcall(a.await, a)
        ch:recv()
        b:await()
        conc.spawn { ch.recv, ch, daemon = true }
        conc.yield()
      end)
    end)
  end)
end)

-- ---- across threads ----

-- These run in real time: threads are no part of the virtual clock.
local run = conc.run

describe("across threads a channel", function()
  it("keeps the order of a sender, in both directions", function()
    run(function()
      local there, back = conc.channel(3), conc.channel(3)
      conc.thread(function(inbox, out)
        for v in inbox:iter() do out:send(v) end
        out:close()
      end, there, back)
      conc.spawn(function()
        for i = 1, 500 do there:send(i % 3 == 0 and { i } or i) end
        there:close()
      end)
      local n = 0
      for v in back:iter() do
        n = n + 1
        assert.equal(n, type(v) == "table" and v[1] or v)
      end
      assert.equal(500, n)
    end)
  end)

  for _, capacity in ipairs { 0, 1, 64 } do
    it("of size " .. capacity .. " loses and doubles nothing among 4 producers "
      .. "and 4 consumers", function()
      run(function()
        local each = 300
        local ch, results = conc.channel(capacity), conc.channel()
        local producers = {}
        for p = 1, 4 do
          producers[p] = conc.thread(function(out, n, who)
            for i = 1, n do
              out:send(i % 7 == 0 and { who, i } or who * 1000000 + i)
            end
          end, ch, each, p)
        end
        for _ = 1, 4 do
          conc.thread(function(from, out)
            local seen = {}
            for v in from:iter() do
              local who = type(v) == "table" and v[1] or v // 1000000
              local i = type(v) == "table" and v[2] or v % 1000000
              seen[#seen + 1] = who * 1000000 + i
            end
            out:send(seen)
          end, ch, results)
        end
        for p = 1, 4 do producers[p]:await() end
        ch:close()
        local count, total = {}, 0
        for _ = 1, 4 do
          local last = {}
          for _, v in ipairs((results:recv())) do
            assert.is_nil(count[v], "doubled")
            count[v], total = true, total + 1
            local who = v // 1000000
            assert.is_true(v > (last[who] or 0), "out of order")
            last[who] = v
          end
        end
        assert.equal(4 * each, total)
      end)
    end)
  end

  it("is at its end where the others have ended, and not before", function()
    run(function()
      local ch = conc.channel()
      local h = conc.thread(function(out) out:send "last words" end, ch)
      h:await()
      assert.equal("last words", ch:recv())
      assert.same({ nil, "closed", "EOF" }, { ch:recv() })
      assert.same({ nil, "closed", "EOF" }, { ch:try_recv() })
      assert.same({ nil, "closed", "EPIPE" }, { ch:send(1) })
      assert.same({ nil, "closed", "EPIPE" }, { ch:try_send(1) })
    end)
  end)

  it("wakes at its end who waits to receive, and to send", function()
    run(function()
      local ch, full = conc.channel(), conc.channel(1)
      full:send "keeps it full"
      local receiver = conc.spawn(function() return ch:recv() end)
      local sender = conc.spawn(function() return full:send "never" end)
      conc.yield()
      conc.thread(function(a, b) return a, b and nil end, ch, full):await()
      collect()
      assert.same({ nil, "closed", "EOF" }, { receiver:await() })
      assert.same({ nil, "closed", "EPIPE" }, { sender:await() })
      assert.equal("keeps it full", full:recv())
    end)
  end)

  it("lives again for another thread", function()
    run(function()
      local ch = conc.channel()
      conc.thread(function(out) out:send(1) end, ch):await()
      assert.equal(1, ch:recv())
      assert.equal("EOF", select(3, ch:recv()))
      local h = conc.thread(function(inbox) return inbox:recv() end, ch)
      assert.is_true(ch:send "again")
      assert.equal("again", h:await())
    end)
  end)

  it("is held by a message on its way", function()
    run(function()
      local ch, road = conc.channel(), conc.channel()
      conc.thread(function(out, via)
        via:send(out)
        out:send "sent"
      end, ch, road):await()
      assert.equal("sent", ch:recv())
      assert.same({ nil, "empty", "EAGAIN" }, { ch:try_recv() })
      assert.equal(ch, road:recv())
      assert.equal("EOF", select(3, ch:recv()))
    end)
  end)

  it("goes through a channel, and answers come back by it", function()
    run(function()
      local requests = conc.channel()
      conc.thread(function(inbox)
        for r in inbox:iter() do r.reply:send(r.n * 2) end
      end, requests)
      for i = 1, 50 do
        local reply = conc.channel(1)
        requests:send { n = i, reply = reply }
        assert.equal(2 * i, reply:recv())
      end
      requests:close()
    end)
  end)

  it("ends a thread's wait that is cancelled, in recv and in send", function()
    run(function()
      local ch, full = conc.channel(), conc.channel(0)
      for verb, c in pairs { recv = ch, send = full } do
        local ready = conc.channel()
        local h = conc.thread { function(channel, method, tell)
          tell:send "ready"
          return channel[method](channel, "value")
        end, c, verb, ready, keep = true }
        ready:recv()
        conc.sleep(0.01)
        h:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(h.await, h)))
        assert.equal(0, #c)
      end
    end)
  end)

  it("is given up by a thread that fails", function()
    run(function()
      local ch = conc.channel()
      local h = conc.thread { function(c)
        local _ = c
        error "planned"
      end, ch, keep = true }
      assert.equal("EOF", select(3, ch:recv()))
      sim.raises(h.await, h)
    end)
  end)

  it("loses nothing to receivers that are cancelled at any moment", function()
    run(function()
      local ch, n = conc.channel(2), 400
      local h = conc.thread(function(out, count)
        for i = 1, count do out:send(i) end
        out:close()
      end, ch, n)
      local sum, seen = 0, 0
      local code
      repeat
        local v, _, why = conc.timeout(0.0002, ch.recv, ch)
        code = why
        if v then sum, seen = sum + v, seen + 1 end
      until code == "EOF"
      h:await()
      assert.equal(n, seen)
      assert.equal(n * (n + 1) // 2, sum)
    end)
  end)

  it("doubles nothing of senders that are cancelled at any moment", function()
    run(function()
      local ch, sent = conc.channel(0), 0
      local h = conc.thread(function(inbox)
        local n = 0
        for _ in inbox:iter() do n = n + 1 end
        return n
      end, ch)
      for i = 1, 300 do
        if conc.timeout(0.0002, ch.send, ch, i) then sent = sent + 1 end
      end
      ch:close()
      assert.equal(sent, h:await())
      assert.is_true(sent > 0)
    end)
  end)

  it("serves waiters of all states first come, first served", function()
    run(function()
      local ch, stop, jobs = conc.channel(), conc.channel(), {}
      -- Holds it, so that we aren't alone with it when the others have ended.
      conc.thread(function(_, inbox) inbox:recv() end, ch, stop)
      for i = 1, 6 do
        local ready = conc.channel()
        local function take(c, tell)
          tell:send(true)
          return c:recv()
        end
        local start = i % 2 == 0 and conc.spawn or conc.thread
        jobs[i] = start(take, ch, ready)
        ready:recv()
        while jobs[i]:status() ~= "waiting" do conc.sleep(0.001) end
      end
      for i = 1, 6 do ch:send(i) end
      for i = 1, 6 do assert.equal(i, jobs[i]:await()) end
      stop:send(true)
    end)
  end)

  it("leaves nothing behind, a thousand times", function()
    local before = blocks()
    run(function()
      local requests = conc.channel()
      conc.thread(function(inbox)
        for ch in inbox:iter() do
          ch:send { ch }
          ch:close()
        end
      end, requests)
      for _ = 1, 1000 do
        local ch = conc.channel(1)
        requests:send(ch)
        ch:recv()
      end
      requests:close()
    end)
    assert.equal(before, blocks())
  end)

  it("may lie in a ring that only ended threads knew", function()
    local before = blocks()
    run(function()
      for _ = 1, 20 do
        conc.thread(function()
          local conc = require "luaconc" -- luacheck: ignore
          local a, b = conc.channel(), conc.channel()
          a:try_send(b)
          b:try_send(a)
        end):await()
      end
    end)
    assert.equal(before, blocks())
  end)
end)

describe("the end of a state", function()
  local function ends(source)
    local result = script.run(source)
    assert.equal(0, result.code, result.err)
    return result
  end

  it("finds tasks that wait in channels, and their clean-ups use them", function()
    -- The clean-ups encode for the first time while the state is closed.
    local result = ends [[
      local ch, full = conc.channel(), conc.channel(0)
      local function job(c, verb)
        local _ <close> = on_close(function()
          say(tostring(c:try_send { 1, c }))
          say(tostring(pcall(conc.codec.encode, { print })))
          say(tostring(pcall(conc.channel)))
          say(tostring(pcall(c.try_recv, c)))
        end)
        c[verb](c, "value")
      end
      for _, verb in ipairs { "send", "recv" } do
        conc.spawn { job, verb == "recv" and ch or full, verb, daemon = true }
      end
      pcall(conc.yield)
    ]]
    local lines = 0
    for _ in result.out:gmatch "\n" do lines = lines + 1 end
    assert.equal(8, lines, result.out)
  end)

  it("ends threads that wait in channels of it", function()
    ends [[
      for _ = 1, 3 do
        local ch = conc.channel()
        conc.thread { function(c) return c:recv() end, ch, daemon = true }
      end
      conc.sleep(0.02)
    ]]
  end)

  it("leaves to other states what they hold", function()
    local result = ends [[
      local report = conc.channel()
      conc.run(function()
        local h = conc.thread(function(out)
          local conc = require "luaconc"
          local inner = conc.channel()
          inner:try_send "from the one that ended"
          out:send(inner)
        end, report)
        h:await()
        say(report:recv():recv())
      end)
    ]]
    assert.equal("from the one that ended\n", result.out)
  end)

  it("gives code in finalisers that come later an error, no crash", function()
    ends [[
      local ch = conc.channel()
      setmetatable({}, { __gc = function()
        pcall(ch.send, ch, 1)
        pcall(ch.try_send, ch, { 2 })
        pcall(ch.close, ch)
        pcall(conc.channel)
      end })
      local first = setmetatable({}, { __gc = function()
        pcall(ch.recv, ch)
        pcall(ch.try_recv, ch)
      end })
      keep = first
    ]]
  end)
end)
