-- What is told where nothing can go on in any thread or process: who waits for
-- what, in each state, and who wait for each other in a circle.

local core = require "luaconc.core"

local M = {}

local HEAD = "deadlock: every task waits and nothing can wake them:"

-- All states as a list, the program's first, each with its place in the tree:
-- {tree =, label =, depth =, below = {[id of the job that runs it] = state}}.
local function states_of(reports)
  table.sort(reports, function(a, b) return #a < #b end)
  local root = { tree = core.tree_state(), depth = 0, below = {} }
  local list = { root }
  for _, report in ipairs(reports) do
    local above = root
    for i = 2, #report - 1 do above = above.below[report[i]] end
    local state = { tree = report[1] or { rows = {} }, above = above,
      depth = above.depth + 1, below = {} }
    above.below[report[#report]] = state
    list[#list + 1] = state
  end
  return list
end

-- Tasks by their state and id, and states by what the commons know them by.
local function index(list)
  local known = { guests = {}, tasks = {} }
  for _, state in ipairs(list) do
    local tasks = {}
    for _, row in ipairs(state.tree.rows) do
      tasks[row.id] = row
      local below = state.below[row.id]
      if below then below.label = row.label end
    end
    known.tasks[state] = tasks
    if state.tree.guest then known.guests[state.tree.guest] = state end
  end
  return known
end

local function name(state, row)
  if not state.above then return row.label end
  return row.label .. " of " .. state.label
end

-- Whom a task waits for: a state and one of its rows, or nil.
local function next_of(known, state, row)
  if not row.on then return end
  local of = row.guest and known.guests[row.guest] or not row.guest and state
  local to = of and known.tasks[of][row.on]
  local below = to and of.below[row.on]
  if not below then return of, to end
  return below, below.tree.rows[1]   -- the task that the job is
end

local function about(known, state, row)
  local text = row.about
  local owner = text and row.guest and known.guests[row.guest]
  local job = owner and known.tasks[owner][row.on]
  if not job or owner == state then return text end
  return (text:gsub("task %d+ of another state",
    function() return owner.above and name(owner, job)
      or name(owner, job) .. " of the program" end))
end

local function wait(known, state, label, row)
  local told = about(known, state, row)
  return ("%s waits for %s at %s%s"):format(label, row.wait or "its turn",
    row.place or "?", told and " (" .. told .. ")" or "")
end

local function add_state(add, known, state)
  local indent = ("  "):rep(state.depth + 1)
  local outside = state.tree.outside
  if outside then
    add(indent .. wait(known, state, "the code outside tasks", outside))
  end
  for _, row in ipairs(state.tree.rows) do
    if row.engine == "task" then
      add(indent .. wait(known, state, row.label, row))
    elseif state.below[row.id] then
      add(("%sin %s, started at %s:"):format(indent, row.label,
        row.started or "?"))
      add_state(add, known, state.below[row.id])
    end
  end
end

-- The tasks from this one on until one comes again: those of the circle, or
-- nil where there is none, or it was told before.
local function circle(known, state, row, seen)
  local path, at = {}, {}
  while row and not seen[row] do
    seen[row] = true
    path[#path + 1] = name(state, row)
    at[row] = #path
    state, row = next_of(known, state, row)
  end
  local from = row and at[row]
  if not from then return end
  path[#path + 1] = path[from]
  return table.concat(path, " -> ", from)
end

local function add_circles(add, known, list)
  local seen = {}
  for _, state in ipairs(list) do
    for _, row in ipairs(state.tree.rows) do
      local found = row.engine == "task" and circle(known, state, row, seen)
      if found then add("in a circle: " .. found) end
    end
  end
end

--- The report, from what the other states have said: a list as core.ask gives.
---@param reports table[]
---@return string
function M.text(reports)
  local lines = { HEAD }
  local function add(line) lines[#lines + 1] = line end
  local list = states_of(reports)
  local known = index(list)
  add_state(add, known, list[1])
  add_circles(add, known, list)
  return table.concat(lines, "\n")
end

return M
