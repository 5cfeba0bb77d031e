-- What the loop promises with real time and real sockets.

local conc = require "luaconc"
local script = require "spec.support.script"

-- Computes for a while, so that deadlines pass meanwhile.
local function be_busy(seconds)
  local stop = conc.now() + seconds
  while conc.now() < stop do end
end

describe("the loop", function()
  it("wakes a task whose deadline passed while it did not poll, again and again", function()
    local rounds = 0
    conc.run(function()
      local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      conc.spawn { function() listener:accept() end, daemon = true }
      conc.spawn(function()
        for _ = 1, 5 do
          conc.sleep(0.001)
          be_busy(0.003)
          rounds = rounds + 1
        end
      end):await()
    end)
    assert.equal(5, rounds)
  end)

  it("never wakes a sleeper early", function()
    conc.run(function()
      for i = 1, 10 do
        local start = conc.now()
        conc.sleep(i / 2000)
        assert.is_true(conc.now() - start >= i / 2000)
      end
    end)
  end)

  it("ends with its last job, though a handle is still open", function()
    local listener = assert(conc.tcp.listen("127.0.0.1", 0))
    conc.run(function() conc.sleep(0.001) end)
    listener:close()
  end)

  it("is made where the standard descriptors are closed", function()
    local out = script.run [[
      local name = os.tmpname()
      local file = io.open(name, "w")
      file:write(("package.path=%q package.cpath=%q "):format(package.path,
        package.cpath), "require 'luaconc'.tcp.listen('127.0.0.1', 0):close()")
      file:close()
      local closed = "%s %s <&- >&- 2>&-"
      local _, _, code = os.execute(closed:format(arg[-3], name))
      os.remove(name)
      os.exit(code)
    ]]
    assert.equal(0, out.code)
  end)
end)
