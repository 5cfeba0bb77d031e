-- Which files of a folder there are, of those that have a place in its order:
-- engines, commands, claims.

--- The names, in order, whose modules (the prefix and the name) can be found.
---@param prefix string
---@param order string[]
---@return string[]
return function(prefix, order)
  local names = {}
  for _, name in ipairs(order) do
    local module = prefix .. name
    if package.loaded[module] or package.searchpath(module, package.path) then
      names[#names + 1] = name
    end
  end
  return names
end
