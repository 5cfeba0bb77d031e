-- What the instrument does beside one comparison: sweeps, saved runs, programs
-- of other languages, pages.

local baseline = require "luaconc.compare.baseline"
local compare = require "luaconc.compare"
local crossing = require "luaconc.compare.crossing"
local engines = require "luaconc.compare.engines"
local json = require "luaconc.compare.json"
local outside = require "luaconc.compare.outside"
local page = require "luaconc.page"
local plot = require "luaconc.page.plot"
local scale = require "luaconc.page.scale"
local stats = require "luaconc.compare.stats"
local sweep = require "luaconc.compare.sweep"
local samples = require "spec.support.samples"

local randoms, sample = samples.randoms, samples.times

local function close(a, b)
  return math.abs(a - b) < 1e-4
end

describe("the test of Mann and Whitney", function()
  -- Worked out by hand: of the 20 orders of 3 and 3, one has U = 0.
  it("counts all orders of short lists", function()
    local p, u = stats.mann_whitney({ 1, 2, 3 }, { 4, 5, 6 })
    assert.equal(0, u)
    assert.is_true(close(p, 2 / 20))
    p = stats.mann_whitney({ 1, 2, 3, 4 }, { 5, 6, 7, 8 })
    assert.is_true(close(p, 2 / 70))
    -- U = 4 of 9 lies in the middle: 13 of 20 orders have 4 or less or more.
    p, u = stats.mann_whitney({ 1, 4, 5 }, { 2, 3, 6 })
    assert.equal(4, u)
    assert.equal(1, p)
  end)

  -- By hand: three pairs of ties, variance 16 / 12 * (9 - 18 / 56), z = (6.5 -
  -- 0.5) / 3.4017 = 1.7639, and so p = 0.0778.
  it("takes the normal approximation where there are ties", function()
    local p, u = stats.mann_whitney({ 1, 1, 2, 3 }, { 2, 4, 4, 5 })
    assert.equal(1.5, u)
    assert.is_true(math.abs(p - 0.0778) < 1e-4, tostring(p))
  end)

  it("does not care which list comes first", function()
    local random = randoms(3)
    for _ = 1, 20 do
      local a, b = sample(random, 9), sample(random, 7)
      assert.is_true(close((stats.mann_whitney(a, b)),
        (stats.mann_whitney(b, a))))
    end
  end)

  it("gives 1 where all are equal", function()
    assert.equal(1, (stats.mann_whitney({ 2, 2 }, { 2, 2, 2 })))
  end)

  it("is the same, exact or approximated, for lists of middle length",
    function()
      local random = randoms(11)
      local a, b = sample(random, 12), sample(random, 12)
      local exact = stats.mann_whitney(a, b)
      local most = stats.EXACT
      stats.EXACT = 0
      local near = stats.mann_whitney(a, b)
      stats.EXACT = most
      assert.is_true(math.abs(exact - near) < 0.01)
    end)
end)

