-- What luaconc.testing has for the tests of programs.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

describe("virtual time", function()
  it("passes an hour at once", function()
    testing.virtual(function()
      conc.sleep(3600)
      assert.equal(3600, conc.now() // 1)
    end)
  end)
end)

describe("seeds", function()
  -- Three tasks that append to a list, each in two steps.
  local function order()
    local list = {}
    conc.run(function()
      for i = 1, 3 do
        conc.spawn(function()
          list[#list + 1] = i
          conc.yield()
          list[#list + 1] = i
        end)
      end
    end)
    return table.concat(list)
  end

  it("give other orders, and the same for the same seed", function()
    local seen, count = {}, 0
    local function note(seed)
      local text = order()
      if not seen[text] then count = count + 1 end
      seen[text], seen[seed] = true, text
    end
    testing.seeds(20, note)
    assert.is_true(count > 3)
    testing.seeds(20, function(seed) assert.equal(seen[seed], order()) end)
  end)

  -- A balance that is read, then written after a wait.
  local function transfer()
    local balance = 0
    conc.run(function()
      for _ = 1, 2 do
        conc.spawn(function()
          local seen = balance
          if math.random(3) == 1 then conc.yield() end
          balance = seen + 1
        end)
      end
    end)
    assert(balance == 2, "a deposit is lost")
  end

  it("find an order in which a test fails, and replay it", function()
    local err = sim.raises(testing.seeds, 200, transfer)
    local seed, again = err:match "^seed (%d+) fails %(LUACONC_SEED=(%d+)"
    assert.is_truthy(seed and seed == again, err)
    sim.shows(err, "a deposit is lost")
    for _ = 1, 3 do
      local ok, message = testing.replay(tonumber(seed), transfer)
      assert.is_false(ok)
      sim.shows(message, "a deposit is lost")
    end
  end)

  it("can be one alone, by the environment", function()
    local pipe = assert(io.popen(("LUACONC_SEED=17 %s -e '%s'"):format(
      os.getenv "LUACONC_LUA" or "lua5.4",
      "require \"luaconc.testing\".seeds(100, print)")))
    local text = pipe:read "a"
    pipe:close()
    assert.equal("17\n", text)
  end)

  it("want a number and a function", function()
    sim.shows(sim.raises(testing.seeds, 0, print), "bad argument #1 to 'seeds'")
    sim.shows(sim.raises(testing.replay, 1, 2), "bad argument #2 to 'replay'")
  end)
end)

describe("a link", function()
  local function between(opts, f)
    testing.virtual(function()
      local link <close> = testing.link(opts)
      f(link)
    end)
  end

  it("takes its latency, and keeps the order", function()
    between({ latency = 0.5, jitter = 1, piece = 3 }, function(link)
      link.a:write "one line\nanother\n"
      link.a:shutdown()
      assert.equal(0, conc.now())
      assert.equal("one line", link.b:read "l")
      assert.is_true(conc.now() >= 0.5 and conc.now() <= 1.5)
      assert.equal("another\n", link.b:read "a")
    end)
  end)

  it("carries both ways, and ends each for itself", function()
    between({ latency = 0.1 }, function(link)
      link.a:write "ping\n"
      link.a:shutdown()
      assert.equal("ping\n", link.b:read "a")
      link.b:write "pong\n"
      assert.equal("pong", link.a:read "l")
      link.b:close()
      assert.is_nil((link.a:read "l"))
    end)
  end)

  it("has a rate", function()
    between({ rate = 1000 }, function(link)
      link.a:write(("x"):rep(5000))
      link.a:shutdown()
      link.b:read "a"
      assert.is_true(math.abs(conc.now() - 5) < 0.01, conc.now())
    end)
  end)

  it("lets who writes wait for a peer that does not read", function()
    between({ window = 1000 }, function(link)
      local done
      local writer = conc.spawn { function()
        for _ = 1, 100 do link.a:write(("x"):rep(10000)) end
        done = true
      end, daemon = true }
      conc.sleep(100)
      assert.is_nil(done)
      link:close()
      pcall(writer.await, writer)
    end)
  end)

  it("is cut: both ends see a reset", function()
    between({}, function(link)
      local readers = {}
      for i, s in ipairs { link.a, link.b } do
        readers[i] = conc.spawn(function() return select(3, s:read "l") end)
      end
      conc.sleep(1)
      link:cut()
      assert.equal("ECONNRESET", readers[1]:await())
      assert.equal("ECONNRESET", readers[2]:await())
    end)
  end)

  it("pauses and goes on", function()
    between({}, function(link)
      link:pause()
      link.a:write "x\n"
      assert.is_nil((conc.timeout(10, link.b.read, link.b, "l")))
      link:resume()
      assert.equal("x", link.b:read "l")
    end)
  end)

  it("is closed under whoever uses it", function()
    between({ latency = 1 }, function(link)
      local reader = conc.spawn(function() return select(3, link.b:read "l") end)
      link.a:write "lost\n"
      conc.sleep(0.5)
      link:close()
      link:close()
      assert.equal("ECANCELED", reader:await())
    end)
  end)

  it("names a wrong option", function()
    sim.shows(sim.raises(testing.link, { latency = -1 }),
      "option 'latency' must be seconds, 0 or more, got -1")
  end)
end)

describe("a network", function()
  it("serves as conc.tcp.serve serves", function()
    testing.virtual(function()
      local net <close> = testing.network { latency = 0.01 }
      local listener = net:listen()
      local server = conc.spawn(conc.tcp.serve, listener, function(s)
        for line in s:lines() do s:write(line:upper(), "\n") end
      end)
      local a, b = net:connect(listener), net:connect(listener)
      a:write "a\n"
      b:write "b\n"
      assert.equal("B", b:read "l")
      assert.equal("A", a:read "l")
      a:close()
      b:close()
      listener:close()
      assert.is_true(server:await())
      assert.equal("ECONNREFUSED", select(3, net:connect(listener)))
    end)
  end)

  it("keeps a connection that the task which made it has left", function()
    testing.virtual(function()
      local net <close> = testing.network { latency = 1 }
      local listener <close> = net:listen()
      local client = conc.spawn(function()
        local s <close> = net:connect(listener)
        s:write "bye\n"
      end)
      local server = assert(listener:accept())
      client:await()
      assert.equal("bye\n", server:read "a")
    end)
  end)

  it("names a wrong option", function()
    sim.shows(sim.raises(testing.network, { latencies = 1 }),
      "bad argument #1 to 'network'", "latencies")
  end)

  it("breaks connections by chance", function()
    testing.virtual(function()
      local net <close> = testing.network { loss = 1 }
      local listener <close> = net:listen()
      local s = net:connect(listener)
      s:write "x\n"
      assert.equal("ECONNRESET", select(3, s:read "l"))
    end)
  end)
end)

describe("faults by name", function()
  it("fail a function until they are closed", function()
    local was = conc.fs.read_file
    do
      local faults <close> = testing.faults { ["fs.read_file"] = "EIO" }
      local data, message, code = conc.fs.read_file "README.md"
      assert.same({ nil, "fs.read_file: made to fail: i/o error", "EIO" },
        { data, message, code })
      assert.equal(1, faults.hits["fs.read_file"])
    end
    assert.equal(was, conc.fs.read_file)
  end)

  it("fail the n-th call alone", function()
    local faults <close> = testing.faults {
      ["dns.lookup"] = { "EAI_AGAIN", nth = 2 } }
    assert.is_table(conc.dns.lookup "127.0.0.1")
    assert.equal("EAI_AGAIN", select(3, conc.dns.lookup "127.0.0.1"))
    assert.is_table(conc.dns.lookup "127.0.0.1")
    assert.equal(1, faults.hits["dns.lookup"])
  end)

  it("want names that there are", function()
    sim.shows(sim.raises(testing.faults, { ["tcp.conect"] = "EIO" }),
      "no function of luaconc is called 'tcp.conect'")
    sim.shows(sim.raises(testing.faults, { ["tcp.connect"] = "EFOO" }),
      "must be the name of an error")
    sim.shows(sim.raises(testing.faults, "tcp.connect"),
      "bad argument #1 to 'faults' (table of functions and errors expected")
  end)
end)

describe("conc.test", function()
  it("runs a test under virtual time, with its arguments", function()
    local got
    conc.test(function(...)
      conc.sleep(1000)
      got = { ... }
    end)(1, 2)
    assert.same({ 1, 2 }, got)
  end)

  it("passes its failure on", function()
    sim.shows(sim.raises(conc.test(function() error "broken" end)), "broken")
  end)

  it("tells what is left behind", function()
    local kept = {}
    local err = sim.raises(conc.test(function()
      kept.listener = assert(conc.tcp.listen("127.0.0.1", 0))
    end))
    sim.shows(err, "the test leaves behind: 1 handle, 1 descriptor")
    kept.listener:close()
    err = sim.raises(conc.test(function()
      kept.file = assert(io.open "README.md")
    end))
    sim.shows(err, "the test leaves behind: 1 descriptor")
    kept.file:close()
  end)

  it("runs in many orders", function()
    local orders = 0
    conc.test(function() orders = orders + 1 end, { seeds = 7 })()
    assert.equal(7, orders)
  end)
end)

-- What a test has used, and need not close.
for what, use in pairs {
  ["a program that has run"] = function() conc.exec { "true" } end,
  ["a folder that was watched"] = function()
    local _ <close> = assert(conc.fs.watch ".")
  end,
  ["shared memory"] = function() conc.shared.array("i32", 100000)[1] = 1 end,
  ["a channel to a process"] = function()
    local ch = conc.channel(1)
    conc.process(function(c) c:send "hello" end, ch):await()
    assert.equal("hello", ch:recv())
  end,
} do
  describe("conc.test", function()
    it("does not blame a test for " .. what, conc.test(use))
    it("does not blame the next one for " .. what, conc.test(use))
  end)
end

describe("conc.test", function()
  it("does not blame a test for conc.stdout", function()
    local said = script.run [[
      conc.test(function() conc.stdout:write "written\n" end)()
    ]]
    assert.same({ 0, "written\n", "" }, { said.code, said.out, said.err })
  end)
end)

describe("threads as tasks", function()
  it("work on copies, in an order that the seed decides", function()
    local orders, count = {}, 0
    testing.seeds(20, function()
      local _ <close> = testing.threads()
      local ch, log = conc.channel(), {}
      local list = { "unchanged" }
      for i = 1, 3 do
        conc.thread(function()
          list[1] = i
          ch:send(i)
        end)
      end
      for i = 1, 3 do log[i] = ch:recv() end
      assert.equal("unchanged", list[1])
      local text = table.concat(log)
      if not orders[text] then count = count + 1 end
      orders[text] = true
    end)
    assert.is_true(count > 2)
  end)

  it("give results, and pools of them too", function()
    testing.virtual(function()
      local _ <close> = testing.threads()
      assert.equal(3, conc.thread(function(a, b) return a + b end, 1, 2):await())
      assert.equal(4, conc.thread { function(a) return a end, 4, memory = 1e6 }:await())
      local pool <close> = conc.pool { engine = "thread", workers = 2 }
      assert.same({ 2, 4 }, pool:map({ 1, 2 }, function(n) return 2 * n end))
      assert.equal(9, pool:submit(function(n) return n * n end, 3):await())
      assert.same({ 1, 4 }, conc.map({ 1, 2 }, function(n) return n * n end,
        { engine = "thread" }))
    end)
  end)

  it("refuse what threads refuse", function()
    testing.virtual(function()
      local _ <close> = testing.threads()
      local file <close> = assert(io.open "README.md")
      sim.shows(sim.raises(conc.thread, function() return file:read() end),
        "has no __transfer")
    end)
  end)
end)
