-- Trials as text for a terminal or a pipe.

local claims = require "luaconc.claims"
local units = require "luaconc.compare.units"

local M = {}

local COLOURS = { ["holds"] = "green", ["does not hold"] = "red" }

local function cells(text)
  return utf8.len(text) or #text
end

-- A table with a heading; columns as wide as their widest cell.
local function grid(style, rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, cells(cell))
    end
  end
  local out = {}
  for r, row in ipairs(rows) do
    local line = {}
    for i, cell in ipairs(row) do
      line[i] = i == 1 and style.left(cell, widths[i])
        or style.right(cell, widths[i] + 2)
    end
    local text = "    " .. table.concat(line):gsub("%s+$", "")
    out[r] = (r == 1 and style:paint(text, "dim") or text) .. "\n"
  end
  return table.concat(out)
end

local function heading(style, trial)
  local verdict = trial.verdict or "could not be run"
  return style:paint(trial.id, "bold") .. ": "
    .. style:paint(verdict, COLOURS[verdict] or "bold") .. "\n"
end

-- Missing is told once: a part of the rule may have said it.
local function missing(trial)
  local text = trial.figures.missing
  if text and not trial.sentence:find(text, 1, true) then return text end
end

--- One trial.
---@param style table of `luaconc.compare.text`
---@param trial luaconc.Trial
---@return string
function M.trial(style, trial)
  local claim = trial.claim
  local out = { heading(style, trial),
    style:paragraph("\"" .. claim.says .. "\"", "  ") }
  if trial.failure then
    out[3] = style:paragraph(trial.failure.message, "  ")
    if trial.failure.printed then
      out[4] = "    " .. trial.failure.printed:gsub("\n", "\n    ") .. "\n"
    end
    return table.concat(out)
  end
  out[3] = style:paragraph(trial.sentence, "  ")
  if missing(trial) then
    out[#out + 1] = style:paragraph("Missing: " .. missing(trial), "  ")
  end
  if trial.figures.rows then out[#out + 1] = grid(style, trial.figures.rows) end
  return table.concat(out)
end

--- "46 claims", "3 of 46 claims until it was interrupted".
---@param trials luaconc.Trial[]
---@param book { asked: integer }
---@return string
function M.size(trials, book)
  if #trials == book.asked then return units.plural(#trials, "claim") end
  return ("%d of %s until it was interrupted"):format(#trials,
    units.plural(book.asked, "claim"))
end

--- How many of each verdict, and how long it took.
---@param style table
---@param trials luaconc.Trial[]
---@param book { seconds: number, asked: integer } asked: claims to be run
---@return string
function M.summary(style, trials, book)
  local counts, parts, failed = {}, {}, 0
  for _, trial in ipairs(trials) do
    if trial.verdict then
      counts[trial.verdict] = (counts[trial.verdict] or 0) + 1
    else
      failed = failed + 1
    end
  end
  for _, verdict in ipairs(require("luaconc.lab.rule").VERDICTS) do
    if counts[verdict] then
      parts[#parts + 1] = ("%s %d"):format(verdict, counts[verdict])
    end
  end
  if failed > 0 then
    parts[#parts + 1] = ("could not be run %d"):format(failed)
  end
  return style:paint(M.size(trials, book), "bold") .. " in "
    .. units.time(book.seconds) .. ": " .. table.concat(parts, ", ") .. ".\n"
end

--- The claims that there are, by group.
---@param style table
---@param ids string[]
---@return string
function M.list(style, ids)
  local out, group = {}, nil
  for _, id in ipairs(ids) do
    local title, documents = claims.group(id)
    if title ~= group then
      out[#out + 1] = (group and "\n" or "") .. style:paint(title, "bold")
        .. " (" .. documents .. ")\n"
      group = title
    end
    local says = style:paragraph(claims.get(id).says, (" "):rep(22))
    out[#out + 1] = "  " .. style.left(id, 20) .. says:sub(23)
  end
  return table.concat(out)
end

return M
