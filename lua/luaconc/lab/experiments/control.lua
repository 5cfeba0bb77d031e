-- What a program sees when a worker is killed, when one is stopped, and when
-- the system refuses another one.

local told = require "luaconc.lab.told"
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "a worker killed, a worker stopped, one too many"

--- A job whose worker is killed from outside: what it gives, and how soon.
function M.probes.kill()
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local pool <close> = assert(conc.pool { engine = "process", workers = 1 })
    pool:submit(function() end):await()
    local job = pool:submit(function() require("luaconc").sleep(30) end)
    conc.sleep(0.05)
    local pid = pool:stats().workers[1].pid
    local before = core.clock()
    os.execute("kill -9 " .. pid)
    local ok, err = pcall(job.await, job)
    local seconds = core.clock() - before
    local again = pool:submit(function() return 7 end):await()
    return { lost = ok and 0 or 1, seconds = seconds, said = told(err),
      replaced = again == 7 }
  end)
end

--- A worker that is stopped: whether anything tells of it in half a second.
function M.probes.stop()
  local conc = require "luaconc"
  return conc.run(function()
    local pool <close> = assert(conc.pool { engine = "process", workers = 1 })
    pool:submit(function() end):await()
    local job = pool:submit(function()
      require("luaconc").sleep(0.1)
      return 7
    end)
    conc.sleep(0.02)
    local pid = pool:stats().workers[1].pid
    os.execute("kill -STOP " .. pid)
    conc.sleep(0.5)
    local noticed = pool:stats().workers[1].state == "stopped"
      or job:status() == "failed"
    os.execute("kill -CONT " .. pid)
    return { noticed = noticed, result = job:await() }
  end)
end

--- As many jobs as the system lets start, up to a number; then what it said.
function M.probes.many(args)
  local conc = require "luaconc"
  return conc.run(function()
    local group <close> = conc.group { keep = true }
    for i = 1, args.n do
      local job, message, code = conc[args.engine](function()
        require("luaconc").sleep(30)
      end)
      if not job then
        group:cancel()
        return { started = i - 1, said = message, code = code }
      end
    end
    group:cancel()
    return { started = args.n }
  end)
end

local function limited(lab, engine)
  local ok, r = pcall(lab.limited, lab, "luaconc.lab.experiments.control",
    "many", { engine = engine, n = 200 }, 40)
  if ok then return r end
  if require("luaconc").is_cancelled(r) then error(r, 0) end
  return { missing = "the limit could not be tried: " .. r.message }
end

local function limit_line(r)
  if r.missing then return r.missing end
  return r.said and ("refused after %d: %s"):format(r.started,
    r.said:match ": (.*)$" or r.said)
    or ("%d started, none refused"):format(r.started)
end

function M.run(lab)
  local module = "luaconc.lab.experiments.control"
  local kill = lab:probe(module, "kill")
  local stop = lab:probe(module, "stop")
  local out = { kill = kill, stop = stop, process = limited(lab, "process"),
    thread = limited(lab, "thread") }
  out.rows = { { "event", "what the program sees" },
    { "a worker is killed", ("%s after %s%s"):format(kill.said,
      units.time(kill.seconds), kill.replaced and ", replaced" or "") },
    { "a worker is stopped", stop.noticed and "told"
      or "nothing; the job goes on when the worker does" },
    { "too many processes", limit_line(out.process) },
    { "too many threads", limit_line(out.thread) } }
  return out
end

return M
