-- The book of claims as a page.

local claims = require "luaconc.claims"
local machine = require "luaconc.compare.machine"
local page = require "luaconc.page"
local plot = require "luaconc.page.plot"
local report = require "luaconc.lab.report"
local rule = require "luaconc.lab.rule"
local units = require "luaconc.compare.units"

local M = {}

local CLASSES = { ["holds"] = "holds", ["does not hold"] = "not",
  ["holds in part"] = "part" }

local escape = page.escape

local function verdict_of(trial)
  return trial.verdict or "could not be run"
end

local function badge(trial)
  local verdict = verdict_of(trial)
  return ('<span class="verdict %s">%s</span>'):format(
    CLASSES[verdict] or "other", escape(verdict))
end

-- A list of trials by group, in the order of the book.
local function by_group(trials)
  local groups, at = {}, {}
  for _, trial in ipairs(trials) do
    local title, documents = claims.group(trial.id)
    if not at[title] then
      at[title] = { title = title, documents = documents }
      groups[#groups + 1] = at[title]
    end
    table.insert(at[title], trial)
  end
  return groups
end

local function contents(groups)
  local out = { '<nav aria-label="Contents"><h2>Contents</h2>\n' }
  for _, group in ipairs(groups) do
    out[#out + 1] = page.element("h3", group.title)
    out[#out + 1] = '<div class="scroll"><table><thead><tr>'
      .. '<th scope="col">claim</th><th scope="col" class="text">verdict</th>'
      .. '<th scope="col" class="text">statement</th></tr></thead><tbody>\n'
    for _, trial in ipairs(group) do
      out[#out + 1] = ('<tr><th scope="row"><a href="#%s">%s</a></th>'
        .. '<td class="text">%s</td><td class="text">%s</td></tr>\n'):format(
        trial.id, trial.id, badge(trial), escape(trial.claim.says))
    end
    out[#out + 1] = "</tbody></table></div>\n"
  end
  return table.concat(out) .. "</nav>\n"
end

-- The figure of a part against its border, where both can be drawn.
local function strip_of(trial, i)
  local part = trial.claim.parts[i]
  local figure, border = trial.figures[part[1]], part[3].value
  if figure == nil or part[5] == "count" then return nil end
  if type(figure) ~= "table" then
    if figure == math.huge then return nil end
    figure = { median = figure, low = figure, high = figure, n = 1 }
  end
  return { name = (part[1]:gsub("_", " ")), class = "task", samples = {},
    interval = figure, border = border, unit = part[5] }
end

local function strips(trial)
  local by_unit, order = {}, {}
  for i = 1, #trial.claim.parts do
    local row = strip_of(trial, i)
    if row then
      if not by_unit[row.unit] then
        by_unit[row.unit] = {}
        order[#order + 1] = row.unit
      end
      table.insert(by_unit[row.unit], row)
    end
  end
  local out = {}
  for i, unit in ipairs(order) do
    out[i] = plot.figure(plot.strips(trial.id .. ", " .. unit, by_unit[unit],
      function(v) return rule.show(v, unit) end),
      "Median, interval, and the border of the rule (dashed).")
  end
  return table.concat(out)
end

local TEST = { [">="] = "at least ", ["<="] = "at most " }

local function parts_table(trial)
  local rows = { { "question", "answer", "border", "why this border" } }
  for i, part in ipairs(trial.claim.parts) do
    local found = trial.parts[i]
    rows[i + 1] = { (found.text:gsub("; the border is .*$", "")),
      found.answer, part.needs
      or TEST[part[2]] .. rule.show(part[3].value, part[5]),
      part[3].reason }
  end
  return page.table(rows, "The rule, part by part")
end

local function failure(trial)
  local out = { page.element("p", "It could not be run: "
    .. trial.failure.message) }
  if trial.failure.printed then
    out[2] = page.element("pre", trial.failure.printed)
  end
  return table.concat(out)
end

local function article(trial)
  local claim = trial.claim
  local out = { ('<article id="%s">\n<h3>%s: %s</h3>\n'):format(trial.id,
    trial.id, badge(trial)), page.element("blockquote", claim.says) }
  local function add(text) out[#out + 1] = text end
  if trial.failure then
    add(failure(trial))
  else
    add(page.element("p", trial.sentence))
    local missing = trial.figures.missing
    if missing and not trial.sentence:find(missing, 1, true) then
      add(page.element("p", "Missing: " .. missing, "soft"))
    end
    add(strips(trial))
    add(parts_table(trial))
    if trial.figures.rows then
      add(page.table(trial.figures.rows, "What was measured"))
    end
  end
  add(page.element("p", "Experiment: " .. claim.experiment .. " Engines: "
    .. table.concat(claim.engines, ", ") .. ". What decides: " .. claim.figure
    .. "." .. (claim.construction and " It compares texts of ours, and "
    .. "so holds or fails by construction." or ""), "soft"))
  return table.concat(out) .. "</article>\n"
end

local function totals(trials)
  local counts, rows = {}, { { "verdict", "claims" } }
  for _, trial in ipairs(trials) do
    local v = verdict_of(trial)
    counts[v] = (counts[v] or 0) + 1
  end
  local order = table.move(rule.VERDICTS, 1, #rule.VERDICTS, 1, {})
  order[#order + 1] = "could not be run"
  for _, v in ipairs(order) do
    if counts[v] then rows[#rows + 1] = { v, tostring(counts[v]) } end
  end
  return page.table(rows, "Verdicts of this run")
end

--- The page that `--html` writes.
---@param trials luaconc.Trial[]
---@param book { full: boolean, seconds: number, asked: integer }
---@return string
function M.text(trials, book)
  local groups = by_group(trials)
  local out = { page.element("h1", "The book of claims"),
    page.element("p", "What people say about threads, processes and event "
      .. "loops, put to the test by luaconc. Every verdict is computed from "
      .. "the figures of this run alone, by a rule that is shown with it."),
    page.element("p", machine.line(machine.describe()), "soft"),
    page.element("p", ("%s, %s book, in %s."):format(report.size(trials, book),
      book.full and "a full" or "a quick", units.time(book.seconds)), "soft"),
    totals(trials), contents(groups) }
  for _, group in ipairs(groups) do
    out[#out + 1] = page.element("h2", group.title)
    out[#out + 1] = page.element("p", "Source: " .. group.documents .. ".",
      "soft")
    for _, trial in ipairs(group) do out[#out + 1] = article(trial) end
  end
  return page.document("luaconc: the book of claims", table.concat(out))
end

return M
