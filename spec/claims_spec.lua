-- The book of claims: its rules on figures that are fed, one claim for real,
-- and the command.

local claims = require "luaconc.claims"
local rule = require "luaconc.lab.rule"
local thresholds = require "luaconc.lab.thresholds"
local trial = require "luaconc.lab.trial"

local function interval(low, median, high)
  return { low = low, median = median, high = high, n = 5 }
end

-- What some claims say beside their parts.
local EXTRAS = {
  ["choose-500"] = { time_found = { number = 400, low = 50, high = 1000 },
    memory_found = { number = 50, low = 50, high = 1000 } },
  ["async-gather"] = { finished = "3 1 2" },
}

local PASS = {
  [">="] = function(border) return border * 1.5 + 1 end,
  ["<="] = function(border) return border * 0.5 end,
}
local FAIL = {
  [">="] = function(border) return border - math.abs(border) * 0.01 end,
  ["<="] = function(border) return border * 1.01 + 0.01 end,
}

-- Figures with which every part of a claim says yes, or no.
local function fed(claim, by)
  local figures = {}
  for name, value in pairs(EXTRAS[claim.id] or {}) do figures[name] = value end
  for _, part in ipairs(claim.parts) do
    figures[part[1]] = by[part[2]](part[3].value)
  end
  return figures
end

local function claimed()
  local list = {}
  for i, id in ipairs(claims.ids()) do list[i] = claims.get(id) end
  return list
end

