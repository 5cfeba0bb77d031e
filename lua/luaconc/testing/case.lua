-- One test: under the virtual clock, and it must leave nothing behind.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"
local testing = require "luaconc.testing"

local M = {}

local KINDS = { "jobs", "handles", "descriptors" }

local ONE = { jobs = "job", handles = "handle", descriptors = "descriptor" }

-- Closing takes a turn of the loop, but no time. Nothing is collected: what is
-- open and forgotten counts.
local function settle()
  local was = core.simulation.clock(true)
  for _ = 1, 3 do pcall(core.run, core.sleep, 0.0001) end
  core.simulation.clock(was)
end

-- Shared memory goes when its handles are collected, loops keep what they have,
-- and so does conc.stdout: these are nobody's to close.
local function count()
  local conc, counts = require "luaconc", testing.counts()
  counts.descriptors = counts.descriptors - core.simulation.own()
  for _, name in ipairs { "stdin", "stdout", "stderr" } do
    local opened = rawget(conc, name) and 1 or 0
    counts.handles = counts.handles - opened
    counts.descriptors = counts.descriptors - opened
  end
  return counts
end

-- Descriptors that come with threads or children are those of the library's
-- own helpers, which stay.
local function compare(before, after)
  local same = before.threads == after.threads
    and before.children == after.children
  local list = {}
  for _, kind in ipairs(KINDS) do
    local n = after[kind] - before[kind]
    if n > 0 and (same or kind ~= "descriptors") then
      list[#list + 1] = ("%d %s"):format(n, n == 1 and ONE[kind] or kind)
    end
  end
  return list
end

local function describe(list)
  local text = table.concat(list, ", ")
  if #core.jobs() == 0 then return text end
  return text .. ":\n" .. require("luaconc.tree").tree()
end

--- Calls `f(...)`; returns what it has left open: nil, or a text. What `f`
--- raises is raised.
---@param f function
---@param ... any
---@return string? left
function M.left(f, ...)
  core.simulation.prepare()
  settle()
  local before = count()
  f(...)
  settle()
  local list = compare(before, count())
  if #list > 0 then return describe(list) end
end

--- A test for busted's `it`, or any other runner: `f` runs as the root task
--- under the virtual clock; a job, stream or file that it leaves behind is an
--- error. With `opts.seeds` it runs in so many orders.
---@param f function
---@param opts { seeds: integer? }?
---@return function
function M.test(f, opts)
  check.func("test", 1, f)
  local n = option.check("test", 2, opts, { seeds = option.count }).seeds
  return function(...)
    local left
    if n then left = M.left(testing.seeds, n, f)
    else left = M.left(testing.virtual, f, ...) end
    if left then error("the test leaves behind: " .. left, 0) end
  end
end

return M
