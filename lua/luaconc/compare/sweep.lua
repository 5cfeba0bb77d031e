-- Sweeps: growing numbers of jobs, and where another engine begins to win.

local crossing = require "luaconc.compare.crossing"
local engines = require "luaconc.compare.engines"
local units = require "luaconc.compare.units"
local verdict = require "luaconc.compare.verdict"

local M = {}

M.STEP = 10 ^ 0.5 -- from point to point before bisection: two in a decade

--- The points of a sweep.
---@param low integer
---@param high integer
---@return integer[]
function M.points(low, high)
  local n = math.max(1, math.ceil(math.log(high / low) / math.log(M.STEP)
    - 1e-9))
  local list = {}
  for i = 0, n do
    local v = math.floor(low * (high / low) ^ (i / n) + 0.5)
    if v ~= list[#list] then list[#list + 1] = v end
  end
  return list
end

--- The engine that wins at a size; nil where that is not clear.
---@param size luaconc.compare.Size
---@param ratio function
---@return string?
function M.winner(size, ratio)
  local v = verdict.of(size, ratio)
  return v.sure and v.winner and v.winner.engine or nil
end

local function by_number(sizes)
  local list = {}
  for _, size in ipairs(sizes) do
    if not size.workers then list[#list + 1] = size end
  end
  table.sort(list, function(a, b) return a.size < b.size end)
  return list
end

--- Narrows each change of the winner down, by bisection.
---@param result luaconc.compare.Result
---@param ratio function
---@param measure fun(n: integer): luaconc.compare.Size? nil: no time is left
function M.narrow(result, ratio, measure)
  local sizes = by_number(result.sizes)
  for i = 2, #sizes do
    local a, b = M.winner(sizes[i - 1], ratio), M.winner(sizes[i], ratio)
    if a and b and a ~= b then
      local spent = false
      crossing.find(sizes[i - 1].size, sizes[i].size, function(n)
        if n == sizes[i - 1].size then return -1 end
        if n == sizes[i].size or spent then return 1 end
        local size = measure(n)
        spent = size == nil
        return size and M.winner(size, ratio) == a and -1 or 1
      end)
    end
  end
end

---@class luaconc.compare.Change
---@field at integer from this number on
---@field after integer the last number before it
---@field engine string that wins from there on
---@field before string that won up to there

--- Where the winner changes, and who wins at all.
---@param result luaconc.compare.Result
---@param ratio function
---@return luaconc.compare.Change[] changes
---@return string[] winners in the order of sizes, each once
function M.changes(result, ratio)
  local changes, winners, last, seen = {}, {}, nil, nil
  for _, size in ipairs(by_number(result.sizes)) do
    local winner = M.winner(size, ratio)
    if winner then
      if last and winner ~= last then
        changes[#changes + 1] = { at = size.size, after = seen,
          engine = winner, before = last }
      end
      if winner ~= last then winners[#winners + 1] = winner end
      last, seen = winner, size.size
    end
  end
  return changes, winners
end

-- "tasks win", "rust wins"
local function wins(name)
  local engine = engines.get(name)
  local one = engine.single or engine.title:find "^the "
  return engine.title .. (one and " wins" or " win")
end

--- The changes in words; nil for less than two sizes.
---@param result luaconc.compare.Result
---@param ratio function
---@return string?
function M.sentence(result, ratio)
  local sizes = by_number(result.sizes)
  if #sizes < 2 then return nil end
  local changes, winners = M.changes(result, ratio)
  local range = ("from %s to %s jobs"):format(units.count(sizes[1].size),
    units.count(sizes[#sizes].size))
  if #winners == 0 then
    return ("No crossing: no engine clearly wins %s."):format(range)
  elseif #changes == 0 then
    return ("No crossing: %s %s, wherever one clearly does."):format(
      wins(winners[1]), range)
  end
  local parts = {}
  for i, c in ipairs(changes) do
    parts[i] = ("%s from %s jobs on (at %s: %s)"):format(wins(c.engine),
      units.count(c.at), units.count(c.after), engines.get(c.before).title)
  end
  return "Crossing: " .. table.concat(parts, "; ") .. "."
end

-- The number of workers with the lowest median of an engine at a size.
local function best_crew(sizes, engine)
  local best, least
  for _, size in ipairs(sizes) do
    for _, row in ipairs(size.rows) do
      if row.engine == engine and row.wall and row.workers
        and (not least or row.wall.median < least) then
        best, least = row.workers, row.wall.median
      end
    end
  end
  return best, least
end

--- Which number of workers was the quickest, for a sweep over them.
---@param result luaconc.compare.Result
---@return string?
function M.crews(result)
  local by, order, parts = {}, {}, {}
  for _, size in ipairs(result.sizes) do
    if size.workers then
      if not by[size.size] then
        by[size.size] = {}
        order[#order + 1] = size.size
      end
      table.insert(by[size.size], size)
    end
  end
  for _, n in ipairs(order) do
    for _, name in ipairs { "thread", "process" } do
      local workers, time = best_crew(by[n], name)
      if workers then
        parts[#parts + 1] = ("%s with %s (%s for %s)"):format(
          engines.get(name).title, units.plural(workers, "worker"),
          units.time(time), units.plural(n, "job"))
      end
    end
  end
  if #parts == 0 then return nil end
  return "Quickest: " .. table.concat(parts, ", ") .. "."
end

return M
