-- A program that is measured: started, looked at while it runs, and reaped.
-- What it reports on its descriptor 3 comes back as text.

local conc = require "luaconc"
local core = require "luaconc.core"

local M = {}

-- Memory is sampled this often, in seconds, but never for more than a
-- twentieth of the time: walking a large process's pages takes milliseconds.
local INTERVAL, SHARE = 0.004, 20

-- The same, where it is this look that tells when the program ended.
local CLOSE = 0.001

M.FLOOD = 64 << 20 -- bytes; a program that writes more is ended

local PRINTED, LINES = 4000, 20 -- bytes and lines kept of what it printed

-- Sleeps and looks until the process has ended. Returns how it ended, or
-- nil and why it was given up.
local function watch(process, limit, closely)
  local start = core.clock()
  local least = closely and CLOSE or INTERVAL
  local pause = 0.001
  while true do
    conc.sleep(pause)
    local before = core.clock()
    process:sample()
    local ending = process:ended()
    if ending then return ending end
    local now = core.clock()
    if now - start > limit then
      return nil, ("was ended by SIGKILL as it ran longer than %g s "
        .. "(--limit)"):format(limit)
    elseif process:written() > M.FLOOD then
      return nil, ("was ended by SIGKILL as it had written %d MiB")
        :format(M.FLOOD >> 20)
    end
    pause = math.max(least, (now - before) * SHARE)
  end
end

local function trimmed(text)
  return (text:gsub("%s+$", ""))
end

-- The last lines of a text.
local function tail(text)
  local _, breaks = text:gsub("\n", "")
  if breaks < LINES then return text end
  return "...\n" .. text:gsub("[^\n]*\n", "", breaks + 1 - LINES)
end

local function printed(process)
  local err = tail(trimmed(process:output(2, PRINTED)))
  local out = tail(trimmed(process:output(1, PRINTED)))
  local both = err ~= "" and out ~= "" and out .. "\n" .. err or out .. err
  return both ~= "" and both or nil
end

---@class luaconc.compare.Ended how a program ended
---@field ending table as of `core.measure`
---@field launched number by the clock
---@field stopped number
---@field peak integer of its memory and that of its children, in bytes
---@field out string what it wrote to standard output
---@field report string what it wrote to descriptor 3
---@field printed string? the end of what it printed

--- Runs a program to its end. Waits.
---@param argv string[]
---@param input string
---@param limit number seconds after which it is ended
---@param closely boolean? look every millisecond whether it has ended
---@return luaconc.compare.Ended? ended, luaconc.compare.Failure? failure
function M.run(argv, input, limit, closely)
  local launched = core.clock()
  local process <close>, err = core.measure(argv, input)
  if not process then return nil, { message = err } end
  local ending, given_up = watch(process, limit, closely)
  local stopped = core.clock()
  if not ending then
    return nil, { message = given_up, printed = printed(process) }
  end
  if process:written() > M.FLOOD then
    return nil, { message = ("wrote %d MiB, its results among them, and %d "
      .. "MiB is the most"):format(process:written() >> 20, M.FLOOD >> 20) }
  end
  return { ending = ending, launched = launched, stopped = stopped,
    peak = process:sample(), out = process:output(1, M.FLOOD),
    report = process:output(3, M.FLOOD), printed = printed(process) }
end

--- Ended without a report that can be read: by a signal, by os.exit, or by an
--- error that it printed.
---@param ended luaconc.compare.Ended
---@param unreadable string? why not
---@return luaconc.compare.Failure
function M.broken(ended, unreadable)
  local message
  local ending = ended.ending
  if ending.signal then
    message = "was ended by " .. ending.signal
    if ending.signal == "SIGKILL" then
      message = message .. ", by someone else or for lack of memory"
    end
  elseif unreadable and ending.code == 0 then
    message = "its report can't be read: " .. unreadable
  else
    message = ("ended before its jobs did, with exit status %d")
      :format(ending.code)
  end
  return { message = message, printed = ended.printed }
end

--- The words that start Lua with our modules and run this code.
---@param code string
---@return string[]
function M.lua(code)
  local interpreter = require("luaconc.compare.machine").interpreter()
  return { interpreter, "-e", ("package.path, package.cpath = %q, %q ")
    :format(package.path, package.cpath) .. code }
end

return M
