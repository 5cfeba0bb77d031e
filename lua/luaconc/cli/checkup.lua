-- The findings of `luaconc doctor`. A finding has a name, a value, a state,
-- and where something can be done about it, an advice. States: "good";
-- "poor", works, but within narrow limits; "missing", an optional part;
-- "bad", luaconc can't do its work.

local machine = require "luaconc.compare.machine"
local units = require "luaconc.compare.units"

local M = {}

-- Limits below which a finding is poor, each with its reason.
M.DESCRIPTORS = 4096 -- 2,000 connections with both ends in one process
M.PROCESSES = 1024   -- threads and processes of one user
M.MEMORY = 512 << 20 -- the book of claims peaks at about 300 MiB
M.BUSY = 0.5         -- load per core from which on figures get unsteady

---@class luaconc.cli.Finding
---@field name string
---@field value string
---@field state "good"|"poor"|"missing"|"bad"
---@field advice string?

local function finding(name, value, state, advice)
  return { name = name, value = value, state = state or "good",
    advice = state and state ~= "good" and advice or nil }
end

local function versions(m)
  return { title = "Versions",
    finding("luaconc", m.luaconc),
    finding("Lua", m.lua),
    finding("libuv", m.libuv),
    finding("system", ("%s (%s, %s)"):format(m.distribution or "unknown",
      m.kernel or "?", m.architecture or "?")),
  }
end

local function load_finding(m)
  if not m.load then return finding("load", "not told", "missing") end
  local busy = m.load / m.cores > M.BUSY
  return finding("load", ("%.2f"):format(m.load), busy and "poor",
    "other programs are busy: figures taken now are less steady")
end

local function memory_finding(m)
  if not m.memory then return finding("memory", "not told", "missing") end
  local free = m.available or m.memory
  return finding("memory", ("%s, %s of it available"):format(
    units.memory(m.memory), units.memory(free)),
    free < M.MEMORY and "poor", "large experiments may not fit")
end

local function hardware(m)
  return { title = "Machine",
    finding("processor", m.processor),
    finding("cores", tostring(m.cores), m.cores < 2 and "poor",
      "with one core, nothing that computes gets faster by threads or "
      .. "processes"),
    memory_finding(m),
    load_finding(m),
  }
end

local function shown(n)
  if n == nil then return "not told" end
  return n == math.huge and "no limit" or units.count(n)
end

local function limit_finding(name, key, least, advice)
  local soft, hard = machine.limit(key)
  local poor = soft and soft < least
  return finding(name, ("%s (at most %s)"):format(shown(soft), shown(hard)),
    not soft and "missing" or poor and "poor", advice:format(
    hard and hard > least and units.count(least):gsub(",", "") or "N"))
end

local function group_finding()
  local pids, quota = machine.group_limit "pids.max",
    machine.group_limit "cpu.max"
  return finding("control group", ("%s tasks, %s of CPU"):format(
    pids or "unlimited", quota and quota .. " us" or "all"),
    pids and tonumber(pids) < M.PROCESSES and "poor",
    "a container with a higher pids limit lets more threads and processes "
    .. "start")
end

local function limits()
  return { title = "Limits",
    limit_finding("descriptors", "Max open files", M.DESCRIPTORS,
      "`ulimit -n %s` in the shell that starts luaconc; connections, threads "
      .. "and processes need them"),
    limit_finding("processes", "Max processes", M.PROCESSES,
      "`ulimit -u %s`; threads count as processes here"),
    group_finding(),
  }
end

local function try_engine(conc, name, f)
  local ok, value = pcall(function()
    return conc.run(function() return f():await() end)
  end)
  if ok and value == 42 then return finding(name, "works") end
  return finding(name, ok and "gave a wrong result" or tostring(value), "bad",
    "see the message; `luaconc doctor` tries no more than one job")
end

local function engines()
  local conc = require "luaconc"
  local function answer() return 42 end
  return { title = "Engines",
    try_engine(conc, "task", function() return conc.spawn(answer) end),
    try_engine(conc, "thread", function()
      return assert(conc.thread(answer))
    end),
    try_engine(conc, "process", function()
      return assert(conc.process(answer))
    end),
  }
end

local function memory_reading()
  local core = require "luaconc.core"
  local bytes = core.memory()
  return finding("memory of trees", bytes > 0 and "readable (PSS)"
    or "not readable", bytes <= 0 and "poor",
    "needs /proc/PID/smaps_rollup, of kernel 4.14 or later; without it "
    .. "memory is shown as ?")
end

local function python()
  local line = machine.first_line("python3", "--version")
  return finding("python3", line or "not found", not line and "missing",
    "claims that are about Python's interpreter lock then stand without "
    .. "their evidence: `apt-get install python3`")
end

local function binding(name, modules, package, use)
  for _, module in ipairs(modules) do
    if package.searchpath(module, package.cpath)
      or package.searchpath(module, package.path) then
      return finding(name, "found: " .. module)
    end
  end
  return finding(name, "not found", "missing", use)
end

local function other_user()
  local id = machine.first_line("id", "-u")
  local can = machine.first_line("setpriv", "--version")
  if id ~= "0" then return finding("limits as user", "not root: they count") end
  return finding("limits as user", can and "setpriv" or "not found",
    not can and "missing", "root has no limit of processes; with setpriv "
    .. "claims try it as another user: `apt-get install util-linux`")
end

local function parts()
  return { title = "Optional parts",
    memory_reading(),
    python(),
    binding("SQLite for Lua", { "lsqlite3", "luasql.sqlite3" }, package,
      "the claim thread-db then uses a file alone: `luarocks-5.4 install "
      .. "lsqlite3`, or `apt-get install lua-sql-sqlite3`"),
    other_user(),
  }
end

--- All findings, section by section. Each engine is tried once.
---@return luaconc.cli.Finding[][] sections each with a title
function M.all()
  local m = machine.describe()
  return { versions(m), hardware(m), limits(), engines(), parts() }
end

--- Whether nothing is bad.
---@param sections luaconc.cli.Finding[][]
---@return boolean
function M.healthy(sections)
  for _, section in ipairs(sections) do
    for _, f in ipairs(section) do
      if f.state == "bad" then return false end
    end
  end
  return true
end

return M
