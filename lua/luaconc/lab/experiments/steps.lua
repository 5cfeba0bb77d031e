-- The life of a loop in five steps, each a short example that is run.

local M = { probes = {} }

M.about = "start a loop, call, create a task, wait for several, end"

local STEPS = {
  { "start a loop", function(conc)
    return conc.run(function() return 1 end) == 1
  end },
  { "call a function that waits", function(conc)
    return conc.run(function()
      conc.sleep(0.001)
      return 2
    end) == 2
  end },
  { "create a task", function(conc)
    return conc.run(function()
      return conc.spawn(function() return 3 end):await()
    end) == 3
  end },
  { "wait for several", function(conc)
    local list = conc.run(conc.gather, {
      function() conc.sleep(0.002) return "a" end,
      function() return "b" end })
    return list[1] == "a" and list[2] == "b"
  end },
  { "end when all is done", function(conc)
    local done = 0
    conc.run(function()
      for _ = 1, 5 do
        conc.spawn(function() conc.sleep(0.001) done = done + 1 end)
      end
    end)
    return done == 5 and #conc.jobs() == 0
  end },
}

--- Which steps work.
function M.probes.walk()
  local conc = require "luaconc"
  local out = {}
  for i, step in ipairs(STEPS) do
    local ok, passed = pcall(step[2], conc)
    out[i] = { step = step[1], ok = ok and passed or false,
      said = not ok and tostring(passed) or nil }
  end
  return out
end

function M.run(lab)
  local out = { passed = 0, rows = { { "step", "works" } } }
  for i, r in ipairs(lab:probe("luaconc.lab.experiments.steps", "walk")) do
    if r.ok then out.passed = out.passed + 1 end
    out.rows[i + 1] = { r.step, r.ok and "yes" or r.said or "no" }
  end
  return out
end

return M
