-- The engines that a scenario can run on. One file each, which returns
--
--     name      as in `--engines`
--     title     in a sentence ("tasks")
--     about     a line
--     adds_up   true where n jobs take n times as long as one, whatever they
--               do: what a large size would take can then be foreseen
--     workers   true where it takes a number of workers; `one` is then what
--               one of them is called
--     apart     true where these are processes of their own
--     run(meter, job, size, ctx, workers) -> results
--
-- `run` calls job(i, ctx) once for each i of 1..size through `work.call`,
-- puts what it returns at results[i], tells the meter when its workers are
-- ready and when the last job has ended, and returns when nothing of its own
-- is left running. It raises the failure of a job that failed. It is called
-- once, in a process of its own, outside any task.

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
