-- What it costs to be seen: instructions (callgrind) and time of a switch, a
-- start and an echo
--
--   bare     built with -DLUACONC_BARE: no counters, no ages, no hooks
--   off      as it is built: counters are always on
--   timed    conc.stats is used, so turns are timed as well
--   watched  LUACONC_BLOCK_MS=100: the watchdog's notes at each switch
--   traced   luaconc trace -o /dev/null
--
-- From the root of the tree, after `make` and `make -C bench`:
--   lua5.4 bench/overhead.lua [--quick] [--build DIR] [switch|spawn|echo ...]
-- Times are medians of interleaved rounds, CPU time of the server for echo.

local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/?.lua;" .. package.path

local BUILD, BARE = "build", "build/bare"
local ROUNDS, quick = 7, false
local names = {}

local i = 1
while arg[i] do
  if arg[i] == "--quick" then
    ROUNDS, quick = 3, true
  elseif arg[i] == "--build" then
    i = i + 1
    BUILD, BARE = arg[i], arg[i] .. "/bare"
  else
    names[arg[i]] = true
  end
  i = i + 1
end

local function output_of(command)
  local pipe = assert(io.popen("timeout -k 5 300 " .. command .. " 2>&1"))
  local text = pipe:read "a"
  return text, pipe:close()
end

local function must(command)
  local text, ok = output_of(command)
  if not ok then
    io.stderr:write("overhead: this failed: ", command, "\n", text, "\n")
    os.exit(1)
  end
  return text
end

-- ---- the four ways ----

local function lua(build, environment, words)
  return ("env LUA_PATH='lua/?.lua;lua/?/init.lua;;' LUA_CPATH='%s/?.so;;' %s "
    .. "%%s lua5.4 bin/luaconc %s "):format(build, environment, words)
end

local WAYS = {
  { "bare", lua(BARE, "", "run") },
  { "off", lua(BUILD, "", "run") },
  { "timed", lua(BUILD, [[LUA_INIT="local _ = require('luaconc').stats"]],
    "run") },
  { "watched", lua(BUILD, "LUACONC_BLOCK_MS=100", "run") },
  { "traced", lua(BUILD, "", "trace -o /dev/null") },
}

-- bin/luaconc prefers what lies beside it: it is told apart by its own paths.
local function command(way, tool)
  return (way[2]:gsub("bin/luaconc", "bench/lib/luaconc.lua"):format(tool))
end

local VALGRIND = "valgrind --tool=callgrind --callgrind-out-file=/dev/null"

local function collected(text)
  return assert(tonumber(text:match "Collected : (%d+)"), text)
end

-- ---- a switch, a start ----

-- Every script runs a tenth more, to warm up.
local function script_instructions(way, script)
  local function run(n)
    return collected(must(command(way, VALGRIND)
      .. ("bench/%s.lua luaconc %d"):format(script, n)))
  end
  local from, to = 20000, 60000
  return (run(to) - run(from)) / ((to - from) * 1.1)
end

local function script_time(way, script)
  local n = quick and 200000 or 600000
  local text = must(command(way, "") .. ("bench/%s.lua luaconc %d"):format(
    script, n))
  return tonumber(text:match "ns%s+([%d.]+)")
end

-- ---- an echo ----

local function echo_instructions(way)
  local function run(n)
    return collected(must(("%s/bench/load -c 1 -n %d -w 0 -- %sbench/echo/"
      .. "server.lua"):format(BUILD, n, command(way, VALGRIND))))
  end
  return (run(3000) - run(1000)) / 2000
end

local function echo_time(way)
  local text = must(("%s/bench/load -c 64 -t %s -- %sbench/echo/server.lua")
    :format(BUILD, quick and 0.5 or 1, command(way, "")))
  return assert(tonumber(text:match "server_us%s+([%d.]+)"), text) * 1000
end

-- ---- all of it ----

local BENCHES = {
  { "switch", function(w) return script_instructions(w, "switch") end,
    function(w) return script_time(w, "switch") end },
  { "spawn", function(w) return script_instructions(w, "spawn") end,
    function(w) return script_time(w, "spawn") end },
  { "echo", echo_instructions, echo_time },
}

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

local function ratio(value, base)
  return ("%.3f"):format(value / base)
end

must(("make BUILD=%s CPPFLAGS=-DLUACONC_BARE build"):format(BARE))
print(("%-8s%-9s%14s%8s%12s%8s"):format("", "", "instructions", "", "ns", ""))
for _, bench in ipairs(BENCHES) do
  if not next(names) or names[bench[1]] then
    local times = {}
    for _ = 1, ROUNDS do
      for w, way in ipairs(WAYS) do
        times[w] = times[w] or {}
        table.insert(times[w], bench[3](way))
      end
    end
    local base_count, base_time
    for w, way in ipairs(WAYS) do
      local count, ns = bench[2](way), median(times[w])
      base_count, base_time = base_count or count, base_time or ns
      print(("%-8s%-9s%14.1f%8s%12.1f%8s"):format(w == 1 and bench[1] or "",
        way[1], count, ratio(count, base_count), ns, ratio(ns, base_time)))
    end
  end
end
