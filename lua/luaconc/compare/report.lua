-- The result as text: for each size a table with bars, a table of costs,
-- what went wrong, and the paragraph that says which engine fits.

local compare = require "luaconc.compare"
local advice = require "luaconc.compare.advice"
local stats = require "luaconc.compare.stats"
local text = require "luaconc.compare.text"
local units = require "luaconc.compare.units"

local M = {}

local left, right = text.left, text.right

local NAME, WALL, RANGE, SPEED = 8, 9, 18, 10 -- cells

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
  local name = left(row.engine, NAME)
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

local function wall_line(style, row, size, most, fitting)
  local wall = wall_of(row)
  if row.failure then
    return "  " .. paint_name(style, row) .. style:paint("  failed", "red")
  end
  local cells = style.width - 6 - NAME - WALL - RANGE - SPEED
  local bar = style:bar(wall / most, cells, row.estimate)
  local range = row.estimate and "not run: estimate"
    or row.wall.n < 2 and "one round"
    or units.time_range(row.wall.low, row.wall.high)
  local padded = left(bar, cells)
  return "  " .. paint_name(style, row, fitting)
    .. right((row.estimate and "~" or "") .. units.time(wall), WALL) .. "  "
    .. (row.engine == fitting and style:paint(padded, "green") or padded)
    .. right(range, RANGE) .. right(speed_of(row, size.rows), SPEED)
end

local function wall_table(style, size, fitting)
  local most = longest(size.rows)
  local n = size.rounds
  local heading = n >= stats.FEW and "95 % interval"
    or n > 1 and "lowest, highest" or ""
  local cells = style.width - 6 - NAME - RANGE - SPEED
  local lines = { style:paint("  " .. left("", NAME) .. right("wall", WALL)
    .. right(heading, cells - WALL + 2 + RANGE)
    .. right("speed-up", SPEED), "dim") }
  for _, row in ipairs(size.rows) do
    lines[#lines + 1] = wall_line(style, row, size, most, fitting)
      :gsub("%s+$", "")
  end
  return table.concat(lines, "\n") .. "\n"
end

local COSTS = {
  { "CPU", "user", 10, function(row) return units.time(row.user.median) end },
  { "time", "system", 10,
    function(row) return units.time(row.system.median) end },
  { "peak", "memory", 12,
    function(row) return units.memory(row.memory.median) end },
  { "context", "voluntary", 12,
    function(row) return units.count(row.voluntary.median) end },
  { "switches", "involuntary", 13,
    function(row) return units.count(row.involuntary.median) end },
  { "", "start-up", 10,
    function(row) return units.time(row.startup.median) end },
}

local function cost_table(style, size)
  local first, second = "  " .. left("", NAME), "  " .. left("", NAME)
  for _, c in ipairs(COSTS) do
    first = first .. right(c[1], c[3])
    second = second .. right(c[2], c[3])
  end
  local lines = { style:paint(first:gsub("%s+$", ""), "dim"),
    style:paint(second, "dim") }
  for _, row in ipairs(size.rows) do
    if row.wall then
      local line = "  " .. left(row.engine, NAME)
      for _, c in ipairs(COSTS) do line = line .. right(c[4](row), c[3]) end
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

-- Where jobs of some engine ended in another order than they were started.
local function order_line(size)
  if size.size < 2 or size.size > 10 then return nil end
  local parts, other = {}, false
  for _, row in ipairs(size.rows) do
    if row.wall and row.order then
      for i, job in ipairs(row.order) do other = other or i ~= job end
      parts[#parts + 1] = row.engine .. " " .. table.concat(row.order, " ")
    end
  end
  if not other then return nil end
  return "Jobs in the order in which they ended: "
    .. table.concat(parts, "; ") .. "."
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
  if size.rounds > 0 then
    parts[2] = units.plural(size.rounds, "round")
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
  local out = { "\n", style:paint(heading(size), "bold"), "\n" }
  local function add(part) out[#out + 1] = part end
  if size.failure and not size.measured then
    add(failure_text(style, result.name, size.failure))
    return table.concat(out)
  end
  local advised, fitting = advice.paragraph(size, compare.ratio)
  local measured, shown = any_figures(size)
  if shown then add(wall_table(style, size, fitting)) end
  if measured then add("\n" .. cost_table(style, size)) end
  local failed, ended = failures(style, size, result.name), order_line(size)
  if size.failure then
    failed = failed .. failure_text(style, result.name, size.failure)
  end
  if failed ~= "" then add((shown and "\n" or "") .. failed) end
  if ended or advised then add "\n" end
  if ended then add(style:paragraph(ended)) end
  if advised then add(style:paragraph(advised)) end
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
