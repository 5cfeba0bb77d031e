local advice = require "luaconc.compare.advice"
local compare = require "luaconc.compare"
local csv = require "luaconc.compare.csv"
local figures = require "spec.support.figures"
local json = require "luaconc.compare.json"
local plain = require "luaconc.compare.plain"
local report = require "luaconc.compare.report"
local suggest = require "luaconc.compare.suggest"
local text = require "luaconc.compare.text"
local units = require "luaconc.compare.units"

local row, near, size = figures.row, figures.near, figures.size

local function env(vars)
  return function(name) return vars[name] end
end

local pipe = text.new(nil, env { LANG = "C.UTF-8" })
local ascii = text.new(nil, env { LANG = "C" })

local function advise(n, rows)
  return advice.paragraph(size(n, rows), compare.ratio)
end

local RESULT = { file = "x.lua", name = "a scenario", sizes = {} }

describe("the advice", function()
  it("is the fastest where no doubt is left, with its figures", function()
    local words, engine = advise(20, { row("serial", near(4)),
      row("task", near(0.2)) })
    assert.equal("task", engine)
    assert.matches("^Tasks fit: 20 jobs took 200 ms, against 4.00 s for the "
      .. "serial run %(20%.0 times as long; [%d.]+ to [%d.]+%)", words)
  end)

  it("says that there is no clear difference where intervals overlap", function()
    local words, engine = advise(4, { row("serial", near(1)),
      row("task", near(1.003)) })
    assert.equal("serial", engine)
    assert.matches("^No clear difference: 1.00 s for the serial run and "
      .. "1.00 s for tasks; the ratio lies between 0.99%d and 1.0%d%d", words)
    assert.matches("The serial run fits, as the simplest%.", words)
  end)

  it("takes the simplest also where the other's median is lower", function()
    local _, engine = advise(4, { row("serial", near(1.003)),
      row("task", near(1)) })
    assert.equal("serial", engine)
  end)

  it("takes the simplest whatever the order of the rows", function()
    for _, serial in ipairs { 1, 1.003 } do
      local words, engine = advise(4, { row("task", near(1)),
        row("serial", near(serial)) })
      assert.equal("serial", engine)
      assert.matches("The serial run fits, as the simplest%.", words)
    end
  end)

  it("does not act upon a difference that is sure but tiny", function()
    local even = { 1, 1, 1, 1, 1, 1 }
    local function walls(wall)
      local list = {}
      for i in ipairs(even) do list[i] = wall end
      return list
    end
    local words, engine = advise(4, { row("serial", walls(1.019)),
      row("task", even) })
    assert.equal("serial", engine)
    assert.matches("they differ by 1.9 %%, too little to act upon", words)
    words, engine = advise(4, { row("serial", walls(1.021)),
      row("task", even) })
    assert.equal("task", engine)
    assert.matches("^Tasks fit", words)
  end)

  it("is the serial run where tasks are slower", function()
    local words, engine = advise(4, { row("serial", near(1), { busy = 0.99 }),
      row("task", near(1.2), { busy = 0.99 }) })
    assert.equal("serial", engine)
    assert.matches("^The serial run fits: 4 jobs took 1.00 s%. Tasks took "
      .. "1.20 times as long", words)
  end)

  it("tells waiting from computing by the share of CPU", function()
    local function words(busy)
      return (advise(4, { row("serial", near(1), { busy = busy }),
        row("task", near(0.5), { busy = busy }) }))
    end
    assert.matches("The jobs mostly wait: a serial run keeps a core busy for "
      .. "19 %%", words(0.19))
    assert.matches("The jobs wait and compute: .* for 21 %%", words(0.21))
    assert.matches("The jobs wait and compute: .* for 79 %%", words(0.79))
    assert.matches("The jobs compute: .* for 81 %%", words(0.81))
  end)

  it("does not take waiting for a core for the jobs' own waiting", function()
    local function words(delayed)
      return (advise(4, { row("serial", near(1),
        { busy = 0.5, delayed = delayed }), row("task", near(1)) }))
    end
    assert.matches("The jobs compute: a serial run keeps a core busy for "
      .. "100 %%", words(0.5))
    assert.matches("Other processes kept the cores busy: .* up to 50 %% of "
      .. "their time", words(0.5))
    assert.not_matches("Other processes", words(0.09))
  end)

  it("names the price in memory only where there is one", function()
    local rows = { row("serial", near(1)), row("task", near(0.5),
      { memory = 4 }) }
    assert.matches("The price is 2.00 MiB more memory at the peak %(205 KiB "
      .. "a job%)", (advise(10, rows)))
    rows = { row("serial", near(1)), row("task", near(0.5)) }
    assert.not_matches("price", (advise(10, rows)))
  end)

  it("gives no verdict on one round", function()
    local words, engine = advise(4, { row("serial", { 1 }),
      row("task", { 0.9 }) })
    assert.matches("^No verdict: .*; with one round there is no interval to "
      .. "go by%.", words)
    assert.is_nil(engine)
    assert.not_matches(" fits?", words)
    words, engine = advise(4, { row("serial", { 1 }), row("task", { 0.5 }) })
    assert.matches("^Tasks seem to fit: .*one round, so no interval", words)
    assert.is_nil(engine)
  end)

  it("believes on a crowded machine only what the crowd can't explain", function()
    local words, engine = advise(4, { row("serial", near(1),
      { delayed = 0.3 }), row("task", near(0.8)) })
    assert.matches("^No verdict: .* may be that of other processes%.", words)
    assert.matches("Other processes kept the cores busy", words)
    assert.is_nil(engine)
    words, engine = advise(4, { row("serial", near(1), { delayed = 0.3 }),
      row("task", near(0.6)) })
    assert.matches("^Tasks fit: ", words)
    assert.equal("task", engine)
  end)

  it("takes no workers that wait for each other for a crowd", function()
    -- There are 40 waits in each run.
    local function words(thread)
      return (advise(4, { row("serial", near(1)), row("thread", near(thread),
        { delayed = 0.6, workers = 2, busy = 1.5 }) }))
    end
    assert.not_matches("Other processes", words(0.05))
    assert.matches("Other processes kept the cores busy: runs waited for one "
      .. "for up to 52 %% of their time", words(0.5))
  end)

  it("follows no estimate that is near what was measured", function()
    local rows = { row("serial", {}), row("task", near(1)) }
    rows[1].estimate = { wall = 1.2, size = 20 }
    local words, engine = advise(500, rows)
    assert.matches("^No verdict: 500 jobs took 1.00 s for tasks, against "
      .. "about 1.20 s", words)
    assert.is_nil(engine)
  end)

  it("says what an estimate is", function()
    local rows = { row("serial", {}), row("task", near(0.2)) }
    rows[1].estimate = { wall = 100, size = 20 }
    local words, engine = advise(500, rows)
    assert.equal("task", engine)
    assert.matches("against about 100 s for the serial run, not run but "
      .. "estimated from the runs with 20 jobs", words)
  end)

  it("has nothing to say where one engine alone gave figures", function()
    local rows = { row("serial", near(1)), row("task", {}) }
    rows[2].failure = { message = "x" }
    local words, engine = advise(4, rows)
    assert.is_nil(engine)
    assert.matches("nothing to compare it with", words)
    assert.is_nil((advise(4, { row("serial", {}) })))
  end)
end)

