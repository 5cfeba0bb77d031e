-- Keeps programs running: starts each again when it ends, later and later if
-- it ends at once, and puts its name in front of what it says.
--
--   lua5.4 examples/supervisor.lua FILE
--
-- FILE has a line for each program, `name: command`, for the shell. Ctrl-C
-- or SIGTERM ends all of them; SIGHUP starts all of them anew.

local conc = require "luaconc"

local QUICK, LONGEST = 1, 30   -- seconds: it ended at once; between two starts

local path = arg and arg[1]
if not path then
  io.stderr:write("usage: lua5.4 supervisor.lua FILE\n")
  os.exit(2)
end

local function read_programs()
  local file <close>, message = conc.fs.open(path)
  if not file then return nil, message end
  local list, number = {}, 0
  for line in file:lines() do
    number = number + 1
    local name, command = line:match "^%s*([%w_-]+)%s*:%s*(.+)$"
    if name then
      list[#list + 1] = { name = name, command = command }
    elseif line:find "^%s*[^%s#]" then
      return nil, ("%s:%d: no `name: command`"):format(path, number)
    end
  end
  return list
end

-- Nobody reads it any more: that is the end.
local function say(name, text)
  local line = ("%-10s | %s\n"):format(name, text)
  if not conc.stdout:write(line) then os.exit(1) end
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
local function supervise(programs, signals)
  local group <close> = conc.group()
  for _, entry in ipairs(programs) do
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
  local programs
  repeat
    local list, message = read_programs()
    if not list then
      io.stderr:write(message, "\n")
      if not programs then os.exit(2) end   -- else those of before go on
    end
    programs = list or programs
    local again = supervise(programs, {
      ["starting anew"] = hangup, ["interrupted"] = interrupt,
      ["terminated"] = terminate })
  until not again
end)
