-- Trials as JSON: statement, rule, figures, verdict, and the machine.

local claims = require "luaconc.claims"
local core = require "luaconc.core"
local json = require "luaconc.compare.json"
local machine = require "luaconc.compare.machine"

local M = {}

-- What can stand in JSON of a figure; a list of lists stays one.
local function plain(value)
  if type(value) ~= "table" then return value end
  local out = {}
  for k, v in pairs(value) do out[k] = plain(v) end
  return out
end

local function parts_of(trial)
  local out = json.list {}
  for i, part in ipairs(trial.claim.parts) do
    local found = trial.parts[i]
    out[i] = { figure = part[1], test = part[2], border = part[3].value,
      threshold = part[3].name, reason = part[3].reason, unit = part[5],
      answer = found and found.answer, text = found and found.text }
  end
  return out
end

local function trial_of(trial)
  local claim = trial.claim
  local group, documents = claims.group(trial.id)
  return { id = trial.id, group = group, documents = documents,
    says = claim.says, experiment = claim.experiment, engines = claim.engines,
    figure = claim.figure, parts = parts_of(trial), verdict = trial.verdict,
    sentence = trial.sentence, seconds = trial.seconds,
    figures = trial.figures and plain(trial.figures) or nil,
    failure = trial.failure }
end

--- The text of the file that `--json` writes.
---@param trials luaconc.Trial[]
---@param book { full: boolean, seconds: number }
---@return string
function M.text(trials, book)
  local out = { format = 1, luaconc = core.version,
    machine = machine.describe(), full = book.full, seconds = book.seconds,
    claims = json.list {} }
  for i, trial in ipairs(trials) do out.claims[i] = trial_of(trial) end
  return json.encode(out) .. "\n"
end

return M
