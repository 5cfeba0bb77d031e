-- One claim, put to the test: its figures, what each part of its rule says of
-- them, the verdict and the sentence that explains it.

local conc = require "luaconc"
local core = require "luaconc.core"
local rule = require "luaconc.lab.rule"

local M = {}

---@class luaconc.Trial
---@field id string
---@field claim luaconc.Claim
---@field verdict string? nil: it couldn't be run
---@field sentence string?
---@field parts { text: string, answer: string }[]
---@field figures table?
---@field failure luaconc.compare.Failure?
---@field seconds number

local function failure_of(err)
  if conc.is_cancelled(err) then error(err, 0) end
  if type(err) == "table" and not getmetatable(err) and err.message then
    return err
  end
  return { message = tostring(err), traceback = conc.traceback(err) }
end

--- What a rule says of figures, however they came about.
---@param claim luaconc.Claim
---@param figures table
---@return luaconc.Trial
function M.judge(claim, figures)
  local trial = { id = claim.id, claim = claim, figures = figures, parts = {},
    seconds = 0 }
  for i, part in ipairs(claim.parts) do
    local text, answer = rule.part(part, figures)
    trial.parts[i] = { text = text, answer = answer }
  end
  trial.verdict = rule.verdict(claim, figures)
  trial.sentence = rule.sentence(claim, figures)
  return trial
end

--- Measures and judges. What goes wrong is in `failure`. Waits.
---@param lab luaconc.Lab
---@param claim luaconc.Claim
---@return luaconc.Trial
function M.run(lab, claim)
  local start = core.clock()
  local ok, figures = pcall(claim.measure, lab)
  local trial
  if ok then
    trial = M.judge(claim, figures)
  else
    trial = { id = claim.id, claim = claim, parts = {},
      failure = failure_of(figures) }
  end
  trial.seconds = core.clock() - start
  return trial
end

return M
