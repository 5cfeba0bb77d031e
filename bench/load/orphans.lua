-- A program with busy worker processes is killed, again and again: none of
-- the workers outlives it, nor does its forkserver.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- The program: starts them, says their ids, and waits to be killed.
local PROGRAM = [[
  package.path, package.cpath = %q, %q
  local conc = require "luaconc"
  conc.run(function()
    local ids = { conc.forkserver() }
    for i = 1, %d do
      ids[i + 1] = conc.process(function()
        local nap = require "luaconc".sleep
        while true do
          for _ = 1, 1000 do end
          nap(0.001)
        end
      end).pid
    end
    io.write(table.concat(ids, " "), "\n")
    io.flush()
    conc.sleep(1000)
  end)
]]

local function is_over(pid)
  local stat = conc.fs.read_file("/proc/" .. pid .. "/stat")
  return not stat or stat:find "%) [ZX] " ~= nil
end

-- Those that live on, and how long it took, 10 s at most.
local function await_ends(ids)
  local start = conc.now()
  repeat
    for i = #ids, 1, -1 do
      if is_over(ids[i]) then table.remove(ids, i) end
    end
    if #ids > 0 then conc.sleep(0.005) end
  until #ids == 0 or conc.now() - start > 10
  return #ids, conc.now() - start
end

local function kill_one(size)
  local lua = arg[-1] or "lua5.4"
  local program <close> = assert(conc.popen { lua, "-e",
    PROGRAM:format(package.path, package.cpath, size.workers), stdin = "null" })
  local ids = {}
  for id in (program.stdout:read "l" or ""):gmatch "%d+" do ids[#ids + 1] = id end
  local started = #ids - 1
  program:kill "SIGKILL"
  local left, seconds = await_ends(ids)
  return started, left, seconds
end

local function run(size, promise)
  local workers, left, slowest = 0, 0, 0
  for _ = 1, size.kills do
    local started, alive, seconds = kill_one(size)
    workers, left = workers + started, left + alive
    slowest = math.max(slowest, seconds)
  end
  promise(workers == size.kills * size.workers, "only %d workers were started", workers)
  promise(left == 0, "%d of %d workers live on", left, workers)
  return { { "killed", size.kills }, { "workers", workers }, { "left", left },
    { "slowest_ms", slowest * 1000 } }
end

loadtest.main {
  full = { kills = 100, workers = 200 },
  small = { kills = 2, workers = 8 },
  run = function(...) return conc.run(run, ...) end,
}