describe("the advice on four engines", function()
  local function four(serial, task, thread, process, pilot)
    return { row("serial", near(serial), { busy = 1 }),
      row("task", near(task), { busy = 1 }),
      row("thread", near(thread), { busy = 1.98, workers = 2, memory = 3,
        ready = 0.0004 }),
      row("process", near(process), { busy = 1.98, workers = 2, memory = 6,
        ready = 0.009 }) }, pilot
  end

  it("is the simplest of those that tie, and tells how far the rest is", function()
    local words, engine = advise(16, four(4, 4, 2, 2.002))
    assert.equal("thread", engine)
    assert.matches("^No clear difference: 2%.00 s for threads and 2%.00 s for "
      .. "processes; the ratio lies between 0%.99%d and 1%.0%d%d%. Threads "
      .. "fit, as the simplest%. Clearly slower: 4%.00 s for the serial run "
      .. "%(2%.00 times as long as threads; 1%.9%d to 2%.0%d%) and 4%.00 s for tasks %(",
      words)
    assert.matches("The jobs compute: a serial run keeps a core busy for 100 "
      .. "%%  ?of its time, and threads keep 1%.98 cores busy%.", words)
    assert.matches("The price is 1%.00 MiB more memory at the peak", words)
    assert.matches("Starting 2 threads took 400 us before that%.", words)
  end)

  it("is no engine that can't be told from a simpler one", function()
    -- Threads now and then take as long as the serial run; processes don't.
    local wild = { 2, 2, 2.1, 2.1, 4.1, 4.2, 4.1, 2 }
    local words, engine = advise(16, { row("serial", near(4), { busy = 1 }),
      row("thread", wild, { busy = 2, workers = 2 }),
      row("process", near(2), { busy = 2, workers = 2 }) })
    assert.equal("process", engine)
    assert.matches("^No clear difference: 2%.10 s for threads and 2%.00 s for "
      .. "processes; .* Processes fit, as no simpler engine leads so clearly%. "
      .. "Clearly slower: 4%.00 s for the serial run %(2%.00 times as long as "
      .. "processes; 1%.9%d to 2%.0%d%)%.", words)
  end)

  it("differs from the rule of thumb with its figures", function()
    local words = advise(16, four(4, 4, 2, 2.2))
    assert.matches("The rule of thumb says processes for jobs that compute; "
      .. "here they take 1%.10 times as long as threads %(1%.09 to 1%.1%d%); "
      .. "with threads, workers start in 400 us against 9%.00 ms and memory peaks at "
      .. "3%.00 MiB against 6%.00 MiB%.", words)
    words = advise(16, four(4, 4, 2, 2.002))
    assert.matches("here their time does not differ clearly %(0%.99 to "
      .. "1%.0%d times as long as threads%); with threads, workers start", words)
    words = advise(16, four(4, 4, 2.2, 2))
    assert.matches("^Processes fit: 16 jobs took 2%.00 s", words)
    assert.not_matches("rule of thumb", words)
  end)

  it("knows what the rule of thumb says, and where it says nothing", function()
    local rule = require "luaconc.compare.rule"
    local function named(jobs, share, wait)
      return (rule.names(jobs, { share = share, wait = wait }))
    end
    assert.equal("process", named(4, 0.9, 0))
    assert.equal("thread", named(99, 0.1, 0.009))
    assert.equal("task", named(100, 0.1, 0.01))
    assert.is_nil(named(100, 0.1, 0.009))
    assert.is_nil(named(99, 0.1, 0.01))
    assert.is_nil(named(4, 0.5, 1))
  end)

  it("is not contradicted where one round carries no verdict", function()
    local words, engine = advise(16, { row("serial", { 4 }, { busy = 1 }),
      row("thread", { 2 }, { busy = 2, workers = 2 }),
      row("process", { 2.1 }, { busy = 2, workers = 2 }) })
    assert.is_nil(engine)
    assert.not_matches("rule of thumb", words)
  end)

  it("tells where starting the workers takes more than they save", function()
    local words = advise(4, { row("serial", near(0.02), { busy = 1 }),
      row("process", near(0.015), { busy = 1.9, workers = 2,
        ready = 0.009 }) })
    assert.matches("Starting 2 processes took 9%.00 ms before that, more than "
      .. "the 5%.00 ms that they save: they pay where they are kept for "
      .. "further jobs%.", words)
  end)

  it("tells what handing out small jobs costs", function()
    local words, engine = advise(1000, { row("serial", near(0.001),
      { busy = 1 }), row("task", near(0.002), { busy = 1 }),
      row("thread", near(0.021), { busy = 1, workers = 2 }) })
    assert.equal("serial", engine)
    assert.matches("tasks take turns on one core, with no waits to overlap; "
      .. "with threads a job takes 20%.0 us longer%.", words)
  end)

  it("goes by the pilot where the serial run was only estimated", function()
    local rows = { row("serial", {}), row("task", near(0.15), { busy = 0.9 }),
      row("thread", near(0.5), { busy = 0.5, workers = 128 }) }
    rows[1].estimate = { wall = 50, size = 4 }
    local s = size(500, rows, { size = 2, wall = 0.2, share = 0.005 })
    local words, engine = advice.paragraph(s, compare.ratio)
    assert.equal("task", engine)
    assert.matches("About 50%.0 s for the serial run, not run but estimated "
      .. "from the runs with 4 jobs %(a larger %-%-budget runs it%)%.", words)
    assert.matches("The jobs mostly wait: one after the other, they keep a "
      .. "core busy for 0%.5 %% of their time, and the waits overlap%.", words)
  end)

  it("gives no verdict against an estimate that is near", function()
    local rows = { row("serial", {}), row("task", near(0.15)),
      row("thread", near(0.5), { workers = 2 }) }
    rows[1].estimate = { wall = 0.2, size = 4 }
    local words, engine = advise(500, rows)
    assert.is_nil(engine)
    assert.matches("^No verdict: 500 jobs took 150 ms for tasks, against 500 "
      .. "ms for threads %(", words)
  end)

  it("names calls that block, where tasks don't overlap them", function()
    local words, engine = advise(4, { row("serial", near(0.4)),
      row("task", near(0.4)), row("thread", near(0.1), { workers = 4 }) })
    assert.equal("thread", engine)
    assert.matches("and the waits overlap, but not on tasks: there, calls "
      .. "that block hold all jobs%.", words)
  end)
end)

