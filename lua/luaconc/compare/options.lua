-- The options of `luaconc compare`.

local engines = require "luaconc.compare.engines"
local suggest = require "luaconc.compare.suggest"

local M = {}

M.help = [[
usage: luaconc compare [options] FILE...

Runs the scenario in each FILE on every engine and shows which engine fits.
Every run is a process of its own; the engines take turns, round by round,
after a warm-up round that doesn't count; their results must be equal.
What jobs print is shown only if they fail.

engines:
%s
options:
  --engines LIST    engines to compare, by commas (all)
  --sizes LIST      numbers of jobs, by commas (those that the scenario names)
  --runs N          N rounds, however long they take
  --workers N       N threads or processes, or one for each job if those are
                    fewer (as many as keep the cores busy, going by the share
                    of a core that the first jobs need, run alone)
  --budget SECONDS  time for each scenario (25): rounds go on until the figures
                    are steady or the time is spent; a size for which it can't
                    suffice is estimated from a smaller one, and marked so
  --limit SECONDS   time after which a single run is ended and counts as
                    failed (10 times the budget, 60 at least)
  --json FILE       write every run and every figure to FILE
  --csv FILE        write a line for each run to FILE, for a spreadsheet or R
  --version         the version of luaconc
  --help            this text

figures, as medians of all rounds:
  wall              from the start of the first job to the end of the last,
                    with workers that are ready; the interval is found by the
                    bootstrap from 6 rounds on
  speed-up          how many times as long the serial run took
  CPU time          of all threads and processes, in the program and in the
                    system on its behalf
  peak memory       of all processes; what several share is counted once
  per job           what the peak is above the memory before, for each job
  switches          of all threads and processes: they had to wait, or were
                    forced off a core
  start-up          from the start of the program until its workers are ready
  sent              bytes that went between states while the jobs ran

A scenario is a Lua file that returns a table:
  name              what is run
  about             a line that says more (may be left out)
  sizes             a list: how many jobs
  setup(size)       called once per size, in the parent: may start a server;
                    returns ctx, plain data for the jobs (may be left out)
  job(i, ctx)       the work of job i; returns plain data. Threads and
                    processes run a copy of it and of the locals that it uses
  check(results, size)  raises where a result is wrong (may be left out)
  teardown(ctx)     at the end of the size, in the parent (may be left out)

Exit status: 0 done, 1 a scenario failed, 2 wrong use.
]]

local function list_engines()
  local lines = {}
  for i, name in ipairs(engines.names()) do
    lines[i] = ("  %-18s%s\n"):format(name, engines.get(name).about)
  end
  return table.concat(lines)
end

M.help = M.help:format(list_engines())

local function split(text)
  local list = {}
  for item in text:gmatch "[^,]*" do list[#list + 1] = item end
  return list
end

local function unique(list, what)
  local seen = {}
  for _, item in ipairs(list) do
    if seen[item] then return nil, ("%s '%s' is named twice"):format(what,
      item) end
    seen[item] = true
  end
  return list
end

local function parse_engines(text)
  local names = engines.names()
  local list = split(text)
  if text == "" then return nil, "names no engine" end
  local known = {}
  for _, name in ipairs(names) do known[name] = true end
  for _, name in ipairs(list) do
    if not known[name] then
      return nil, ("there is no engine '%s'%s (engines: %s)"):format(name,
        suggest.hint(name, names), table.concat(names, ", "))
    end
  end
  return unique(list, "engine")
end

local function parse_count(text)
  local n = math.tointeger(tonumber(text))
  if n and n >= 1 then return n end
  return nil, ("'%s' is no whole number above 0"):format(text)
end

local function parse_sizes(text)
  local list = split(text)
  if text == "" then return nil, "names no size" end
  for i, item in ipairs(list) do
    local n, message = parse_count(item)
    if not n then return nil, message end
    list[i] = n
  end
  return unique(list, "size")
end

local function parse_seconds(text)
  local n = tonumber(text)
  if n and n > 0 and n < math.huge then return n end
  return nil, ("'%s' is no number of seconds above 0"):format(text)
end

local function parse_file(text)
  if text ~= "" then return text end
  return nil, "needs the name of a file"
end

local VALUES = {
  engines = parse_engines, sizes = parse_sizes, runs = parse_count,
  budget = parse_seconds, limit = parse_seconds, workers = parse_count,
  json = parse_file, csv = parse_file,
}
local NAMES = { "--engines", "--sizes", "--runs", "--budget", "--limit",
  "--workers", "--json", "--csv", "--version", "--help" }

local function exists(path)
  local file, message, code = io.open(path, "r")
  if not file then return nil, message, code end
  -- A directory opens, and can't be read.
  local ok
  ok, message = file:read(0)
  local empty = ok == nil and message == nil
  file:close()
  if ok or empty then return true end
  return nil, path .. ": " .. message
end

-- The same name with what is often left out.
local function near_file(path)
  local tail = path:match "[^/]*$"
  for _, try in ipairs { path .. ".lua", "examples/scenarios/" .. tail,
    "examples/scenarios/" .. tail .. ".lua" } do
    if try ~= path and exists(try) then
      return ("; did you mean '%s'?"):format(try)
    end
  end
  return ""
end

local function check_files(given)
  if #given.files == 0 then return nil, "no scenario file is given" end
  for _, path in ipairs(given.files) do
    local ok, message = exists(path)
    if not ok then
      return nil, "cannot read " .. message .. near_file(path)
    end
  end
  return given
end

-- One option with its value; returns how many arguments it took.
local function parse_option(given, args, i)
  local word, value = args[i]:match "^(%-%-[^=]*)=(.*)$"
  word = word or args[i]
  local name = word:match "^%-%-(.+)$"
  local parse = VALUES[name]
  if not parse then
    return nil, ("unknown option '%s'%s"):format(word,
      suggest.hint(word, NAMES))
  end
  local took = value and 1 or 2
  value = value or args[i + 1]
  if not value then return nil, ("option '%s' needs a value"):format(word) end
  local parsed, message = parse(value)
  if parsed == nil then return nil, ("%s: %s"):format(word, message) end
  given[name] = parsed
  return took
end

--- What the arguments ask for, or nil and what is wrong with them.
---@param args string[]
---@return table? given, string? message
function M.parse(args)
  local given, i, plain = { files = {} }, 1, false
  while i <= #args do
    local word = args[i]
    if plain or word == "-" or word:sub(1, 1) ~= "-" then
      table.insert(given.files, word)
      i = i + 1
    elseif word == "--" then
      plain, i = true, i + 1
    elseif word == "--help" or word == "-h" then
      return { help = true }
    else
      local took, message = parse_option(given, args, i)
      if not took then return nil, message end
      i = i + took
    end
  end
  return check_files(given)
end

return M
