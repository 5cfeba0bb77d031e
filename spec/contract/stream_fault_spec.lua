-- Streams under the failure of their n-th allocation in C, of their n-th one
-- in Lua, and of their n-th call of libuv or the system, for every n.

local conc = require "luaconc"
local sweep = require "spec.support.sweep"
local testing = require "luaconc.testing"
local streams = require "spec.support.streams"

local tcp = conc.tcp

-- Raises with plain strings, as memory may be short.
local function check(ok, message, code)
  if ok then return ok end
  error(code and code .. ": " .. message or message or "a wrong result", 0)
end

local big = ("0123456789abcdef"):rep(2^16)

-- What is done with a connected pair.
local operations = {
  ["read and write"] = function(a, b)
    check(a:write("some", "thing", 1))
    check(check(b:read()) == "something1")
  end,
  ["read of bytes that come in pieces"] = function(a, b)
    conc.spawn(function()
      for _ = 1, 3 do
        check(a:write("abcd"))
        conc.sleep(0.0005)
      end
    end)
    check(check(b:read(12)) == "abcdabcdabcd")
  end,
  ["lines"] = function(a, b)
    conc.spawn(function()
      check(a:write("one\ntw"))
      conc.sleep(0.0005)
      check(a:write("o\nthree"))
      check(a:shutdown())
    end)
    local n = 0
    for line in b:lines() do n = n + #line end
    check(n == 11)
  end,
  ["a write that has to wait"] = function(a, b)
    conc.spawn(function()
      for _ = 1, 6 do check(a:write(big)) end
      check(a:flush())
      check(a:shutdown())
    end)
    check(#check(b:read "a") == 6 * #big)
  end,
  ["many strings"] = function(a, b)
    local list = {}
    for i = 1, 40 do list[i] = "x" end
    check(a:write(table.unpack(list)))
    check(a:write(table.unpack(list)))
    check(check(b:read(80)) == ("x"):rep(80))
  end,
  ["what comes unasked"] = function(a, b)
    check(a:write("1"))
    check(check(b:read()) == "1")
    check(a:write("2"))
    conc.sleep(0.0005)
    check(a:write("3"))
    check(check(b:read(2)) == "23")
  end,
  ["limits"] = function(_, b)
    check(b:timeout(0.0005))
    local _, message, code = b:read()
    check(code == "ETIMEDOUT", message, code)
    check(b:timeout())
  end,
  ["close under a reader, and of a queue"] = function(a, b)
    local begun
    local reader = conc.spawn(function()
      begun = true
      return select(3, b:read "a")
    end)
    local writer = conc.spawn(function()
      for _ = 1, 6 do
        local _, message, code = a:write(big)
        if code == "EPIPE" or code == "ECONNRESET" then return end
        check(not code, message, code)
      end
    end)
    repeat conc.yield() until begun or reader:status() == "failed"
    check(b:close())
    local code = reader:await()
    check(code == "ECANCELED", "read", code)
    writer:await()
    a:close()
  end,
  ["options"] = function(a)
    if not a.option then return end   -- no socket
    check(check(a:option("send_buffer", 30000)):option "send_buffer")
  end,
  ["addresses"] = function(a, b)
    for _, name in ipairs { "port", "path" } do
      check(check(a:peer())[name] == check(b:sock())[name])
      check(check(a:sock())[name] == check(b:peer())[name])
    end
  end,
}

-- What all kinds share is tried in random order for one of them.
local runs = {}
for i, kind in ipairs(streams.kinds) do
  if kind.seed and i > 2 or kind.endless then goto next_kind end
  for name, operation in pairs(operations) do
    local title = kind.name .. (kind.seed and ", in random order: " or ": ")
    runs[title .. name] = function() streams.with(kind, operation) end
  end
  if kind.nameless then runs[kind.name .. ": addresses"] = nil end
  ::next_kind::
end

runs["tcp: a name"] = function()
  streams.run(function()
    local l <close> = check(tcp.listen("127.0.0.1", 0))
    local s <close> = check(tcp.connect("localhost", check(l:sock()).port))
    check(check(l:accept()):close())
    local _ = s
  end)
end

runs["tcp: accept with a limit"] = function()
  streams.run(function()
    local l <close> = check(tcp.listen("127.0.0.1", 0))
    local other = conc.spawn(function() return select(3, l:timeout(0.0005):accept()) end)
    local code = other:await()
    check(code == "ETIMEDOUT", "accept", code)
  end)
end

runs["tcp: serve"] = function()
  streams.run(function()
    local l <close> = check(tcp.listen("127.0.0.1", 0))
    local server = conc.spawn(function()
      check(tcp.serve(l, function(s) check(s:write(check(s:read "l"))) end))
    end)
    for _ = 1, 2 do
      local s <close> = check(tcp.connect("127.0.0.1", check(l:sock()).port))
      check(check(s:timeout(0.1)):write("hello\n"))
      s:read "a"  -- whatever becomes of it: the server tells
    end
    l:close()
    server:await()
  end)
end

runs["dns: the name of an address"] = function()
  streams.run(function()
    local name, message, code = conc.dns.reverse "127.0.0.1"
    check(name or code:find "^EAI_", message, code)
  end)
end

runs["udp: send and recv"] = function()
  streams.run(function()
    local a <close> = check(conc.udp.bind("127.0.0.1", 0, { ttl = 3 }))
    local b <close> = check(conc.udp.connect("127.0.0.1", check(a:sock()).port))
    local begun
    local reader = conc.spawn(function()
      begun = true
      return check(a:recv())
    end)
    repeat conc.yield() until begun or reader:status() == "failed"
    check(b:send("one"))
    check(reader:await() == "one")
    check(b:send("two"))
    check(check(check(a:timeout(0.1)):recv()) == "two")
  end)
end

-- What is left when all that was on its way out has gone; `expected` spares
-- the collections where it is that already.
local function rest(expected)
  local left
  for _ = 1, 4 do
    collectgarbage()
    conc.run(conc.sleep, 0.0002)
    left = sweep.live(testing.counts())
    if left == expected then break end
  end
  return left
end

local function fail_each(run, fault)
  run()
  sweep.each(fault, run, rest, function(...)
    collectgarbage()
    return sweep.try(...)
  end)
end

for what, fault in pairs(sweep.faults) do
  describe("the failure of any " .. what .. " in", function()
    for name, run in pairs(runs) do
      -- Order makes no difference to what Lua allocates.
      if fault.arm ~= testing.fail_lua or not name:find "random order" then
        it(name .. " raises or is survived, and leaves nothing behind", function()
          fail_each(run, fault)
        end)
      end
    end
  end)
end
