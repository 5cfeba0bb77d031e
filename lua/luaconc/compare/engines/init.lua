-- The engines that a scenario can run on. One file each, which returns
--
--     name      as in `--engines`
--     title     in a sentence ("tasks")
--     about     a line
--     adds_up   true where n jobs take n times as long as one, whatever they
--               do: what a large size would take can then be foreseen
--     run(job, size, ctx, finished) -> results
--
-- `run` calls job(i, ctx) once for each i of 1..size, puts what it returns
-- at results[i], calls finished(i) in the order in which the jobs end, and
-- returns when nothing of its own is left running. It raises the error of a
-- job that failed. It is called once, in a process of its own, outside any
-- task.

local M = {}

-- In the order of the table; those without a file are not offered.
M.ORDER = { "serial", "task", "thread", "process" }

local function module_of(name)
  return "luaconc.compare.engines." .. name
end

--- The names of the engines that there are.
---@return string[]
function M.names()
  local names = {}
  for _, name in ipairs(M.ORDER) do
    if package.loaded[module_of(name)]
      or package.searchpath(module_of(name), package.path) then
      names[#names + 1] = name
    end
  end
  return names
end

--- The engine of that name. Raises where there is none.
---@param name string
---@return table engine
function M.get(name)
  return require(module_of(name))
end

return M
