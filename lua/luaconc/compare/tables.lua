-- The tables of a size as text: wall time with bars and what it is against the
-- serial run or the quickest, what that costs, and what one job costs.

local compare = require "luaconc.compare"
local engines = require "luaconc.compare.engines"
local stats = require "luaconc.compare.stats"
local text = require "luaconc.compare.text"
local units = require "luaconc.compare.units"

local M = {}

local left, right = text.left, text.right

local NAME, WALL, RANGE, SPEED, SPEEDS = 8, 9, 18, 10, 15 -- cells

--- The style for one size: `name` is how wide the names of its engines are,
--- `rest` what is left for the bars.
function M.style(style, size)
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

local function quickest(rows)
  local best
  for _, row in ipairs(rows) do
    if row.wall and (not best or row.wall.median < best.wall.median) then
      best = row
    end
  end
  return best
end

-- What the last columns compare with: the serial run, else the quickest.
local function rival_of(rows)
  local serial = compare.row(rows, "serial")
  return serial or quickest(rows), serial and "speed-up" or "of best"
end

-- How many times as long, or as quick, and the interval of that.
local function speed_of(row, rows)
  local rival = rival_of(rows)
  if rival.engine == "serial" and rival.estimate and row.wall then
    return "~" .. units.ratio(rival.estimate.wall / row.wall.median), ""
  end
  local r = row.speedup
  if rival.engine ~= "serial" then r = compare.ratio(row, rival, "wall") end
  if not r then return "", "" end
  return units.ratio(r.median), (row == rival or r.n < 2) and ""
    or units.ratio(r.low) .. " to " .. units.ratio(r.high)
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
  local speed, speeds = speed_of(row, size.rows)
  return "  " .. paint_name(style, row, fitting)
    .. right((row.estimate and "~" or "") .. units.time(wall), WALL) .. "  "
    .. (row.engine == fitting and style:paint(padded, "green") or padded)
    .. right(range, RANGE) .. right(speed, SPEED) .. right(speeds, SPEEDS)
end

--- Wall times; the engine that fits stands out.
function M.wall(style, size, fitting)
  local most = longest(size.rows)
  local n = size.rounds
  local _, against = rival_of(size.rows)
  local heading = n >= stats.FEW and "95 % interval"
    or n > 1 and "lowest, highest" or ""
  local line = "  " .. left("", style.name) .. right("wall", WALL)
    .. right(heading, style.rest + 2 + RANGE)
    .. right(against, SPEED)
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

-- A run that was over before anybody could look tells nothing of its memory.
local function job_memory(row)
  return row.memory.median > 0 and units.size(row.job_memory.median) or "?"
end

local COSTS = {
  { "CPU", "user", 8, median("user", units.time) },
  { "time", "system", 8, median("system", units.time) },
  { "peak", "memory", 9, median("memory", units.memory) },
  { "", "per job", 9, job_memory },
  { "switches", "to wait", 9, median("voluntary", units.count) },
  { "", "forced", 8, median("involuntary", units.count) },
  { "", "start-up", 9, function(row)
    return engines.get(row.engine).command and "-"
      or units.time(row.startup.median)
  end },
  { "", "sent", 9, function(row)
    return row.workers and units.size(row.sent.median) or "-"
  end },
}

--- What the runs cost.
function M.costs(style, size)
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
  { "memory", 10, job_memory },
  { "sent", 10, function(row, jobs)
    return row.workers and units.size(row.sent.median / jobs) or "-"
  end },
  { "switches", 10, function(row, jobs)
    return ("%.1f"):format((row.voluntary.median + row.involuntary.median)
      / jobs)
  end },
}

--- What one job costs.
function M.each(style, size)
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

return M