describe("the number of workers", function()
  local workers = require "luaconc.compare.workers"

  local function choose(jobs, share, wall)
    return workers.choose(jobs, 2, 128, share
      and { size = 2, wall = wall or 1, share = share })
  end

  it("is that of the cores where jobs compute", function()
    assert.equal(2, choose(16, 1))
    assert.equal(2, choose(16, 0.9))
    assert.equal(2, choose(16, nil))
    assert.equal(1, choose(1, 1))
  end)

  it("is the more, the more they wait", function()
    assert.equal(4, choose(16, 0.5))
    assert.equal(16, choose(16, 0.01))
    assert.equal(20, choose(500, 0.1))
    assert.equal(128, choose(500, 0.001))
    assert.equal(128, choose(500, 0))
  end)

  it("is never more than there are descriptors for", function()
    assert.equal(96, workers.most(1024))
    assert.equal(workers.MOST, workers.most(20000))
    assert.equal(1, workers.most(20))
    assert.equal(workers.MOST, workers.most(nil))
    local shell = io.popen "ulimit -n"
    local limit = tonumber(shell:read "l")
    shell:close()
    assert.equal(limit, workers.descriptors())
  end)

  it("trusts no pilot that was too short", function()
    assert.equal(2, choose(500, 0.01, workers.SHORT / 2))
  end)

  it("follows from the pilot's own time on a busy machine", function()
    local p = workers.pilot({ wall = 1, delayed = 0.5, user = 0.4,
      system = 0.1 }, 2)
    assert.same({ size = 2, wall = 0.5, share = 1 }, p)
  end)
end)

