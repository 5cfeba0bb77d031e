-- The results as a page: every run a mark, with medians and intervals.

local advice = require "luaconc.compare.advice"
local baseline = require "luaconc.compare.baseline"
local compare = require "luaconc.compare"
local engines = require "luaconc.compare.engines"
local machine = require "luaconc.compare.machine"
local page = require "luaconc.page"
local plot = require "luaconc.page.plot"
local remarks = require "luaconc.compare.remarks"
local stats = require "luaconc.compare.stats"
local sweep = require "luaconc.compare.sweep"
local units = require "luaconc.compare.units"

local M = {}

local element, figure = page.element, plot.figure

local function samples(row, f)
  local list = {}
  for i, run in ipairs(row.runs) do list[i] = f(run) end
  return list
end

local function measured(size)
  local list = {}
  for _, row in ipairs(size.rows) do
    if row.wall then list[#list + 1] = row end
  end
  return list
end

local MIB = 1 << 20

local function strips(title, size, f, show, base)
  local rows = {}
  for i, row in ipairs(measured(size)) do
    local list = samples(row, f)
    rows[i] = { name = row.engine, samples = list,
      interval = stats.interval(list) }
  end
  return plot.strips(title, rows, show, base)
end

-- How many times as long the serial run took, in the median, as each run.
local function speedups(size)
  local serial = compare.row(size.rows, "serial")
  if not (serial and serial.wall) then return "" end
  local rows = {}
  for _, row in ipairs(measured(size)) do
    if row ~= serial then
      rows[#rows + 1] = { name = row.engine, interval = row.speedup,
        samples = samples(row, function(run)
          return serial.wall.median / run.wall
        end) }
    end
  end
  if #rows == 0 then return "" end
  return figure(plot.strips("Speed-up against the serial run", rows,
    units.ratio), "Speed-up: how many times as long the serial run took.")
end

local HEADING = { "engine", "wall", "interval", "speed-up", "CPU", "memory",
  "memory a job", "switches", "sent", "start-up", "workers" }

local function line_of(row)
  if row.failure then
    return { row.engine, "failed: " .. row.failure.message }
  elseif row.estimate then
    return { row.engine, "~" .. units.time(row.estimate.wall),
      "not run: estimate" }
  end
  return { row.engine, units.time(row.wall.median),
    units.time_range(row.wall.low, row.wall.high),
    row.speedup and units.ratio(row.speedup.median) or "-",
    units.time(row.user.median + row.system.median),
    units.memory(row.memory.median), units.size(row.job_memory.median),
    units.count(row.voluntary.median + row.involuntary.median),
    row.workers and units.size(row.sent.median) or "-",
    engines.get(row.engine).command and "-"
      or units.time(row.startup.median),
    row.workers and units.count(row.workers) or "-" }
end

local function table_of(size)
  local rows = { HEADING }
  for _, row in ipairs(size.rows) do
    rows[#rows + 1] = line_of(row)
  end
  return page.table(rows, "Medians of all rounds")
end

local function sentences(size)
  local out = {}
  local text = advice.paragraph(size, compare.ratio)
  if text then out[1] = element("p", text) end
  for _, remark in ipairs(remarks.of(size)) do
    out[#out + 1] = element("p", remark, "soft")
  end
  for _, line in ipairs(size.baseline and baseline.lines(size.baseline) or {})
  do
    out[#out + 1] = element("p", "Before: " .. line)
  end
  return table.concat(out)
end

local function size_title(size)
  return units.plural(size.size, "job")
    .. (size.workers and " on " .. units.plural(size.workers, "worker") or "")
end

local function size_part(size)
  local out = { "<article>\n", element("h3", ("%s, %s"):format(
    size_title(size), units.plural(size.rounds, "round"))) }
  local function add(text) out[#out + 1] = text end
  if size.failure then
    add(element("p", "Failed: " .. size.failure.message))
  end
  if #measured(size) > 0 then
    add(sentences(size))
    add(figure(strips("Wall time", size, function(r) return r.wall end,
      units.time), "Wall time: every run a mark, the median and its interval."))
    add(speedups(size))
    add(figure(strips("Peak memory", size, function(r) return r.memory end,
      units.size, MIB), "Peak memory of all processes."))
  end
  add(table_of(size))
  return table.concat(out) .. "</article>\n"
end

-- Without what nobody saw: the memory of a run that was over at once.
local function known(values)
  local out = {}
  for _, v in ipairs(values) do
    if v > 0 then out[#out + 1] = v end
  end
  return out
end

-- One line for each engine over the sizes.
local function series(sizes, f)
  local list = {}
  local by = {}
  for _, size in ipairs(sizes) do
    for _, row in ipairs(measured(size)) do
      if not by[row.engine] then
        by[row.engine] = { name = row.engine, points = {} }
        list[#list + 1] = by[row.engine]
      end
      local values = known(samples(row, function(run)
        return f(run, size.size)
      end))
      if #values > 0 then
        table.insert(by[row.engine].points, { x = size.size, samples = values,
          interval = stats.interval(values) })
      end
    end
  end
  return list
end

local function crossings(result)
  local list = {}
  for i, c in ipairs(sweep.changes(result, compare.ratio)) do
    list[i] = { x = c.at, text = ("%s from %s on"):format(
      engines.get(c.engine).title, units.count(c.at)) }
  end
  return list
end

local function points_table(list, show, caption)
  local rows, seen, xs = { { "jobs" } }, {}, {}
  for i, s in ipairs(list) do
    rows[1][i + 1] = s.name
    for _, p in ipairs(s.points) do
      if not seen[p.x] then
        seen[p.x] = { units.count(p.x) }
        xs[#xs + 1] = p.x
      end
      seen[p.x][i + 1] = show(p.interval.median)
    end
  end
  table.sort(xs)
  for _, x in ipairs(xs) do
    for i = 2, #list + 1 do seen[x][i] = seen[x][i] or "-" end
    rows[#rows + 1] = seen[x]
  end
  return page.table(rows, caption)
end

local function growth(result, title, f, show, base)
  local sizes = {}
  for _, size in ipairs(result.sizes) do
    if not size.workers then sizes[#sizes + 1] = size end
  end
  local list = series(sizes, f)
  if #sizes < 2 or #list == 0 then return "" end
  return figure(plot.lines(title, list, units.count, show, crossings(result),
    base),
    title .. " against the number of jobs; both axes are logarithmic.")
    .. points_table(list, show, title .. ", medians")
end

local function settings(result)
  local parts = {}
  for name, v in pairs(result.set or {}) do
    parts[#parts + 1] = name .. " = " .. tostring(v)
  end
  table.sort(parts)
  return #parts > 0 and element("p", "Settings: " .. table.concat(parts, ", "),
    "soft") or ""
end

local function scenario_part(result)
  local out = { element("h2", result.name or result.file) }
  local function add(text) out[#out + 1] = text end
  if result.about then add(element("p", result.about)) end
  if result.name and result.file ~= "-" then
    add(element("p", result.file, "soft"))
  end
  add(settings(result))
  if result.failure then
    add(element("p", "Failed: " .. result.failure.message))
    return table.concat(out)
  end
  for _, sentence in ipairs { sweep.sentence(result, compare.ratio) or "",
    sweep.crews(result) or "" } do
    if sentence ~= "" then add(element("p", sentence)) end
  end
  add(growth(result, "Wall time", function(r) return r.wall end, units.time))
  add(growth(result, "Wall time of a job", function(r, n)
    return r.wall / n
  end, units.time))
  add(growth(result, "CPU time of a job", function(r, n)
    return math.max(r.user + r.system, 1e-6) / n
  end, units.time))
  add(growth(result, "Peak memory", function(r) return r.memory end,
    units.size, MIB))
  for _, size in ipairs(result.sizes) do add(size_part(size)) end
  return table.concat(out)
end

--- The page that `--html` writes.
---@param results luaconc.compare.Result[]
---@return string
function M.text(results)
  local out = { element("h1", "Engines compared"),
    element("p", machine.line(machine.describe()), "soft") }
  for _, result in ipairs(results) do
    out[#out + 1] = scenario_part(result)
  end
  return page.document("luaconc compare", table.concat(out))
end

return M
