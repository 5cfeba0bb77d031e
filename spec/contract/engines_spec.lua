-- Jobs of every engine when the program ends, and together in one group.

local conc = require "luaconc"
local engines = require "spec.support.engines"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local forever, mark, leave_word = engines.forever, engines.mark, engines.leave_word

local function promise(text, f)
  it(text, function() engines.run(f) end)
end

for _, engine in ipairs(engines) do
  describe("a " .. engine.name .. " and the end of the program:", function()
    local begin = engine.in_group

    it("a script that ends cancels it, and says so", function()
      local result = script.run(([[
        local begun = conc.channel(1)
        conc.%s { function()
          local _ <close> = setmetatable({}, { __close = function()
            io.stderr:write("cleaned up\n")
          end })
          begun:send(true)
          conc.sleep(1000)
        end, name = "endless" }
        begun:recv()
      ]]):format(begin))
      sim.shows(result.err, "1 job", "still running", "'endless'", "conc.run", "cleaned up")
      expect.equal(0, result.code)
    end)

    it("os.exit outside tasks ends it", function()
      for _, how in ipairs { "os.exit(7)", "os.exit(7, true)" } do
        local result = script.run(([[
          conc.%s(conc.sleep, 1000)
          conc.%s(%s)
          pcall(conc.sleep, 0.05)
          %s
        ]]):format(begin, begin, engine.own and "function() while true do end end"
          or "conc.sleep, 1000", how))
        expect.equal(7, result.code)
      end
    end)

    it("os.exit in a task ends it", function()
      local result = script.run(([[
        conc.run(function()
          conc.%s(%s)
          conc.spawn(function()
            conc.sleep(0.05)
            os.exit(7)
          end)
          conc.sleep(1000)
        end)
      ]]):format(begin, engine.own and "function() while true do end end"
        or "conc.sleep, 1000"))
      expect.equal(7, result.code)
      expect.equal("", result.err)
    end)

    it("an error of the script ends it", function()
      local result = script.run(([[
        conc.%s(conc.sleep, 1000)
        pcall(conc.sleep, 0.05)
        error "the script's own"
      ]]):format(begin))
      expect.equal(1, result.code)
      sim.shows(result.err, "the script's own")
    end)

    it("Ctrl-C ends it, after its clean-up", function()
      local result = script.run(([[
        conc.run(function()
          local begun = conc.channel(1)
          conc.%s(function()
            local _ <close> = setmetatable({}, { __close = function()
              io.stderr:write("cleaned up\n")
            end })
            begun:send(true)
            conc.sleep(1000)
          end)
          begun:recv()
          interrupt()
          conc.sleep(1000)
        end)
      ]]):format(begin))
      expect.equal(130, result.code)
      sim.shows(result.err, "cleaned up")
    end)

    it("a hundred of them are no burden to it", function()
      local result = script.run(([[
        for i = 1, %d do conc.%s(conc.sleep, 1000) end
        pcall(conc.sleep, 0.05)
        io.stdout:write "end"
      ]]):format(engine.name == "process" and 20 or 100, begin))
      expect.equal("end", result.out)
      expect.equal(0, result.code)
    end)
  end)
end

describe("a group of several engines", function()
  -- All of them, in a list.
  local function each(g, f, ...)
    local jobs = {}
    for i, engine in ipairs(engines) do
      jobs[i] = g[engine.in_group](g, f, ...)
    end
    return jobs
  end

  promise("waits for all of them at its close", function()
    local jobs
    do
      local g <close> = conc.group()
      jobs = each(g, conc.sleep, 0.02)
    end
    for _, job in ipairs(jobs) do expect.equal("done", job:status()) end
  end)

  for _, engine in ipairs(engines) do
    promise("is cancelled by the failure of its " .. engine.name, function()
      local jobs
      local err = sim.raises(function()
        local g <close> = conc.group()
        jobs = each(g, forever)
        g[engine.in_group](g, function()
          conc.sleep(0.01)
          error("one failed", 0)
        end)
        g:await()
      end)
      expect.equal("one failed", err)
      for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
    end)
  end

  promise("counts them all against its limit", function()
    local file <close>, path = mark()
    do
      local g <close> = conc.group { limit = 2 }
      for _ = 1, 2 do
        each(g, function()
          leave_word(path, "+")
          conc.sleep(0.01)
          leave_word(path, "-")
        end)
      end
    end
    local inside, most = 0, 0
    for sign in file.text():gmatch "." do
      inside = inside + (sign == "+" and 1 or -1)
      most = math.max(most, inside)
    end
    expect.equal(4 * #engines, #file.text())
    expect.equal(0, inside)
    expect.is_true(most <= 2)
  end)

  promise("cancels them all when it is left by an error", function()
    local jobs
    local err = sim.raises(function()
      local g <close> = conc.group()
      jobs = each(g, forever)
      conc.sleep(0.01)
      error("left", 0)
    end)
    expect.equal("left", err)
    for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
  end)

  promise("takes no job once it is closed", function()
    local g
    do
      local inner <close> = conc.group()
      g = inner
    end
    for _, engine in ipairs(engines) do
      sim.shows(sim.raises(g[engine.in_group], g, math.abs, 1), "the group is closed")
    end
  end)
end)

describe("combinators over several engines", function()
  local function each(f)
    local jobs = {}
    for i = 1, 3 do
      jobs[i] = engines[(i - 1) % #engines + 1].start { f, i, keep = true }
    end
    return jobs
  end

  promise("gather gives the results in order of asking", function()
    local jobs = each(function(i)
      conc.sleep((4 - i) * 0.005)
      return i * 10
    end)
    expect.same({ 10, 20, 30 }, conc.gather(jobs))
    expect.same({ 10, 30 }, { conc.gather(jobs[1], jobs[3]) })
  end)

  promise("gather raises the first failure", function()
    local jobs = each(function(i)
      if i == 2 then error("the second", 0) end
      conc.sleep(0.05)
    end)
    expect.equal("the second", sim.raises(conc.gather, jobs))
  end)

  promise("settle tells of each", function()
    expect.same({ { ok = true, value = 1 }, { ok = false, value = "no 2" },
      { ok = true, value = 3 } }, (function()
      local list = {}
      for i, result in ipairs(conc.settle(each(function(i)
        if i == 2 then error("no 2", 0) end
        return i
      end))) do
        list[i] = { ok = result.ok, value = result[1] }
      end
      return list
    end)())
  end)

  promise("race gives the first success", function()
    for winner in ipairs(engines) do
      local jobs = each(function(i)
        if i ~= winner then conc.sleep(1000) end
        return i
      end)
      -- The function is sent as it stands: `winner` is a copy by then.
      expect.equal(winner, conc.race(jobs))
      for _, job in ipairs(jobs) do job:cancel() end
    end
  end)

  promise("completed gives each once, when it ends", function()
    local seen, gate = {}, conc.shared.event()
    for job in conc.completed(each(function(i)
      if i == 1 then gate:wait() end
      return i
    end)) do
      seen[#seen + 1] = job:await()
      if #seen == 2 then gate:set() end
    end
    expect.equal(3, #seen)
    expect.equal(1, seen[3])
  end)

  promise("timeout ends them all", function()
    local jobs
    local _, _, code = conc.timeout(0.03, function()
      jobs = each(forever)
      conc.gather(jobs)
    end)
    expect.equal("ETIMEDOUT", code)
    for _, job in ipairs(jobs) do expect.equal("cancelled", job:status()) end
  end)
end)
