-- What is measured of a scenario, in which order, and how the time is spent.

local core = require "luaconc.core"
local sweep = require "luaconc.compare.sweep"

local M = {}

M.POINTS = 0.6 -- share of the budget for a sweep's points; bisection has more

local function sorted(sizes)
  local list = table.move(sizes, 1, #sizes, 1, {})
  table.sort(list)
  return list
end

local function before(a, b)
  if a.size ~= b.size then return a.size < b.size end
  return (a.workers or 0) < (b.workers or 0)
end

-- Numbers of workers; false: as many as the jobs need.
local function crews(options)
  local given = options.workers
  if not given then return { false } end
  return type(given) == "table" and given or { given }
end

--- Measures all that the options ask for, into `result.sizes`.
---@param result luaconc.compare.Result
---@param options table with all defaults
---@param ratio function `ratio` of `luaconc.compare`
---@param measure fun(size: integer, workers: integer?, left: number,
--- share: number): luaconc.compare.Size
function M.run(result, options, ratio, measure)
  local sizes = options.sweep and sweep.points(table.unpack(options.sweep))
    or sorted(options.sizes)
  local list, start = crews(options), core.clock()
  local budget = options.sweep and options.budget * M.POINTS or options.budget
  local todo = #sizes * #list

  local function left(all) return all - (core.clock() - start) end

  local function take(size, workers, all, share)
    local outcome = measure(size, workers or nil, left(all), share)
    if #list > 1 then outcome.workers = workers or nil end
    table.insert(result.sizes, outcome)
    table.sort(result.sizes, before)
    options.done(outcome, result)
    return outcome
  end

  for _, size in ipairs(sizes) do
    for _, workers in ipairs(list) do
      take(size, workers, budget, math.max(0, left(budget) / todo))
      todo = todo - 1
    end
  end
  if not options.sweep or #list > 1 then return end
  local share = options.budget * (1 - M.POINTS) / #sizes
  sweep.narrow(result, ratio, function(n)
    if left(options.budget) <= 0 and not options.runs then return nil end
    return take(n, list[1], options.budget, share)
  end)
end

return M
