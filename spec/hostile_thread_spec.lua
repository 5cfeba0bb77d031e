-- Threads in hostile hands: what no sane program does, or does by mistake.

local conc = require "luaconc"
local core = require "luaconc.core"
local testing = require "luaconc.testing"
local script = require "spec.support.script"

local function failure(job)
  local ok, err = pcall(job.await, job)
  assert.is_false(ok)
  return tostring(err), err
end

-- The error of a thread that nobody else is told of.
local function fails(f, ...)
  return failure(conc.thread { f, keep = true, ... })
end

local function script_of(source)
  local result = script.run(source)
  assert.equal("", result.err)
  assert.equal(0, result.code)
  return result.out
end

describe("an error of a thread", function()
  it("that can't be sent and whose __tostring raises is told by its type", function()
    assert.equal("(error object is a table value)", (fails(function()
      error(setmetatable({ coroutine.create(print) }, {
        __tostring = function() error "no text" end }))
    end)))
  end)

  it("that can't be sent is told by its text", function()
    assert.match("^thread: 0x", (fails(function()
      error(coroutine.create(print))
    end)))
  end)

  it("may be nil, false, or a table that holds itself", function()
    assert.equal("nil", (fails(error)))
    assert.equal("false", (fails(error, false)))
    local _, err = fails(function()
      local t = {}
      t.t = t
      error(t)
    end)
    assert.equal(err, err.t)
  end)

  it("is EDEADLK where its tasks wait for each other", function()
    local text, err = fails(function() require("luaconc").queue():recv() end)
    assert.equal("EDEADLK", err.code)
    assert.match("task 1 waits for queue:recv at", text, 1, true)
    assert.no.match("outside tasks", text, 1, true)
  end)

  it("is told by os.exit too, with luaconc loaded", function()
    assert.match("os.exit can't be called in a thread", (fails(function()
      require "luaconc"
      os.exit(3)
    end)), 1, true)
  end)
end)

