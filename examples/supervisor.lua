-- Keeps programs running: starts each again when it ends, later and later if
-- it ends at once, and puts its name in front of what it says.
--
--   lua5.4 examples/supervisor.lua FILE
--
-- FILE has a line for each program, `name: command`, read by the shell. Ctrl-C
-- or SIGTERM ends all of them; SIGHUP starts all of them anew.

local conc = require "luaconc"

local QUICK, LONGEST = 1, 30   -- seconds: it ended at once; between two starts

local path = arg and arg[1]
if not path then
  io.stderr:write("usage: supervisor.lua FILE\n")
  os.exit(2)
end

local function read_programs()
  local list = {}
  for line in io.lines(path) do
    local name, command = line:match "^%s*([%w_-]+)%s*:%s*(.+)$"
    if name then list[#list + 1] = { name = name, command = command } end
  end
  return list
end

local function say(name, text)
  conc.stdout:write(("%-10s | %s\n"):format(name, text))
end

local function ending(fate)
  return fate.signal and "was ended by " .. fate.signal
    or "ended with code " .. fate.code
end

-- One life of the program, from its start to its end.
local function live(entry)
  local program <close>, message = conc.popen {
    "sh", "-c", entry.command, stdin = "null", stderr = "stdout" }
  if not program then return say(entry.name, message) end
  say(entry.name, "started")
  for line in program.stdout:lines() do say(entry.name, line) end
  say(entry.name, ending(program:wait()))
end

local function keep_running(entry)
  local pause = 0.1
  while true do
    local start = conc.now()
    live(entry)
    if conc.now() - start > QUICK then pause = 0.1 end
    conc.sleep(pause)
    pause = math.min(pause * 2, LONGEST)
  end
end

-- Runs all programs until a signal says what to do next. The end of the group
-- is the end of the programs.
local function supervise(signals)
  local group <close> = conc.group()
  for _, entry in ipairs(read_programs()) do
    group:spawn(keep_running, entry)
  end
  local which = conc.select(signals)
  say("supervisor", which)
  group:cancel()
  return which == "starting anew"
end

conc.run(function()
  local hangup <close> = assert(conc.signal "SIGHUP")
  local interrupt <close> = assert(conc.signal "SIGINT")
  local terminate <close> = assert(conc.signal "SIGTERM")
  repeat
    local again = supervise {
      ["starting anew"] = hangup, ["interrupted"] = interrupt,
      ["terminated"] = terminate }
  until not again
end)
