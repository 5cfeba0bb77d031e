-- luaconc advise: estimates on figures that are fed, and examples whose best
-- engine is known from `luaconc compare`.

local estimate = require "luaconc.advise.estimate"

local COSTS = {
  task = { start = 0, call = 1e-6, byte = 0 },
  thread = { start = 1e-4, call = 1e-5, byte = 1e-9 },
  process = { start = 5e-4, call = 3e-5, byte = 2e-9 },
}

local function best_of(jobs, current, refusal)
  local list = estimate.all(jobs, COSTS, 2, 500)
  local best, now = estimate.choose(list, current, refusal)
  return best, now, list
end

describe("an estimate", function()
  it("sends what computes to as many workers as cores", function()
    local best, now = best_of({ n = 100, cpu = 0.01, wait = 0, bytes = 100 },
      "task")
    assert.equal("thread", best.engine)
    assert.equal(2, best.workers)
    assert.is_true(math.abs(now.wall - 1) < 0.01)
    assert.is_true(best.wall > 0.5 and best.wall < 0.51)
  end)

  it("leaves what waits to tasks", function()
    local best = best_of({ n = 500, cpu = 1e-5, wait = 0.1, bytes = 100 },
      "process")
    assert.equal("task", best.engine)
  end)

  it("calls for no engine where jobs are shorter than a hand-over", function()
    local best = best_of({ n = 10, cpu = 1e-8, wait = 0, bytes = 8 }, "thread")
    assert.equal("serial", best.engine)
  end)

  it("stays with the engine in use unless another is clearly quicker",
    function()
      local best = best_of({ n = 100, cpu = 0.01, wait = 0, bytes = 100 },
        "process")
      assert.equal("process", best.engine)
    end)

  it("proposes no other state for what can't leave this one", function()
    local best = best_of({ n = 100, cpu = 0.01, wait = 0, bytes = 100 }, "task",
      "cannot send")
    assert.equal("task", best.engine)
  end)

  it("counts bytes: what is large to send is not worth it", function()
    local best = best_of({ n = 100, cpu = 0.01, wait = 0, bytes = 1e7 },
      "task")
    assert.equal("task", best.engine)
  end)

  it("makes chunks of short jobs, and none of long ones", function()
    local _, _, short = best_of({ n = 10000, cpu = 1e-5, wait = 0,
      bytes = 8 }, "task")
    assert.equal(20, short[3].chunk) -- 20 times the call's 10 us
    local _, _, long = best_of({ n = 100, cpu = 0.1, wait = 0, bytes = 8 },
      "task")
    assert.equal(1, long[3].chunk)
  end)

  it("takes the waits of tasks from their times, less what others computed",
    function()
      local jobs = estimate.jobs { engine = "task", jobs = 10, calls = 1,
        job_wall = 10 * 0.5, busy = 0.1, item_bytes = 10, result_bytes = 20 }
      assert.equal(10, jobs.n)
      assert.is_true(math.abs(jobs.cpu - 0.01) < 1e-9)
      assert.is_true(math.abs(jobs.wait - 0.4) < 1e-9)
      assert.equal(30, jobs.bytes)
    end)
end)

describe("luaconc advise", function()
  local lua = os.getenv "LUACONC_LUA" or "lua5.4"

  local function run(words)
    local err = os.tmpname()
    local pipe = io.popen(("timeout -k 2 60 %s bin/luaconc advise %s 2>%s; "
      .. "echo $?"):format(lua, words, err))
    local out, status = pipe:read("a"):match "^(.-)(%d+)\n$"
    pipe:close()
    local file = assert(io.open(err))
    local said = file:read "a"
    file:close()
    os.remove(err)
    return tonumber(status), out:gsub("%s+", " "), said
  end

  local function with_script(source, f)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(source)
    file:close()
    local ok, err = pcall(f, path)
    os.remove(path)
    if not ok then error(err, 0) end
  end

  it("sees that a picture's rows compute, and would run at once", function()
    local path = os.tmpname()
    local status, out = run("examples/mandelbrot.lua task " .. path .. " 300")
    os.remove(path)
    assert.equal(0, status)
    assert.matches("started 200 jobs on tasks", out)
    local share = tonumber(out:match "busy for (%d+)")
    assert.is_true(share > 80, share)
    local cores = require("luaconc.core").machine().cores
    assert.matches(cores > 1 and 'Use engine = "thread"' or "Stay with tasks",
      out)
    assert.matches("rule of thumb says processes", out)
  end)

  it("sees that a crawler waits, what it changes, and why it must stay",
    function()
      local status, out = run "examples/crawl.lua"
      assert.equal(0, status)
      assert.matches("started 30 jobs on tasks", out)
      assert.matches("It changes locals of the script: count, seen", out)
      assert.matches("userdata 'group' has no __transfer", out)
      assert.not_matches("Use engine", out)
    end)

  it("sees jobs of threads and processes, and proposes tasks for waits",
    function()
      with_script([[
        local conc = require "luaconc"
        local list = {}
        for i = 1, 24 do list[i] = i end
        conc.map(list, function(i)
          require("luaconc").sleep(0.02)
          return i
        end, { engine = arg[1], limit = 2 })]], function(path)
        for _, engine in ipairs { "thread", "process" } do
          local status, out = run(path .. " " .. engine)
          assert.equal(0, status)
          assert.matches("started 24 jobs on ", out)
          local wait = tonumber(out:match "waits for ([%d.]+) ms")
          assert.is_true(wait >= 19, wait)
        end
      end)
    end)

  it("verifies by running the script on each engine", function()
    with_script([[
      local conc = require "luaconc"
      local out = conc.map({ 1, 2, 3 }, function(i) return i * i end)
      print(table.concat(out, " "))]], function(path)
      local status, out = run("--verify --runs 1 " .. path)
      assert.equal(0, status)
      assert.matches("1 round, results equal", out)
      for _, name in ipairs { "as it is", "on thread", "on process" } do
        assert.matches(" " .. name .. " ", out)
      end
    end)
  end)

  it("tells what a failing script printed, and of scripts without jobs",
    function()
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
      assert.equal(2, (run ""))
      assert.equal(2, (run "/nonesuch.lua"))
    end)
end)
