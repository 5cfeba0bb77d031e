-- Comparisons that are really run: every figure comes from processes of
-- their own, over real sockets where there are any.

local compare = require "luaconc.compare"
local conc = require "luaconc"
local core = require "luaconc.core"
local processes = require "spec.support.processes"
local record = require "luaconc.compare.record"
local report = require "luaconc.compare.report"
local run = require "luaconc.compare.run"
local script = require "spec.support.script"
local text = require "luaconc.compare.text"

local ENGINES = { "serial", "task", "thread", "process" }

local files = {}

-- A scenario file with this text.
local function scenario(source)
  local path = os.tmpname()
  files[#files + 1] = path
  local file = assert(io.open(path, "w"))
  file:write(source)
  file:close()
  return path
end

-- Compares in few rounds.
local function comparison(source, options)
  options = options or {}
  options.runs = options.runs or 1
  return conc.run(compare.scenario, scenario(source), options)
end

-- The row of an engine at the first size.
local function row(result, engine)
  return compare.row(result.sizes[1].rows, engine)
end

local SQUARES = [[
  return { name = "squares", sizes = { 3 },
    job = function(i) return i * i end,
    check = function(r, size) assert(#r == size and r[3] == 9) end }
]]

describe("compare", function()
  after_each(function()
    for _, path in ipairs(files) do os.remove(path) end
    files = {}
  end)

  it("measures each engine in as many rounds as asked for", function()
    local result = comparison(SQUARES, { runs = 2 })
    assert.is_false(compare.failed(result))
    assert.equal("squares", result.name)
    local size = result.sizes[1]
    assert.equal(3, size.size)
    assert.equal(2, size.rounds)
    for _, engine in ipairs(ENGINES) do
      local r = row(result, engine)
      assert.is_nil(r.failure)
      assert.equal(2, #r.runs)
      for _, name in ipairs(compare.FIGURES) do
        local i = r[name]
        assert.is_true(i.low >= 0 and i.low <= i.median and i.median <= i.high,
          engine .. " " .. name)
      end
      assert.is_true(r.wall.median > 0)
      assert.is_true(r.startup.median > r.ready.median)
      assert.is_true(r.memory.median > 100000, "bytes of a Lua process")
    end
    assert.equal(1, row(result, "serial").speedup.median)
  end)

  it("tells computing from waiting", function()
    local computing = row(comparison [[
      return { name = "computing", sizes = { 1 }, job = function(i)
        local s = 0 for k = 1, 1e6 do s = s + k end return s end }]], "serial")
    local own = computing.wall.median - computing.delayed.median
    assert.is_true(computing.user.median + computing.system.median
      > 0.3 * own)
    local waiting = row(comparison([[
      local conc = require "luaconc"
      return { name = "waiting", sizes = { 4 }, job = function(i)
        conc.sleep(0.02) return i end }]]), "serial")
    assert.is_true(waiting.wall.median >= 0.08)
    assert.is_true(waiting.user.median + waiting.system.median
      < 0.5 * waiting.wall.median)
    assert.is_true(waiting.voluntary.median >= 4)
  end)

  it("counts the CPU time of workers, wherever they are", function()
    local result = comparison [[
      return { name = "computing", sizes = { 2 }, job = function(i)
        local s = 0 for k = 1, 2e6 do s = s + k end return s end }]]
    local serial = row(result, "serial")
    local whole = serial.user.median + serial.system.median
    for _, engine in ipairs { "thread", "process" } do
      local r = row(result, engine)
      assert.equal(math.min(2, core.machine().cores), r.workers)
      local cpu = r.user.median + r.system.median
      assert.is_true(cpu > whole / 3, engine)
      assert.is_true(cpu < whole * 3, engine)
    end
  end)

  it("tells what states send each other, and what starting them takes", function()
    local result = comparison([[
      return { name = "sending", sizes = { 2 },
        setup = function() return ("x"):rep(100000) end,
        job = function(i, ctx) return #ctx end }]], { workers = 2 })
    for _, engine in ipairs { "serial", "task" } do
      assert.equal(0, row(result, engine).sent.median)
      assert.is_nil(row(result, engine).workers)
    end
    for _, engine in ipairs { "thread", "process" } do
      local r = row(result, engine)
      assert.equal(2, r.workers)
      assert.is_true(r.sent.median >= 200000, r.sent.median)
      assert.is_true(r.sent.median < 210000, r.sent.median)
      assert.is_true(r.ready.median > 0)
    end
  end)

  it("counts what workers send back", function()
    local result = comparison([[
      return { name = "sending", sizes = { 2 },
        job = function(i) return ("x"):rep(100000) end }]], { workers = 1 })
    for _, engine in ipairs { "thread", "process" } do
      local sent = row(result, engine).sent.median
      assert.is_true(sent >= 200000 and sent < 210000, sent)
    end
  end)

  it("sees the memory that workers take, for each job", function()
    local result = comparison([[
      local conc = require "luaconc"
      return { name = "memory", sizes = { 2 }, job = function()
        local s = ("x"):rep(16 << 20)
        conc.sleep(0.1)
        return #s end }]], { workers = 2, engines = { "thread", "process" } })
    for _, engine in ipairs { "thread", "process" } do
      local r = row(result, engine)
      assert.is_true(r.memory.median > 32 << 20, engine)
      assert.is_true(r.job_memory.median > 16 << 20, engine)
      assert.is_true(r.job_memory.median < r.memory.median, engine)
    end
  end)

  it("gives workers to jobs that wait, as many as overlap", function()
    local result = comparison [[
      local conc = require "luaconc"
      return { name = "waiting", sizes = { 6 }, job = function(i)
        conc.sleep(0.05) return i end }]]
    assert.is_true(result.sizes[1].pilot.share < 0.5)
    for _, engine in ipairs { "thread", "process" } do
      local r = row(result, engine)
      assert.equal(6, r.workers)
      assert.is_true(r.speedup.median > 1)
    end
  end)

  it("sees waits overlap on tasks, and the order in which jobs end", function()
    local result = comparison [[
      local conc = require "luaconc"
      return { name = "waiting", sizes = { 3 }, job = function(i)
        conc.sleep(({ 0.1, 0.15, 0.05 })[i]) return i end }]]
    assert.same({ 1, 2, 3 }, row(result, "serial").order)
    for _, engine in ipairs { "task", "thread", "process" } do
      assert.same({ 3, 1, 2 }, row(result, engine).order)
    end
    assert.is_true(row(result, "serial").wall.median >= 0.3)
    assert.is_true(row(result, "task").speedup.median > 1)
  end)

  it("sees the memory that a job takes", function()
    local result = comparison([[
      local conc = require "luaconc"
      return { name = "memory", sizes = { 1 }, job = function()
        local s = ("x"):rep(32 << 20)
        conc.sleep(0.1)
        return #s end }]], { engines = { "serial" } })
    local bytes = row(result, "serial").memory.median
    assert.is_true(bytes > 32 << 20, bytes)
  end)

  it("counts the whole tree of processes", function()
    local result = comparison([[
      return { name = "tree", sizes = { 1 }, job = function()
        local pipe = io.popen "s=$(head -c 33554432 /dev/zero | tr '\\0' x); sleep 0.25; echo ${#s}"
        local n = pipe:read "n" pipe:close() return n end }]],
      { engines = { "serial" } })
    local r = row(result, "serial")
    assert.is_nil(r.failure)
    -- The shell has it all while it sleeps, and half of it on the way there.
    assert.is_true(r.memory.median > 16 << 20, r.memory.median)
  end)

  it("lets a server that setup started answer jobs on every engine", function()
    local result = comparison [[
      local conc = require "luaconc"
      return { name = "served", sizes = { 5 },
        setup = function(size)
          local listener = assert(conc.tcp.listen("127.0.0.1", 0))
          conc.spawn(function()
            while true do
              conc.spawn(function(c)
                c:write(c:read "l", "!\n")
                c:close()
              end, assert(listener:accept()))
            end
          end)
          return { port = listener:sock().port, size = size }
        end,
        job = function(i, ctx)
          assert(ctx.size == 5)
          local c <close> = assert(conc.tcp.connect("127.0.0.1", ctx.port))
          assert(c:write(i, "\n"))
          return assert(c:read "l")
        end,
        check = function(r) assert(r[5] == "5!") end }]]
    assert.is_false(compare.failed(result))
    for _, engine in ipairs(ENGINES) do
      assert.equal(1, #row(result, engine).runs)
    end
  end)

  it("runs setup and teardown once per size, in this process", function()
    _G.calls = {}
    comparison([[
      return { name = "x", sizes = { 2, 1 },
        setup = function(size) table.insert(calls, "setup " .. size)
          return size end,
        teardown = function(ctx) table.insert(calls, "teardown " .. ctx) end,
        job = function(i, ctx) assert(calls == nil) return ctx end }]],
      { runs = 2 })
    local calls = _G.calls
    _G.calls = nil
    assert.same({ "setup 1", "teardown 1", "setup 2", "teardown 2" }, calls)
  end)

  it("estimates what does not fit the budget, from a smaller size", function()
    local result = conc.run(compare.scenario, scenario [[
      local conc = require "luaconc"
      return { name = "slow", sizes = { 2, 100000 },
        job = function(i, ctx)
          if i <= 2 then conc.sleep(0.02) end return i end }]],
      { budget = 0.2, engines = { "serial" } })
    local second = result.sizes[2].rows[1]
    assert.equal(0, #second.runs)
    assert.equal(2, second.estimate.size)
    assert.is_true(second.estimate.wall >= 0.02 * 100000)
    assert.is_false(compare.failed(result))
  end)

  it("stops when the budget is spent, after one round at least", function()
    local result = conc.run(compare.scenario, scenario(SQUARES),
      { budget = 1e-6 })
    assert.equal(1, result.sizes[1].rounds)
  end)
end)

describe("a failure in compare", function()
  after_each(function()
    for _, path in ipairs(files) do os.remove(path) end
    files = {}
  end)

  local function failure(source, engine, options)
    local result = comparison(source, options)
    assert.is_true(compare.failed(result))
    return row(result, engine).failure, result
  end

  it("of a job names the job, the error and where it was raised", function()
    local source = [[
      local function inner(i) error("boom " .. i) end
      return { name = "x", sizes = { 3 }, job = function(i)
        if i == 2 then inner(i) end return i end }]]
    local result = comparison(source)
    for _, engine in ipairs(ENGINES) do
      local f = row(result, engine).failure
      assert.equal(2, f.job)
      assert.matches(":1: boom 2$", f.message)
      assert.matches("^stack traceback:\n\t%[C%]: in function 'error'\n",
        f.traceback)
      assert.matches("in upvalue 'inner'", f.traceback)
      assert.matches(":3: in [^\n]+$", f.traceback)
      assert.not_matches("luaconc/compare", f.traceback)
    end
  end)

  it("is a job that can't cross to a worker, with the path to what can't", function()
    local result = comparison [[
      local files = { log = io.stdout }
      local function write(i) return files.log and i end
      return { name = "x", sizes = { 2 }, job = function(i)
        return write(i) end }]]
    assert.equal(1, #row(result, "serial").runs)
    assert.equal(1, #row(result, "task").runs)
    for _, engine in ipairs { "thread", "process" } do
      local f = row(result, engine).failure
      assert.matches("^cannot send the job, upvalue 'write' of function "
        .. "<[^>]*:3>, upvalue 'files' of function <[^>]*:2>.*log.*userdata "
        .. "'FILE%*' has no __transfer", f.message)
      assert.is_nil(f.traceback)
    end
    local shown = report.size(text.new(), result.sizes[1], result)
    assert.matches("\nx, thread and process: cannot send the job, ", shown)
  end)

  it("is a global of the scenario's file that a worker lacks", function()
    local result = comparison [[
      function helper(i) return i end
      return { name = "x", sizes = { 1 }, job = function(i)
        return helper(i) end }]]
    assert.is_nil(row(result, "task").failure)
    assert.matches(":3: global 'helper' does not exist in a thread: make it "
      .. "local, or require it$", row(result, "thread").failure.message)
    assert.matches(":3: global 'helper' does not exist in a process: make it "
      .. "local, or require it$", row(result, "process").failure.message)
  end)

  it("is a worker process that is killed, by its signal's name", function()
    local f = failure([[
      return { name = "x", sizes = { 2 }, job = function(i)
        local pid = io.open "/proc/self/stat":read "n"
        if i == 2 then os.execute("kill -KILL " .. pid) end
        return i end }]], "process", { engines = { "process" }, workers = 2 })
    assert.matches("was killed by SIGKILL$", f.message)
    assert.is_nil(f.traceback)
  end)

  it("shows what is in an error that is a table", function()
    assert.equal('an error that is {["code"]=5,}', failure([[
      return { name = "x", sizes = { 1 }, job = function()
        error { code = 5 } end }]], "serial").message)
    assert.equal("of the job", failure([[
      return { name = "x", sizes = { 1 }, job = function()
        error { message = "of the job" } end }]], "task").message)
  end)

  it("of one engine leaves the figures of the other", function()
    local f, result = failure([[
      local conc = require "luaconc"
      return { name = "x", sizes = { 2 }, job = function(i)
        if conc.current() then error "not in a task" end return i end }]],
      "task")
    assert.matches("not in a task", f.message)
    assert.is_nil(row(result, "task").wall)
    assert.equal(1, #row(result, "serial").runs)
    assert.is_nil(row(result, "serial").failure)
  end)

  it("is a result that differs between engines, with both values", function()
    local f, result = failure([[
      local conc = require "luaconc"
      return { name = "x", sizes = { 2 }, job = function(i)
        return { n = conc.current() and i * 10 or i } end }]], "task")
    assert.equal("job 1 gave 10, but 1 on serial (at .n)", f.message)
    assert.equal(1, #row(result, "serial").runs)
  end)

  it("is a result that the scenario's check refuses", function()
    local f = failure([[
      return { name = "x", sizes = { 2 }, job = function(i) return i end,
        check = function(r) error("sum is " .. r[1] + r[2], 0) end }]],
      "serial")
    assert.equal("the results are wrong: sum is 3", f.message)
    assert.matches(":2: in [^\n]+$", f.traceback)
  end)

  it("is a job that returns nothing, or what can't be compared", function()
    assert.matches("returned nothing; a job returns a value", failure([[
      return { name = "x", sizes = { 2 }, job = function() end }]],
      "serial").message)
    assert.matches("^the result of job 1%.f is a function; results must be",
      failure([[return { name = "x", sizes = { 2 }, job = function()
        return { f = print } end }]], "task").message)
    local _, result = failure([[
      return { name = "x", sizes = { 1 }, job = function()
        return coroutine.create(print) end }]], "task")
    assert.matches("^the result of job 1 is a coroutine; results must be",
      row(result, "task").failure.message)
    for _, engine in ipairs { "thread", "process" } do
      assert.matches("^cannot send the result of item 1: a coroutine can't "
        .. "leave its state", row(result, engine).failure.message)
    end
  end)

  it("names the signal that ended a run", function()
    local f = failure([[
      return { name = "x", sizes = { 1 }, job = function()
        print "last words"
        io.stdout:flush()
        local pid = io.open "/proc/self/stat":read "n"
        os.execute("kill -TERM " .. pid) end }]], "serial")
    assert.equal("was ended by SIGTERM", f.message)
    assert.equal("last words", f.printed)
  end)

  it("ends a run that hangs, and says so", function()
    local f, result = failure([[
      local conc = require "luaconc"
      return { name = "x", sizes = { 1 }, job = function(i)
        while conc.current() do end return i end }]], "task",
      { limit = 1 })
    assert.equal("was ended by SIGKILL as it ran longer than 1 s (--limit)",
      f.message)
    assert.equal(1, #row(result, "serial").runs)
  end)

  it("is an exit before the jobs are done", function()
    local f = failure([[
      return { name = "x", sizes = { 1 }, job = function() os.exit(0) end }]],
      "serial")
    assert.equal("ended before its jobs did, with exit status 0", f.message)
  end)

  it("is a result that is nested too deeply, or too large", function()
    local f = failure([[
      return { name = "x", sizes = { 1 }, job = function()
        local t = {} for _ = 1, 250 do t = { t } end return t end }]],
      "serial", { engines = { "serial" } })
    assert.matches("^the result of job 1%[1%]%[1%].*%.%.%. is nested too deeply; "
      .. "results must be plain data", f.message)
    f = failure([[
      return { name = "x", sizes = { 1 }, job = function()
        return ("x"):rep(70 << 20) end }]], "serial",
      { engines = { "serial" } })
    -- Which of the two depends on when it is looked at.
    if f.message ~= "was ended by SIGKILL as it had written 64 MiB" then
      assert.equal("wrote 70 MiB, its results among them, and 64 MiB is the "
        .. "most", f.message)
    end
  end)

  it("is a report that can't be read", function()
    local f = failure([[
      return { name = "x", sizes = { 1 }, job = function()
        local out = io.open("/dev/fd/3", "w")
        out:write "{{" out:close() os.exit(0) end }]], "serial",
      { engines = { "serial" } })
    assert.matches("^its report can't be read: ", f.message)
  end)

  it("ends a run that floods its output", function()
    local f = failure([[
      return { name = "x", sizes = { 1 }, job = function()
        local s = ("x"):rep(1 << 20)
        while true do io.write(s) end end }]], "serial",
      { engines = { "serial" } })
    assert.equal("was ended by SIGKILL as it had written 64 MiB", f.message)
  end)

  it("of setup has its traceback", function()
    local result = comparison [[
      return { name = "x", sizes = { 1 }, setup = function() error "no" end,
        job = function(i) return i end }]]
    local f = result.sizes[1].failure
    assert.matches("^setup failed: .*:1: no$", f.message)
    assert.matches(":1: in [^\n]+$", f.traceback)
    assert.is_true(compare.failed(result))
  end)

  it("of teardown leaves the figures", function()
    local result = comparison [[
      return { name = "x", sizes = { 1 }, job = function(i) return i end,
        teardown = function() error "no" end }]]
    local size = result.sizes[1]
    assert.matches("^teardown failed: .*:2: no$", size.failure.message)
    assert.is_true(compare.failed(result))
    assert.equal(1, size.rounds)
    assert.equal(1, #row(result, "task").runs)
    local shown = report.size(text.new(), size, result)
    assert.matches("\n1 job, 1 round, results equal\n.*  task  .*"
      .. "x: teardown failed: ", shown)
    assert.is_not_nil(record.text { result }:match '"advice": ')
  end)

  it("of a job that setup started ends the size at once", function()
    local result = comparison [[
      local conc = require "luaconc"
      return { name = "x", sizes = { 1 },
        setup = function() conc.spawn(function() error "server" end) end,
        job = function(i) conc.sleep(3600) return i end }]]
    assert.matches("^what setup started failed: .*server",
      result.sizes[1].failure.message)
  end)

  it("is a context that can't cross to the measured process", function()
    local f = failure([[
      return { name = "x", sizes = { 1 },
        setup = function() return { file = io.stdout } end,
        job = function(i) return i end }]], "serial")
    assert.matches("^ctx.file is a userdata; what setup returns must be plain",
      f.message)
    f = failure([[
      return { name = "x", sizes = { 1 },
        setup = function() local t = {} for _ = 1, 250 do t = { a = t } end
          return t end,
        job = function(i) return i end }]], "serial")
    assert.matches("^ctx%.a%.a%.a.*%.%.%. is nested too deeply; what setup "
      .. "returns", f.message)
  end)

  it("is a file that does not parse, or is no scenario", function()
    local function message(source)
      local result = comparison(source)
      assert.is_true(compare.failed(result))
      return result.failure.message
    end
    assert.matches(":1: unexpected symbol near", message "return {")
    assert.matches("must return a table that describes a scenario, and "
      .. "returns nothing", message "")
    assert.matches("the field 'job' %(a function%) is missing",
      message "return { name = 'x', sizes = { 1 } }")
    assert.matches("the field 'sizes' must be a table, and is a number",
      message "return { name = 'x', sizes = 1, job = print }")
    assert.matches("sizes%[2%] must be a whole number above 0, and is 0",
      message "return { name = 'x', sizes = { 1, 0 }, job = print }")
    assert.matches("there is no field 'jobs'; did you mean 'job'%?",
      message "return { name = 'x', sizes = { 1 }, job = print, jobs = 1 }")
    assert.matches(": the field 'sizes' names 2 twice$",
      message "return { name = 'x', sizes = { 2, 1, 2 }, job = print }")
  end)

  it("is a file that raises, with its traceback and none of ours", function()
    local f = comparison("local function f() error 'oops' end f()").failure
    assert.matches("^[^\n]*:1: oops$", f.message)
    assert.matches("in local 'f'", f.traceback)
    assert.not_matches("luaconc/compare", f.traceback)
    local shown = report.failure(text.new(), { failure = f })
    assert.matches(":1: oops\n    stack traceback:\n", shown)
  end)
end)

describe("the ruler", function()
  local function ended(m)
    local ending
    repeat
      conc.sleep(0.002)
      ending = m:ended()
    until ending
    return ending
  end

  it("feeds a program, keeps what it writes, and tells its status", function()
    local m <close> = assert(core.measure({ "sh", "-c",
      "cat; echo no >&2; echo report >&3; exit 3" }, "input\n"))
    assert.equal(3, ended(m).code)
    assert.equal("input\n", m:output(1, 100))
    assert.equal("no\n", m:output(2, 100))
    assert.equal("report\n", m:output(3, 100))
    assert.equal("rt\n", m:output(3, 3))
    assert.equal(6 + 3 + 7, m:written())
  end)

  it("counts the CPU time of all that the program waited for", function()
    local m <close> = assert(core.measure({ "sh", "-c", "sh -c '"
      .. "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; true" }, ""))
    local ending = ended(m)
    assert.equal(0, ending.code)
    assert.is_true(ending.user > 0.001)
    assert.is_true(ending.voluntary + ending.involuntary > 0)
  end)

  it("says what can't be started", function()
    local m, message, code = core.measure({ "/nonesuch/x" }, "")
    assert.is_nil(m)
    assert.equal("cannot start '/nonesuch/x': no such file or directory",
      message)
    assert.equal("ENOENT", code)
  end)

  it("ends the program with its children when it is closed", function()
    local m = assert(core.measure({ "sh", "-c",
      "sleep 100 & echo $!; wait" }, ""))
    local pid
    repeat
      conc.sleep(0.002)
      pid = tonumber(m:output(1, 100))
    until pid
    m:close()
    assert.equal("SIGKILL", m:ended().signal)
    assert.is_true(processes.until_gone(pid))
  end)

  it("ends the program with this process, however that ends", function()
    local done = script.run [[
      local m = require "luaconc.core".measure(
        { "sh", "-c", "echo $$; exec sleep 100" }, "")
      local pid
      repeat conc.sleep(0.002) pid = tonumber(m:output(1, 100)) until pid
      print(pid)
      io.stdout:flush()
      os.execute("kill -KILL " .. io.open "/proc/self/stat":read "n")
    ]]
    assert.equal(137, done.code)
    assert.is_true(processes.until_gone(tonumber(done.out)))
  end)

  it("ends the program when a run is cancelled", function()
    local path = scenario [[
      local conc = require "luaconc"
      return { name = "x", sizes = { 1 }, job = function()
        conc.sleep(100) end }]]
    local result, message, code = conc.timeout(0.1, run.once,
      { file = path, engine = "serial", size = 1 }, 60)
    os.remove(path)
    assert.is_nil(result)
    assert.equal("timed out", message)
    assert.equal("ETIMEDOUT", code)
  end)

  it("refuses wrong arguments by name", function()
    assert.error_matches(function() core.measure({}, "") end,
      "a program and its arguments")
    assert.error_matches(function() core.measure({ "a", 1 }, "") end,
      "the arguments must be strings")
    local m <close> = assert(core.measure({ "true" }, ""))
    assert.error_matches(function() m:output(4, 1) end, "fd")
    assert.error_matches(function() m.sample({}) end, "measure expected")
  end)
end)
