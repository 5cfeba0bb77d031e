-- Runs the benchmarks and prints a table for each: median, 95 % interval,
-- and how luaconc compares with what ran beside it in the same rounds.
-- bench/README.md says what each one measures.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local suite = require "lib.suite"
local runner = require "lib.runner"
local report = require "lib.report"
local counts = require "lib.counts"
local loads = require "lib.loads"
local json = require "lib.json"

local usage = [[
usage: lua5.4 bench/run.lua [options] [names...]    (from the root of the tree)
  --quick          three rounds, no peers
  --no-peers       luaconc and its references only
  --rounds N       that many rounds
  --json FILE      also writes everything, with each sample, to FILE
  --instructions   instead: instructions an operation, counted by callgrind
  --syscalls       instead: system calls an echo, counted by strace
  --load           instead: the load tests of bench/load (--small: a little)
  --list           names of the benchmarks]]

local function fail(message)
  io.stderr:write("bench: ", message, "\n")
  os.exit(2)
end

local flags = { quick = "quick", peers = "no-peers", list = "list",
                instructions = "instructions", syscalls = "syscalls",
                load = "load", small = "small", help = "help" }

local function parse(list)
  local options, names, i = {}, {}, 1
  while list[i] do
    local flag = list[i]:match("^%-%-(.+)")
    if not flag then
      names[#names + 1] = list[i]
    elseif flag == "json" or flag == "rounds" then
      i = i + 1
      options[flag] = list[i] or fail("--" .. flag .. " takes a value")
    else
      local known
      for key, name in pairs(flags) do
        if name == flag then options[key], known = true, true end
      end
      if not known then fail("no such option: --" .. flag .. "\n" .. usage) end
    end
    i = i + 1
  end
  options.peers = not (options.peers or options.quick)
  if options.rounds then
    options.rounds = math.tointeger(tonumber(options.rounds))
      or fail("--rounds takes a number")
  end
  return options, names
end

local function chooser(names, all)
  local set, known = {}, {}
  for _, bench in ipairs(all) do known[bench.name] = true end
  for _, name in ipairs(names) do
    if not known[name] then fail("no such benchmark: " .. name) end
    set[name] = true
  end
  return function(name) return #names == 0 or set[name] end
end

local function first_line(command)
  local pipe = assert(io.popen(command .. " 2>/dev/null"))
  local line = pipe:read("l")
  pipe:close()
  return line
end

local function cpu_model()
  for line in io.lines("/proc/cpuinfo") do
    local model = line:match("^model name%s*:%s*(.+)")
    if model then return model end
  end
  return "unknown"
end

local PROBE = [[lua5.4 -e '
  print((require("luaconc")._VERSION:gsub("^%a+ ", "")))
  print(package.searchpath("luaconc.core", package.cpath))
  print(require("luaconc.core").testing and "test" or "plain")']]

-- What is measured. Refuses a test build: its checks would be measured too.
local function describe()
  local pipe = assert(io.popen(PROBE .. " 2>&1"))
  local version, core, build = pipe:read("l", "l", "l")
  local rest = pipe:read("a")
  if not pipe:close() then
    fail("luaconc does not load: " .. (version or "") .. "\n" .. (core or "")
      .. (build or "") .. rest)
  end
  if build == "test" then
    fail(core .. " is a test build; `make` builds the one to measure")
  end
  return {
    luaconc = version, core = core, lua = _VERSION,
    libuv = first_line("pkg-config --modversion libuv") or "?",
    cpu = cpu_model(), cpus = tonumber(first_line("nproc")),
    kernel = first_line("uname -sr"), load = first_line("cat /proc/loadavg"),
    date = os.date("!%Y-%m-%dT%H:%M:%SZ"),
  }
end

local function limit_of_descriptors()
  local n = first_line("sh -c 'ulimit -n'")
  return n == "unlimited" and math.huge or tonumber(n) or 0
end

local terminal = os.execute("test -t 2") == true

local function progress(name, round, rounds)
  if not terminal then return end
  io.stderr:write(string.format("\r\27[K%s: round %d of %d", name, round,
    rounds))
end

local function clear_progress()
  if terminal then io.stderr:write("\r\27[K") end
end

local function print_machine(m)
  print(string.format("luaconc %s (%s), %s, libuv %s", m.luaconc, m.core,
    m.lua, m.libuv))
  print(string.format("%s, %d CPUs, %s, load %s", m.cpu, m.cpus, m.kernel,
    m.load))
  print("* marks the reference. luaconc : this compares medians of the same"
    .. " rounds.")
end

local function measure_all(options, wanted)
  local results, failed = {}, false
  for _, bench in ipairs(suite) do
    if wanted(bench.name) then
      if (bench.descriptors or 0) > limit_of_descriptors() then
        print(string.format("\n%s: left out, needs %d descriptors (ulimit -n)",
          bench.name, bench.descriptors))
      else
        local list = runner.measure(bench, options, progress)
        clear_progress()
        local result = report.evaluate(bench, list)
        report.print(result, bench)
        results[#results + 1] = result
        failed = failed or list[1].problem ~= nil
      end
    end
  end
  return results, failed
end

local function count_all(options, wanted)
  local out, failed = {}, false
  for _, kind in ipairs { "instructions", "syscalls" } do
    if options[kind] then
      local rows, problem = counts[kind](suite, wanted)
      local title = kind == "instructions"
        and "instructions an operation (callgrind)"
        or "system calls an echo, one connection (strace)"
      counts.print(title, rows)
      if problem then print("  " .. problem) end
      for _, row in ipairs(rows) do
        failed = failed or (row.problem ~= nil and row.case == "luaconc")
      end
      out[kind] = rows
    end
  end
  return out, failed
end

local function main()
  local options, names = parse(arg)
  if options.help then return print(usage) end
  if options.list then
    for _, bench in ipairs(suite) do
      print(string.format("%-20s%s", bench.name, bench.title))
    end
    return
  end
  if options.load then
    local wanted = chooser(names, loads.list())
    os.exit(loads.run(wanted, options.small and "small" or "full"))
  end
  if not runner.succeeds("test -x build/bench/load -a -r bench/run.lua") then
    fail("run this from the root of the tree, after `make -C bench`")
  end
  runner.python = suite.python
  local wanted = chooser(names, suite)
  local machine = describe()
  print_machine(machine)
  local data, failed = { machine = machine }
  if options.instructions or options.syscalls then
    data.counts, failed = count_all(options, wanted)
  else
    data.benchmarks, failed = measure_all(options, wanted)
    json.list(data.benchmarks)
  end
  if options.json then
    local file = assert(io.open(options.json, "w"))
    file:write(json.encode(data))
    file:close()
  end
  os.exit(not failed)
end

main()
