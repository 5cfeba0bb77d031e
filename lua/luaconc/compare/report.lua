-- The result as text: for each size a table with bars, a table of costs,
-- remarks on the figures, what went wrong, and the paragraph that says which
-- engine fits.

local compare = require "luaconc.compare"
local advice = require "luaconc.compare.advice"
local baseline = require "luaconc.compare.baseline"
local remarks = require "luaconc.compare.remarks"
local stats = require "luaconc.compare.stats"
local sweep = require "luaconc.compare.sweep"
local text = require "luaconc.compare.text"
local units = require "luaconc.compare.units"

local M = {}

local left, right = text.left, text.right

local NAME, WALL, RANGE, SPEED, SPEEDS = 8, 9, 18, 10, 15 -- cells

-- The style for one size: `name` is how wide the names of its engines are,
-- `rest` what is left for the bars.
local function styled(style, size)
  local own = setmetatable({ name = NAME }, { __index = style })
  for _, row in ipairs(size.rows) do
    own.name = math.max(own.name, #row.engine)
  end
  own.rest = math.max(4, style.width - 6 - own.name - WALL - RANGE - SPEED
    - SPEEDS)
  return own
end

local function wall_of(row)
  if row.wall then return row.wall.median end
  return row.estimate and row.estimate.wall
end

local function longest(rows)
  local most = 0
  for _, row in ipairs(rows) do most = math.max(most, wall_of(row) or 0) end
  return most
end

local function paint_name(style, row, fitting)
  local name = left(row.engine, style.name)
  return row.engine == fitting and style:paint(name, "bold") or name
end

local function speed_of(row, rows)
  if row.speedup then return units.ratio(row.speedup.median) end
  local serial = compare.row(rows, "serial")
  if row.wall and serial and serial.estimate then
    return "~" .. units.ratio(serial.estimate.wall / row.wall.median)
  end
  return ""
end

local function speeds_of(row)
  local s = row.speedup
  if not s or row.engine == "serial" or s.n < 2 then return "" end
  return units.ratio(s.low) .. " to " .. units.ratio(s.high)
end

local function wall_line(style, row, size, most, fitting)
  local wall = wall_of(row)
  if row.failure then
    return "  " .. paint_name(style, row) .. style:paint("  failed", "red")
  end
  local cells = style.rest
  local bar = style:bar(wall / most, cells, row.estimate)
  local range = row.estimate and "not run: estimate"
    or row.wall.n < 2 and "one round"
    or units.time_range(row.wall.low, row.wall.high)
  local padded = left(bar, cells)
  return "  " .. paint_name(style, row, fitting)
    .. right((row.estimate and "~" or "") .. units.time(wall), WALL) .. "  "
    .. (row.engine == fitting and style:paint(padded, "green") or padded)
    .. right(range, RANGE) .. right(speed_of(row, size.rows), SPEED)
    .. right(speeds_of(row), SPEEDS)
end

local function wall_table(style, size, fitting)
  local most = longest(size.rows)
  local n = size.rounds
  local heading = n >= stats.FEW and "95 % interval"
    or n > 1 and "lowest, highest" or ""
  local line = "  " .. left("", style.name) .. right("wall", WALL)
    .. right(heading, style.rest + 2 + RANGE)
    .. right("speed-up", SPEED)
    .. right(heading == "lowest, highest" and "least, most" or heading, SPEEDS)
  local lines = { style:paint((line:gsub("%s+$", "")), "dim") }
  for _, row in ipairs(size.rows) do
    lines[#lines + 1] = wall_line(style, row, size, most, fitting)
      :gsub("%s+$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

local function median(name, show)
  return function(row) return show(row[name].median) end
end

local COSTS = {
  { "CPU", "user", 8, median("user", units.time) },
  { "time", "system", 8, median("system", units.time) },
  { "peak", "memory", 9, median("memory", units.memory) },
  { "", "per job", 9, median("job_memory", units.size) },
  { "switches", "to wait", 9, median("voluntary", units.count) },
  { "", "forced", 8, median("involuntary", units.count) },
  { "", "start-up", 9, median("startup", units.time) },
  { "", "sent", 9, function(row)
    return row.workers and units.size(row.sent.median) or "-"
  end },
}

local function cost_table(style, size)
  local first = "  " .. left("", style.name)
  local second = first
  for _, c in ipairs(COSTS) do
    first = first .. right(c[1], c[3])
    second = second .. right(c[2], c[3])
  end
  local lines = { style:paint((first:gsub("%s+$", "")), "dim"),
    style:paint(second, "dim") }
  for _, row in ipairs(size.rows) do
    if row.wall then
      local line = "  " .. left(row.engine, style.name)
      for _, c in ipairs(COSTS) do line = line .. right(c[4](row), c[3]) end
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

-- What one job costs, of the medians.
local function per_job(name, show, nothing)
  return function(row, jobs)
    local v = row[name].median / jobs
    return v <= 0 and nothing or show(v)
  end
end

local EACH = {
  { "wall", 10, per_job("wall", units.time, "0 ms") },
  { "CPU", 10, function(row, jobs)
    return units.time((row.user.median + row.system.median) / jobs)
  end },
  { "memory", 10, function(row) return units.size(row.job_memory.median) end },
  { "sent", 10, function(row, jobs)
    return row.workers and units.size(row.sent.median / jobs) or "-"
  end },
  { "switches", 10, function(row, jobs)
    return ("%.1f"):format((row.voluntary.median + row.involuntary.median)
      / jobs)
  end },
}

local function each_table(style, size)
  local line = "  " .. left("a job", style.name)
  for _, c in ipairs(EACH) do line = line .. right(c[1], c[2]) end
  local lines = { style:paint(line, "dim") }
  for _, row in ipairs(size.rows) do
    if row.wall then
      line = "  " .. left(row.engine, style.name)
      for _, c in ipairs(EACH) do
        line = line .. right(c[3](row, size.size), c[2])
      end
      lines[#lines + 1] = line
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local function indented(block, by)
  return by .. block:gsub("\t", "  "):gsub("\n(.)", "\n" .. by .. "%1") .. "\n"
end

local function failure_text(style, who, failure)
  local what = failure.job and ("job %d: %s"):format(failure.job,
    failure.message) or failure.message
  local out = { style:paint(who .. ":", "red") .. " " .. what .. "\n" }
  if failure.traceback then
    out[#out + 1] = indented(failure.traceback, "    ")
  end
  if failure.printed then
    out[#out + 1] = "  it printed:\n" .. indented(failure.printed, "    ")
  end
  return table.concat(out)
end

-- Engines that failed alike are told of once.
local function failures(style, size, name)
  local out, by_message, order = {}, {}, {}
  for _, row in ipairs(size.rows) do
    local f = row.failure
    if f then
      local key = f.message .. "\0" .. (f.job or "")
      if not by_message[key] then
        by_message[key] = { failure = f }
        order[#order + 1] = by_message[key]
      end
      table.insert(by_message[key], row.engine)
    end
  end
  for i, group in ipairs(order) do
    out[i] = failure_text(style, ("%s, %s"):format(name,
      table.concat(group, " and ")), group.failure)
  end
  return table.concat(out)
end

-- Whether any row was measured, and whether any can be shown.
local function any_figures(size)
  local measured, shown = false, false
  for _, row in ipairs(size.rows) do
    measured = measured or row.wall ~= nil
    shown = shown or row.wall ~= nil or row.estimate ~= nil
  end
  return measured, shown
end

local function heading(size)
  local parts = { units.plural(size.size, "job") }
  if size.workers then parts[1] = parts[1] .. " on "
    .. units.plural(size.workers, "worker") end
  if size.rounds > 0 then
    parts[2] = units.plural(size.rounds, "round")
      .. (size.interrupted and " until it was interrupted" or "")
    local equal = 0
    for _, row in ipairs(size.rows) do
      if row.wall then equal = equal + 1 end
    end
    if equal > 1 then parts[3] = "results equal" end
  end
  return table.concat(parts, ", ")
end

--- The lines above the first size.
---@param style table of `luaconc.compare.text`
---@param result luaconc.compare.Result
---@return string
function M.title(style, result)
  local name = result.name or result.file
  local out = style:paint(name, "bold")
  if result.name then
    local gap = style.width - 1 - (utf8.len(name) or #name) - #result.file
    out = out .. (gap >= 2 and (" "):rep(gap) or "\n") .. result.file
  end
  out = out .. "\n"
  if result.about then out = out .. style:paragraph(result.about) end
  return out
end

--- One size: tables, failures, advice.
---@param style table of `luaconc.compare.text`
---@param size luaconc.compare.Size
---@param result luaconc.compare.Result
---@return string
function M.size(style, size, result)
  style = styled(style, size)
  local out = { "\n", style:paint(heading(size), "bold"), "\n" }
  local function add(part) out[#out + 1] = part end
  if size.failure and not size.measured then
    add(failure_text(style, result.name, size.failure))
    return table.concat(out)
  end
  local advised, fitting = advice.paragraph(size, compare.ratio)
  local measured, shown = any_figures(size)
  if shown then add(wall_table(style, size, fitting)) end
  if measured then
    add("\n" .. cost_table(style, size))
    if size.size > 1 then add("\n" .. each_table(style, size)) end
  end
  local failed, said = failures(style, size, result.name), remarks.of(size)
  if size.failure then
    failed = failed .. failure_text(style, result.name, size.failure)
  end
  if failed ~= "" then add((shown and "\n" or "") .. failed) end
  if said[1] or advised or size.baseline then add "\n" end
  for _, remark in ipairs(said) do add(style:paragraph(remark)) end
  for _, line in ipairs(size.baseline and baseline.lines(size.baseline) or {})
  do
    add(style:paragraph("Before: " .. line))
  end
  if advised then add(style:paragraph(advised)) end
  return table.concat(out)
end

--- What several sizes or numbers of workers say together; empty for one.
---@param style table of `luaconc.compare.text`
---@param result luaconc.compare.Result
---@return string
function M.ending(style, result)
  local out = {}
  for _, sentence in ipairs { sweep.sentence(result, compare.ratio) or "",
    sweep.crews(result) or "" } do
    if sentence ~= "" then
      out[#out + 1] = "\n" .. style:paragraph(sentence)
    end
  end
  return table.concat(out)
end

--- What is wrong with a scenario that can't be read.
---@param style table of `luaconc.compare.text`
---@param result luaconc.compare.Result
---@return string
function M.failure(style, result)
  return failure_text(style, "scenario", result.failure)
end

return M
