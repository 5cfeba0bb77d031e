-- Threads as tasks: what would run in states of their own runs in this one, in
-- an order that a seed decides, on copies of all that would be copied.
--
-- It shows what depends on the order of messages, results and ends. It does
-- not show: races on shared memory between two instructions (tasks change only
-- where they wait), global variables (there is one set of them here, and in a
-- thread a fresh one), limits of memory, C code that blocks, and interruption
-- of code that computes.

local core = require "luaconc.core"

local M = {}

-- Copies, as a message to another state makes them; raises where that would.
local function copy(...)
  local passage = core.channel(1)
  passage:try_send(table.pack(...))
  local values = passage:try_recv()
  return table.unpack(values, 1, values.n)
end

local function run(f, ...)
  return copy(f(...))
end

-- `f` as jobs of it see it: on copies of its arguments and upvalues.
local function isolated(f)
  return function(...) return run(copy(f, ...)) end
end

local function start(f, ...)
  if type(f) ~= "table" then return core.spawn(run, copy(f, ...)) end
  local job = { run, copy(table.unpack(f)) }
  for _, name in ipairs { "name", "keep", "daemon" } do job[name] = f[name] end
  return core.spawn(job)
end

-- A pool of tasks whose jobs are isolated.
local function simulated_pool(make, opts)
  local changed = {}
  for key, value in pairs(opts) do changed[key] = value end
  changed.engine, changed.init, changed.initargs = "task", nil, nil
  local pool = make(changed)
  local methods = getmetatable(pool).__index
  return setmetatable({}, {
    __index = function(_, name)
      local method = methods[name]
      if name == "submit" then
        return function(_, f, ...) return method(pool, isolated(f), ...) end
      elseif name == "map" or name == "imap" then
        return function(_, list, f, o)
          return method(pool, list, isolated(f), o)
        end
      end
      return function(_, ...) return method(pool, ...) end
    end,
    __close = function(_, err) return getmetatable(pool).__close(pool, err) end,
  })
end

--- Until it is closed `conc.thread`, and pools and maps of the engine "thread",
--- run their jobs as tasks of this state, on copies: under `seeds`, in many
--- orders, all of which can be had again. `init` of a pool is left out.
---@return table simulation to be closed
function M.threads()
  local conc = require "luaconc"
  local thread, pool, map = conc.thread, conc.pool, conc.map
  conc.thread = start
  conc.pool = function(opts)
    if type(opts) == "table" and opts.engine == "thread" then
      return simulated_pool(pool, opts)
    end
    return pool(opts)
  end
  conc.map = function(list, f, opts)
    if type(opts) ~= "table" or opts.engine ~= "thread" then
      return map(list, f, opts)
    end
    local changed = {}
    for key, value in pairs(opts) do changed[key] = value end
    changed.engine = "task"
    return map(list, isolated(f), changed)
  end
  return setmetatable({}, { __close = function()
    conc.thread, conc.pool, conc.map = thread, pool, map
  end })
end

return M
