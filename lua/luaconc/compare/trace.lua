-- Tracebacks of a scenario's own functions.

local M = {}

--- The traceback at an error, for a handler of `xpcall`: from the place of
--- the error down to the function that we called; what lies below is ours
--- and says nothing. `above` is how many functions the handler itself has
--- called on the way here (0 unless given).
---@param above integer?
---@return string
function M.here(above)
  local lines = {}
  for line in debug.traceback("", 3 + (above or 0)):gmatch "[^\n]+" do
    local ours = line:find("luaconc/compare/", 1, true)
    local called = #lines > 1
      and lines[#lines]:find("in function 'xpcall'", 1, true)
    if ours and called then
      lines[#lines] = nil
      break
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n")
end

return M
