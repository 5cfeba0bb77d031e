-- conc.offload: what blocks a thread, blocks no task.

local conc = require "luaconc"

local function failure(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(err), err
end

-- Ends the threads that are kept and forgets them: no test is to leave any.
local function with(f)
  return function()
    conc.run(f)
    for _, job in ipairs(conc.jobs()) do job:cancel() end
    conc.settle(conc.jobs())
    package.loaded["luaconc.offload"] = nil
    rawset(conc, "offload", nil)
  end
end

describe("offload", function()
  it("returns all results, in a task and outside", with(function()
    assert.same({ 3, nil, "x", n = 3 }, table.pack(conc.offload(function(a)
      return a + 1, nil, "x"
    end, 2)))
  end))

  it("lets other tasks run while its function blocks", with(function()
    local rounds = 0
    local ticker = conc.spawn { function()
      while true do
        conc.sleep(0.001)
        rounds = rounds + 1
      end
    end, daemon = true }
    conc.offload(os.execute, "sleep 0.1")
    ticker:cancel()
    assert.is_true(rounds > 5)
  end))

  it("makes several calls at a time, on threads that are used again",
    with(function()
      local function name() return require("luaconc.core").current().id end
      for _ = 1, 3 do
        local calls = {}
        for i = 1, 40 do calls[i] = function() return conc.offload(name) end end
        assert.equal(40, #conc.gather(calls))
      end
      conc.sleep(0.05)   -- those that are let go of end meanwhile
      local kept = 0
      for _, job in ipairs(conc.jobs()) do
        if job.engine == "thread" then kept = kept + 1 end
      end
      assert.is_true(kept <= 32)
    end))

  it("raises the error of its function, with its traceback", with(function()
    local text, err = failure(conc.offload, function() error "boom" end)
    assert.match("offload_spec.lua:%d+: boom$", text)
    assert.match("traceback", conc.traceback(err))
    local _, same = failure(conc.offload, function() error { code = 7 } end)
    assert.equal(7, same.code)
  end))

  it("can be cancelled, and the next call goes on another thread",
    with(function()
      assert.is_nil(conc.timeout(0.02, conc.offload, function()
        while true do end
      end))
      assert.equal(1, conc.offload(math.abs, -1))
    end))

  it("refuses what can't be sent, and what is no function", with(function()
    assert.match("cannot send argument #2", failure(conc.offload, type,
      io.stdout))
    assert.match("bad argument #1 to 'offload' %(function expected",
      failure(conc.offload, 5))
  end))

  it("goes on after the tasks that used it", with(function()
    local function call() return conc.offload(math.abs, -2) end
    assert.equal(2, conc.spawn(call):await())
    assert.equal(2, conc.spawn(call):await())
    assert.equal(2, conc.run(call))
  end))
end)
