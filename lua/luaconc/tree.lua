-- The jobs of a state, as text for people.

local core = require "luaconc.core"

local M = {}

-- 0.25 -> "250 ms": three digits tell enough of an age.
local function seconds(s)
  if s < 0.001 then return ("%.0f us"):format(s * 1e6) end
  if s < 1 then return ("%.3g ms"):format(s * 1e3) end
  if s < 3600 then return ("%.3g s"):format(s) end
  return ("%.3g h"):format(s / 3600)
end

-- What somebody waits for, of what, where, since when.
local function wait_of(row)
  local parts = {}
  if row.wait then parts[1] = " for " .. row.wait end
  if row.about then
    local type, which = row.about:match "^(.-) (0x.*)$"
    local told = type and row.wait:sub(-#type) == type
    parts[#parts + 1] = told and " " .. which or " of " .. row.about
  end
  if row.place then parts[#parts + 1] = " at " .. row.place end
  if row.waited then parts[#parts + 1] = ", " .. seconds(row.waited) end
  return table.concat(parts)
end

--- One job: what it is, what it does, where, and where it was started.
---@param row table of `core.tree_state().rows`
---@return string
function M.line(row)
  return ("%s%s: %s%s%s (started %s%s ago)"):format(
    ("  "):rep(row.depth), row.label, row.state, wait_of(row),
    row.pid and ", pid " .. row.pid or "",
    row.started and ("at %s, "):format(row.started) or "", seconds(row.age))
end

--- The code outside tasks, where it waits.
---@param row table
---@return string
function M.outside(row)
  return "the code outside tasks: waiting" .. wait_of(row)
end

---The tree of all live jobs: a line for each, below the one that started it,
---with what it waits for, since when and where. Doesn't wait.
---@return string
function M.tree()
  local lines = {}
  for i, row in ipairs(core.tree_state().rows) do lines[i] = M.line(row) end
  if #lines == 0 then return "no live jobs" end
  return table.concat(lines, "\n")
end

return M