describe("the report of a size", function()
  it("is a table with bars, a table of costs, and the advice", function()
    local s = size(20, { row("serial", near(4)), row("task", near(0.2),
      { memory = 3 }), row("thread", near(1), { workers = 4, sent = 900,
      ready = 0.001 }), row("process", near(1.25), { workers = 4,
      sent = 123456, ready = 0.02, memory = 1000 }) })
    assert.equal([[

20 jobs, 8 rounds, results equal
               wall                     95 % interval  speed-up  95 % interval
  serial     4.00 s  ██████████████    3.98 to 4.02 s      1.00
  task       200 ms  ▊                  199 to 201 ms      20.0   19.8 to 20.2
  thread     1.00 s  ███▌              0.99 to 1.00 s      4.00   3.96 to 4.04
  process    1.25 s  ████▍             1.24 to 1.26 s      3.20   3.17 to 3.23

               CPU    time     peak          switches
              user  system   memory  per job  to wait  forced start-up     sent
  serial   40.0 ms    0 ms 2.00 MiB 2.00 KiB       40       3  3.00 ms        -
  task     2.00 ms    0 ms 3.00 MiB 2.00 KiB       40       3  3.00 ms        -
  thread   10.0 ms    0 ms 2.00 MiB 2.00 KiB       40       3  4.00 ms    900 B
  process  12.5 ms    0 ms 1000 MiB 2.00 KiB       40       3  23.0 ms  121 KiB

  a job         wall       CPU    memory      sent  switches
  serial      200 ms   2.00 ms  2.00 KiB         -       2.1
  task       10.0 ms    100 us  2.00 KiB         -       2.1
  thread     50.0 ms    500 us  2.00 KiB      45 B       2.1
  process    62.5 ms    625 us  2.00 KiB  6.03 KiB       2.1

Workers: 4 threads, 4 processes.
]], (report.size(pipe, s, RESULT):gsub("Tasks fit.*", "")))
  end)

  it("stays within 80 columns and plain when it is piped", function()
    local rows = { row("serial", near(1234.5)), row("task", near(0.02)),
      row("thread", near(99.96), { workers = 128, sent = 2 ^ 20 - 1 }),
      row("process", near(0.09996), { workers = 128, memory = 1023.9 }) }
    local s = size(3, rows)
    for line in report.size(pipe, s, RESULT):gmatch "[^\n]+" do
      assert.is_true(utf8.len(line) < 80, line)
      assert.not_matches("\27", line)
      assert.not_matches(" $", line)
    end
  end)

  it("is ASCII where the locale is not UTF-8", function()
    local s = size(20, { row("serial", near(4)), row("task", near(0.2)) })
    local shown = report.size(ascii, s, RESULT)
    assert.not_matches("[\128-\255]", shown)
    assert.matches("  serial     4.00 s  ##########", shown)
  end)

  it("shows colours on a terminal only, and not where NO_COLOR is set", function()
    local s = size(20, { row("serial", near(4)), row("task", near(0.2)) })
    local function shown(columns, vars)
      return report.size(text.new(columns, env(vars)), s, RESULT)
    end
    assert.matches("\27%[32m", shown(80, { TERM = "xterm" }))
    assert.not_matches("\27", shown(80, { TERM = "dumb" }))
    assert.not_matches("\27", shown(80, { TERM = "xterm", NO_COLOR = "1" }))
    assert.not_matches("\27", shown(nil, { TERM = "xterm" }))
  end)

  it("tells how jobs ended where that is another order", function()
    local s = size(3, { row("serial", near(0.6), { order = { 1, 2, 3 } }),
      row("task", near(0.3), { order = { 3, 1, 2 } }) })
    assert.matches("Jobs in the order in which they ended: serial 1 2 3; "
      .. "task 3 1 2%.", report.size(pipe, s, RESULT))
  end)

  it("tells how many workers there were, and why", function()
    local function shown(pilot)
      return report.size(pipe, size(500, { row("serial", near(4)),
        row("thread", near(1), { workers = 40 }),
        row("process", near(1), { workers = 40 }) }, pilot), RESULT)
    end
    assert.matches("\nWorkers: 40 threads, 40 processes on 2 cores, as jobs "
      .. "keep a core busy for 5.0\n%% of their time%.\n",
      shown { size = 2, wall = 1, share = 0.05 })
    -- As told by --workers.
    assert.matches("\nWorkers: 40 threads, 40 processes%.\n",
      shown { size = 2, wall = 1, share = 0.5 })
  end)

  it("says which figures are unstable, and counts outliers", function()
    local walls = { 1, 1.01, 0.99, 1.02, 0.98, 1.01, 9 }
    local wild = { 1, 1.3, 0.7, 1.4, 0.6, 1.2, 0.8 }
    local shown = report.size(pipe, size(4, { row("serial", near(2)),
      row("task", walls), row("thread", wild, { workers = 2 }) }), RESULT)
    assert.matches("\nUnstable: thread %(the interval of the median is wider "
      .. "than 20 %% of it%)%.\n", shown)
    assert.matches("\nOutliers, which count like all runs: task 1 of 7 "
      .. "%(beyond the quartiles by more\nthan 1.5 times their distance%)%.\n",
      shown)
    assert.not_matches("Unstable", report.size(pipe, size(4, {
      row("serial", near(2)) }), RESULT))
  end)

  it("shows one engine's figures beside the other's failure", function()
    local rows = { row("serial", near(1)), row("task", {}) }
    rows[2].failure = { message = "x.lua:3: boom", job = 2,
      traceback = "stack traceback:\n\tx.lua:3: in field 'job'" }
    local shown = report.size(pipe, size(4, rows), RESULT)
    assert.matches("serial     1.00 s  █", shown)
    assert.matches("task      failed\n", shown)
    assert.matches("a scenario, task: job 2: x.lua:3: boom\n"
      .. "    stack traceback:\n      x.lua:3: in field 'job'\n", shown)
  end)

  it("tells once what failed in the same way on every engine", function()
    local rows = { row("serial", {}), row("task", {}) }
    rows[1].failure = { message = "boom", job = 2 }
    rows[2].failure = { message = "boom", job = 2 }
    local shown = report.size(pipe, size(4, rows), RESULT)
    assert.matches("a scenario, serial and task: job 2: boom\n", shown)
    assert.equal(1, select(2, shown:gsub("boom", "")))
  end)
end)

