-- `luaconc compare`: one job on every engine.

local engines = require "luaconc.compare.engines"
local output = require "luaconc.compare.output"
local values = require "luaconc.cli.values"

local write = output.write

local function list_engines()
  local lines = {}
  for i, name in ipairs(engines.names()) do
    lines[i] = ("  %-18s%s\n"):format(name, engines.get(name).about)
  end
  return table.concat(lines)
end

local text = [[
Runs the scenario in each FILE on every engine and shows which engine fits.
Every run is a process of its own; the engines take turns, round by round,
after a warm-up round that doesn't count; their results must be equal.
What jobs print is shown only if they fail.

engines:
]] .. list_engines()

local options = {
  { "--engines", "LIST", "engines to compare, by commas (all)",
    parse = values.names("engine", engines.names), complete = engines.names },
  { "--sizes", "LIST",
    "numbers of jobs, by commas (those that the scenario names)",
    parse = values.counts "size" },
  { "--runs", "N", "N rounds, however long they take",
    parse = values.count },
  { "--sweep", "LOW..HIGH", [[
numbers of jobs between these instead; where another
engine begins to win, that point is found by bisection]],
    parse = values.range },
  { "--workers", "LIST", [[
numbers of threads or processes, or one for each job if
those are fewer (as many as keep the cores busy, going by
the share of a core that the first jobs need, run alone)]],
    parse = values.counts "number" },
  { "--command", "NAME=CMD", [[
a program of any language as an engine; several may be
given. CMD goes to the shell, {n} in it is the number of
jobs; it prints the results, one on a line]],
    parse = values.command, many = true },
  { "--set", "NAME=VALUE", [[
a setting for the scenario; several may be given]],
    parse = values.setting, many = true },
  { "--budget", "SECONDS", [[
time for each scenario (25): rounds go on until the figures
are steady or the time is spent; a size for which it can't
suffice is estimated from a smaller one, and marked so]],
    parse = values.seconds },
  { "--limit", "SECONDS", [[
time after which a single run is ended and counts as
failed (10 times the budget, 60 at least)]], parse = values.seconds },
  { "--json", "FILE", "write every run and every figure to FILE",
    parse = values.file, complete = "file" },
  { "--csv", "FILE",
    "write a line for each run to FILE, for a spreadsheet or R",
    parse = values.file, complete = "file" },
  { "--html", "FILE", "write a page with plots to FILE",
    parse = values.file, complete = "file" },
  { "--baseline", "FILE", [[
compare with a run that --json wrote: ratio with interval,
and the test of Mann and Whitney]], parse = values.file,
    complete = "file" },
}

local notes = [[
figures, as medians of all rounds:
  wall              from the start of the first job to the end of the last,
                    with workers that are ready; the interval is found by the
                    bootstrap from 6 rounds on
  speed-up          how many times as long the serial run took
  CPU time          of all threads and processes, in the program and in the
                    system on its behalf
  peak memory       of all processes; shared memory counts once
  per job           for each job, the peak less the memory before
  switches          of all threads and processes: because they had to wait,
                    or were forced off a core
  start-up          from the start of the program until its workers are ready
  sent              bytes that went between states while the jobs ran

A scenario is a Lua file that returns a table:
  name              the title in the report
  about             a line of explanation (optional)
  sizes             a list of numbers of jobs
  setup(size)       called once per size, in the parent: may start a server;
                    returns ctx, plain data for the jobs (optional)
  job(i, ctx)       the work of job i; returns plain data. Threads and
                    processes run a copy of it and of the locals that it uses
  show(results)     what a program of --command prints for these results
                    (default: each on a line of its own)
  check(results, size)  raises if a result is wrong (optional)
  teardown(ctx)     at the end of the size, in the parent (optional)
The file is called with its name and the settings: local file, set = ...
]]

local function complain(message)
  io.stderr:write("luaconc compare: ", message, "\n")
end

local function settings(given)
  local set = {}
  for _, one in ipairs(given.set or {}) do set[one.name] = one.value end
  return set
end

local function run_file(file, given, style, progress)
  local compare = require "luaconc.compare"
  local report = require "luaconc.compare.report"
  local titled = false
  local result = compare.scenario(file, {
    engines = given.engines,
    sizes = given.sizes,
    runs = given.runs,
    budget = given.budget,
    limit = given.limit,
    sweep = given.sweep,
    commands = given.command,
    workers = given.workers,
    set = settings(given),
    progress = function(what) progress:set(what) end,
    done = function(size, result)
      progress:erase()
      if given.record then
        size.baseline = require("luaconc.compare.baseline").compare(
          given.record, result.name, size)
      end
      if not titled then write(report.title(style, result)) end
      titled = true
      write(report.size(style, size, result))
    end,
  })
  progress:erase()
  if result.failure then write(report.failure(style, result)) end
  write(report.ending(style, result))
  return result
end

local function run_files(given, files)
  local _ <close> = files
  local compare = require "luaconc.compare"
  local core = require "luaconc.core"
  local style = require("luaconc.compare.text").new(core.terminal(1))
  local progress <close> = require("luaconc.compare.progress").start()
  local results, failed = {}, false
  for i = 1, math.max(1, #given.words) do
    local file = given.words[i]
    if i > 1 then write("\n\n") end
    results[i] = run_file(file, given, style, progress)
    if compare.failed(results[i]) then
      failed = true
      if not core.terminal(1) then
        complain((file or "a program") .. " failed: see the output")
      end
    end
  end
  return files:write(complain, results) and not failed and 0 or 1
end

-- What options mean together.
local function check(given)
  local seen = {}
  for _, name in ipairs(engines.names()) do seen[name] = true end
  for _, command in ipairs(given.command or {}) do
    if seen[command.name] then
      return nil, ("--command: there is an engine '%s' already"):format(
        command.name)
    end
    seen[command.name] = true
  end
  if given.sizes and given.sweep then
    return nil, "--sizes and --sweep exclude each other"
  end
  if not given.baseline then return true end
  local message
  given.record, message = require("luaconc.compare.baseline").load(
    given.baseline)
  return given.record and true, message
end

local function run(given)
  local files = require "luaconc.cli.files"
  local ok, message = true, nil
  if #given.words > 0 or not given.command then
    ok, message = files.check(given.words, "scenario")
  end
  if not ok then return nil, message end
  ok, message = check(given)
  if not ok then return nil, message end
  local out
  out, message = files.open {
    { given.json, require("luaconc.compare.record").text },
    { given.csv, require("luaconc.compare.csv").text },
    { given.html, require("luaconc.compare.book").text },
  }
  if not out then return nil, message end
  return require("luaconc").run(run_files, given, out)
end

return {
  name = "compare",
  about = "run a job on every engine and see which one fits",
  usage = "[options] [FILE...]",
  text = text,
  options = options,
  notes = notes,
  fails = "a scenario failed",
  complete = "file",
  run = run,
}
