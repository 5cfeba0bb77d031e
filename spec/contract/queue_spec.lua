-- What queues and channels have in common: one suite for both; and for
-- channels that other processes can have, too, which lie in shared memory.

local conc = require "luaconc"
local sim = require "spec.support.sim"

-- A channel that has been in a message for other processes.
local depot
local function make_far(size)
  local ch = conc.channel(size)
  assert(depot:try_send(ch))
  assert(depot:try_recv() == depot and depot:try_recv() == ch)
  assert(depot:try_send(depot))
  return ch
end

local makers = {
  { "queue", conc.queue }, { "channel", conc.channel },
  { "channel", make_far, " between processes" }
}

for _, maker in ipairs(makers) do
  local kind, make, where = maker[1], maker[2], maker[3] or ""

  if make == make_far then
    setup(function()
      depot = conc.channel(10000)
      local worker = assert(conc.process(function() end, depot))
      -- A message holds it from now on, so it does not end with the worker.
      assert(depot:try_send(depot))
      worker:await()
    end)
    teardown(function()
      while depot:try_recv() do end
      depot = nil
    end)
  end

  describe("a " .. kind .. where, function()
    it("hands on items in order", conc.test(function()
      local q = make(3)
      q:send "first"
      q:send { "second" }
      q:send(3)
      assert.equal("first", q:recv())
      assert.equal("second", q:recv()[1])
      assert.equal(3, q:recv())
    end))

    it("passes false, but refuses nil", conc.test(function()
      local q = make(3)
      assert.is_truthy(q:send(false))
      assert.equal(false, q:recv())
      sim.shows(sim.raises(function() q:send(nil) end), "'send'", "nil")
      sim.shows(sim.raises(function() q:try_send(nil) end), "'try_send'", "nil")
      assert.equal(0, q:len())
    end))

    it("tells its length", conc.test(function()
      local q = make(3)
      assert.equal(0, q:len())
      q:send(1)
      q:send(2)
      assert.equal(2, q:len())
      q:recv()
      assert.equal(1, q:len())
    end))

    it("makes the sender wait while it is full", function()
      local list, log = sim.log()
      sim.run(function()
        local q = make(2)
        conc.spawn(function()
          for i = 1, 4 do
            q:send(i)
            log("sent " .. i)
          end
        end)
        conc.sleep(1)
        log "asleep no more"
        for _ = 1, 4 do q:recv() end
      end)
      assert.same({ "sent 1", "sent 2", "asleep no more", "sent 3", "sent 4" }, list)
    end)

    it("makes the receiver wait while it is empty", conc.test(function()
      local q, start = make(1), conc.now()
      conc.spawn(function() conc.sleep(2) q:send "late" end)
      assert.equal("late", q:recv())
      assert.near(start + 2, conc.now(), sim.tolerance)
    end))

    it("of size 0 hands over: the sender waits for its receiver", conc.test(function()
      local q, start = make(0), conc.now()
      local sent_at
      conc.spawn(function() q:send "hand to hand" sent_at = conc.now() end)
      conc.sleep(3)
      assert.is_nil(sent_at)
      assert.equal("hand to hand", q:recv())
      conc.yield()
      assert.near(start + 3, sent_at, sim.tolerance)
    end))

    it("of size 0 hands over to a receiver who waits already", conc.test(function()
      local q = make(0)
      local h = conc.spawn(function() return q:recv() end)
      conc.yield()
      assert.is_truthy(q:try_send "now")
      assert.equal("now", h:await())
      assert.same({ nil, "EAGAIN" }, { (function()
        local ok, _, code = q:try_send "nobody"
        return ok, code
      end)() })
    end))

    it("serves receivers first come, first served", function()
      local list, log = sim.log()
      sim.run(function()
        local q = make(1)
        for i = 1, 5 do
          conc.spawn(function() log(i .. q:recv()) end)
        end
        conc.yield()
        for _, item in ipairs { "a", "b", "c", "d", "e" } do q:send(item) end
      end)
      assert.same({ "1a", "2b", "3c", "4d", "5e" }, list)
    end)

    it("serves senders first come, first served", function()
      local list, log = sim.log()
      sim.run(function()
        local q = make(1)
        for i = 1, 5 do conc.spawn(function() q:send(i) end) end
        conc.yield()
        for _ = 1, 5 do log(q:recv()) end
      end)
      assert.same({ 1, 2, 3, 4, 5 }, list)
    end)

    it("lets nobody who comes later take the item of one who waits", conc.test(function()
      local q = make(1)
      local first = conc.spawn(function() return q:recv() end)
      conc.yield()
      q:send "for the first"
      assert.same({ nil, "empty", "EAGAIN" }, { q:try_recv() })
      assert.equal("for the first", first:await())
    end))

    it("lets no later sender overtake one who waits", conc.test(function()
      local q = make(1)
      q:send(1)
      conc.spawn(function() q:send(2) end)
      conc.yield()
      assert.equal(1, q:recv())
      local ok, _, code = q:try_send(3)
      assert.is_nil(ok)
      assert.equal("EAGAIN", code)
      assert.equal(2, q:recv())
    end))

    it("tries: nil, \"empty\", \"EAGAIN\"; and EAGAIN when full", conc.test(function()
      local q = make(1)
      assert.same({ nil, "empty", "EAGAIN", n = 3 }, table.pack(q:try_recv()))
      assert.is_truthy(q:try_send "item")
      assert.same({ nil, "full", "EAGAIN", n = 3 }, table.pack(q:try_send "more"))
      assert.equal("item", q:try_recv())
    end))

    it("tries without a task as well", function()
      local q = make(1)
      assert.is_truthy(q:try_send(1))
      assert.equal(1, q:len())
      assert.equal(1, (q:try_recv()))
    end)

    it("iterates until it is closed and empty", function()
      local list, log = sim.log()
      sim.run(function()
        local q = make(2)
        conc.spawn(function()
          for i = 1, 5 do q:send(i) end
          q:close()
        end)
        for item in q:iter() do log(item) end
      end)
      assert.same({ 1, 2, 3, 4, 5 }, list)
    end)

    it("iterates over false too", conc.test(function()
      local q = make(3)
      q:send(false)
      q:send(1)
      q:close()
      local n = 0
      for _ in q:iter() do n = n + 1 end
      assert.equal(2, n)
    end))

    it("sends many, and receives many, in order", conc.test(function()
      local q = make(10)
      assert.equal(3, q:send_many { 1, "two", false })
      assert.same({ 1, "two" }, q:recv_many(2))
      q:send_many { 4, 5 }
      assert.same({ false, 4, 5 }, q:recv_many(100))
      assert.equal(0, q:send_many {})
      assert.equal(0, q:len())
    end))

    it("sends more than there is room for, as the others take it", function()
      for _, size in ipairs { 0, 1, 3, 100 } do
        sim.run(function()
          local q, list = make(size), {}
          for i = 1, 50 do list[i] = i end
          local h = conc.spawn(function() return q:send_many(list) end)
          local got = {}
          for i = 1, 20 do got[i] = q:recv() end
          while #got < 50 do
            for _, v in ipairs(q:recv_many(7)) do got[#got + 1] = v end
          end
          assert.same(list, got)
          assert.equal(50, h:await())
          assert.equal(0, q:len())
        end)
      end
    end)

    it("waits for the first of many, and takes no more than asked for", conc.test(function()
      local q = make(5)
      local h = conc.spawn(function() return q:recv_many(3) end)
      conc.yield()
      assert.equal("waiting", h:status())
      q:send_many { 1, 2, 3, 4 }
      local first = h:await()
      assert.equal(1, first[1])
      assert.is_true(#first <= 3)
      local rest = q:recv_many(4)
      assert.equal(#first + 1, rest[1])
      assert.equal(4, rest[#rest])
    end))

    it("lets nobody overtake who sends many", conc.test(function()
      local q, got = make(1), {}
      conc.spawn(function() q:send_many { 1, 2, 3 } end)
      conc.spawn(function() conc.yield() q:send "late" end)
      conc.yield()
      conc.yield()
      for i = 1, 4 do got[i] = q:recv() end
      local order = {}
      for i, v in ipairs(got) do order[v] = i end
      assert.is_true(order[1] < order[2] and order[2] < order[3])
      assert.is_truthy(order.late)
    end))

    it("refuses a list with a hole, and what is none", conc.test(function()
      local q = make(5)
      local hole = { 1, 2, nil, 4 }
      assert.equal(4, #hole)
      sim.shows(sim.raises(q.send_many, q, hole), "item 3 is nil")
      sim.shows(sim.raises(q.send_many, q, "x"), "list expected")
      sim.shows(sim.raises(q.recv_many, q), "number")
      sim.shows(sim.raises(q.recv_many, q, 0), "the number of items")
      assert.equal(0, q:len())
    end))

    it("tells how many of many have gone when it is closed", conc.test(function()
      local q = make(2)
      local h = conc.spawn(function()
        return table.pack(q:send_many { 1, 2, 3, 4 })
      end)
      conc.yield()
      assert.equal(1, q:recv())
      q:close()
      assert.same({ nil, "closed", "EPIPE", 3, n = 4 }, h:await())
      assert.same({ 2, 3 }, q:recv_many(9))
      assert.same({ nil, "closed", "EOF", n = 3 }, table.pack(q:recv_many(9)))
      assert.same({ nil, "closed", "EPIPE", 0, n = 4 },
        table.pack(q:send_many { 1 }))
    end))

    it("ends a wait for many when it is closed", conc.test(function()
      local q = make(2)
      local h = conc.spawn(function() return table.pack(q:recv_many(3)) end)
      conc.yield()
      q:close()
      assert.same({ nil, "closed", "EOF", n = 3 }, h:await())
    end))

    it("is a case of a select: what is there, or comes first", conc.test(function()
      local a, b = make(1), make(1)
      b:send "there"
      assert.same({ "b", "there" }, { conc.select { a = a, b = b } })
      local h = conc.spawn(function()
        return table.pack(conc.select { a = a, b = { b, "recv" } })
      end)
      conc.yield()
      a:send "one"
      b:send "two"
      assert.same({ "a", "one", n = 2 }, h:await())
      assert.equal("two", (b:try_recv()))
      assert.same({ "out", true }, { conc.select { a = a, out = { b, "send", 3 } } })
      assert.equal(3, (b:try_recv()))
      a:close()
      assert.same({ "a", nil, "closed", "EOF" }, { conc.select { a = a } })
      assert.same({ "out", nil, "closed", "EPIPE" },
        { conc.select { out = { a, "send", 1 } } })
    end))

    it("takes the item of a select's case only where that is chosen", conc.test(function()
      local a, b = make(0), make(0)
      local h = conc.spawn(function()
        return (conc.select { a = { a, "send", "A" }, b = { b, "send", "B" } })
      end)
      conc.yield()
      assert.equal("B", b:recv())
      assert.same({ nil, "empty", "EAGAIN" }, { a:try_recv() })
      assert.equal("b", h:await())
    end))

    -- Between processes two of them don't meet where nothing is kept.
    local it_joins = make == make_far and function() end or it
    it_joins("joins two selects, but none with itself", function()
      sim.run(function()
        local q = make(0)
        local function both(value)
          return conc.spawn(function()
            return table.pack(conc.select { got = q, sent = { q, "send", value } })
          end)
        end
        local one = both(1)
        conc.yield()
        assert.equal("waiting", one:status())
        local two = both(2)
        local first, second = one:await(), two:await()
        assert.not_equal(first[1], second[1])
        assert.equal(first[1] == "got" and 2 or true, first[2])
        assert.equal(second[1] == "got" and 1 or true, second[2])
      end)
    end)

    it("keeps nothing of a select that is cancelled", conc.test(function()
      local q, full = make(1), make(1)
      full:send "full"
      local h = conc.spawn(function()
        conc.select { q = q, full = { full, "send", "never" } }
      end)
      conc.yield()
      h:cancel()
      pcall(h.await, h)
      q:send "kept"
      assert.equal("kept", q:recv())
      assert.equal("full", full:recv())
      assert.same({ nil, "empty", "EAGAIN" }, { full:try_recv() })
    end))

    it("refuses a size that is none", function()
      for _, bad in ipairs { -1, 1.5, "many", {} } do
        sim.shows(sim.raises(make, bad), kind)
      end
    end)
  end)

  describe("a closed " .. kind .. where, function()
    it("gives what it holds, then nil, \"closed\", \"EOF\"", conc.test(function()
      local q = make(3)
      q:send(1)
      q:send(2)
      q:close()
      assert.equal(1, q:recv())
      assert.equal(2, (q:try_recv()))
      for _ = 1, 2 do
        assert.same({ nil, "closed", "EOF", n = 3 }, table.pack(q:recv()))
        assert.same({ nil, "closed", "EOF", n = 3 }, table.pack(q:try_recv()))
      end
    end))

    it("refuses items: nil, \"closed\", \"EPIPE\"", conc.test(function()
      local q = make(3)
      q:close()
      assert.same({ nil, "closed", "EPIPE", n = 3 }, table.pack(q:send(1)))
      assert.same({ nil, "closed", "EPIPE", n = 3 }, table.pack(q:try_send(1)))
      assert.equal(0, q:len())
    end))

    it("wakes the receivers who wait", function()
      local list, log = sim.log()
      sim.run(function()
        local q = make(1)
        for _ = 1, 3 do
          conc.spawn(function() log(select(3, q:recv())) end)
        end
        conc.yield()
        q:close()
      end)
      assert.same({ "EOF", "EOF", "EOF" }, list)
    end)

    it("wakes the senders who wait, whose items are not sent", function()
      local list, log = sim.log()
      sim.run(function()
        local q = make(1)
        q:send "held"
        for _ = 1, 3 do
          conc.spawn(function() log(select(3, q:send "late")) end)
        end
        conc.yield()
        q:close()
        conc.yield()
        assert.equal("held", q:recv())
        assert.equal("EOF", select(3, q:recv()))
      end)
      assert.same({ "EPIPE", "EPIPE", "EPIPE" }, list)
    end)

    it("still gives the item that was handed over before the close", conc.test(function()
      local q = make(1)
      local h = conc.spawn(function() return q:recv() end)
      conc.yield()
      q:send "handed"
      q:close()
      assert.equal("handed", h:await())
    end))

    it("can be closed again", function()
      local q = make(1)
      q:close()
      q:close()
    end)
  end)

  describe("a cancelled receiver of a " .. kind .. where, function()
    it("swallows no item while it waits", conc.test(function()
      local q = make(1)
      local h = conc.spawn(function() return q:recv() end)
      local second = conc.spawn(function() return q:recv() end)
      conc.yield()
      h:cancel()
      q:send "item"
      assert.equal("item", second:await())
      assert.equal("cancelled", h:status())
    end))

    it("swallows no item after the hand-over: received, or left to the next", conc.test(function()
      local q = make(2)
      local got = {}
      local h = conc.spawn(function() got[#got + 1] = q:recv() end)
      conc.yield()
      q:send "one"
      h:cancel()
      q:send "two"
      q:close()
      pcall(h.await, h)
      for item in q:iter() do got[#got + 1] = item end
      assert.same({ "one", "two" }, got)
    end))

    it("passes the item on to the next who waits", conc.test(function()
      local q = make(1)
      local got = {}
      local function take() got[#got + 1] = q:recv() end
      local first, second = conc.spawn(take), conc.spawn(take)
      conc.yield()
      q:send "one"
      first:cancel()
      conc.yield()
      if #got == 0 then conc.yield() end
      assert.same({ "one" }, got)
      second:cancel()
    end))

    it("by a deadline at the very moment loses nothing", conc.test(function()
      local q = make(1)
      local got, sent = {}, 0
      conc.spawn(function()
        for _ = 1, 50 do
          conc.sleep(1)
          q:send(true)
          sent = sent + 1
        end
        q:close()
      end)
      repeat
        local item, _, code = conc.timeout(1, q.recv, q)
        if item then got[#got + 1] = item end
      until code == "EOF"
      assert.equal(50, sent)
      assert.equal(50, #got)
    end))
  end)

  describe("a cancelled sender of a " .. kind .. where, function()
    it("has not sent while it waits", conc.test(function()
      local q = make(1)
      q:send "first"
      local h = conc.spawn(function() q:send "cancelled" end)
      local next_one = conc.spawn(function() q:send "third" end)
      conc.yield()
      h:cancel()
      assert.equal("first", q:recv())
      next_one:await()
      assert.equal("third", q:recv())
      assert.equal(0, q:len())
    end))

    it("after its item was taken has sent it, and only once", conc.test(function()
      local q = make(1)
      q:send "first"
      local returned = false
      local h = conc.spawn(function() q:send "second" returned = true end)
      conc.yield()
      local got = { q:recv() }
      h:cancel()
      pcall(h.await, h)
      q:close()
      for item in q:iter() do got[#got + 1] = item end
      assert.equal("first", got[1])
      assert.equal(returned and 2 or 1, #got)
    end))

    it("by a deadline at the very moment doubles nothing", conc.test(function()
      local q = make(1)
      local sent, got = 0, 0
      local receiver = conc.spawn(function()
        for _ in q:iter() do
          got = got + 1
          conc.sleep(1)
        end
      end)
      for _ = 1, 50 do
        if conc.timeout(1, q.send, q, "item") then sent = sent + 1 end
      end
      q:close()
      receiver:await()
      assert.equal(sent, got)
      assert.is_true(sent >= 25)
    end))
  end)
end