describe("figures for people", function()
  it("that are factors keep what is small, and group what is large", function()
    assert.equal("0.003", units.ratio(0.0031))
    assert.equal("0.10", units.ratio(0.0999))
    assert.equal("1.00", units.ratio(1))
    assert.equal("999", units.ratio(999.4))
    assert.equal("20,340", units.ratio(20340.2))
  end)

  it("have three digits and a unit", function()
    assert.equal("412 ms", units.time(0.4123))
    assert.equal("1.00 s", units.time(0.9996))
    assert.equal("10.0 ms", units.time(0.009996))
    assert.equal("45.0 us", units.time(45e-6))
    assert.equal("0 ms", units.time(0))
    assert.equal("408 to 420 ms", units.time_range(0.408, 0.42))
    assert.equal("0.99 to 1.02 s", units.time_range(0.99, 1.02))
    assert.equal("420 ms", units.time_range(0.42, 0.4201))
    assert.equal("2.10 MiB", units.memory(2.1 * 2 ^ 20))
    assert.equal("56.3 KiB", units.memory(56.3 * 1024))
    assert.equal("?", units.memory(0))
    assert.equal("1,234,567", units.count(1234567))
    assert.equal("999", units.count(999))
    assert.equal("0.4 %", units.percent(0.004))
    assert.equal("12 %", units.percent(0.12))
    assert.equal("under 0.1 %", units.percent(0.0001))
    assert.equal("0 %", units.percent(0))
  end)
end)

