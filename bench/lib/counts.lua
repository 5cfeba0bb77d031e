---Figures that are counted, not timed: instructions by callgrind, system
---calls by strace. Each is the difference of two runs of different length,
---so that starting and ending do not enter.
local runner = require "lib.runner"
local report = require "lib.report"

local M = {}

local function lines_of(command)
  local pipe = assert(io.popen("timeout -k 5 120 " .. command .. " 2>&1"))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  return lines, pipe:close()
end

local function instructions(script, case, n)
  local lines = lines_of(string.format("valgrind --tool=callgrind"
    .. " --callgrind-out-file=/dev/null lua5.4 bench/%s.lua %s %d",
    script, case, n))
  for _, line in ipairs(lines) do
    local count = line:match("Collected : (%d+)")
    if count then return tonumber(count) end
  end
  return nil, lines[#lines]
end

-- Every script runs a tenth more, to warm up.
local WITH_WARM_UP = 1.1

---Instructions an operation, for the benchmarks that count them.
---@return table[] rows, string? problem
function M.instructions(suite, wanted)
  local rows = {}
  if not runner.succeeds("command -v valgrind") then
    return rows, "valgrind is not installed"
  end
  for _, bench in ipairs(suite) do
    if bench.instructions and wanted(bench.name) then
      for _, case in ipairs(bench.instructions) do
        local from, why = instructions(bench.name, case, 20000)
        local to = from and instructions(bench.name, case, 60000)
        rows[#rows + 1] = { bench = bench.name, case = case,
          value = to and (to - from) / (40000 * WITH_WARM_UP),
          problem = not to and (why or "it failed") or nil }
      end
    end
  end
  return rows
end

-- Calls by name of `n` echoes on one connection: with one, no two echoes
-- share a turn of the loop, and the count repeats exactly.
local function calls(server, size, n)
  local file = os.tmpname()
  local lines, ok = lines_of(string.format("build/bench/load -c 1 -s %d -n %d"
    .. " -- strace -c -f -o %s %s", size, n, file, server))
  if not ok then
    os.remove(file)
    return nil, lines[#lines]
  end
  local found = {}
  for line in io.lines(file) do
    local count, name = line:match("^%s*[%d.]+%s+[%d.]+%s+%d+%s+(%d+)"
      .. "[%s%d]*%s([%w_]+)$")
    if name and name ~= "total" then found[name] = tonumber(count) end
  end
  os.remove(file)
  return found
end

local function each_echo(server, size)
  local few, why = calls(server, size, 1000)
  local many = few and calls(server, size, 3000)
  if not many then return nil, why or "it failed" end
  local total, parts = 0, {}
  for name, count in pairs(many) do
    local each = (count - (few[name] or 0)) / 2000
    total = total + each
    if each >= 0.005 then
      parts[#parts + 1] = { name = name, each = each }
    end
  end
  table.sort(parts, function(a, b)
    if a.each ~= b.each then return a.each > b.each end
    return a.name < b.name
  end)
  return { total = total, parts = parts }
end

---System calls an echo, for the echo benchmarks.
---@return table[] rows, string? problem
function M.syscalls(suite, wanted)
  local rows = {}
  if not runner.succeeds("command -v strace") then
    return rows, "strace is not installed"
  end
  for _, bench in ipairs(suite) do
    if bench.syscalls and wanted(bench.name) then
      for _, entry in ipairs(bench.syscalls) do
        local why, found = runner.missing(entry.needs)
        if not why then
          found, why = each_echo(entry.server, bench.syscalls.size)
        end
        rows[#rows + 1] = { bench = bench.name, case = entry.name,
          value = found and found.total, parts = found and found.parts,
          target = entry.name == "luaconc" and bench.syscalls.target or nil,
          problem = why }
      end
    end
  end
  return rows
end

local function parts_of(row)
  local out = {}
  for i, part in ipairs(row.parts or {}) do
    out[i] = string.format("%s %.2f", part.name, part.each)
  end
  return table.concat(out, ", ")
end

---Prints counted rows under a title.
function M.print(title, rows)
  print("\n" .. title)
  for _, row in ipairs(rows) do
    if row.problem then
      print(string.format("  %-9s%-26s none: %s", row.bench, row.case,
        row.problem))
    else
      local verdict = row.target and string.format("target %d: %s",
        row.target, row.value <= row.target + 0.05 and "met" or "MISSED") or ""
      print((string.format("  %-9s%-26s%9s  %s  %s", row.bench, row.case,
        report.number(row.value), parts_of(row), verdict):gsub("%s+$", "")))
    end
  end
end

return M
