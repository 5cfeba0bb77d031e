-- The tree of live jobs, as text for people.

local core = require "luaconc.core"

local M = {}

-- One job: what it is, what it does, where, and where it was started.
local function line(row)
  local parts = { ("  "):rep(row.depth), row.label, ": ", row.state }
  local function add(...)
    for _, part in ipairs { ... } do parts[#parts + 1] = part end
  end
  if row.wait then add(" for ", row.wait) end
  if row.place then add(" at ", row.place) end
  if row.started then add(" (started at ", row.started, ")") end
  return table.concat(parts)
end

---The tree of all live jobs: a line for each, below the one that started it,
---with what it waits for and where. Doesn't wait.
---@return string
function M.tree()
  local lines = {}
  for i, row in ipairs(core.tree_rows()) do lines[i] = line(row) end
  if #lines == 0 then return "no live jobs" end
  return table.concat(lines, "\n")
end

return M
