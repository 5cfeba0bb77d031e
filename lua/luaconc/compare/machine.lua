-- The machine on which figures were taken, and how busy it was: what stands
-- in every file of results, and what `luaconc doctor` looks at.

local core = require "luaconc.core"

local M = {}

local function contents(path)
  local file = io.open(path, "r")
  if not file then return nil end
  local text = file:read "a"
  file:close()
  return text
end

local function first(path, pattern)
  local text = contents(path)
  return text and text:match(pattern)
end

--- The interpreter that runs us, as it was called.
---@return string
function M.interpreter()
  local least = 0
  while arg and arg[least - 1] do least = least - 1 end
  return least < 0 and arg[least] or "lua5.4"
end

-- The first line that a program prints, both its outputs taken together.
local function first_line(...)
  local words = {}
  for i, word in ipairs { ... } do
    words[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  local pipe = io.popen(table.concat(words, " ") .. " 2>&1 </dev/null")
  if not pipe then return nil end
  local line = pipe:read "l"
  return pipe:close() and line or nil
end

M.first_line = first_line

--- A limit of this process, soft and hard, by its name in /proc/self/limits;
--- math.huge where there is none, nil where that can't be told.
---@param name string
---@return number? soft, number? hard
function M.limit(name)
  local text = contents "/proc/self/limits"
  local soft, hard = (text or ""):match("\n" .. name .. "%s+(%S+)%s+(%S+)")
  local function number(word)
    if word == "unlimited" then return math.huge end
    return tonumber(word)
  end
  return number(soft), number(hard)
end

-- What a control group allows; nil without a limit.
local function group_limit(name)
  local path = first("/proc/self/cgroup", "0::([^\n]*)") or ""
  for _, try in ipairs { "/sys/fs/cgroup" .. path .. "/" .. name,
    "/sys/fs/cgroup/" .. name } do
    local text = contents(try)
    if text then return text:match "^%d[^\n]*" end
  end
end

M.group_limit = group_limit

--- How many programs wanted a core, on average over the last minute.
---@return number?
function M.load()
  return tonumber(first("/proc/loadavg", "^(%S+)"))
end

local function memory_of(key)
  local kib = tonumber(first("/proc/meminfo", key .. ":%s*(%d+)"))
  return kib and kib * 1024
end

local system

local function system_name()
  return first("/etc/os-release", '\nPRETTY_NAME="?([^"\n]*)')
    or first("/etc/os-release", '^PRETTY_NAME="?([^"\n]*)')
end

local function look()
  local m = core.machine()
  local release = first_line(M.interpreter(), "-v")
  return {
    luaconc = core.version,
    lua = release and release:match "^(Lua %d+%.%d+%.%d+)" or _VERSION,
    libuv = m.libuv,
    kernel = m.system,
    architecture = m.processor,
    distribution = system_name(),
    processor = first("/proc/cpuinfo", "\nmodel name%s*:%s*([^\n]*)")
      or m.processor,
    cores = m.cores,
    memory = memory_of "MemTotal",
    quota = group_limit "cpu.max",
  }
end

--- The machine, its versions, its load now, and the time.
---@return table
function M.describe()
  system = system or look()
  local out = {}
  for key, value in pairs(system) do out[key] = value end
  out.load = M.load()
  out.available = memory_of "MemAvailable"
  out.date = os.date "!%Y-%m-%dT%H:%M:%SZ"
  return out
end

--- A line about it for people.
---@param m table as `describe` returns it
---@return string
function M.line(m)
  return ("%s, %d core%s, %s; %s, libuv %s, luaconc %s; load %s; %s"):format(
    m.processor, m.cores, m.cores == 1 and "" or "s", m.kernel or "?", m.lua,
    m.libuv, m.luaconc, m.load and ("%.2f"):format(m.load) or "?", m.date)
end

return M
