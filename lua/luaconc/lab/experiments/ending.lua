-- How soon a cancelled job has really ended: one that waits, one that computes
-- in Lua, one that is stuck in a call of C; and what it leaves behind.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "cancel a job that waits, computes, or is stuck in C"

local function compute(seconds)
  local clock = require("luaconc.core").clock
  local stop = clock() + seconds
  while clock() < stop do end
end

local function stuck(seconds)
  os.execute("exec sleep " .. seconds)
end

local function wait(seconds)
  require("luaconc").sleep(seconds)
end

local BODIES = { wait = wait, compute = compute, stuck = stuck }

local function threads()
  local n = 0
  for _ in io.popen("ls /proc/$PPID/task"):lines() do n = n + 1 end
  return n
end

--- Seconds from `cancel` (for a task that holds the loop: from when it was
--- due) to the end of the job, and how many threads are left.
function M.probes.cancel(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  local result = {}
  conc.run(function()
    local start = args.engine == "task" and conc.spawn or conc[args.engine]
    local before = threads()
    local begun = core.clock()
    local job = start { BODIES[args.kind], args.seconds, keep = true }
    conc.sleep(args.after)
    job:cancel()
    pcall(job.await, job)
    result.seconds = core.clock() - begun - args.after
    result.status = job:status()
    result.left = args.engine == "thread" and threads() - before or 0
  end)
  return result
end

M.ENGINES = { "task", "thread", "process" }
M.KINDS = { "wait", "compute", "stuck" }

local WORDS = { wait = "waits", compute = "computes", stuck = "stuck in C" }

function M.run(lab)
  local out = { rows = { { "a job that", "task", "thread", "process" } } }
  for _, kind in ipairs(M.KINDS) do
    local row = { WORDS[kind] }
    out[kind] = {}
    for i, engine in ipairs(M.ENGINES) do
      local r = lab:probe("luaconc.lab.experiments.ending", "cancel",
        { engine = engine, kind = kind, after = 0.15,
          seconds = lab:pick(1.5, 10) })
      out[kind][engine] = r
      row[i + 1] = ("%s, %s%s"):format(units.time(math.max(0, r.seconds)),
        r.status, r.left > 0 and ", a thread left" or "")
    end
    out.rows[#out.rows + 1] = row
  end
  return out
end

return M
