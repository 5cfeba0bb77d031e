-- A run that was saved with `--json`, compared with one of today.
--
-- Two lists of wall times differ where both the test of Mann and Whitney (by
-- their order) and the bootstrap interval of the ratio of the medians say so,
-- and by 2 % or more: a change of a median that is one of chance passes either
-- test now and then, and rarely both.

local json = require "luaconc.compare.json"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"
local verdict = require "luaconc.compare.verdict"

local M = {}

M.SURE = 0.05 -- probability below which a difference is believed

local function read(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local text
  text, message = file:read "a"
  file:close()
  return text, message
end

--- Reads such a file, or says why it is none.
---@param path string
---@return table? record, string? message
function M.load(path)
  local text, message = read(path)
  if not text then return nil, "cannot read " .. message end
  local data
  data, message = json.decode(text)
  if type(data) ~= "table" or type(data.scenarios) ~= "table" then
    return nil, ("%s is no file that `luaconc compare --json` wrote%s"):format(
      path, message and ": " .. message or "")
  end
  return data
end

-- The row of the saved run for the same scenario, size and engine.
local function find(record, name, size, engine)
  for _, s in ipairs(record.scenarios) do
    if s.name == name then
      for _, z in ipairs(s.sizes or {}) do
        if z.size == size.size and z.crew == size.workers then
          for _, row in ipairs(z.rows or {}) do
            if row.engine == engine and row.runs[1] then return row end
          end
        end
      end
    end
  end
end

local function walls(runs)
  local list = {}
  for i, run in ipairs(runs) do list[i] = run.wall end
  return list
end

---@class luaconc.compare.Difference
---@field engine string
---@field ratio luaconc.compare.Interval now against then
---@field p number of the test of Mann and Whitney
---@field verdict -1|0|1 1: slower now, -1: quicker, 0: no clear difference

--- Two lists of times: now, and then.
---@param now number[]
---@param before number[]
---@return luaconc.compare.Difference
function M.difference(now, before)
  local ratio = stats.ratio(now, before)
  local p = stats.mann_whitney(now, before)
  local found = stats.verdict(ratio, verdict.MATTERS)
  if p >= M.SURE then found = 0 end
  return { ratio = ratio, p = p, verdict = found }
end

--- What differs at a size, for each engine that both have.
---@param record table of `load`
---@param name string of the scenario
---@param size luaconc.compare.Size
---@return luaconc.compare.Difference[]
function M.compare(record, name, size)
  local list = {}
  for _, row in ipairs(size.rows) do
    local old = row.wall and find(record, name, size, row.engine)
    if old then
      local d = M.difference(walls(row.runs), walls(old.runs))
      d.engine = row.engine
      list[#list + 1] = d
    end
  end
  return list
end

local WORDS = { [-1] = "quicker", [0] = "no clear difference",
  [1] = "slower" }

local function probability(p)
  return p < 0.001 and "p < 0.001" or ("p = %.3f"):format(p)
end

--- In words, a line for each engine.
---@param list luaconc.compare.Difference[]
---@return string[]
function M.lines(list)
  local out = {}
  for i, d in ipairs(list) do
    out[i] = ("%s: %s times the time of before (%s to %s), %s: %s."):format(
      d.engine, units.ratio(d.ratio.median), units.ratio(d.ratio.low),
      units.ratio(d.ratio.high), probability(d.p), WORDS[d.verdict])
  end
  if #out == 0 then
    out[1] = "The saved run has no figures for this size."
  end
  return out
end

return M