describe("the book of claims", function()
  it("has a file for each claim, and a claim for each file", function()
    assert.same(claims.ORDER, claims.ids())
    local files = 0
    for line in io.popen("ls lua/luaconc/claims"):lines() do
      if line ~= "init.lua" then
        files = files + 1
        assert.equal(line:gsub("%.lua$", ""), claims.get(
          (line:gsub("%.lua$", ""))).id)
      end
    end
    assert.equal(#claims.ORDER, files)
    assert.equal(46, files)
  end)

  it("is of one shape", function()
    for _, claim in ipairs(claimed()) do
      local at = claim.id
      for _, field in ipairs { "says", "experiment", "figure" } do
        assert.equal("string", type(claim[field]), at .. " " .. field)
      end
      assert.is_true(#claim.engines > 0, at)
      assert.equal("function", type(claim.measure), at)
      assert.is_true(#claim.parts > 0, at)
      for _, part in ipairs(claim.parts) do
        assert.equal("string", type(part[1]), at)
        assert.is_truthy(PASS[part[2]], at)
        assert.equal(thresholds[part[3].name], part[3], at)
        assert.matches("%a", part[3].reason)
        assert.is_truthy(rule.show(1, part[5]), at)
      end
      assert.is_truthy(claims.group(claim.id))
      assert.matches("^%u.*%.$", claim.says, at)
    end
  end)

  it("uses each border, and gives a reason for each", function()
    local used = {}
    for _, claim in ipairs(claimed()) do
      for _, part in ipairs(claim.parts) do used[part[3].name] = true end
    end
    used.FEW_CONNECTIONS = true -- by choose-500, as a number
    for name in pairs(thresholds) do assert.is_true(used[name], name) end
  end)
end)

describe("docs/claims.md", function()
  local file = assert(io.open "docs/claims.md")
  local page = file:read "a"
  file:close()

  it("has every border with its value and reason, and every claim", function()
    for name, t in pairs(thresholds) do
      assert.is_truthy(page:find(("| `%s` | %s | %s |"):format(name,
        rule.show(t.value, t.unit), t.reason), 1, true), name)
    end
    for _, claim in ipairs(claimed()) do
      assert.is_truthy(page:find(("| `%s` | %s | %s |"):format(claim.id,
        claim.says, claim.figure), 1, true), claim.id)
    end
  end)
end)

describe("every rule", function()
  it("says holds where all figures pass, and explains it with them", function()
    for _, claim in ipairs(claimed()) do
      local found = trial.judge(claim, fed(claim, PASS))
      assert.equal("holds", found.verdict, claim.id)
      assert.matches("^%S.*%.$", found.sentence, claim.id)
    end
  end)

  it("denies where all figures fail", function()
    for _, claim in ipairs(claimed()) do
      local found = trial.judge(claim, fed(claim, FAIL))
      assert.equal(claim.lock and "not about Lua" or "does not hold",
        found.verdict, claim.id)
      assert.matches("%.$", found.sentence, claim.id)
    end
  end)

  it("changes on either side of each border, and passes on it", function()
    for _, claim in ipairs(claimed()) do
      for _, part in ipairs(claim.parts) do
        local figures = fed(claim, PASS)
        local at = claim.id .. " " .. part[1]
        figures[part[1]] = part[3].value
        assert.equal("yes", rule.answer(part, figures), at)
        assert.equal("holds", rule.verdict(claim, figures), at)
        figures[part[1]] = FAIL[part[2]](part[3].value)
        assert.equal("no", rule.answer(part, figures), at)
        assert.not_equal("holds", rule.verdict(claim, figures), at)
      end
    end
  end)

  it("leaves it open where an interval spans the border", function()
    for _, claim in ipairs(claimed()) do
      for _, part in ipairs(claim.parts) do
        local figures = fed(claim, PASS)
        local border = part[3].value
        figures[part[1]] = interval(border - 0.1 * math.abs(border) - 0.1,
          border, border * 1.1 + 0.1)
        assert.equal("open", rule.answer(part, figures))
        assert.equal("can't be decided", rule.verdict(claim, figures),
          claim.id)
        -- One side of the border is enough for an answer.
        figures[part[1]] = interval(border, border, border)
        assert.equal("holds", rule.verdict(claim, figures), claim.id)
      end
    end
  end)

  it("can't decide without a figure, and says which is missing", function()
    for _, claim in ipairs(claimed()) do
      local figures = {}
      for name, value in pairs(EXTRAS[claim.id] or {}) do
        figures[name] = value
      end
      figures.missing = "no such thing here"
      local found = trial.judge(claim, figures)
      assert.equal("can't be decided", found.verdict, claim.id)
      assert.matches("not measured: no such thing here", found.parts[1].text)
      assert.is_string(found.sentence)
    end
  end)
end)

describe("a rule of several parts", function()
  local T = thresholds
  local two = { id = "x", parts = { { "a", ">=", T.MORE, "a %s", "ratio" },
    { "b", "<=", T.HALF, "b %s", "share" } } }

  it("holds in part where they disagree", function()
    assert.equal("holds in part", rule.verdict(two, { a = 3, b = 0.9 }))
    assert.equal("holds in part", rule.verdict(two, { a = 1, b = 0.1 }))
    assert.equal("does not hold", rule.verdict(two, { a = 1, b = 0.9 }))
  end)

  it("is decided by a part that must hold", function()
    local must = { id = "x", parts = { two.parts[1], two.parts[2] } }
    must.parts[1] = { "a", ">=", T.MORE, "a %s", "ratio", must = true }
    assert.equal("does not hold", rule.verdict(must, { a = 1, b = 0.1 }))
    assert.equal("holds", rule.verdict(must, { a = 2, b = 0.1 }))
  end)

  it("is open where one part is, unless others disagree", function()
    assert.equal("can't be decided", rule.verdict(two, { a = 3 }))
    assert.equal("can't be decided", rule.verdict(two, { a = 1 }))
  end)
end)

describe("the sentence of a verdict", function()
  it("tells what each part needs, unless all have it", function()
    local claim = claims.get "choose-cpu"
    local figures = fed(claim, PASS)
    assert.not_matches("needs", trial.judge(claim, figures).sentence)
    figures.thread = interval(0.9, 1, 1.1)
    figures.task = interval(1.2, 1.4, 1.5)
    local said = trial.judge(claim, figures).sentence
    assert.matches("%[yes: needs at least 75 %%%]; tasks", said)
    assert.matches("1.20 to 1.50%) times as long %[open: needs at least 1.30%]", said)
    assert.matches("0.90 to 1.10%) times as long %[no: needs at least 1.30%]", said)
  end)

  it("says what is needed in words where the border does not", function()
    local claim = claims.get "choose-500"
    assert.matches("tasks win from 400 requests on %[no: needs 250 to 1,000%]",
      trial.judge(claim, fed(claim, FAIL)).sentence)
  end)

  it("says that CPython was not asked, and that cores were held", function()
    for _, id in ipairs { "choose-cpu", "proc-parallel", "thread-gil", "async-gil",
      "async-cpu-poor", "async-debug" } do
      local claim = claims.get(id)
      local figures = fed(claim, FAIL)
      figures.absent = "python3 is not installed"
      figures.note = "Other programs held the cores."
      assert.matches("not done %(python3 is not installed%)%. Other programs held the "
        .. "cores%.$", trial.judge(claim, figures).sentence, id)
    end
  end)
end)

describe("an experiment with files", function()
  local conc = require "luaconc"
  local store = require "luaconc.lab.experiments.store"

  it("removes what a killed one has left, and nothing else", function()
    local places = store.PLACES
    local place = assert(conc.fs.mkdtemp(os.tmpname() .. "-"))
    local own = assert(conc.fs.readlink "/proc/self")
    -- No process has so high a number.
    local left = { dead = "luaconc-store-4194999-abcDEF",
      live = ("luaconc-store-%s-abcDEF"):format(own),
      other = "luaconc-store-4194999-a;b" }
    for _, name in pairs(left) do
      assert(conc.fs.mkdir(place .. "/" .. name))
      assert(conc.fs.write_file(place .. "/" .. name .. "/number", "1"))
    end
    store.PLACES = { place }
    local r = store.probes.store { engine = "task", times = 3, locked = true }
    store.PLACES = places
    assert.equal(0, r.lost)
    local names = {}
    for _, entry in ipairs(conc.fs.scandir(place)) do names[entry.name] = true end
    assert(conc.fs.remove(place, { tree = true }))
    os.remove((place:match "^(.*)%-"))
    assert.same({ [left.live] = true, [left.other] = true }, names)
  end)
end)

describe("what a change takes", function()
  it("is the lines of the new text that were not in the old one, in order", function()
    local changed = require "luaconc.lab.texts".changed
    assert.equal(0, changed("a\nb\nc", "a\nb\nc"))
    assert.equal(0, changed("a\nb\nc", "a\nc"))
    assert.equal(1, changed("a\nb\nc", "a\nx\nc"))
    assert.equal(2, changed("a\nb\nc", "b\nx\na\nc"))
    assert.equal(3, changed("a", "x\ny\nz"))
  end)
end)

describe("a claim about the interpreter lock", function()
  it("is not about Lua where CPython has it, and false where none has",
    function()
      for _, id in ipairs { "thread-gil", "async-gil" } do
        local claim = claims.get(id)
        local figures = fed(claim, FAIL)
        figures.version = "3.11"
        figures.cpython = 1.0
        assert.equal("not about Lua", rule.verdict(claim, figures))
        assert.matches("CPython 3.11", trial.judge(claim, figures).sentence)
        figures.cpython = 1.9
        assert.equal("does not hold", rule.verdict(claim, figures))
        assert.equal("holds", rule.verdict(claim, fed(claim, PASS)))
      end
    end)
end)

describe("luaconc claims", function()
  local function run(...)
    return require("spec.support.commandline").run("claims", ...)
  end

  it("lists the claims by group", function()
    local status, out = run "--list"
    assert.equal(0, status)
    for _, id in ipairs(claims.ORDER) do
      assert.is_truthy(out:find("\n  " .. id .. " ", 1, true), id)
    end
    for line in out:gmatch "[^\n]+" do assert.is_true(#line <= 80, line) end
    local _, few = run("--list", "async", "proc-memory")
    assert.equal(15, select(2, few:gsub("\n  async%-", "")))
    assert.equal(1, select(2, few:gsub("\n  proc%-", "")))
    local _, twice = run("--list", "async-debug", "async", "async-debug")
    assert.equal(1, select(2, twice:gsub("\n  async%-debug", "")))
  end)

  it("ends an experiment at its limit, and says which", function()
    local status, out = run("async-gather", "--limit", "0.05")
    assert.equal(1, status)
    assert.matches("async%-gather: could not be run", out)
    assert.matches("fetch of fetch was ended by SIGKILL as it ran longer than "
      .. "0%.05 s%s+%(%-%-limit%)", out)
    assert.matches("could not be run 1%.", out)
  end)

  it("runs one, writes the files, and says nothing on standard error",
    function()
      local json, html = os.tmpname(), os.tmpname()
      local status, out, err = run("async-lifecycle", "--json", json, "--html",
        html)
      assert.equal(0, status)
      assert.equal("", err)
      assert.matches("^async%-lifecycle: holds\n", out)
      assert.matches("5 of 5 steps work", out)
      assert.matches("\n1 claim in .*: holds 1%.\n", out)
      local file = assert(io.open(json))
      local data = assert(require("dkjson").decode(file:read "a"))
      file:close()
      os.remove(json)
      assert.equal("holds", data.claims[1].verdict)
      assert.equal("yes", data.claims[1].parts[1].answer)
      assert.is_string(data.machine.processor)
      assert.is_number(data.machine.load)
      file = assert(io.open(html))
      local page = file:read "a"
      file:close()
      os.remove(html)
      assert.matches("^<!DOCTYPE html>", page)
      assert.matches('id="async%-lifecycle"', page)
    end)

  it("sums up, and tells that it was interrupted", function()
    local report = require "luaconc.lab.report"
    local style = require("luaconc.compare.text").new(nil)
    local trials = { { verdict = "holds" }, { verdict = "holds in part" }, {} }
    assert.equal("3 claims in 2.00 s: holds 1, holds in part 1, could not be run 1.\n",
      report.summary(style, trials, { seconds = 2, asked = 3 }))
    assert.matches("^3 of 46 claims until it was interrupted in 2.00 s: ",
      report.summary(style, trials, { seconds = 2, asked = 46 }))
  end)

  it("refuses an unknown claim by name", function()
    local status, _, err = run "async-lifecycl"
    assert.equal(2, status)
    assert.matches("no claim 'async%-lifecycl'; did you mean "
      .. "'async%-lifecycle'", err)
    assert.equal(2, (run("--quick", "--full", "async-lifecycle")))
  end)
end)
