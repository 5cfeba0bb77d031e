-- "did you mean": the name nearest to a mistyped one.

local M = {}

--- The nearest of `names`, or nil where none is near.
---@param word string
---@param names string[]
---@return string?
function M.nearest(word, names)
  return (require("luaconc.core").nearest(word, names))
end

--- "; did you mean 'x'?", or an empty string.
---@param word string
---@param names string[]
---@return string
function M.hint(word, names)
  local name = M.nearest(word, names)
  return name and ("; did you mean '%s'?"):format(name) or ""
end

return M
