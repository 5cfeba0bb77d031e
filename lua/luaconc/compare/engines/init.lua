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
-- A program added by `add` has `command` in place of `run`, and `single` where
-- its title is of the singular.
--
-- `run` calls job(i, ctx) once for each i of 1..size through `work.call`,
-- puts what it returns at results[i], tells the meter when its workers are
-- ready and when the last job has ended, and returns when nothing of its own
-- is left running. It raises the failure of a job that failed. It is called
-- once, in a process of its own, outside any task.

local offered = require "luaconc.compare.offered"

local M = {}

-- In the order of the table; those without a file are not offered.
M.ORDER = { "serial", "task", "thread", "process" }

local PREFIX = "luaconc.compare.engines."

--- The names of the engines that there are.
---@return string[]
function M.names()
  return offered(PREFIX, M.ORDER)
end

-- Programs that were added as engines, by name and in order.
local added, later = {}, {}

--- Adds a program as an engine (see luaconc.compare.outside); one of the same
--- name takes the place of an earlier one.
---@param name string
---@param command string for the shell
function M.add(name, command)
  if not added[name] then later[#later + 1] = name end
  added[name] = { name = name, title = name, about = command,
    command = command, single = true }
end

--- The engine of that name. Raises where there is none.
---@param name string
---@return table engine
function M.get(name)
  return added[name] or require(PREFIX .. name)
end

--- How far from simple an engine is: its place in the order.
---@param name string
---@return integer
function M.place(name)
  for i, known in ipairs(M.ORDER) do
    if known == name then return i end
  end
  for i, known in ipairs(later) do
    if known == name then return #M.ORDER + i end
  end
  return math.huge
end

return M
