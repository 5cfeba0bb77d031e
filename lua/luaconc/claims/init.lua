-- The book of claims: what people say about threads, processes and event
-- loops, each as an experiment with a rule. A claim is a file in this folder,
-- named by its id, that returns a table of this shape:

---@class luaconc.Claim
---@field id string
---@field says string the statement, in our words
---@field experiment string what is run
---@field engines string[] those that take part
---@field figure string which figure decides
---@field measure fun(lab: luaconc.Lab): table the figures by name: numbers or
--- intervals; `missing`: why one is not there; `rows`: a table for readers,
--- its first row the heading; `note`: what else must be said of them
---@field parts table[] the rule (see luaconc.lab.rule)
---@field why string|fun(figures: table, verdict: string): string|nil what
--- explains the verdict, beside the figures (of intervals, the medians)
---@field lock string? figure of CPython, where it is about its interpreter lock
---@field construction boolean? compares texts that we wrote ourselves
--
-- The first word of an id is its group.

local offered = require "luaconc.compare.offered"

local M = {}

-- Each group: its title, and which documents make these statements.
M.GROUPS = {
  { "choose", "Choosing a model",
    "the advice of all five documents on which model to pick" },
  { "proc", "Processes",
    "what the documents say for and against multiprocessing" },
  { "thread", "Threads", "what the documents say for and against threading" },
  { "async", "Tasks on an event loop",
    "what the documents say for and against asyncio" },
}

M.ORDER = {
  "choose-cpu", "choose-io-few", "choose-io-many", "choose-500",
  "choose-deps", "choose-lifecycle", "choose-overkill", "choose-simple",
  "choose-mixed",
  "proc-parallel", "proc-spawn-cost", "proc-comm-cost", "proc-serialise",
  "proc-globals", "proc-shared-data", "proc-memory", "proc-control",
  "proc-sync-races",
  "thread-spawn-cheap", "thread-comm-cheap", "thread-gil", "thread-races",
  "thread-db", "thread-shared-cpu", "thread-memory", "thread-control",
  "thread-stack", "thread-5000", "thread-flat-share", "thread-readable",
  "thread-switch",
  "async-switch-cheap", "async-memory", "async-no-races",
  "async-not-race-free", "async-order", "async-infects", "async-debug",
  "async-cpu-poor", "async-not-faster", "async-gil", "async-not-easy",
  "async-connections", "async-gather", "async-lifecycle", "async-starvation",
}

local PREFIX = "luaconc.claims."

--- The ids of the claims that there are, in the order of the book.
---@return string[]
function M.ids()
  return offered(PREFIX, M.ORDER)
end

--- The claim of that id. Raises where there is none.
---@param id string
---@return luaconc.Claim
function M.get(id)
  return require(PREFIX .. id)
end

--- The group of an id: its title and which documents speak of it.
---@param id string
---@return string title, string documents
function M.group(id)
  local word = id:match "^[^-]*"
  for _, group in ipairs(M.GROUPS) do
    if group[1] == word then return group[2], group[3] end
  end
  error("a claim of no group: " .. id)
end

return M
