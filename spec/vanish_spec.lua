-- A peer that vanishes: no FIN, no RST, no answer, as when its machine loses
-- power. Each end has a network namespace of its own, in one of which the
-- address is taken away. Where that is not permitted, nothing is tested.

local conc = require "luaconc"
local folder = require "spec.support.folder"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

-- The peer: it has 10.77.0.2, accepts, and vanishes when it is told to.
local peer = [[
  local conc = require "luaconc"
  io.stdout:setvbuf "line"
  print "here"
  assert(io.read "l" == "connect")
  assert(os.execute "ip addr add 10.77.0.2/24 dev there && ip link set there up")
  local l = assert(conc.tcp.listen("10.77.0.2", 0))
  print(l:sock().port)
  conc.run(function()
    conc.spawn { function()
      local kept = {}
      while true do kept[#kept + 1] = assert(l:accept()) end
    end, daemon = true }
    assert(conc.stdin:read "l" == "vanish")
    assert(os.execute "ip addr del 10.77.0.2/24 dev there")
    print "gone"
    conc.stdin:read "l"   -- until it is killed
  end)
]]

-- `connect(n)` gives streams to the peer, `vanish()` takes it away.
local prelude = [[
  local function sh(command) return assert(os.execute(command)) end
  local peer = assert(conc.popen { "unshare", "-n", arg[1], arg[2] })
  local function say_peer(word)
    assert(peer.stdin:write(word, "\n"))
    return assert(peer.stdout:read "l")
  end
  assert(peer.stdout:read "l" == "here")
  sh "ip link add here type veth peer name there"
  sh("ip link set there netns " .. peer.pid)
  sh "ip addr add 10.77.0.1/24 dev here && ip link set here up"
  local port = tonumber(say_peer "connect")
  local function connect(n)
    local list = {}
    for i = 1, n do
      list[i] = assert(conc.tcp.connect("10.77.0.2", port, { timeout = 5 }))
    end
    return table.unpack(list)
  end
  local function vanish()
    -- Nobody asks any more who has the address: that would be answered by
    -- EHOSTUNREACH.
    local pipe = io.popen "ip neigh show 10.77.0.2"
    local mac = pipe:read("a"):match "lladdr (%S+)"
    pipe:close()
    sh("ip neigh replace 10.77.0.2 lladdr " .. mac .. " dev here nud permanent")
    assert(say_peer "vanish" == "gone")
  end
]]

-- What runs a program in a network of its own; nil where nothing may.
local function own_network()
  for _, flags in ipairs { "-n", "-rn" } do
    local said = conc.exec { "unshare", flags, "sh", "-c",
      "ip link add here type veth peer name there && ip neigh && unshare -n true" }
    if said and said.code == 0 then return flags end
  end
end

local network = own_network()

-- Runs the script in a network of its own; what it wrote.
local function vanishing(source)
  local theirs, ours = folder.temporary(peer), folder.temporary(
    'local conc = require "luaconc"\nconc.run(function()\n' .. prelude .. source .. "\nend)")
  local said = assert(conc.exec { "unshare", network, lua, ours, lua, theirs,
    env = { LUA_PATH = package.path, LUA_CPATH = package.cpath }, timeout = 30 })
  os.remove(theirs)
  os.remove(ours)
  assert.equal("", said.stderr)
  return said.stdout
end

describe("a peer that vanishes", function()
  if not network then
    it("can't be had", function()
      pending "no network namespaces here"
    end)
    return
  end

  it("is told by user_timeout to who writes, and to a reader beside it", function()
    assert.equal([[
write	10.77.0.2	ETIMEDOUT	connection timed out
flush	10.77.0.2	ETIMEDOUT	connection timed out
read	10.77.0.2	ETIMEDOUT	connection timed out
again	10.77.0.2	ETIMEDOUT	connection timed out
close	10.77.0.2	ETIMEDOUT	connection timed out
]], vanishing [[
      local lone, busy, closed = connect(3)
      for _, s in ipairs { lone, busy, closed } do
        assert(s:option("user_timeout", 0.05))
      end
      local function tell(what, _, message, code)
        print(what, message:match "^[%d.]+", code, message:match "%d: (.*)")
      end
      vanish()
      local reader = conc.spawn(busy.read, busy)
      local function fill(s)
        local ok, message, code
        repeat ok, message, code = s:write(("x"):rep(2^20)) until not ok
        return ok, message, code
      end
      local writer = conc.spawn(fill, busy)
      assert(lone:write "x")
      local filler = conc.spawn(fill, closed)
      conc.yield()
      local closer = conc.spawn(closed.close, closed)
      tell("write", writer:await())
      tell("flush", busy:flush())
      tell("read", reader:await())
      tell("again", lone:read())
      tell("close", closer:await())
      filler:await()
    ]])
  end)

  it("is told by keepalive to who reads", function()
    assert.equal("quick\tETIMEDOUT\nslow\tETIMEDOUT\n", vanishing [[
      local quick, slow = connect(2)
      assert(quick:option("keepalive", 1):option("user_timeout", 0.5))
      assert(slow:option("keepalive", 1))
      vanish()
      local readers = { conc.spawn(quick.read, quick), conc.spawn(slow.read, slow) }
      for i, name in ipairs { "quick", "slow" } do
        local _, message, code = readers[i]:await()
        assert(message:find("connection timed out", 1, true), message)
        print(name, code)
      end
    ]])
  end)

  it("is nobody's fault without these: then limits of our own end each wait", function()
    assert.equal([[
read	timed out	ETIMEDOUT
write	timed out	ETIMEDOUT
flush	timed out	ETIMEDOUT
close	timed out	ETIMEDOUT
connect	ETIMEDOUT
]], vanishing [[
      local s = connect(1)
      vanish()
      s:timeout(0.05)
      print("read", select(2, s:read()))
      local ok, message, code
      repeat ok, message, code = s:write(("x"):rep(2^20)) until not ok
      print("write", message, code)
      print("flush", select(2, s:flush()))
      print("close", select(2, s:close()))
      print("connect", select(3, conc.tcp.connect("10.77.0.2", port, { timeout = 0.05 })))
    ]])
  end)
end)
