-- The public face: `local conc = require "luaconc"`.
--
-- This file parses under any Lua from 5.1 on, so that a too old one is told
-- so in one line. It loads the C core, whose functions are there at once;
-- functions written in Lua are loaded with their file at first use.

local VERSION = "0.1.0"

local floor = "luaconc needs Lua 5.4, from 5.4.3 on; this is "

-- Lua before 5.4.3 can't wait in a __close, and has no constant that tells
-- its release. So it is tried.
local closing_may_yield = [[
  local function body()
    local _ <close> = setmetatable({}, { __close = coroutine.yield })
  end
  local co = coroutine.create(body)
  return coroutine.resume(co) and coroutine.resume(co)
    and coroutine.status(co) == "dead"
]]

local function check_lua()
  if _VERSION ~= "Lua 5.4" then
    local jit = rawget(_G, "jit")
    local which = jit and " (" .. tostring(jit.version) .. ")" or ""
    error(floor .. _VERSION .. which .. ": run it with lua5.4", 0)
  end
  if not load(closing_may_yield)() then
    error(floor .. "an older 5.4, in which a <close> variable can't wait: run "
      .. "it with a newer one", 0)
  end
end

-- One line out of a loader's many.
local function one_line(text)
  return (tostring(text):gsub("%s*\n%s*", " "))
end

local function load_core()
  local found, core = pcall(require, "luaconc.core")
  if found then return core end
  local text = one_line(core)
  if text:find("module 'luaconc.core' not found", 1, true) then
    error("luaconc: its C part, luaconc.core, is not in package.cpath: build "
      .. "it with 'make' in its source tree, or install it with 'make install'",
      0)
  end
  error("luaconc: its C part does not load: " .. text, 0)
end

local function check_core(core)
  if core.version == VERSION then return end
  local path = package.searchpath("luaconc.core", package.cpath)
  error("luaconc: this is version " .. VERSION .. ", but its C part is version "
    .. tostring(core.version) .. " (" .. (path or "built into the host")
    .. "): build or install both again, or remove the stale one", 0)
end

check_lua()
local core = load_core()
check_core(core)

-- Places and tracebacks are about the user's files, not about ours.
core.own(debug.getinfo(1, "S").source:match "^(.*)init%.lua$" or "=luaconc")

---@class luaconc
local M = { _VERSION = "luaconc " .. VERSION, version = VERSION }

-- What C does: there at once.
local from_core = {
  "run", "spawn", "thread", "process", "select", "after", "sleep", "yield",
  "now", "current", "jobs", "locals", "shield",
  "traceback", "is_cancelled", "coroutine", "group", "scope",
  "queue", "channel", "lock", "semaphore", "event", "condition", "barrier",
  "codec", "shared", "pair",
  "signal", "tty",
}

for _, name in ipairs(from_core) do M[name] = core[name] end

-- What Lua does: the file that is loaded at the first use of the name.
local from_file = {
  gather = "luaconc.batch",
  settle = "luaconc.batch",
  race = "luaconc.batch",
  completed = "luaconc.batch",
  timeout = "luaconc.timeout",
  offload = "luaconc.offload",
  pool = "luaconc.pool",
  map = "luaconc.pool",
  forkserver = "luaconc.forkserver",
  tree = "luaconc.tree",
  test = "luaconc.testing",
  exec = "luaconc.exec",
  popen = "luaconc.exec",
}

-- Tables of functions that are a file of their own.
local whole_files = {
  tcp = "luaconc.tcp", udp = "luaconc.udp", unix = "luaconc.unix",
  dns = "luaconc.dns", fs = "luaconc.fs",
  stats = "luaconc.stats", debug = "luaconc.debug",
  trace = "luaconc.trace",
}

-- Descriptors of this process, opened by their first use: pairs passes by.
local standard = { stdin = 0, stdout = 1, stderr = 2 }

-- What is misspelt, or has another name here, is an error that says so; any
-- other name that there isn't is nil.
local function missing(of, name)
  return require("luaconc.hint").missing(M, of, name,
    { from_file, whole_files, standard })
end

-- `__module` is for messages: conc:sleep(1) is told of the dot.
local function help_in(of, name)
  if type(of) ~= "table" or getmetatable(of) ~= nil then return of end
  return setmetatable(of, { __index = missing, __module = "conc." .. name })
end

local function fetch(self, name)
  local value
  if standard[name] then
    value = assert(core.standard(standard[name]))
  elseif from_file[name] then
    value = require(from_file[name])[name]
  elseif whole_files[name] then
    value = help_in(require(whole_files[name]), name)
  else
    return missing(self, name)
  end
  rawset(self, name, value)
  return value
end

for _, name in ipairs { "codec", "shared", "tty" } do help_in(M[name], name) end

-- pairs(conc) gives every public name, whether it was used before or not.
local function each(self)
  for name in next, from_file do fetch(self, name) end
  for name in next, whole_files do fetch(self, name) end
  return next, self, nil
end

-- In a task, os.exit cancels all jobs and lets run unwind before the program
-- ends; elsewhere it is what it was.
-- (Sent to another state, it is that one's: nothing of this one goes along.)
local function wrap_exit()
  core.plain_exit = os and os.exit
  if not core.plain_exit then return end
  ---@diagnostic disable-next-line: duplicate-set-field
  os.exit = function(code, close) -- luacheck: ignore 122
    local exit = core.plain_exit or os.exit
    if core.current() then return core.exit(exit, code, close) end
    return exit(code, close)
  end
end

-- What the environment asks for.
local function watch_program()
  local dump_signal = os and os.getenv "LUACONC_DUMP"
  if dump_signal then require("luaconc.debug").dump_on(dump_signal) end
  if core.debugging() then require("luaconc.lockorder").start() end
  local ms = os and tonumber(os.getenv "LUACONC_BLOCK_MS" or nil)
  local block = core.watched() or ms and ms / 1000
  if block then core.watchdog(block) end
end

wrap_exit()
watch_program()

core.on_deadlock(function(reports)
  return require("luaconc.deadlock").text(reports)
end)

return setmetatable(M, { __index = fetch, __pairs = each, __module = "conc" })
