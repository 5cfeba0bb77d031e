-- A number raised by several workers: in a plain variable, by messages, in a
-- shared counter.

local told = require("luaconc.lab.told")
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "a number that several workers raise"

local WORKERS, TIMES = 4, 1000

local WAYS = {}

-- A variable of the parent: a worker in another state has a copy of it.
function WAYS.plain(pool)
  local n, jobs = 0, {}
  for i = 1, WORKERS do
    jobs[i] = pool:submit(function()
      for _ = 1, TIMES do n = n + 1 end
    end)
  end
  for _, job in ipairs(jobs) do job:await() end
  return n
end

-- Each raise is a message to the parent, which adds.
function WAYS.message(pool)
  local list, n = {}, 0
  for i = 1, WORKERS * TIMES do list[i] = i end
  for _, one in ipairs(pool:map(list, function() return 1 end, { chunk = 1 }))
  do
    n = n + one
  end
  return n
end

function WAYS.shared(pool, conc)
  local n, jobs = conc.shared.counter(0), {}
  for i = 1, WORKERS do
    jobs[i] = pool:submit(function()
      for _ = 1, TIMES do n:add(1) end
    end)
  end
  for _, job in ipairs(jobs) do job:await() end
  return n:get()
end

--- The number at the end, and seconds.
function M.probes.count(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local pool <close> = assert(conc.pool { engine = args.engine,
      workers = WORKERS })
    pool:submit(function() end):await()
    local before = core.clock()
    local ok, n = pcall(WAYS[args.way], pool, conc)
    if not ok then return { missing = told(n) } end
    return { lost = WORKERS * TIMES - n, time = core.clock() - before }
  end)
end

function M.run(lab)
  local out = { rows = { { "engine", "variable", "messages",
    "shared counter" } } }
  for _, engine in ipairs { "task", "thread", "process" } do
    local row = { engine }
    out[engine] = {}
    for i, way in ipairs { "plain", "message", "shared" } do
      local r = lab:probe("luaconc.lab.experiments.counting", "count",
        { engine = engine, way = way })
      out[engine][way] = r
      if r.missing then out.missing = engine .. ": " .. r.missing end
      row[i + 1] = r.missing and "?" or ("%s lost, %s"):format(
        units.count(r.lost), units.time(r.time))
    end
    out.rows[#out.rows + 1] = row
  end
  return out
end

return M
