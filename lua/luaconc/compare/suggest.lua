-- "did you mean": the name nearest to a mistyped one.

local M = {}

-- How many letters must be changed, added, dropped or swapped with their
-- neighbour to make `b` of `a`.
local function distance(a, b)
  local before, last = {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local changed = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + changed)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1)
        and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

--- The nearest of `names`, or nil where none is near.
---@param word string
---@param names string[]
---@return string?
function M.nearest(word, names)
  local best, least = nil, #word // 3 + 2
  for _, name in ipairs(names) do
    local d = distance(word:lower(), name:lower())
    local begins = #word >= 2 and name:sub(1, #word) == word
    if begins then d = math.min(d, 1) end
    if d < least then best, least = name, d end
  end
  return best
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