describe("results of a thread", function()
  it("may be very many, and too many are an error", function()
    local function values(n) return table.unpack({}, 1, n) end
    assert.equal(200000, select("#", conc.thread(values, 200000):await()))
    assert.match("too many", (fails(values, 999990)))
    assert.equal(200000, conc.thread(function(...)
      return select("#", ...)
    end, values(200000)):await())
  end)

  it("may need a module that asks for them itself", function()
    local job
    package.preload["spec.nested"] = function()
      package.loaded["spec.nested"] = { print, "nested" }
      assert.match("^table: ", conc.traceback(job))
      return package.loaded["spec.nested"]
    end
    job = conc.thread(function()
      package.loaded["spec.nested"] = { print }
      return package.loaded["spec.nested"], ("x"):rep(10000), { "end" }
    end)
    local module, text, list = job:await()
    package.preload["spec.nested"] = nil
    package.loaded["spec.nested"] = nil
    assert.equal("nested", module[2])
    assert.equal(10000, #text)
    assert.same({ "end" }, list)
  end)
end)

describe("letters", function()
  it("may need a module that takes the next one", function()
    local job, inner
    package.preload["spec.nested"] = function()
      package.loaded["spec.nested"] = { print, "nested" }
      inner = table.pack(core.take(job))
      return package.loaded["spec.nested"]
    end
    job = conc.thread(function()
      local own = require "luaconc.core"
      package.loaded["spec.nested"] = { print }
      own.post(nil, package.loaded["spec.nested"], ("x"):rep(10000), "end")
      own.post(nil, "second")
    end)
    job:await()
    local outer = table.pack(core.take(job))
    package.preload["spec.nested"] = nil
    package.loaded["spec.nested"] = nil
    assert.equal("end", outer[4])
    assert.same({ true, "second", n = 2 }, inner)
    assert.same({ false }, { core.take(job) })
  end)

  it("to a thread that is cancelled before its turn are freed", function()
    conc.run(function()
      local group <close> = conc.group { limit = 1, keep = true }
      local first = group:thread(function() require("luaconc").sleep(100) end)
      local second = group:thread(print)
      for i = 1, 10 do assert.is_true(core.post(second, ("x"):rep(i))) end
      second:cancel()
      first:cancel()
    end)
  end)
end)

describe("a thread that is cancelled", function()
  it("ends behind pcall around coroutines, however deep", function()
    conc.run(function()
      local job = conc.thread(function()
        local function spin() while true do end end
        local function hold(f)
          return function()
            while true do pcall(coroutine.wrap(f)) end
          end
        end
        hold(hold(hold(spin)))()
      end)
      conc.sleep(0.01)
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, failure(job))))
    end)
  end)

  it("is left alone while its clean-up goes on, in calls of C too", function()
    conc.run(function()
      local job = conc.thread { function()
        local own = require "luaconc"
        local _ <close> = setmetatable({}, { __close = function()
          own.shield(function()
            for _ = 1, 9 do os.execute "sleep 0.15" end
          end)
        end })
        own.sleep(100)
      end, keep = true }
      while job:status() ~= "waiting" do conc.sleep(0.001) end
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, failure(job))))
    end)
  end)

  it("takes the threads that it has started along", function()
    conc.run(function()
      local job = conc.thread(function()
        local function nest(n)
          local own = require "luaconc"
          if n == 0 then while true do end end
          own.thread(nest, n - 1):await()
        end
        nest(3)
      end)
      conc.sleep(0.05)
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, failure(job))))
    end)
  end)

  it("may be so while it reads its request", function()
    local file, path = os.tmpname(), package.path
    local folder, name = file:match "^(.*/)([^/]*)$"
    local out <close> = assert(io.open(file, "w"))
    assert(out:write "while not known do end return { print }")
    out:close()
    package.path = folder .. "?"
    rawset(_G, "known", true)
    local endless = require(name)
    conc.run(function()
      local job = conc.thread(function() return endless end)
      conc.sleep(0.02)
      assert.equal("running", job:status())
      job:cancel()
      assert.is_true(conc.is_cancelled(select(2, failure(job))))
    end)
    rawset(_G, "known", nil)
    package.path = path
    package.loaded[name] = nil
    os.remove(file)
  end)
end)

describe("a deadlock", function()
  it("is seen though threads wait for their turn", function()
    local second
    local ok, err = pcall(conc.run, function()
      local group <close> = conc.group { limit = 1, keep = true }
      local queue = conc.queue()
      group:spawn(queue.recv, queue)
      second = group:thread(math.abs, -1)
    end)
    assert.is_false(ok)
    assert.equal("EDEADLK", err.code)
    assert.match("waits for queue:recv at", err.message, 1, true)
    assert.equal("cancelled", second:status())
  end)
end)

