-- Names of hosts. What connecting makes of them is in spec/tcp_spec.lua.

local conc = require "luaconc"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"
local names = require "spec.support.names"

local dns = conc.dns

describe("dns.lookup", function()
  it("gives the addresses of a name", function()
    if not names.localhost() then pending "localhost is unknown here" end
    streams.run(function()
      local list = assert(dns.lookup "localhost")
      assert.is_true(#list >= 1)
      local seen = {}
      for _, address in ipairs(list) do
        assert.is_nil(seen[address])
        seen[address] = true
      end
      assert.is_true(seen["127.0.0.1"] or seen["::1"])
    end)
  end)

  it("gives a numeric address as it is, without a wait", function()
    assert.same({ "192.0.2.1" }, dns.lookup "192.0.2.1")
    assert.same({ "2001:db8::1" }, dns.lookup "2001:db8::1")
  end)

  it("names what it does not find", function()
    streams.run(function()
      local list, message, code = dns.lookup "no such host"
      assert.is_nil(list)
      assert.equal("no such host: ", message:sub(1, 14))
      assert.equal("EAI_", code:sub(1, 4))
    end)
  end)
end)

describe("dns.reverse", function()
  it("gives the name of an address", function()
    streams.run(function()
      local name, _, code = dns.reverse "127.0.0.1"
      assert.is_truthy(name and #name > 0 or code:find "^EAI_")
      if name then
        assert.is_truthy(table.concat(assert(dns.lookup(name)), " "):find("127.", 1, true))
      end
    end)
  end)

  it("names an address that has no name", function()
    streams.run(function()
      -- 0.0.0.0/8 is nobody's: it is not asked for outside.
      local name, message, code = conc.timeout(5, dns.reverse, "0.0.0.1")
      assert.is_nil(name)
      assert.is_truthy(code == "ETIMEDOUT" or message:find("0.0.0.1: ", 1, true) == 1)
    end)
  end)
end)

describe("a host with a zero byte", function()
  it("is refused: the system would look up what comes before it", function()
    for name, f in pairs { lookup = dns.lookup, connect = conc.tcp.connect,
      listen = conc.tcp.listen, bind = conc.udp.bind } do
      sim.shows(sim.raises(f, "localhost\0.example", 0),
        ("bad argument #1 to '%s' (a host can't hold a zero byte)"):format(name))
    end
  end)
end)

for _, name in ipairs { "lookup", "reverse" } do
  describe("dns." .. name, function()
    local argument = name == "lookup" and "localhost" or "127.0.0.1"

    it("can be cancelled, and lets its answer go", function()
      streams.run(function()
        local job = conc.spawn { dns[name], argument, keep = true }
        conc.yield()
        -- (Where all is slow, the answer may have come meanwhile.)
        local tree = conc.tree()
        if job:cancel() then
          sim.shows(tree, "dns lookup")
          assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
        else assert.equal("done", job:status()) end
        local again = conc.spawn { function()
          conc.current():cancel()
          return dns[name](argument)
        end, keep = true }
        assert.is_true(conc.is_cancelled(sim.raises(again.await, again)))
      end)
    end)

    it("refuses what is none", function()
      sim.shows(sim.raises(dns[name]), "bad argument #1 to '" .. name .. "'")
      sim.shows(sim.raises(dns[name], 5), "bad argument #1 to '" .. name .. "'")
    end)
  end)
end

it("dns.reverse refuses a name", function()
  sim.shows(sim.raises(dns.reverse, "localhost"), "a numeric address expected")
end)
