local advice = require "luaconc.compare.advice"
local compare = require "luaconc.compare"
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
    assert.matches("Other programs kept the cores busy: .* up to 50 %% of "
      .. "their time", words(0.5))
    assert.not_matches("Other programs", words(0.09))
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
    assert.matches("^No verdict: .* may be that of other programs%.", words)
    assert.matches("Other programs kept the cores busy", words)
    assert.is_nil(engine)
    words, engine = advise(4, { row("serial", near(1), { delayed = 0.3 }),
      row("task", near(0.6)) })
    assert.matches("^Tasks fit: ", words)
    assert.equal("task", engine)
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

describe("the report of a size", function()
  it("is a table with bars, a table of costs, and the advice", function()
    local s = size(20, { row("serial", near(4)), row("task", near(0.2),
      { memory = 3 }) })
    assert.equal([[

20 jobs, 8 rounds, results equal
               wall                                    95 % interval  speed-up
  serial     4.00 s  █████████████████████████████    3.98 to 4.02 s      1.00
  task       200 ms  █▌                                199 to 201 ms      20.0

                 CPU      time        peak     context     switches
                user    system      memory   voluntary  involuntary  start-up
  serial     40.0 ms      0 ms    2.00 MiB          40            3   3.00 ms
  task       2.00 ms      0 ms    3.00 MiB          40            3   3.00 ms

]], (report.size(pipe, s, RESULT):gsub("Tasks fit.*", "")))
  end)

  it("stays within 80 columns and plain when it is piped", function()
    local rows = { row("serial", near(4)), row("task", near(0.2)) }
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

describe("a suggestion", function()
  it("is the nearest name, if one is near", function()
    local names = { "serial", "task", "thread" }
    assert.equal("task", suggest.nearest("tsak", names))
    assert.equal("thread", suggest.nearest("threads", names))
    assert.equal("serial", suggest.nearest("SERIAL", names))
    assert.is_nil(suggest.nearest("banana", names))
  end)
end)
