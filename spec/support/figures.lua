-- Made-up measurements, for specs of what is said about figures.

local compare = require "luaconc.compare"

local M = {}

--- A row of an engine whose wall times are `walls`. `given`: `busy` (cores
--- kept busy, 0.01 unless given), `delayed` (share of waiting for a core),
--- `memory` (MiB), `order`, `workers`, `ready` (seconds), `sent` (bytes).
function M.row(engine, walls, given)
  given = given or {}
  local row = { engine = engine, runs = {}, order = given.order,
    workers = given.workers }
  local ready = given.ready or 0
  for i, wall in ipairs(walls) do
    row.runs[i] = {
      wall = wall, user = wall * (given.busy or 0.01), system = 0,
      delayed = wall * (given.delayed or 0), voluntary = 40, involuntary = 3,
      startup = 0.003 + ready, ready = ready, sent = given.sent or 0,
      memory = (given.memory or 2) * 2 ^ 20, job_memory = 2048,
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

--- What is measured of a size with these rows, on two cores.
function M.size(size, rows, pilot)
  local rounds = 0
  for _, row in ipairs(rows) do rounds = math.max(rounds, #row.runs) end
  compare.summarise(rows)
  return { size = size, rounds = rounds, rows = rows, cores = 2, most = 512,
    pilot = pilot, measured = true }
end

return M
