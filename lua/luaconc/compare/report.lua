-- The result as text: for each size a table with bars, a table of costs,
-- remarks on the figures, what went wrong, and the paragraph that says which
-- engine fits.

local compare = require "luaconc.compare"
local advice = require "luaconc.compare.advice"
local baseline = require "luaconc.compare.baseline"
local remarks = require "luaconc.compare.remarks"
local sweep = require "luaconc.compare.sweep"
local tables = require "luaconc.compare.tables"
local units = require "luaconc.compare.units"

local M = {}

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
    if equal > 1 and not size.loose then parts[3] = "results equal" end
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
  style = tables.style(style, size)
  local out = { "\n", style:paint(heading(size), "bold"), "\n" }
  local function add(part) out[#out + 1] = part end
  if size.failure and not size.measured then
    add(failure_text(style, result.name, size.failure))
    return table.concat(out)
  end
  local advised, fitting = advice.paragraph(size, compare.ratio)
  local measured, shown = any_figures(size)
  if shown then add(tables.wall(style, size, fitting)) end
  if measured then
    add("\n" .. tables.costs(style, size))
    if size.size > 1 then add("\n" .. tables.each(style, size)) end
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
