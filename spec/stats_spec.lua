local conc = require "luaconc"
local testing = require "luaconc.testing"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

-- How `before` and now differ, by number.
local function change(before)
  local now, diff = conc.stats(), { jobs = {} }
  for key, value in pairs(now) do
    if type(value) == "number" then diff[key] = value - before[key] end
  end
  for state, n in pairs(now.jobs) do
    diff.jobs[state] = n - before.jobs[state]
  end
  return diff, now
end

local function turns_in(latency)
  local n = 0
  for _, bucket in ipairs(latency) do n = n + bucket[2] end
  return n
end

describe("stats", function()
  it("counts jobs by what they do, and by how they ended", function()
    local before = conc.stats()
    sim.run(function()
      conc.spawn(function() end)
      pcall(function()
        local g <close> = conc.group()
        g:spawn(error, "no")
      end)
      local h = conc.spawn(conc.sleep, 1)
      conc.spawn(conc.sleep, 2)
      conc.sleep(0.5)
      h:cancel()
      local inside = change(before)
      assert.equal(5, inside.started)
      assert.equal(1, inside.jobs.running)
      assert.equal(1, inside.jobs.waiting)
      assert.equal(1, inside.jobs.ready)   -- the cancelled one
    end)
    local after = change(before)
    assert.same({ ready = 0, running = 0, waiting = 0, done = 3, failed = 1,
      cancelled = 1 }, after.jobs)
  end)

  it("counts each wake-up, and shows who is ready", function()
    sim.run(function()
      local before = conc.stats()
      for _ = 1, 10 do conc.yield() end
      assert.equal(10, change(before).wakeups)
      for _ = 1, 5 do conc.spawn(function() end) end
      assert.equal(5, change(before).ready)
      conc.sleep(1)
      assert.equal(16, change(before).wakeups)
    end)
  end)

  it("counts what crosses to other states", function()
    local before = conc.stats().bytes
    conc.thread(function(s) return #s end, ("x"):rep(1000)):await()
    local bytes = conc.stats().bytes - before
    assert.is_true(bytes > 1000 and bytes < 3000, bytes)
  end)

  it("puts a turn that lasts into its bucket", function()
    conc.sleep(0.001)
    local before = conc.stats()
    conc.run(function()
      local till = conc.now() + 0.04
      while conc.now() < till do end
      conc.sleep(0.001)
    end)
    local diff, now = change(before)
    assert.is_true(diff.busy >= 0.04)
    assert.is_true(now.longest >= 0.04)
    local long = 0
    for i, bucket in ipairs(now.latency) do
      if bucket[1] >= 0.04 then long = long + bucket[2] - before.latency[i][2] end
    end
    assert.equal(1, long)
    assert.is_true(turns_in(now.latency) <= now.turns)
  end)

  it("times turns from its first use on", function()
    local result = script.run [[
      conc.run(function()
        for _ = 1, 3 do conc.sleep(0.001) end
        assert(not package.loaded["luaconc.stats"])
        local first = conc.stats()
        conc.sleep(0.001)
        conc.sleep(0.001)
        local later = conc.stats()
        assert(first.busy == 0 and first.turns >= 3)
        assert(later.busy > 0 and later.longest > 0)
        say "timed"
      end)
    ]]
    assert.equal("timed\n", result.out, result.err)
  end)

  it("is of each state", function()
    local n = conc.thread(function()
      local inner = require "luaconc"
      inner.spawn(function() end):await()
      return inner.stats().started
    end):await()
    assert.equal(2, n)
  end)
end)

-- What is wrong with a page, by the rules of the format that it can break:
-- each family once, its samples right below and named as its kind says,
-- buckets that grow, the end at the end.
local function problems(page)
  local list, kinds, family, last = {}, {}, nil, nil
  local suffixes = {
    counter = { _total = true }, gauge = { [""] = true },
    histogram = { _bucket = true, _sum = true, _count = true },
  }
  local function say(line) list[#list + 1] = line end
  for line in page:gmatch "(.-)\n" do
    local word, name, rest = line:match "^# (%u+) ([%w_]+) ?(.*)$"
    if line == "# EOF" then
      family = "the end"
    elseif word == "TYPE" then
      if kinds[name] then say(line) end
      kinds[name], family, last = rest, name, 0
    elseif word then
      if name ~= family then say(line) end
    else
      local sample, value = line:match "^([%w_]+){?[^}]*}? (%S+)$"
      if not sample or not kinds[family] or sample:sub(1, #family) ~= family
        or not suffixes[kinds[family]][sample:sub(#family + 1)]
        or not tonumber(value) then
        say(line)
      elseif sample:find "_bucket$" then
        if tonumber(value) < last then say(line) end
        last = tonumber(value)
      elseif sample:find "_count$" and tonumber(value) ~= last then
        say(line)
      end
    end
  end
  if family ~= "the end" then say "no end" end
  return list, kinds
end

describe("openmetrics", function()
  it("is a page that a reader of the format takes", function()
    local found, kinds = problems(conc.stats.openmetrics())
    assert.same({}, found)
    assert.equal("histogram", kinds.luaconc_loop_turn_seconds)
    assert.equal("counter", kinds.luaconc_jobs_ended)
    assert.equal("gauge", kinds.luaconc_jobs)
  end)

  it("would show a page that is wrong", function()
    local page = conc.stats.openmetrics()
    assert.same({ "luaconc_loop_turns 1" },
      (problems((page:gsub("luaconc_loop_turns_total %d+",
        "luaconc_loop_turns 1")))))
    assert.same({ "no end" }, (problems((page:gsub("# EOF\n", "")))))
  end)

  it("has the figures of stats", function()
    local page, started = conc.stats.openmetrics(), conc.stats().started
    assert.equal(started, tonumber(page:match
      "\nluaconc_jobs_started_total (%d+)\n"))
    assert.is_truthy(page:find('_bucket{le="+Inf"} ', 1, true))
  end)

  it("adds labels, escaped", function()
    local page = conc.stats.openmetrics { host = 'a"b\\c\nd', n = 1 }
    assert.is_truthy(page:find(
      [[luaconc_loop_ready{host="a\"b\\c\nd",n="1"} 0]], 1, true))
    assert.is_truthy(page:find([[d",n="1",le="+Inf"} ]], 1, true))
    assert.same({}, (problems(page)))
  end)

  it("refuses what is no label", function()
    sim.shows(sim.raises(conc.stats.openmetrics, 7), "table of labels expected", "got 7")
    sim.shows(sim.raises(conc.stats.openmetrics, { ["a b"] = 1 }), "a b")
    for _, name in ipairs { "le", "state", "outcome" } do
      sim.shows(sim.raises(conc.stats.openmetrics, { [name] = 1 }),
        "label '" .. name .. "' is one that the page has itself")
    end
    sim.shows(sim.raises(conc.stats.openmetrics, { host = "\xff" }),
      "label 'host' must be text in UTF-8")
  end)

  it("survives a lack of memory", function()
    for n = 1, 60 do
      local ok, err = pcall(function()
        testing.fail_lua(n)
        conc.stats.openmetrics()
      end)
      testing.fail_lua(nil)
      assert.is_true(ok or err == "not enough memory", tostring(err))
    end
    assert.same({}, (problems(conc.stats.openmetrics())))
  end)
end)
