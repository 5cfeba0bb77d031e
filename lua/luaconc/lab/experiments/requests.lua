-- Requests to a local server, which answers at once or after 200 ms, on every
-- engine, with a worker for each request up to what descriptors and processes
-- allow. The server runs in the measuring process, so the connections' two
-- ends count against different limits.

local runs = require "luaconc.lab.runs"
local workers = require "luaconc.compare.workers"

local M = {}

M.about = "requests to a local server, on a worker each where there may be"

M.DELAY = 0.2     -- seconds, of the slow server
M.PROCESSES = 500 -- worker processes at most: a family of more is no use here

-- As many workers as jobs, as far as they go.
local function crew(engine, size)
  local most = engine == "process" and M.PROCESSES
    or (workers.descriptors() or 1024) - workers.SPARE
  if engine == "thread" then most = most // workers.NEEDS end
  return math.min(size, most)
end

local function take(lab, engines, size, delay, rounds)
  local sizes = lab:compare("requests", { engines = engines,
    sizes = { size }, runs = rounds, workers = crew(engines[#engines], size),
    set = { delay = delay } })
  return runs.of(sizes[1])
end

--- One size: tasks and threads in turn, then processes with as many as go.
---@param lab luaconc.Lab
---@param size integer
---@param delay number
---@param rounds integer
---@param processes boolean
---@return table<string, table> samples by engine
function M.size(lab, size, delay, rounds, processes)
  local by = take(lab, { "task", "thread" }, size, delay, rounds)
  if processes then
    by.process = take(lab, { "process" }, size, delay, rounds).process
  end
  return by
end

local function sizes(lab)
  return {
    { 50, 0, lab:pick(4, 8), true },
    { 400, 0, lab:pick(4, 8), true },
    { 500, M.DELAY, 3, true },
    { 2000, M.DELAY, lab:pick(2, 4), false },
    { 10000, M.DELAY, lab:pick(1, 3), false },
  }
end

function M.run(lab)
  local out = { rows = { runs.HEADING }, cases = {} }
  for _, s in ipairs(sizes(lab)) do
    local by = M.size(lab, table.unpack(s))
    local key = (s[2] == 0 and "fast" or "slow") .. s[1]
    out.cases[key] = by
    runs.add_rows(out.rows, by, { "task", "thread", "process" })
  end
  return out
end

return M
