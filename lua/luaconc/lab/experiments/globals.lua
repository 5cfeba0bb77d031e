-- A global of the parent, read in processes that were started in each way.

local told = require("luaconc.lab.told")

local M = { probes = {} }

M.about = "a global of the parent, read in a process"

--- What a process sees, started in that way: true, false, or why it wasn't.
function M.probes.read(args)
  local conc = require "luaconc"
  return conc.run(function()
    rawset(_G, "parent_set_this", 42)
    local ok, job, message = pcall(conc.process, { function()
      return rawget(_G, "parent_set_this") == 42
    end, start = args.start })
    if not ok then return { missing = told(job) } end
    if not job then return { missing = message } end
    return { sees = job:await() }
  end)
end

M.WAYS = { "spawn", "forkserver", "fork" }

function M.run(lab)
  local out = { sees = 0, blind = 0,
    rows = { { "started by", "the process sees the global" } } }
  for i, way in ipairs(M.WAYS) do
    local r = lab:probe("luaconc.lab.experiments.globals", "read",
      { start = way })
    if r.missing then
      out.missing = way .. ": " .. r.missing
    else
      local key = r.sees and "sees" or "blind"
      out[key] = out[key] + 1
    end
    out.rows[i + 1] = { way, r.missing or r.sees and "yes" or "no" }
  end
  return out
end

return M
