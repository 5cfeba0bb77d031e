-- Packets over a link: whatever comes over it, from whichever side, is read
-- rightly or is an error.

local conc = require "luaconc"
local core = require "luaconc.core"

local MARK, LETTER, OUTCOME, REPLY, TEXT = 0x6c634b31, 4, 5, 6, 100
local RETURNED, RAISED, UNWOUND = 0, 1, 2
local GIB = 1 << 30

local function packet(kind, bytes, mark, len)
  return string.pack("<I4I4I8", mark or MARK, kind, len or #bytes) .. bytes
end

local function outcome(number)
  return packet(OUTCOME, string.pack("<I4i4", number, 0))
end

local function reply(...)
  return packet(REPLY, conc.codec.encode(...))
end

-- What becomes of a job whose process says `bytes` over its link, and then
-- is killed.
local function says(bytes)
  local job = assert(conc.process { function()
    local file <close> = assert(io.open "/proc/self/stat")
    local pid = file:read "n"
    require("luaconc.core").write_descriptor(3, bytes)
    os.execute("kill -9 " .. pid .. " 2>/dev/null")
  end, keep = true })
  return pcall(job.await, job)
end

local function refused(bytes)
  local ok, err = says(bytes)
  assert.is_false(ok)
  assert.equal("EWORKER", err.code)
  assert.match("^process %d+ sent what is no message, and was killed by SIGKILL$",
    tostring(err))
end

describe("a starter", function()
  it("reads what its worker says at any length", function()
    for _, n in ipairs { 0, 1, 40, 16384, 65519, 65520, 65521, 65536, 300000 } do
      local text = ("x"):rep(n)
      assert.same({ true, text }, { says(outcome(RETURNED) .. reply(text)) })
    end
  end)

  it("takes a worker that dies at any byte for dead, with no crash", function()
    local bytes = packet(LETTER, conc.codec.encode "hi") .. outcome(RETURNED)
      .. reply({ "result", 4711 })
    for n = 0, #bytes - 1 do
      local ok, err = says(bytes:sub(1, n))
      assert.is_false(ok)
      assert.equal("EWORKER", err.code, tostring(err))
      assert.equal("SIGKILL", err.signal)
    end
    assert.same({ true, { "result", 4711 } }, { says(bytes) })
  end)

  it("refuses what begins as no packet does", function()
    refused("garbage, garbage, garbage")
    refused(packet(LETTER, "", MARK + 1))
    refused(("\0"):rep(100))
    refused(("\255"):rep(100000))
  end)

  it("refuses a length above the limit, and believes others as they come", function()
    refused(packet(LETTER, "", MARK, GIB + 1))
    refused(packet(LETTER, "", MARK, math.mininteger))
    local before = require("luaconc.testing").counts().bytes
    local ok, err = says(packet(LETTER, "begin", MARK, GIB))
    assert.is_false(ok)
    assert.equal("EWORKER", err.code)
    assert.is_true(require("luaconc.testing").counts().bytes - before < 1 << 20)
  end)

  it("refuses packets that don't belong there", function()
    for _, bytes in ipairs {
      packet(0, ""), packet(1, ""), packet(2, "x"), packet(3, "x"), packet(7, ""),
      packet(OUTCOME, ""), packet(OUTCOME, "123"), packet(OUTCOME, ("\0"):rep(64)),
      reply(1), outcome(RETURNED) .. outcome(RETURNED), outcome(UNWOUND) .. reply(1) .. reply(2),
      outcome(RETURNED) .. reply(1) .. reply(2), outcome(99), packet(TEXT, "text"),
    } do
      refused(bytes)
    end
  end)

  it("takes a result without its reply for none", function()
    for _, number in ipairs { RETURNED, RAISED } do
      local ok, err = says(outcome(number))
      assert.is_false(ok)
      assert.equal("EWORKER", err.code)
    end
  end)

  it("raises where the reply is no message, and goes on", function()
    local ok, err = says(outcome(RETURNED) .. packet(REPLY, "no message"))
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("message", 1, true))
    assert.equal(1, conc.process(math.abs, -1):await())
  end)
end)

describe("a worker", function()
  it("ends where its starter says what is no packet, at any stage", function()
    local text = packet(TEXT, "return 1")
    for _, bytes in ipairs {
      "garbage, garbage", packet(LETTER, "", MARK, GIB + 1), packet(8, ""),
      packet(9, ""), packet(10, ""), packet(11, ""), packet(99, ""),
      packet(2, "a") .. packet(2, "b"), packet(1, "short"), outcome(RETURNED),
      text .. packet(0, ""),
      -- A ration, a probe, a trace: too long, or too short by a byte.
      packet(1, ("x"):rep(1000)), packet(8, "pro"), packet(8, "probe"),
      packet(9, ("x"):rep(7)), packet(9, ("\0"):rep(8 + 4096)),
      packet(10, "reason") .. packet(10, "another"),
    } do
      local worker <close> = assert(core.birth())
      worker:write(bytes)
      assert.same({ "exited", 0 }, { worker:wait() })
    end
  end)

  it("ends where its starter is gone in the midst of a packet", function()
    local bytes = packet(TEXT, "return 1")
    for n = 0, #bytes - 1 do
      local worker <close> = assert(core.birth())
      worker:write(bytes:sub(1, n))
      worker:hangup()
      assert.same({ "exited", 0 }, { worker:wait() })
    end
  end)

  it("reads what comes byte by byte", function()
    local worker <close> = assert(core.birth())
    for byte in packet(TEXT, "return 4711"):gmatch "." do worker:write(byte) end
    assert.equal("4711", worker:run "return 4711")
  end)
end)
