-- luaconc advise: estimates on figures that are fed, and examples whose best
-- engine is known from `luaconc compare`.

local estimate = require "luaconc.advise.estimate"

local COSTS = {
  task = { start = 0, call = 1e-6, byte = 0 },
  thread = { start = 1e-4, call = 1e-5, byte = 1e-9 },
  process = { start = 5e-4, call = 3e-5, byte = 2e-9 },
}

local function best_of(jobs, current, refusal)
  local all = { block = 0, input = 8, output = 8, code = 0, limit = 64, pooled = true }
  for name, value in pairs(jobs) do all[name] = value end
  local list = estimate.all(all, COSTS, 2, 500, current)
  local best, now = estimate.choose(list, refusal)
  return best, now, list
end

describe("what is measured of jobs", function()
  local conc = require "luaconc"
  local probe = require "luaconc.advise.probe"

  it("is how many there were, how many failed, and how large the first results are", function()
    for _, engine in ipairs { "task", "thread" } do
      local sums = probe.sums(engine)
      local function job() return "result" end
      conc.run(function()
        for _ = 1, probe.SAMPLES + 2 do
          assert.equal("result", probe.measure(sums, job))
        end
        assert.is_false(pcall(probe.measure, sums, error, "no"))
      end)
      require("luaconc.core").account(false)   -- which it has switched on
      assert.equal(probe.SAMPLES + 3, probe.get(sums, "count"))
      assert.equal(1, probe.get(sums, "failed"))
      assert.equal(probe.SAMPLES, probe.get(sums, "sized"))
      assert.equal(probe.SAMPLES * #conc.codec.encode "result", probe.get(sums, "outbytes"))
    end
  end)
end)

describe("an estimate", function()
  it("sends what computes to as many workers as cores", function()
    local best, now = best_of({ n = 100, cpu = 0.01, wait = 0 },
      "task")
    assert.equal("thread", best.engine)
    assert.equal(2, best.workers)
    assert.is_true(math.abs(now.wall - 1) < 0.01)
    assert.is_true(best.wall > 0.5 and best.wall < 0.51)
  end)

  it("leaves what waits to tasks", function()
    local best = best_of({ n = 500, cpu = 1e-5, wait = 0.1 },
      "process")
    assert.equal("task", best.engine)
  end)

  it("calls for no engine where jobs are shorter than a hand-over", function()
    local best = best_of({ n = 1000, cpu = 1e-8, wait = 0, pooled = false }, "thread")
    assert.equal("serial", best.engine)
  end)

  it("stays with the engine in use unless another is clearly quicker",
    function()
      local best = best_of({ n = 100, cpu = 0.01, wait = 0 },
        "process")
      assert.equal("process", best.engine)
    end)

  it("prefers what is simpler unless another is clearly quicker", function()
    for wall, engine in pairs { [1.29] = "thread", [1.31] = "process" } do
      local best = estimate.choose { now = { engine = "task", wall = 10 },
        { engine = "serial", wall = 10 }, { engine = "task", wall = 10 },
        { engine = "thread", wall = wall }, { engine = "process", wall = 1 } }
      assert.equal(engine, best.engine)
    end
  end)

  it("proposes no other state for what can't leave this one", function()
    local best = best_of({ n = 100, cpu = 0.01, wait = 0 }, "task",
      "cannot send")
    assert.equal("task", best.engine)
  end)

  it("counts bytes: what is large to send is not worth it", function()
    for _, what in ipairs { "input", "output", "code" } do
      local jobs = { n = 100, cpu = 0.01, wait = 0, [what] = 1e7 }
      assert.equal("task", best_of(jobs, "task").engine)
    end
  end)

  it("takes what blocks away from tasks, on which it holds all others", function()
    local best, now = best_of({ n = 20, cpu = 1e-4, block = 0.05, wait = 0 }, "task")
    assert.equal("thread", best.engine)
    assert.is_true(best.workers > 2)
    assert.is_true(now.wall >= 1)
  end)

  it("asks for more at a time where a limit holds back what waits", function()
    local best, now = best_of({ n = 100, cpu = 1e-5, wait = 0.1, limit = 2 }, "task")
    assert.equal("task", best.engine)
    assert.equal(100, best.workers)
    assert.equal(2, now.workers)
  end)

  it("is never less than the longest job takes", function()
    local _, now, list = best_of({ n = 2, cpu = 1e-5, wait = 0.1, slowest = 0.15 }, "task")
    for _, e in ipairs { now, list[2], list[3], list[4] } do
      assert.is_true(e.wall >= 0.15, e.engine)
    end
  end)

  it("changes nothing for less than a millisecond", function()
    local best = best_of({ n = 10, cpu = 1e-6, wait = 0, limit = 2 }, "thread")
    assert.equal("thread", best.engine)
  end)

  it("makes chunks of short jobs, and none of long ones", function()
    local _, _, short = best_of({ n = 10000, cpu = 1e-5, wait = 0 }, "task")
    assert.equal(20, short[3].chunk) -- 20 times the call's 10 us
    local _, _, long = best_of({ n = 100, cpu = 0.1, wait = 0 }, "task")
    assert.equal(1, long[3].chunk)
    local _, _, single = best_of({ n = 10000, cpu = 1e-5, wait = 0, pooled = false },
      "task")
    assert.equal(1, single[3].chunk)
  end)

  it("is about one call, of which a place may make several", function()
    local jobs = estimate.jobs({ kind = "conc.map", engine = "task", jobs = 20,
      calls = 2, cpu = 0.2, blocked = 0.02, wait = 8, item_bytes = 10,
      result_bytes = 20, code = 30 }, 2)
    assert.same({ n = 10, cpu = 0.01, block = 0.001, wait = 0.4, input = 10,
      output = 20, code = 30, limit = 64, pooled = true }, jobs)
  end)
end)

describe("what a task uses", function()
  it("is counted for each task apart, and by the clock for all", function()
    local conc, core = require "luaconc", require "luaconc.core"
    local function compute()
      local start = core.cpu()
      repeat until core.cpu() - start > 0.02
    end
    conc.run(function()
      assert.equal(0, select("#", core.spent()))
      core.account(true)
      local busy = conc.spawn(function()
        core.spent()
        compute()
        conc.sleep(0.01)
        return core.spent()
      end)
      local idle = conc.spawn(function()
        conc.sleep(0.01)
        return core.spent()
      end)
      local cpu, held, longest, all = busy:await()
      assert.is_true(cpu >= 0.02 and held >= cpu - 1e-6 and longest >= 0.02)
      assert.is_true(all >= held)
      cpu, held = idle:await()
      assert.is_true(cpu < 0.02 and held < 0.02)
      assert.is_true(core.account(true) >= 0.02)
      core.account(false)
      assert.equal(0, select("#", core.spent()))
    end)
  end)

  it("shows calls that block as time held without computing", function()
    local conc, core = require "luaconc", require "luaconc.core"
    conc.run(function()
      core.account(true)
      conc.spawn(function()
        os.execute "sleep 0.05"
        local cpu, held = core.spent()
        assert.is_true(cpu < 0.04 and held > 0.04, held)
      end):await()
      core.account(false)
    end)
  end)
end)

describe("luaconc advise", function()
  local command = require "spec.support.commandline"
  local with_script = command.with_file

  -- Status, output with all space as one blank, errors.
  local function run(...)
    local status, out, err = command.run("advise", ...)
    return status, out:gsub("%s+", " "), err
  end

  -- What is said of a place.
  local function about(out, place)
    local text = out:match("[^ ]*" .. place .. " .-rule of thumb [^.]*")
    assert.is_truthy(text, place .. " in " .. out)
    return text
  end

  local cores = require("luaconc.core").machine().cores

  -- The engines that `luaconc compare` recommends for the same work: of rows
  -- that compute, and of pages that are waited for.
  it("sees that a picture's rows compute, and would run at once", function()
    local path = os.tmpname()
    local status, out = run("examples/mandelbrot.lua", "task", path, "300")
    os.remove(path)
    assert.equal(0, status)
    assert.matches("200 jobs on tasks", out)
    local share = tonumber(out:match "busy for (%d+)")
    assert.is_true(share > 80, share)
    -- (Which of the two depends on what calls cost on this machine just now.)
    local engine = out:match 'Use engine = "(%l+)"'
    assert.is_true(cores == 1 or engine == "thread" or engine == "process", out)
    assert.matches("rule of thumb says processes", out)
  end)

  it("sees that a crawler waits, what it changes, and why it must stay", function()
    local status, out = run "examples/crawl.lua"
    assert.equal(0, status)
    local page = about(out, "%(group:spawn%)")
    assert.matches("30 jobs on tasks", page)
    assert.matches("They change locals of the script: count, seen", page)
    assert.matches("Their function can't leave this state: .* group .*Estimates", page)
    assert.not_matches("Use engine", page)
    assert.matches("31 jobs on tasks", about(out, "%(serve%)"))
  end)

  it("sees that what three servers answer is best asked for by tasks", function()
    local status, out = run "examples/hello.lua"
    assert.equal(0, status)
    local site = about(out, "%(conc.gather%)")
    assert.matches("3 jobs on tasks", site)
    assert.matches("Stay with tasks", site)
  end)

  it("sees jobs of threads and processes, and proposes tasks for waits", function()
    with_script([[
      local conc = require "luaconc"
      local list = {}
      for i = 1, 24 do list[i] = i end
      conc.map(list, function(i)
        require("luaconc").sleep(0.02)
        return i
      end, { engine = arg[1], limit = 2 })]], function(path)
      for _, engine in ipairs { "thread", "process" } do
        local status, out = run(path, engine)
        assert.equal(0, status)
        assert.matches("24 jobs on ", out)
        local wait = tonumber(out:match "waits for ([%d.]+) ms")
        assert.is_true(wait >= 19, wait)
        assert.matches('Use engine = "task", limit = 24', out)
      end
    end)
  end)

  it("sees whatever starts jobs, each by its place", function()
    with_script([[
      local conc = require "luaconc"
      local function f(x) return x end
      local function wait() conc.sleep(0.001) end
      local pool <close> = conc.pool { workers = 2 }
      pool:starmap({ { 1 }, { 2 } }, f) -- line 5
      for _ in pool:imap({ 1, 2, 3 }, f) do end
      local job = pool:submit { f, 1 }
      pool:submit(f, 2):await()
      conc.gather(wait, wait) conc.gather { wait, wait }
      conc.settle { wait, wait } -- line 10
      conc.race(wait, wait)
      for h in conc.completed { wait, wait } do h:await() end
      do
        local group <close> = conc.group { limit = 1 }
        for _ = 1, 4 do group:spawn(wait) end -- line 15
      end
      conc.run(function()
        for _ = 1, 2 do conc.offload(f, 1) end
        conc.spawn { f, 1, name = "x" }; conc.spawn(f, 1)
        return conc.map({ 1, 2 }, function(x) return x end) -- line 20, a tail call
      end)]], function(path)
      local status, out, err = run(path)
      assert.equal(0, status, err)
      for _, place in ipairs { "5 %(pool:starmap%) 2", "6 %(pool:imap%) 3",
        "9 %(conc.gather%) 4", "10 %(conc.settle%) 2", "11 %(conc.race%) 2",
        "12 %(conc.completed%) 2", "15 %(group:spawn%) 4", "18 %(conc.offload%) 2",
        "19 %(conc.spawn%) 2", "20 %(conc.map%) 2" } do
        assert.matches(":" .. place .. " jobs", out)
      end
      assert.matches("One job each, with nothing to overlap: [^ ]*:7 %(pool:submit%), "
        .. "[^ ]*:8 %(pool:submit%)%.", out)
      assert.matches("let 4 run at a time instead of 1",
        about(out, ":15 %(group:spawn%)"))
    end)
  end)

  it("tells what blocks, what is shared, and what failed", function()
    with_script([[
      local conc = require "luaconc"
      local total = conc.shared.counter(0)
      local function block()
        total:add(1)
        os.execute "sleep 0.03"
      end
      conc.settle { block, block, function() error "no" end }]], function(path)
      local status, out = run(path)
      assert.equal(0, status)
      assert.matches("3 jobs on tasks, of which 1 failed or was cancelled", out)
      assert.matches("is blocked for %d", out)
      assert.matches("They call something that blocks", out)
      assert.matches("They share shared counter total", out)
      assert.matches('Use engine = "thread"', out)
    end)
  end)

  it("takes a folder named luaconc for the script's own", function()
    require("spec.support.folder").with(function(folder)
      assert(os.execute("mkdir '" .. folder .. "/luaconc'"))
      local path = folder .. "/luaconc/script.lua"
      local file = assert(io.open(path, "w"))
      file:write 'require("luaconc").map({ 1, 2 }, function(i) return i end)'
      file:close()
      local _, out = run(path)
      assert.matches("luaconc/script.lua:1 %(conc.map%) 2 jobs", out)
    end)
  end)

  it("verifies by running the script on each engine", function()
    for _, call in ipairs { "conc.map({ 1, 2, 3 }, f)",
      "conc.gather { function() return f(1) end, function() return f(2) end }" } do
      with_script([[
        local conc = require "luaconc"
        local function f(i)
          require("luaconc").sleep(0.01)
          return i * i
        end
        print(table.concat(]] .. call .. [[, " "))]], function(path)
        local status, out, err = run("--verify", "--runs", "1", path)
        assert.equal(0, status, out .. err)
        assert.matches("1 round, results equal", out)
        for _, name in ipairs { "as it is", "on thread", "on process" } do
          assert.matches(" " .. name .. " ", out)
        end
      end)
    end
  end)

  it("verifies a script that prints something else each time", function()
    with_script([[
      local conc = require "luaconc"
      conc.map({ 1, 2 }, function(i) return i end)
      print(io.open "/proc/self/stat":read "n")]], function(path)
      local status, out, err = run("--verify", "--runs", "1", path)
      assert.equal(0, status, out .. err)
      assert.matches("what it prints can't be compared", out)
      assert.matches("1 round ", out)
      assert.not_matches("results equal", out)
    end)
  end)

  it("says whether the runs bear the proposal out", function()
    local report = require "luaconc.advise.report"
    local function row(engine, seconds)
      local runs = {}
      for i = 1, 6 do runs[i] = { wall = seconds * (1 + i / 100) } end
      return { engine = engine, runs = runs, wall = { median = seconds * 1.035, n = 6 } }
    end
    local now, thread = { engine = "task" }, { engine = "thread" }
    local rows = { row("as it is", 2), row("on thread", 1), row("on process", 2) }
    assert.matches("^So it is: on thread the whole script was 2.00 times as fast",
      report.verified(rows, thread, now))
    assert.matches("^Not so: on thread the whole script was 2.00 times",
      report.verified(rows, now, now))
    rows[2] = row("on thread", 2.001)
    assert.matches("^That is open: on thread .* may be chance",
      report.verified(rows, thread, now))
    assert.matches("^So it is: nowhere else", report.verified(rows, now, now))
    rows[2] = row("on thread", 4)
    assert.matches("^Not so: on thread the whole script was 0.50 times",
      report.verified(rows, thread, now))
    assert.matches("can't be tried", report.verified(rows, { engine = "serial" }, now))
    assert.is_nil(report.verified({ { engine = "as it is", failure = {} } }, now, now))
  end)

  it("tells what a failing script printed, and of scripts without jobs", function()
    with_script("error 'boom'", function(path)
      local status, _, err = run(path)
      assert.equal(1, status)
      assert.matches("the script failed", err)
      assert.matches("boom", err)
    end)
    with_script("os.exit(0)", function(path)
      local status, out = run(path)
      assert.equal(0, status)
      assert.matches("nothing to advise on", out)
    end)
    assert.equal(2, (run()))
    assert.equal(2, (run "/nonesuch.lua"))
  end)
end)
