-- What goes on in this program: this state, and those of its threads and
-- processes, which are asked; and warnings.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"
local tree = require "luaconc.tree"

local M = {}

local LIMIT = 1   -- seconds that others have for their answer

-- {["tcp stream"] = 2, pipe = 1} -> "pipe 1, tcp stream 2"
local function counts(set)
  local parts = {}
  for name, n in pairs(set) do parts[#parts + 1] = name .. " " .. n end
  table.sort(parts)
  return #parts > 0 and table.concat(parts, ", ") or "none"
end

local function plural(n, noun)
  return ("%d %s%s"):format(n, noun, n == 1 and "" or "s")
end

local function head(state)
  return ("%s, pid %d: %s, %d ready, %s, handles: %s"):format(state.noun,
    state.pid, plural(#state.rows, "live job"), state.ready,
    plural(state.deadlines, "deadline"), counts(state.handles))
end

-- The reports as a tree: each at the ids of the jobs on the way to it.
local function by_path(reports)
  local root = { below = {} }
  for _, report in ipairs(reports) do
    local node = root
    for i = 2, #report do
      node.below[report[i]] = node.below[report[i]] or { below = {} }
      node = node.below[report[i]]
    end
    node.state = report[1]
  end
  return root
end

local add_state

-- What the state of a remote job has said, or that it has not.
local function add_below(add, row, node, indent)
  if row.wait then return end   -- has not begun
  if not node then
    add(indent .. "no answer: it has just begun or ended, runs C code, or is "
      .. "stopped")
  elseif not node.state then
    add(indent .. "no answer: it lacks memory")
  else
    add_state(add, node, indent)
  end
end

function add_state(add, node, indent)
  local state = node.state
  add(indent .. head(state))
  if state.outside then add(indent .. "  " .. tree.outside(state.outside)) end
  for _, row in ipairs(state.rows) do
    add(indent .. "  " .. tree.line(row))
    if row.engine ~= "task" and node.below then
      add_below(add, row, node.below[row.id],
        indent .. ("  "):rep(row.depth + 2))
    end
  end
  for _, text in ipairs(state.holdings or {}) do
    add(indent .. "  " .. text)
  end
  for _, line in ipairs(state.pools or {}) do add(indent .. "  " .. line) end
end

-- What this state says; `hidden` is the job that prints it.
local function own_state(hidden)
  local state = core.tree_state(true)
  for i, row in ipairs(state.rows) do
    if hidden and row.id == hidden.id then table.remove(state.rows, i) end
  end
  return state
end

local function render(reports, hidden)
  local lines = {}
  local function add(line) lines[#lines + 1] = line end
  local root = reports and by_path(reports) or {}
  root.state = own_state(hidden)
  add_state(add, root, "")
  return table.concat(lines, "\n")
end

local lock

-- Others are asked by one at a time.
local function ask(limit)
  lock = lock or core.lock()
  local _ <close> = lock:acquire()
  return core.ask(limit)
end

---What goes on, as text: all live jobs of this state and of its threads and
---processes, with what each waits for, since when and where; open handles, and
---pools. Threads and processes are asked and have `limit` seconds, one unless
---said, for their answer. Waits.
---@param limit? number
---@return string
function M.dump(limit)
  if limit ~= nil and type(limit) ~= "number" then
    check.expected("dump", 1, "a number of seconds", limit)
  end
  return render(ask(limit or LIMIT))
end

local function print_dump(now)
  local text = now and render() .. "\n(this state computes: others are asked "
    .. "when it comes back to its loop)"
    or render(ask(LIMIT), core.current())
  io.stderr:write("luaconc: ", os.date "%H:%M:%S", "\n", text, "\n")
end

local signals = { SIGUSR1 = true, SIGUSR2 = true, SIGHUP = true,
  SIGQUIT = true }

---From now on the signal makes this program print what goes on, as `dump`
---says it, to its standard error; where its main state computes, what that
---says is printed at once. `LUACONC_DUMP=SIGUSR1` in the environment does the
---same. Only in the main program; SIGUSR1, SIGUSR2, SIGHUP or SIGQUIT. Doesn't
---wait.
---@param signal string
---@return true|nil ok, string? message, string? code
function M.dump_on(signal)
  if not signals[signal] then
    check.expected("dump_on", 1, '"SIGUSR1", "SIGUSR2", "SIGHUP" or "SIGQUIT"',
      signal)
  end
  if core.on_dump(signal, print_dump) then return true end
  return nil, signal .. " is taken, or this is no main program", "EBUSY"
end

local starting = { block = option.seconds }

---Says on standard error, from now on, what is likely to be a mistake, and
---where its thing was made; in this state, and in threads and processes that
---are started later. With `block`, seconds: also which task holds the loop for
---longer, while it does; in threads and processes only where they have other
---jobs. `LUACONC_DEBUG=1` and
---`LUACONC_BLOCK_MS` in the environment do the same. Doesn't wait.
---@param opts? { block: number? }
---@return true|nil ok, string? message, string? code
function M.start(opts)
  local block = option.check("start", 1, opts, starting).block
  core.debug()
  require "luaconc.lockorder".start()
  if block then return core.watchdog(block) end
  return true
end

---Ends what `start` began: nothing is said any more of this state and of what
---is started later, and what was noted is forgotten; nor is its loop watched.
---Threads and processes that run already are not told. Doesn't wait.
function M.stop()
  core.undebug()
  core.watchdog(0)
end

return M
