-- From how many slow requests on tasks beat threads, in time and in memory.

local crossing = require "luaconc.compare.crossing"
local requests = require "luaconc.lab.experiments.requests"
local runs = require "luaconc.lab.runs"
local stats = require "luaconc.compare.stats"

local M = {}

M.about = "the number of slow requests from which on tasks beat threads"

M.LOW = 50

-- 1 where tasks win: threads take longer, or more.
local function asker(lab, rows, cache, name)
  return function(n)
    if not cache[n] then
      cache[n] = requests.size(lab, n, requests.DELAY, 2, false)
      runs.add_rows(rows, cache[n], { "task", "thread" })
    end
    local by = cache[n]
    return stats.verdict(runs.ratio(by.thread, by.task, name))
  end
end

-- The number itself; the lowest where tasks always win, none where never.
local function number(c, low)
  if c.to then return c.after == 1 and c.to or c.from end
  return c.before == 1 and low or math.huge
end

function M.run(lab)
  local high = lab:pick(1000, 5000)
  local rows, cache = { runs.HEADING }, {}
  local found = {}
  for _, name in ipairs { "whole", "memory" } do
    local c = crossing.find(M.LOW, high, asker(lab, rows, cache, name),
      lab:pick(1.5, 1.1))
    found[name] = { number = number(c, M.LOW), low = M.LOW, high = high }
  end
  return { time = found.whole, memory = found.memory, rows = rows }
end

return M
