-- What can go wrong with a worker, at each stage of a job: each job ends in
-- one result or one error, and the pool goes on and ends. The table is that of
-- docs/processes.md.
--
-- It runs in a program of its own, so that what workers write is not ours.

local lfs = require "lfs"
local script = require "spec.support.script"

local sanitized = os.getenv "ASAN_OPTIONS" or os.getenv "TSAN_OPTIONS"

local CRASH = sanitized and "XCPU" or "SEGV"   -- sanitizers catch SIGSEGV

-- The stages in which code of the job, or of what it is sent, runs in the
-- worker; then those in which none does, so that it is struck from outside.
local INSIDE = { "decoding", "running", "encoding", "retiring", "closing" }
local OUTSIDE = { "sending", "answering" }

-- What is told of a job to which it happened while it was under way.
local told = {
  raise = "raised", exit = "EWORKER 7", kill = "EWORKER SIGKILL",
  crash = sanitized and "EWORKER SIGXCPU" or "EWORKER SIGSEGV",
  stop = "ETIMEDOUT", hoard = "not enough memory", close = "EWORKER SIGKILL",
  flood = "EWORKER 9", orphan = "EWORKER SIGKILL",
}

-- How the program learns what became of a job; `struck` strikes from outside.
local prelude = [[
  local events = require "spec.support.events"
  local core = require "luaconc.core"
  local function describe_error(err)
    if type(err) ~= "table" then
      return (tostring(err):gsub("^.-(not enough memory).*", "%1"):gsub("^.-(raised)\n.*", "%1")
        :gsub("^.*: (raised)$", "%1"))
    end
    return tostring(err.code) .. (err.signal and " " .. err.signal or "")
      .. (err.exit and " " .. err.exit or "")
  end
  local function outcome(job)
    local ok, value = pcall(job.await, job)
    return ok and tostring(value) or describe_error(value)
  end
  local function double(x) return x * 2 end
  local function pid() return (io.open "/proc/self/stat":read "n") end

  -- Runs `body(pool)`, which gives the handle of a job, and says what became
  -- of it; then the pool still works, and its books balance.
  local function try(opts, body)
    conc.run(function()
      opts.engine, opts.workers = "process", 1
      local pool = conc.pool(opts)
      say(outcome(body(pool)))
      -- (A worker may be born just before its forkserver dies.)
      say(pool:submit { double, 21, timeout = 60, retries = 3 }:await())
      pool:close()
      local stats = pool:stats()
      assert(stats.queued == 0 and stats.running == 0 and #stats.workers == 0)
      assert(stats.done + stats.failed + stats.cancelled == stats.accepted_by_us)
    end)
  end
]]
prelude = prelude:gsub("stats%.accepted_by_us", "COUNT")

local function program(stage, event)
  local opts = event == "stop" and "job_timeout = 0.1"
    or event == "hoard" and "rlimit = { memory = 60000000 }" or ""
  if stage == "retiring" then opts = opts .. (opts ~= "" and ", " or "") .. "max_jobs = 1" end
  local bodies = {
    running = "return pool:submit(events[EVENT])",
    decoding = [[
      -- A module that is loaded here, and has to be loaded there.
      local name = "failure_spec_module"
      package.loaded[name] = {}
      return pool:submit(function() return "ran" end, package.loaded[name])
    ]],
    encoding = [[
      return pool:submit(function(name)
        getmetatable(io.stdout).__transfer = function()
          require "spec.support.events"[name]()
          return tostring, "sent"
        end
        return io.stdout
      end, EVENT)
    ]],
    retiring = [[
      return pool:submit { function(name)
        kept = setmetatable({}, { __gc = function() -- luacheck: ignore 111
          require "spec.support.events"[name]()
        end })
        return "ok"
      end, EVENT, timeout = 60 }
    ]],
    sending = [[
      local id = pool:submit { pid, timeout = 60 }:await()
      os.execute("kill -STOP " .. id)
      local job = pool:submit(function(s) return #s end, ("x"):rep(1 << 23))
      conc.sleep(0.02)
      STRIKE
      return job
    ]],
    answering = [[
      local id = pool:submit { pid, timeout = 60 }:await()
      local job = pool:submit(function() return ("x"):rep(1 << 25) end)
      conc.sleep(0.01)
      STRIKE
      return job
    ]],
  }
  bodies.closing = bodies.retiring
  local strikes = {
    kill = 'os.execute("kill -KILL " .. id)',
    crash = 'os.execute("kill -' .. CRASH .. ' " .. id .. '
      .. '" ; kill -CONT " .. id)', stop = 'os.execute("kill -STOP " .. id)',
    orphan = 'os.execute("kill -KILL " .. core.forkserver_pid())',
  }
  local count = (stage == "sending" or stage == "answering") and 3 or 2
  return (prelude:gsub("COUNT", tostring(count))
    .. ("try({ %s }, function(pool) %s end)"):format(opts, bodies[stage]))
    :gsub("STRIKE", function() return strikes[event] or "" end)
    :gsub("EVENT", ("%q"):format(event))
end

describe("a worker", function()
  local folder = os.tmpname()

  setup(function()
    os.remove(folder)
    assert(lfs.mkdir(folder))
  end)

  teardown(function()
    os.remove(folder .. "/failure_spec_module.lua")
    lfs.rmdir(folder)
  end)

  local function run(stage, event)
    local file = assert(io.open(folder .. "/failure_spec_module.lua", "w"))
    file:write(("require('spec.support.events').%s() return {}"):format(event))
    file:close()
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    local result = script.run(program(stage, event))
    package.path = path
    return result
  end

  local events = {}
  for event in pairs(told) do events[#events + 1] = event end
  table.sort(events)

  for _, event in ipairs(events) do
    for _, stage in ipairs(INSIDE) do
      if not (sanitized and event == "hoard") then
        it(("that meets '%s' while %s"):format(event, stage), function()
          local result = run(stage, event)
          local expected = told[event]
          if stage == "retiring" or stage == "closing" then expected = "ok" end
          assert.equal(expected .. "\n42\n", result.out, result.err)
          assert.equal(0, result.code)
        end)
      end
    end
  end

  for _, event in ipairs { "kill", "crash", "stop", "orphan" } do
    for _, stage in ipairs(OUTSIDE) do
      it(("that meets '%s' while %s"):format(event, stage), function()
        local result = run(stage, event)
        local first = result.out:match "^[^\n]*"
        -- Who is stopped in the midst of its answer may have sent it all.
        local wanted = { [told[event]] = true, [("x"):rep(1 << 25)] = stage == "answering" }
        assert.is_true(wanted[first] or false, first:sub(1, 100) .. result.err)
        assert.equal("\n42\n", result.out:sub(#first + 1))
        assert.equal(0, result.code)
      end)
    end
  end
end)

describe("what can't be sent or read", function()
  local function tell(source)
    local result = script.run(prelude:gsub("COUNT", "stats.done + stats.failed") .. source)
    assert.equal(0, result.code, result.err)
    return result.out
  end

  it("is an error of the submit, or of the job, and costs no worker", function()
    local out = tell [[
      try({}, function(pool)
        local before = pool:submit(pid):await()
        say((select(2, pcall(pool.submit, pool, double, io.stdout)):match "cannot send [^:]*"))
        local job = pool:submit(function() return io.stdout end)
        say((select(2, pcall(job.await, job)):match "cannot send [^:]*"))
        -- A module that isn't here: the worker can't read the call.
        package.loaded.failure_spec_none = {}
        job = pool:submit(double, package.loaded.failure_spec_none)
        say((tostring(select(2, pcall(job.await, job)))
          :match "module 'failure_spec_none' not found"))
        -- A class that is only there: we can't read the answer.
        job = pool:submit(function()
          local class = {}
          require "luaconc".codec.register("failure_spec_there", class)
          return setmetatable({}, class)
        end)
        say((tostring(select(2, pcall(job.await, job)))
          :match "module 'failure_spec_there' not found"))
        say(tostring(pool:submit(pid):await() == before))
        return pool:submit(double, 1)
      end)
    ]]
    assert.equal([[
cannot send argument #2
cannot send result #1
module 'failure_spec_none' not found
module 'failure_spec_there' not found
true
2
42
]], out)
  end)
end)

describe("the parent's death", function()
  -- Where it is when it is killed; it says the ids of its workers before.
  local stages = {
    running = "pool:submit(function() while true do end end) conc.sleep(0.02)",
    sending = [[os.execute("kill -STOP " .. id)
      pool:submit(function(s) return #s end, ("x"):rep(1 << 23)) conc.sleep(0.01)
      os.execute("kill -CONT " .. id)]],
    answering = [[pool:submit(function() return ("x"):rep(1 << 25) end) conc.sleep(0.01)]],
    waiting = "",
  }
  for stage, body in pairs(stages) do
    it("while " .. stage .. " leaves no worker", function()
      local result = script.run(([[
        local pool = conc.pool { engine = "process", workers = 1 }
        local id = pool:submit(function() return (io.open "/proc/self/stat":read "n") end):await()
        conc.run(function()
          say(id)
          io.stdout:flush()
          %s
          os.execute "kill -KILL $PPID"
          conc.sleep(100)
        end)
      ]]):format(body))
      local id, over = result.out:match "%d+", false
      for _ = 1, 1000 do
        local file = io.open("/proc/" .. id .. "/stat")
        over = not file or file:read "a":find "%) [ZX] " ~= nil
        if file then file:close() end
        if over then break end
        os.execute "sleep 0.005"
      end
      assert.is_true(over)
    end)
  end
end)
