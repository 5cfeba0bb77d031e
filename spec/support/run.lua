-- Runs specs under this interpreter: run.lua [FILE...]; all of them without.
--
-- It drives busted from within, as Debian's `busted` starts whatever `lua`
-- is. Around each test it adds what busted lacks: every fault seam is reset,
-- and a test that leaves something behind fails (see leaks.lua).
--
-- Environment: SHUFFLE=yes|SEED runs files and tests in random order, the
-- same again for the same seed; VERBOSE=yes names each test as it starts;
-- LUACONC_GC=yes collects garbage at every allocation inside each test,
-- which needs the host of `make sanitize`.

local busted = require "busted.core"()
local lfs = require "lfs"
local leaks = require "spec.support.leaks"
local report = require "spec.support.report"

local shuffle = os.getenv "SHUFFLE"
local verbose = os.getenv "VERBOSE" == "yes"
local stress = os.getenv "LUACONC_GC" == "yes"

-- Loaded before the first test, so that all files see one luaconc.
local ok, testing = pcall(require, "luaconc.testing")
if not ok then testing = nil end
local conc = testing and testing.available and require "luaconc" or nil

-- ---- around each test ----

-- (conc.run would wait for jobs that a test has left behind; sleep drives
-- the loop for its own time only.)
local function settle()
  collectgarbage()
  collectgarbage()
  if conc then pcall(conc.sleep, 0.0005) end
end

local function reset_faults()
  if not (testing and testing.available) then return end
  testing.fail_alloc(nil)
  testing.fail_uv(nil)
  testing.fail_lua(nil)
  testing.seed(nil)
  testing.gc_stress(false)
end

-- Switches the collection at every allocation on until it is closed. The
-- faults come first: their allocator has its place behind that of the host.
local function collect_always()
  local host = require "host"
  reset_faults()
  host.collect_always(true)
  return setmetatable({}, { __close = function() host.collect_always(false) end })
end

-- The state's loop, its encoder, libuv's thread pool, the forkserver and the thread of the
-- road stay until the end: they are made here, so that no test is blamed for
-- them.
local function warm_up()
  if not conc then return end
  conc.codec.encode(print)
  local ch = conc.channel(1)
  ch:try_send { ch, print }
  conc.run(function() conc.sleep(0.001) end)
  testing.virtual(conc.sleep, 1)
  if conc.tcp then
    pcall(conc.run, function()
      conc.dns.lookup "localhost"
      conc.tcp.connect("127.0.0.1", 1)
    end)
  end
  if conc.fs then assert(conc.fs.watch "/"):close() end   -- libuv's inotify
  local birth = require "luaconc.core".birth
  if birth then assert(birth()):close() end
  if conc.thread then conc.thread(function() return conc._VERSION end):await() end
  settle()
end

-- What one test has left is not to disturb the next.
local function cancel_jobs()
  if not conc then return end
  for _, job in ipairs(conc.jobs()) do pcall(job.cancel, job) end
  settle()
end

local the_report

-- The encoder keeps blocks for bytes and for what they hold. A large message
-- takes the first one with it, and the next makes another: that is no leak of
-- who sends it.
local spare = conc and conc.channel(1)
local function refill()
  if not spare then return end
  spare:try_send(spare)
  spare:try_recv()
end

local function guarded(executor)
  return function(element)
    the_report:count(element, function()
      refill()
      local before = leaks.snapshot(testing)
      executor(element)
      reset_faults()
      local left = leaks.check(testing, before, settle)
      if left then
        busted.publish({ "failure", "it" }, element,
          busted.context.parent(element), left, element.trace)
        cancel_jobs()
      end
    end)
  end
end

-- busted's own definitions, but for `it`, which is guarded, and for `file`,
-- which would load every module anew for each file.
local register = busted.register
function busted.register(descriptor, executor, attributes)
  if descriptor == "it" and type(executor) == "function" then
    executor = guarded(executor)
  elseif descriptor == "file" then
    attributes = {}
  end
  return register(descriptor, executor, attributes)
end

-- Only the test itself is stressed, not the runner.
local safe = busted.safe
function busted.safe(descriptor, run, element)
  if descriptor ~= "it" or not stress then
    return safe(descriptor, run, element)
  end
  return safe(descriptor, function(...)
    local _ <close> = collect_always()
    return run(...)
  end, element)
end

-- ---- which files ----

local function specs_in(folder, list)
  if lfs.attributes(folder, "mode") ~= "directory" then return end
  for name in lfs.dir(folder) do
    if name:find "_spec%.lua$" then
      list[#list + 1] = folder .. "/" .. name
    end
  end
end

local function files()
  if arg[1] then return arg end
  local list = {}
  specs_in("spec", list)
  specs_in("spec/contract", list)
  table.sort(list)
  return list
end

-- ---- the run ----

local function seed()
  if not shuffle or shuffle == "" or shuffle == "no" then return nil end
  local n = tonumber(shuffle) or os.time() % 100000
  print(("random order: SHUFFLE=%d runs the same again"):format(n))
  return n
end

-- busted keeps all tests until the end. Each test collects all garbage, and
-- sweeps do so many times: what files have left would be most of the work.
local function forget(element)
  local children = busted.context.children(element)
  for i, child in ipairs(children) do
    forget(child)
    for key in pairs(child) do child[key] = nil end
    children[i] = nil
  end
end

local function forget_files()
  busted.subscribe({ "file", "end" }, function(file)
    forget(file)
    return nil, true
  end)
end

local function run()
  require "busted"(busted)
  require "busted.languages.en"
  the_report = report.new(busted, io.stdout, verbose)
  forget_files()
  local order = seed()
  busted.randomize, busted.randomseed = order ~= nil, order or 0
  warm_up()
  local load = require "busted.modules.test_file_loader"(busted, { "lua" })
  load({ table.unpack(files()) }, { "_spec" }, { excludes = {} })
  require "busted.execute"(busted)(1, { seed = order, shuffle = order ~= nil })
  return the_report:finish()
end

-- Closes the state, so that what it doesn't free is found.
os.exit(run(), true)
