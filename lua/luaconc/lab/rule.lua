-- From figures to a verdict.
--
-- A claim has parts, each of which asks one figure one question: "is the
-- speed-up at least PARALLEL?" A part is written
--
--     { "figure", ">=", T.NAME, "what the figure says: %s", unit, must = true }
--
-- and is answered yes where the figure passes with its whole interval, no
-- where the whole interval fails, and open where the interval spans the border
-- or the figure is missing. (A text may be a function of the figures; `needs`
-- says in words what the figure must be, where the border does not.)
-- All yes: the claim holds. All no: it does not hold. Both: it holds in part.
-- Open without both: it can't be decided. A part with `must` decides alone: no
-- there means that the claim does not hold.
--
-- A claim about CPython's interpreter lock says `lock = "figure"`: where
-- luaconc denies it, that figure of CPython (asked the same question as the
-- first part) tells whether it holds there: then it is not about Lua. Without
-- CPython that is assumed, and said.

local units = require "luaconc.compare.units"

local M = {}

M.VERDICTS = { "holds", "holds in part", "does not hold", "not about Lua",
  "can't be decided" }

local function bounds(figure)
  if type(figure) == "table" then return figure.low, figure.high end
  return figure, figure
end

local TESTS = {
  [">="] = function(low, high, border)
    return low >= border and "yes" or high < border and "no" or "open"
  end,
  ["<="] = function(low, high, border)
    return high <= border and "yes" or low > border and "no" or "open"
  end,
}

--- The answer of one part.
---@param part table
---@param figures table<string, any>
---@return "yes"|"no"|"open"
function M.answer(part, figures)
  local figure = figures[part[1]]
  if figure == nil then return "open" end
  local low, high = bounds(figure)
  return TESTS[part[2]](low, high, part[3].value)
end

local function count(claim, figures)
  local n = { yes = 0, no = 0, open = 0 }
  for _, part in ipairs(claim.parts) do
    local answer = M.answer(part, figures)
    n[answer] = n[answer] + 1
    if part.must and answer == "no" then n.refuted = true end
  end
  return n
end

-- What CPython says to a claim that luaconc denies.
local function elsewhere(claim, figures)
  local part = claim.parts[1]
  local there = figures[claim.lock]
  if there == nil then return "not about Lua" end
  local answer = M.answer({ claim.lock, part[2], part[3] }, figures)
  return answer == "no" and "does not hold" or "not about Lua"
end

--- The verdict.
---@param claim luaconc.Claim
---@param figures table<string, any>
---@return string
function M.verdict(claim, figures)
  local n = count(claim, figures)
  if n.refuted or n.no > 0 and n.yes == 0 and n.open == 0 then
    return claim.lock and elsewhere(claim, figures) or "does not hold"
  elseif n.yes > 0 and n.no > 0 then
    return "holds in part"
  elseif n.open > 0 then
    return "can't be decided"
  end
  return "holds"
end

-- ---- words ----

local SHOW = {
  time = units.time, bytes = units.size, ratio = units.ratio,
  count = units.count, share = units.percent,
  units = function(n) return ("%.2f units"):format(n) end,
}

--- A figure for people, with its interval where it has one.
---@param figure number|luaconc.compare.Interval|nil
---@param unit string
---@return string
function M.show(figure, unit)
  local show = SHOW[unit]
  if figure == nil then return "?" end
  if type(figure) ~= "table" then return show(figure) end
  if figure.n < 2 or figure.low == figure.high then
    return show(figure.median)
  end
  return ("%s (%s to %s)"):format(show(figure.median), show(figure.low),
    show(figure.high))
end

local MARKS = { yes = "passes", no = "fails" }
local SIGNS = { [">="] = "at least", ["<="] = "at most" }

-- "processes ran 1.93 times as fast (1.90 to 1.95)"
local function say(part, figures)
  if type(part[4]) == "function" then return part[4](figures) end
  return (part[4]:gsub("%%s", function()
    return M.show(figures[part[1]], part[5])
  end))
end

--- One part in words: what was found, and what it was held against.
---@param part table
---@param figures table<string, any>
---@return string text, string answer
function M.part(part, figures)
  local answer = M.answer(part, figures)
  if figures[part[1]] == nil then
    return ("%s was not measured%s"):format(part[1],
      figures.missing and ": " .. figures.missing or ""), answer
  end
  return ("%s; the border is %s%s"):format(say(part, figures), part.needs
    or SIGNS[part[2]] .. " " .. M.show(part[3].value, part[5]),
    MARKS[answer] and "" or ", which lies within the interval"), answer
end

-- Figures as plain numbers, for what a claim says beside its parts.
local function medians(figures)
  local out = {}
  for name, v in pairs(figures) do
    out[name] = type(v) == "table" and v.median or v
  end
  return out
end

-- What a part needs, and whether it has that: told where not all say yes.
local function mark(part, figures, verdict)
  if verdict == "holds" then return "" end
  return (" [%s: needs %s]"):format(M.answer(part, figures), part.needs
    or SIGNS[part[2]] .. " " .. M.show(part[3].value, part[5]))
end

--- The sentence that explains a verdict: what each part found, and why.
---@param claim luaconc.Claim
---@param figures table<string, any>
---@return string
function M.sentence(claim, figures)
  local out, verdict = {}, M.verdict(claim, figures)
  for i, part in ipairs(claim.parts) do
    if figures[part[1]] == nil then
      out[i] = M.part(part, figures)
    else
      out[i] = say(part, figures) .. mark(part, figures, verdict)
    end
  end
  local text = table.concat(out, "; ")
  text = text:gsub("^%l", string.upper) .. "."
  local why = claim.why
  if type(why) == "function" then why = why(medians(figures), verdict) end
  for _, more in ipairs { why or "", figures.note or "" } do
    if more ~= "" then text = text .. " " .. more:gsub("%s+$", "") end
  end
  return text
end

return M
