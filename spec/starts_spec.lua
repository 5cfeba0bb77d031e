-- A thousand starts and ends of each engine leave everything as before: the
-- runner counts jobs, descriptors, threads, children and C memory, this file
-- what the system says of the whole process.

local conc = require "luaconc"
local core = require "luaconc.core"
local testing = require "luaconc.testing"

-- Fewer under tools that make everything slow.
local STARTS = math.ceil(1000 * (tonumber(os.getenv "LUACONC_SCALE") or 1))

-- How much more memory a process may hold after them, in KiB: what fragments
-- a heap leaves is far less than a KiB a start.
local SLACK = 6000

-- Resident memory of this process in KiB.
local function resident()
  for line in io.lines "/proc/self/status" do
    local size = line:match "^VmRSS:%s+(%d+) kB"
    if size then return tonumber(size) end
  end
  error "no VmRSS"
end

-- The sanitizers keep what was freed; memory is then theirs.
local function is_sanitized()
  local maps <close> = assert(io.open "/proc/self/maps")
  return maps:read "a":find "/lib[at]san%.so" ~= nil
end

local function expect_near(held)
  if is_sanitized() then return end
  assert.is_true(resident() < held + SLACK,
    ("%d KiB before, %d after"):format(held, resident()))
end

local function rest()
  for _ = 1, 4 do
    collectgarbage()
    conc.run(conc.sleep, 0.001)
  end
  local counts = testing.counts()
  return { blocks = counts.blocks, jobs = counts.jobs, handles = counts.handles,
    operations = counts.ops, descriptors = counts.descriptors,
    threads = counts.threads, children = counts.children }
end

-- How a job ends, and what `await` says then.
local ends = {
  { name = "that return", f = function(n) return n * 2 end, ok = true },
  { name = "that fail", f = function() error { "failed" } end },
  { name = "that are cancelled", f = function() require("luaconc").sleep(1000) end,
    cancel = true },
}

local function round(start, how, n)
  conc.run(function()
    local jobs = {}
    for i = 1, n do
      jobs[i] = start { how.f, i, keep = true }
      if how.cancel then jobs[i]:cancel() end
    end
    for i, result in ipairs(conc.settle(jobs)) do
      assert.equal(how.ok or false, result.ok)
      if how.ok then assert.equal(i * 2, result[1]) end
    end
  end)
end

local engines = {
  { name = "tasks", start = conc.spawn },
  { name = "threads", start = conc.thread },
  { name = "processes", start = conc.process },
}

for _, engine in ipairs(engines) do
  describe(STARTS .. " " .. engine.name, function()
    for _, how in ipairs(ends) do
      it(how.name .. " leave everything as before", function()
        local at_once = 10
        for _ = 1, 10 do round(engine.start, how, at_once) end
        local before, held = rest(), resident()
        for _ = 1, STARTS // at_once do round(engine.start, how, at_once) end
        assert.same(before, rest())
        expect_near(held)
      end)
    end
  end)
end

describe("a hundred pools", function()
  for _, engine in ipairs { "task", "thread", "process" } do
    it("of engine " .. engine .. " leave everything as before", function()
      local function use()
        conc.run(function()
          local pool <close> = conc.pool { engine = engine, workers = core.cores() }
          for _, n in ipairs(pool:map({ 1, 2, 3, 4 }, math.abs, { chunk = 1 })) do
            assert.is_true(n > 0)
          end
        end)
      end
      for _ = 1, 5 do use() end
      local before, held = rest(), resident()
      for _ = 1, 100 do use() end
      assert.same(before, rest())
      expect_near(held)
    end)
  end
end)