describe("conc.thread", function()
  it("starts from a coroutine, a finaliser, a hook", function()
    assert.equal(3, conc.coroutine.wrap(function()
      return conc.thread(math.abs, -3):await()
    end)())
    local job
    local function lose()
      setmetatable({}, { __gc = function() job = conc.thread(math.abs, -4) end })
    end
    lose()
    collectgarbage()
    assert.equal(4, job:await())
    debug.sethook(function()
      debug.sethook()
      job = conc.thread(math.abs, -5)
    end, "", 1)
    assert.equal(5, job:await())
  end)

  it("runs functions of C, and functions without names", function()
    assert.equal("3", conc.thread(string.format, "%d", 3):await())
    local function body(a) return type(print), a end
    local stripped = assert(load(string.dump(body, true)))
    assert.same({ "function", 5 }, { conc.thread(stripped, 5):await() })
  end)

  it("joins the group that is open when nothing of the caller's runs any more",
    function()
      conc.run(function()
        local outer <close> = conc.group {}
        local inner = conc.group {}
        local options = setmetatable({ math.abs, -6 }, { __index = function(_, key)
          if key == "stack" then
            inner:close()
            inner = nil
            collectgarbage()
          end
        end })
        local job = conc.thread(options)
        assert.equal(6, job:await())
        assert.is_nil(inner)
        assert.is_truthy(outer)
      end)
    end)

  it("refuses a stack that runaway code would crash", function()
    for _, size in ipairs { 0, 16384, 524287, 2^19, 1 << 41, "1000000" } do
      assert.error_matches(function()
        conc.thread { print, stack = size }
      end, "stack", 1, true)
    end
    assert.equal(7, conc.thread { math.abs, -7, stack = 524288 }:await())
  end)

  it("leaves nothing behind wherever the limit of memory strikes", function()
    for bytes = 1000, 60000, 1499 do
      local job = conc.thread { require, "luaconc", memory = bytes, keep = true }
      pcall(job.await, job)
    end
    for bytes = 18000, 30000, 97 do
      local job = conc.thread { math.abs, -1, memory = bytes, keep = true }
      pcall(job.await, job)
    end
  end)

  it("works in a state that has lost its libraries", function()
    assert.equal(1, conc.thread(function()
      os, package, coroutine, require = nil, nil, nil, nil -- luacheck: ignore
      return 1
    end):await())
    assert.match("lost", (fails(function()
      for name in pairs(package.loaded) do package.loaded[name] = nil end
      error "lost"
    end)))
  end)

  it("keeps a hook of the job's own", function()
    assert.is_true(conc.thread(function()
      local n = 0
      debug.sethook(function() n = n + 1 end, "", 1)
      for _ = 1, 100 do n = n + 0 end
      return n > 100
    end):await())
  end)

  it("fails where the job-local values can't be sent", function()
    conc.run(function()
      conc.locals().hostile = coroutine.create(print)
      assert.error_matches(function() conc.thread(print) end,
        "cannot send conc.locals()", 1, true)
    end)
  end)
end)

describe("memory that is missing in the thread itself", function()
  -- Each allocation of C, and of Lua, fails once in the thread.
  for _, kind in ipairs { "fail_alloc", "fail_lua" } do
    it("is an error there or nothing at all (" .. kind .. ")", function()
      for n = 1, 400 do
        local job = conc.thread { function(how, nth)
          local own = require "luaconc"
          local seams = require "luaconc.testing"
          local owncore = require "luaconc.core"
          seams[how](nth)
          owncore.post(nil, { nth })
          local inner = own.thread(math.abs, -nth)
          local result = inner and inner:await()
          local hit = seams.failed()
          seams[how](nil)
          return hit, result
        end, kind, n, keep = true }
        local ok, hit, result = pcall(job.await, job)
        if ok and not hit then
          assert.equal(n, result)
          return
        end
        if not ok then assert.match("memory", tostring(hit)) end
      end
      error "the fault was hit to the end"
    end)
  end
end)

describe("the end of a script", function()
  it("ends threads that a shield keeps", function()
    assert.equal("", script_of [[
      local conc = require "luaconc"
      conc.spawn { function()
        conc.shield(function()
          local group <close> = conc.group {}
          group:thread(function() while true do end end)
        end)
      end, daemon = true }
      conc.yield()
    ]])
  end)

  it("in a task, by the program's own os.exit, comes at once", function()
    assert.equal("", script_of [[
      local exit = os.exit
      local conc = require "luaconc"
      conc.run(function()
        for _ = 1, 3 do conc.thread(function() while true do end end) end
        conc.sleep(0.02)
        exit(0, true)
      end)
    ]])
  end)
end)

describe("under a seeded order and made-up time", function()
  it("threads end as they do otherwise", function()
    for seed = 1, 5 do
      testing.seed(seed)
      local sum = testing.virtual(function()
        local jobs, n = {}, 0
        for i = 1, 4 do
          jobs[i] = conc.thread(function(k)
            require("luaconc").sleep(0.001)
            return k
          end, i)
        end
        for _, job in ipairs(jobs) do n = n + job:await() end
        return n
      end)
      testing.seed(nil)
      assert.equal(10, sum)
    end
  end)
end)
