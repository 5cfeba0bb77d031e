-- Made-up measurements, for specs of what is said about figures.

local compare = require "luaconc.compare"
local stats = require "luaconc.compare.stats"

local M = {}

--- A row of an engine whose wall times are `walls`. `given`: `busy` (share of
--- CPU, 0.01 unless given), `delayed` (share of waiting for a core), `memory` (MiB), `order`.
function M.row(engine, walls, given)
  given = given or {}
  local row = { engine = engine, runs = {}, order = given.order }
  for i, wall in ipairs(walls) do
    row.runs[i] = {
      wall = wall, user = wall * (given.busy or 0.01), system = 0,
      delayed = wall * (given.delayed or 0), voluntary = 40, involuntary = 3, startup = 0.003,
      memory = (given.memory or 2) * 2 ^ 20,
    }
  end
  return row
end

--- Eight walls within 1 % of `wall`, which is their median.
function M.near(wall)
  local walls = {}
  for i, off in ipairs { 0, 1, -1, 2, -2, 1, -1, 0 } do
    walls[i] = wall * (1 + off / 200)
  end
  return walls
end

--- What is measured of a size with these rows.
function M.size(size, rows)
  local rounds = 0
  for _, row in ipairs(rows) do
    rounds = math.max(rounds, #row.runs)
    if #row.runs > 0 then
      for _, name in ipairs(compare.FIGURES) do
        local list = {}
        for i, run in ipairs(row.runs) do list[i] = run[name] end
        row[name] = stats.interval(list)
      end
    end
  end
  for _, row in ipairs(rows) do
    row.speedup = compare.ratio(compare.row(rows, "serial"), row, "wall")
  end
  return { size = size, rounds = rounds, rows = rows }
end

return M