describe("plain data", function()
  local function back(value)
    return plain.decode(assert(plain.encode(value, "ctx")))
  end

  it("comes back as it was", function()
    local value = { 1, 2.0, 0.1, math.mininteger, math.maxinteger, 1 / 0,
      -1 / 0, "a\0b\n\r\"\\\200", true, false, { x = { [10] = "y",
        [true] = 1, [0.5] = 2, ["a key"] = {} } } }
    assert.same(value, back(value))
    assert.equal("integer", math.type(back(3)))
    assert.equal("float", math.type(back(3.0)))
    assert.is_nil(back(nil))
    local nan = back(0 / 0)
    assert.is_true(nan ~= nan)
  end)

  it("refuses everything else with the path to it", function()
    local function refused(value)
      local ok, message = plain.encode(value, "ctx")
      assert.is_nil(ok)
      return message
    end
    assert.equal("ctx.server.handle is a function",
      refused { server = { handle = print } })
    assert.equal('ctx[2]["a b"] is a userdata',
      refused { 1, { ["a b"] = io.stdout } })
    assert.equal("a key of ctx is a table", refused { [{}] = 1 })
    assert.equal("ctx.x is a table with a metatable",
      refused { x = setmetatable({}, {}) })
    local loop = {}
    loop.me = loop
    assert.equal("ctx.me is a table that contains itself", refused(loop))
  end)

  it("comes back from any depth that it takes", function()
    local value = 1
    for _ = 1, plain.DEEPEST do value = { value } end
    assert.same(value, back(value))
    assert.is_nil((plain.encode({ value }, "ctx")))
  end)

  it("is not fooled by text that is code", function()
    assert.is_nil((plain.decode "os.exit(3)"))
    assert.is_nil((plain.decode "1 +"))
  end)

  it("is compared with the path to the first difference", function()
    assert.is_nil((plain.difference({ 1, { a = 0 / 0 } },
      { 1, { a = 0 / 0 } })))
    assert.same({ "[2].a", "1", "2" },
      { plain.difference({ 1, { a = 1 } }, { 1, { a = 2 } }) })
    assert.same({ "[2]", "nil", '"x"' },
      { plain.difference({ 1 }, { 1, "x" }) })
    assert.same({ "[1]", "a table", "1" },
      { plain.difference({ {} }, { 1 }) })
  end)
end)

