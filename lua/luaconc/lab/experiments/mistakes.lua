-- Three faults of programs with a loop, and four classic mistakes on tasks and
-- on threads: what is reported, what is prevented, what passes in silence.

local M = { probes = {} }

M.about = "faults and classic mistakes: reported, prevented, or silent"

local function first_error(f)
  local conc = require "luaconc"
  local ok, err = pcall(conc.run, f)
  return not ok and tostring(err) or nil
end

local FAULTS = {}

-- A task that holds the loop: does anything tell of it that was not asked?
function FAULTS.blocked(conc, core)
  conc.run(function()
    conc.spawn(function()
      local stop = core.clock() + 0.2
      while core.clock() < stop do end
    end)
    conc.spawn(conc.sleep, 0.01)
  end)
end

function FAULTS.deadlock(conc)
  local said = first_error(function() conc.event():wait() end)
  return said ~= nil and said:find "wait" ~= nil
end

function FAULTS.lost(conc)
  local said = first_error(function()
    conc.spawn(function() error "nobody looks at this" end)
  end)
  return said ~= nil and said:find "nobody looks at this" ~= nil
end

--- Which fault is reported as an error. (What is printed is seen by `run`.)
function M.probes.faults(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  local out = {}
  if args.debug then conc.debug.start { block = 0.1 } end
  for name, f in pairs(FAULTS) do out[name] = f(conc, core) or false end
  return out
end

local MISTAKES = {}

-- Others come in between reading and writing. (prevented: nothing is lost)
function MISTAKES.race(conc, engine)
  local times, n = 100, 0
  if engine == "task" then
    first_error(function()
      for _ = 1, 4 do
        conc.spawn(function()
          for _ = 1, times do
            local read = n
            conc.sleep(0)
            n = read + 1
          end
        end)
      end
    end)
    return n == 4 * times and "prevented" or "silent"
  end
  local array = conc.shared.array("i64", 1)
  array[1] = 0
  local said = first_error(function()
    for _ = 1, 4 do
      conc.thread(function()
        local pause = require("luaconc").sleep
        for _ = 1, times do
          local read = array[1]
          pause(0.001)
          array[1] = read + 1
        end
      end)
    end
  end)
  return said and "reported" or array[1] == 4 * times and "prevented"
    or "silent"
end

-- A call that blocks: are the others held?
function MISTAKES.blocking(conc, engine)
  local core = require "luaconc.core"
  local longest = 0
  conc.run(function()
    local job = (engine == "task" and conc.spawn or conc.thread)(function()
      os.execute "sleep 0.2"
    end)
    local last = core.clock()
    while job:status() ~= "done" do
      conc.sleep(0.002)
      longest = math.max(longest, core.clock() - last)
      last = core.clock()
    end
  end)
  return longest < 0.15 and "prevented" or "silent"
end

-- A job that fails, and that nobody awaits.
function MISTAKES.forgotten(conc, engine)
  local said = first_error(function()
    local start = engine == "task" and conc.spawn or conc.thread
    start(function() error "forgotten" end)
  end)
  return said and said:find "forgotten" and "reported" or "silent"
end

-- A lock that is held while its holder waits for someone who needs it.
function MISTAKES.lock(conc, engine)
  local said = first_error(function()
    local _, message = conc.timeout(0.3, function()
      local local_one = engine == "task"
      local lock = local_one and conc.lock() or conc.shared.lock()
      local event = local_one and conc.event() or conc.shared.event()
      local start = local_one and conc.spawn or conc.thread
      local holder = start(function()
        lock:acquire()
        event:wait()
        lock:release()
      end)
      conc.sleep(0.02)
      start(function()
        lock:acquire()
        event:set()
        lock:release()
      end)
      holder:await()
    end)
    -- Who waits for ever is told only where nothing limits the time.
    if message then error("hung: " .. message) end
  end)
  return not said and "prevented" or said:find "hung" and "silent"
    or "reported"
end

-- The same without a limit, on tasks: is it told?
local function lock_told(conc)
  return first_error(function()
    local lock, event = conc.lock(), conc.event()
    conc.spawn(function()
      lock:acquire()
      event:wait()
    end)
    conc.spawn(function()
      lock:acquire()
      event:set()
    end)
  end) and "reported" or "silent"
end

M.MISTAKES = { "race", "blocking", "forgotten", "lock" }

--- What becomes of one mistake on one engine.
function M.probes.mistake(args)
  local conc = require "luaconc"
  if args.engine == "task" and args.name == "lock" then
    return { outcome = lock_told(conc) }
  end
  local ok, outcome = pcall(MISTAKES[args.name], conc, args.engine)
  if not ok then return { missing = tostring(outcome) } end
  return { outcome = outcome }
end

local WORDS = { race = "a wait inside read and write",
  blocking = "a call that blocks", forgotten = "a job nobody looks at",
  lock = "a lock held across a wait" }

local function faults(lab, debug)
  local told, printed = lab:probe("luaconc.lab.experiments.mistakes", "faults",
    { debug = debug })
  told.blocked = (printed or ""):find("has held the loop", 1, true) ~= nil
  return told
end

function M.run(lab)
  local module = "luaconc.lab.experiments.mistakes"
  local out = { faults = faults(lab, false), debug = faults(lab, true),
    silent = {},
    rows = { { "mistake", "task", "thread" } } }
  for i, name in ipairs(M.MISTAKES) do
    local row = { WORDS[name] }
    for k, engine in ipairs { "task", "thread" } do
      local r = lab:probe(module, "mistake", { name = name, engine = engine })
      row[k + 1] = r.outcome or "?"
      if r.missing then out.missing = r.missing:match "^[^\n]*" end
      out.silent[engine] = (out.silent[engine] or 0)
        + (r.outcome == "silent" and 1 or 0)
    end
    out.rows[i + 1] = row
  end
  return out
end

return M