describe("a plot of lines", function()
  local function series(name)
    local points = {}
    for i, x in ipairs { 1, 10 } do
      points[i] = { x = x, samples = { i }, interval = { median = i, low = i, high = i,
        n = 1 } }
    end
    return { name = name, points = points }
  end

  it("tells programs apart, and gives the legend the lines that it takes", function()
    local names, list = { "task", "python", "c", "awk", "a-name-that-is-long",
      "another-one-of-these" }, {}
    for i, name in ipairs(names) do list[i] = series(name) end
    local svg = plot.lines("t", list, tostring, tostring)
    for i = 1, 3 do assert.matches('class="other' .. i .. '"', svg) end
    local width, lines = tonumber(svg:match 'viewBox="0 0 (%d+)'), {}
    for _, name in ipairs(names) do
      local x, y = svg:match('x="([%d.]+)" y="([%d.]+)" text%-anchor="start">'
        .. name:gsub("%-", "%%-"))
      assert.is_true(tonumber(x) + 8 * #name <= width + 8, name)
      lines[y] = true
    end
    assert.is_truthy(next(lines, next(lines)), "one line")
  end)
end)

describe("a plot of rows", function()
  it("has room for long names, and cuts what is too long", function()
    local function at(name)
      local svg = plot.strips("t", { { name = name, samples = { 1, 2 } } }, tostring)
      return tonumber(svg:match 'x="([%d.]+)" y="[%d.]+" text%-anchor="end"'), svg
    end
    assert.is_true(at "a name of 20 letters" > 20 * 7)
    local _, svg = at(("x"):rep(90))
    assert.matches(">x+…<", svg)
  end)
end)

describe("a saved run", function()
  it("differs from an equal one in no more than 5 of 100 trials", function()
    local random, found, trials = randoms(77), 0, 400
    local before = stats.RESAMPLES
    stats.RESAMPLES = 300 -- the trials are many; each needs less
    for _ = 1, trials do
      local d = baseline.difference(sample(random, 10), sample(random, 10))
      if d.verdict ~= 0 then found = found + 1 end
    end
    stats.RESAMPLES = before
    assert.is_true(found <= 0.06 * trials, found .. " of " .. trials)
  end)

  it("differs from one that took a third longer nearly always", function()
    local random, found = randoms(8), 0
    for _ = 1, 50 do
      local a = sample(random, 12)
      for i, v in ipairs(a) do a[i] = v * 4 / 3 end
      if baseline.difference(a, sample(random, 12)).verdict == 1 then
        found = found + 1
      end
    end
    assert.is_true(found >= 47, found .. " of 50")
  end)

  it("is refused where it is no such file, by line", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write '{"scenarios": [\n 1,, 2]}'
    file:close()
    local record, message = baseline.load(path)
    os.remove(path)
    assert.is_nil(record)
    assert.matches("line 2: a value expected", message)
    assert.matches("cannot read", select(2, baseline.load "/nonesuch/x"))
  end)
end)

describe("JSON", function()
  it("comes back as it was written", function()
    local value = { a = json.list { 1, 2.5, "x\"\\\n\u{e9}\u{1F600}" },
      b = { c = true, d = false }, e = json.list {}, n = -1e-7 }
    assert.same(value, json.decode(json.encode(value)))
  end)

  it("reads escapes and pairs, and no more than one value", function()
    assert.equal("A\u{1F600}/", json.decode [["\u0041\ud83d\ude00\/"]])
    assert.equal("\u{FFFD}", json.decode [["\ud800"]])
    for _, text in ipairs { "", "{", "[1,]", "1 2", '"a', "{1:2}", "nul",
      '"\1"', ("["):rep(200) } do
      local value, message = json.decode(text)
      assert.is_nil(value)
      assert.matches("^line 1: ", message)
    end
  end)
end)

describe("a crossing", function()
  local function asker(border, asked)
    return function(n)
      asked[#asked + 1] = n
      return n >= border and 1 or -1
    end
  end

  it("is found within a tenth, in few questions", function()
    for _, border in ipairs { 51, 640, 777, 4999 } do
      local asked = {}
      local c = crossing.find(50, 5000, asker(border, asked))
      assert.is_true(c.from < border and border <= c.to, border)
      assert.is_true(c.to / c.from <= 1.1 or c.to - c.from == 1)
      assert.is_true(#asked <= 9, #asked)
    end
  end)

  it("is none where both ends agree", function()
    local c = crossing.find(50, 5000, function() return 1 end)
    assert.is_nil(c.to)
    assert.equal(1, c.after)
  end)

  it("ends between neighbours", function()
    local c = crossing.find(1, 3, asker(3, {}))
    assert.same({ 2, 3 }, { c.from, c.to })
  end)
end)

-- A size in which these engines took that long, 8 rounds each.
local function size(n, walls)
  local rows = {}
  for _, name in ipairs { "serial", "task", "thread" } do
    if walls[name] then
      local row = { engine = name, runs = {} }
      for i = 1, 8 do
        row.runs[i] = { wall = walls[name] * (1 + i / 1000), user = 0.001,
          system = 0, voluntary = 1, involuntary = 1, delayed = 0, sent = 0,
          memory = 1e6, job_memory = 100, startup = 0.01, ready = 0 }
      end
      rows[#rows + 1] = row
    end
  end
  compare.summarise(rows)
  return { size = n, rows = rows, rounds = 8, measured = true, cores = 2 }
end

describe("a sweep", function()
  it("has two points in a decade, and both ends", function()
    assert.same({ 50, 158, 500, 1581, 5000 }, sweep.points(50, 5000))
    assert.same({ 1, 2 }, sweep.points(1, 2))
  end)

  it("narrows the change of the winner down, and tells it", function()
    local result = { sizes = {} }
    local function at(n)
      return size(n, { serial = n * 0.01, task = 3 + n * 0.001 })
    end
    for _, n in ipairs { 100, 1000 } do table.insert(result.sizes, at(n)) end
    local asked = 0
    sweep.narrow(result, compare.ratio, function(n)
      asked = asked + 1
      local s = at(n)
      table.insert(result.sizes, s)
      return s
    end)
    assert.is_true(asked <= 6, asked)
    local changes, winners = sweep.changes(result, compare.ratio)
    assert.same({ "serial", "task" }, winners)
    -- 3 + n / 1000 = n / 100 at 333.3
    -- (Where they are within 2 %, the simpler one wins.)
    assert.is_true(changes[1].after <= 345 and changes[1].at >= 333)
    assert.is_true(changes[1].at / changes[1].after <= 1.1)
    assert.matches("^Crossing: tasks win from %d+ jobs on %(at %d+: the serial "
      .. "run%)%.$", sweep.sentence(result, compare.ratio))
  end)

  it("says that there is no crossing", function()
    local result = { sizes = { size(10, { serial = 1, task = 0.1 }),
      size(100, { serial = 10, task = 0.2 }) } }
    assert.equal("No crossing: tasks win from 10 to 100 jobs, wherever one "
      .. "clearly does.", sweep.sentence(result, compare.ratio))
    result.sizes[2] = nil
    assert.is_nil(sweep.sentence(result, compare.ratio))
  end)
end)

describe("a program as an engine", function()
  it("gets the number of jobs, settings and plain context", function()
    assert.same({ "env", "LUACONC_HOST=a b", "LUACONC_JOBS=7", "LUACONC_N=7",
      "LUACONC_PORT=80", "sh", "-c", "get 'a b' 80 {7 jobs} {x} 7" },
      outside.argv("get {host} {port} {{n} jobs} {x} {n}",
        { size = 7, set = { port = 80 }, ctx = { host = "a b", list = {} } }))
    local argv = outside.argv("get {n} {jobs}", { size = 7, set = { n = 80, jobs = 9 } })
    assert.equal("get 80 7", argv[#argv])
  end)

  it("is told the first line that is not as it should be", function()
    assert.same({ "'b' on line 2", "'c'" }, { outside.difference("a\nb", "a\nc") })
    assert.same({ "nothing on line 2", "'c'" }, { outside.difference("a", "a\nc") })
    assert.same({ "'3'", "nothing" }, { outside.difference("3", "") })
  end)

  it("prints results one on a line, unless the scenario shows them", function()
    assert.equal("1\n2.5\ntrue", outside.text({}, { 1, 2.5, true }))
    assert.equal("sum 3", outside.text({ show = function(r)
      return "sum " .. r[1] + r[2] .. "\n"
    end }, { 1, 2 }))
  end)

  it("comes after the engines of Lua in the order of what is simple", function()
    engines.add("zig", "true")
    assert.is_true(engines.place "zig" > engines.place "process")
    assert.equal("zig", engines.get("zig").title)
  end)
end)

describe("a scale", function()
  it("has round ticks from zero, around all values", function()
    local s = scale.of { 3, 9.4 }
    assert.same({ 0, 2, 4, 6, 8, 10 }, s.ticks)
    assert.equal(0.5, s.at(5))
  end)

  it("is logarithmic where values differ much", function()
    local s = scale.of { 1, 1000 }
    assert.same({ 1, 10, 100, 1000 }, s.ticks)
    assert.is_true(math.abs(s.at(10) - 1 / 3) < 1e-9)
    assert.is_true(scale.of({ 0.5, 0.9 }, true).low <= 0.5)
  end)

  it("takes multiples of a base, for bytes", function()
    local s = scale.of({ 3 << 20, 9 << 20 }, nil, 1 << 20)
    assert.equal(2 << 20, s.ticks[2])
    assert.equal(0.5, s.at(5 << 20))
  end)

  it("bears no value, one value, and zeros", function()
    for _, list in ipairs { {}, { 5 }, { 0 }, { 0, 0 }, { 1e-9, 1e9 } } do
      local s = scale.of(list)
      assert.is_true(#s.ticks >= 2)
      for _, v in ipairs(list) do
        assert.is_true(s.at(v) >= 0 and s.at(v) <= 1.000001)
      end
    end
    for _, v in ipairs { 1e-3, 1, 3, 1e6 } do
      local s = scale.of({ v, v }, true)
      assert.is_true(s.low < s.high and s.at(v) >= 0 and s.at(v) <= 1)
    end
  end)
end)

describe("a page", function()
  it("escapes what stands in it", function()
    assert.equal("&lt;b&gt; &amp; &quot;x&quot; &#39;y&#39;",
      page.escape [[<b> & "x" 'y']])
    assert.is_nil(page.table({ { "<i>" }, { "a&b" } }, "<c>"):find "<[ic]>")
  end)

  it("needs nothing from elsewhere", function()
    local text = page.document("t", page.element("p", "x"))
    assert.is_nil(text:find "<script")
    assert.is_nil(text:find "src=")
    assert.is_nil(text:find "url%(")
    assert.matches('<html lang="en">', text)
    assert.matches("prefers%-color%-scheme: dark", text)
    assert.matches("@media print", text)
  end)

  it("tells a plot to who does not see it", function()
    local svg = plot.strips("Wall <time>", { { name = "task",
      samples = { 1, 2, 3 }, interval = stats.interval { 1, 2, 3 } } },
      tostring)
    assert.matches('role="img" aria%-labelledby="plot%d+%-t plot%d+%-d"', svg)
    assert.matches("<title id=\"plot%d+%-t\">Wall &lt;time&gt;</title>", svg)
    assert.matches("task: median 2, from 1 to 3, 3 samples", svg)
    assert.equal(3, select(2, svg:gsub("<circle", "")))
  end)

  it("shows a comparison: each run, each size, the crossing", function()
    local result = { name = "a <b>", file = "x.lua", sizes = {
      size(100, { serial = 1, task = 3.1 }),
      size(1000, { serial = 10, task = 4 }) } }
    local text = require("luaconc.compare.book").text { result }
    assert.matches("a &lt;b&gt;", text)
    assert.matches("tasks from 1,000 on", text)
    assert.matches("Crossing: tasks win from 1,000 jobs on", text)
    -- four lines and two sizes, each with 8 runs of two engines
    local _, dots = text:gsub('class="dot"', "")
    assert.is_true(dots >= 2 * 8 * 2 * 5, dots)
  end)
end)

describe("luaconc compare, grown up", function()
  local lua = os.getenv "LUACONC_LUA" or "lua5.4"
  local SCENARIO = [[
    local _, set = ...
    local plus = set.plus or 0
    return { name = "squares", sizes = { 2 },
      job = function(i) return i * i + plus end }]]

  local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read "a"
    file:close()
    os.remove(path)
    return text
  end

  local function quoted(word)
    return "'" .. word:gsub("'", "'\\''") .. "'"
  end

  local function run(...)
    local path, out, err = os.tmpname(), os.tmpname(), os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(SCENARIO)
    file:close()
    local words = { "timeout -k 2 60", lua, "bin/luaconc compare" }
    for _, word in ipairs { ... } do
      words[#words + 1] = word == "FILE" and path or quoted(word)
    end
    local _, _, status = os.execute(table.concat(words, " ") .. " >" .. out
      .. " 2>" .. err)
    os.remove(path)
    return status, read(out), read(err)
  end

  it("takes settings, a program, a saved run, and writes a page", function()
    local saved, html = os.tmpname(), os.tmpname()
    local status, out = run("--runs=1", "--engines=serial", "--set", "plus=1",
      "--command", "sh=echo 2; echo 5", "--json", saved, "FILE")
    assert.equal(0, status, out)
    assert.matches("\n  sh +[%d.]+ [mu]?s ", out)
    assert.matches("2 jobs, 1 round, results equal", out)
    assert.matches("The time of sh is that from its start to its end", out)
    status, out = run("--runs=1", "--engines=serial", "--set", "plus=1",
      "--baseline", saved, "--html", html, "FILE")
    os.remove(saved)
    assert.equal(0, status, out)
    assert.matches("Before: serial: [%d.]+ times the time of before", out)
    assert.matches("^<!DOCTYPE html>", read(html))
  end)

  it("shows no figures for a program that gives something else", function()
    local status, out = run("--runs=1", "--engines=serial",
      "--command=sh=echo 3", "FILE")
    assert.equal(1, status)
    assert.matches("\n  sh +failed\n", out)
    assert.matches("printed '3' on line %d, but serial gives '1'", out)
  end)

  it("compares programs alone, and numbers of workers", function()
    local status, out = run("--runs=1", "--command=a=echo {n}",
      "--command=b=echo $LUACONC_N", "--sizes=3")
    assert.equal(0, status, out)
    assert.matches("\n3 jobs, 1 round, results equal\n", out)
    status, out = run("--runs=1", "--engines=thread", "--workers=1,2", "FILE")
    assert.equal(0, status, out)
    assert.matches("2 jobs on 1 worker, 1 round", out)
    assert.matches("Quickest: threads with %d workers? ", out)
  end)

  it("shows on Ctrl-C what was measured so far", function()
    local path, ready = os.tmpname(), os.tmpname()
    local file = assert(io.open(path, "w"))
    -- The fourth run in which the job is reached interrupts the command: after
    -- a warm-up and at least one round, in the middle of another.
    file:write(([[
      local file = %q
      return { name = "slow", sizes = { 1 }, setup = function()
        return { pid = tonumber(
          io.open("/proc/self/stat"):read "a":match "^%%d+") }
      end, job = function(i, ctx)
        local out = io.open(file, "a")
        out:write "x"
        out:close()
        local n = #io.open(file):read "a"
        if n == 4 then
          os.execute("kill -INT " .. ctx.pid)
          require("luaconc").sleep(5)
        end
        return i
      end }]]):format(ready))
    file:close()
    local out = os.tmpname()
    os.execute(("timeout -k 2 60 %s bin/luaconc compare --runs=9 "
      .. "--engines=task %s >%s 2>/dev/null"):format(lua, path, out))
    os.remove(path)
    os.remove(ready)
    assert.matches("1 job, 1 round until it was interrupted", read(out))
  end)

  it("sweeps over sizes", function()
    local status, out = run("--runs=1", "--engines=serial,task",
      "--sweep=2..6", "FILE")
    assert.equal(0, status, out)
    assert.matches("\n2 jobs, 1 round", out)
    assert.matches("\n6 jobs, 1 round", out)
    assert.matches("rossing", out)
  end)

  it("refuses what makes no sense, by name", function()
    local function complaint(...)
      local status, _, err = run(...)
      assert.equal(2, status)
      return err
    end
    assert.matches("no NAME=VALUE", complaint("--set", "x", "FILE"))
    assert.matches("no LOW..HIGH", complaint("--sweep", "9..3", "FILE"))
    assert.matches("an engine 'task' already",
      complaint("--command", "task=true", "FILE"))
    assert.matches("exclude each other",
      complaint("--sweep=1..2", "--sizes=3", "FILE"))
    assert.matches("cannot read",
      complaint("--baseline", "/nonesuch/x", "FILE"))
  end)

  it("names a setting that the scenario does not ask for", function()
    local status, out = run("--runs=1", "--set", "pluss=1", "FILE")
    assert.equal(1, status)
    assert.matches("no setting 'pluss'; did you mean 'plus'%?", out)
  end)
end)

describe("luaconc.compare for scripts", function()
  it("runs, computes, and reports in four forms", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[return { name = "tens", sizes = { 2 },
      job = function(i) return 10 * i end }]]
    file:close()
    local results = compare.run(path, { engines = { "serial", "task" },
      runs = 2 })
    os.remove(path)
    assert.equal(1, #results)
    local row = compare.row(results[1].sizes[1].rows, "task")
    assert.equal(2, #row.runs)
    assert.equal(row.wall.median, compare.statistics.median {
      row.runs[1].wall, row.runs[2].wall })
    assert.matches("^tens ", compare.report(results))
    assert.matches("2 jobs, 2 rounds, results equal", compare.report(results))
    assert.matches('^{', compare.report(results, "json"))
    assert.matches("^scenario,file,", compare.report(results, "csv"))
    assert.matches("^<!DOCTYPE html>", compare.report(results, "html"))
  end)

  it("refuses what it can't do, by name", function()
    assert.error_matches(function() compare.run(7) end,
      "bad argument #1 to 'run'")
    assert.error_matches(function() compare.report({}, "pdf") end,
      "bad argument #2 to 'report'")
  end)
end)