describe("JSON", function()
  it("has its keys in order and its strings escaped", function()
    assert.equal('{\n  "a": [1, 2.5, null],\n  "b": "x\\n\\"\\u0001",\n'
      .. '  "c": {},\n  "d": []\n}',
      json.encode { b = 'x\n"\1', a = { 1, 2.5, 0 / 0 }, c = {},
        d = json.list {} })
  end)

  it("replaces what is not UTF-8", function()
    assert.equal('"a\u{FFFD}b\u{20AC}"', json.encode "a\xFFb\u{20AC}")
  end)
end)

describe("CSV", function()
  -- Rows of fields, as RFC 4180 reads them.
  local function parse(source)
    local rows, at = {}, 1
    while at <= #source do
      local fields = {}
      repeat
        local value, stop
        if source:sub(at, at) == '"' then
          local close = at
          repeat
            close = source:find('"', close + 1, true)
            local double = source:sub(close + 1, close + 1) == '"'
            if double then close = close + 1 end
          until not double
          value = source:sub(at + 1, close - 1):gsub('""', '"')
          stop = close + 1
        else
          stop = source:find("[,\r]", at)
          value = source:sub(at, stop - 1)
        end
        fields[#fields + 1] = value
        local comma = source:sub(stop, stop) == ","
        if not comma then assert.equal("\r\n", source:sub(stop, stop + 1)) end
        at = stop + (comma and 1 or 2)
      until not comma
      rows[#rows + 1] = fields
    end
    return rows
  end

  local function records(results)
    local rows = parse(csv.text(results))
    local list = {}
    for i = 2, #rows do
      assert.equal(#rows[1], #rows[i])
      list[i - 1] = {}
      for k, name in ipairs(rows[1]) do list[i - 1][name] = rows[i][k] end
    end
    return list
  end

  it("has a line for each run, with all its figures", function()
    local s = size(4, { row("serial", { 1.5, 1.25 }),
      row("process", { 0.5, 0.75 }, { workers = 2, sent = 12345,
        ready = 0.25 }) })
    local list = records { { name = 'a "b", c', file = "x\ny.lua",
      sizes = { s } } }
    assert.equal(4, #list)
    assert.equal('a "b", c', list[1].scenario)
    assert.equal("x\ny.lua", list[1].file)
    local r = list[4]
    assert.same({ "4", "process", "2", "run", "2", "0.75", "12345", "40" },
      { r.jobs, r.engine, r.workers, r.status, r.round, r.wall_s,
        r.sent_bytes, r.voluntary })
    assert.equal("0.253", r.startup_s)
    assert.equal("2097152", r.memory_bytes)
    assert.same({ "", "0", "" }, { list[1].workers, list[1].outlier,
      list[1].message })
  end)

  it("says why there are no runs", function()
    local rows = { row("serial", {}), row("task", {}) }
    rows[1].estimate = { wall = 100, size = 20 }
    rows[2].failure = { message = "boom", job = 2 }
    local list = records { { name = "x", file = "x.lua",
      sizes = { size(500, rows) } },
      { file = "y.lua", failure = { message = "no, not this" }, sizes = {} } }
    assert.same({ "estimated", "100", "from the runs with 20 jobs" },
      { list[1].status, list[1].wall_s, list[1].message })
    assert.same({ "failed", "", "job 2: boom" },
      { list[2].status, list[2].wall_s, list[2].message })
    assert.same({ "", "y.lua", "", "failed", "no, not this" },
      { list[3].scenario, list[3].file, list[3].jobs, list[3].status,
        list[3].message })
  end)
end)

describe("docs/compare.md", function()
  local file = assert(io.open "docs/compare.md")
  local page = file:read("a"):gsub("%s+", " ")
  file:close()

  it("explains every column of the CSV", function()
    for name in csv.text({}):gmatch "[%w_]+" do
      assert.matches("`" .. name .. "`", page)
    end
  end)

  it("has the numbers of the rules", function()
    local stats = require "luaconc.compare.stats"
    local rounds = require "luaconc.compare.rounds"
    local rule = require "luaconc.compare.rule"
    local verdict = require "luaconc.compare.verdict"
    local workers = require "luaconc.compare.workers"
    local character = require "luaconc.compare.character"
    local function percent(share) return ("%.0f %%"):format(share * 100) end
    for _, words in ipairs {
      ("than %d, or than there are descriptors for (%d a worker)"):format(
        workers.MOST, workers.NEEDS),
      "narrower than " .. percent(rounds.NARROW),
      ("or there are %d"):format(rounds.MOST),
      ("(%s times, %s, always"):format(units.count(stats.RESAMPLES),
        percent(stats.LEVEL)),
      "differ by less than " .. percent(verdict.MATTERS),
      ("takes %g times as long or more"):format(stats.GROSS),
      ("more than %g times the distance"):format(stats.FENCE),
      "wider than " .. percent(stats.UNSTABLE),
      ("for %s of their time or more"):format(percent(character.COMPUTING)),
      ("less than %d jobs that wait for less than %g ms each"):format(
        rule.MANY, rule.LONG * 1000),
    } do
      assert.is_truthy(page:find(words, 1, true), words)
    end
    assert.same({ 6, 6, 5, 0.1 }, { stats.FEW, rounds.LEAST, stats.ENOUGH,
      verdict.CROWDED })
  end)
end)

describe("a suggestion", function()
  it("is the nearest name, if one is near", function()
    local names = { "serial", "task", "thread" }
    assert.equal("task", suggest.nearest("tsak", names))
    assert.equal("thread", suggest.nearest("threads", names))
    assert.equal("serial", suggest.nearest("SERIAL", names))
    assert.is_nil(suggest.nearest("banana", names))
  end)
end)
