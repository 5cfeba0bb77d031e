-- Writes the manual page of the command, luaconc(1), from what the commands
-- say of themselves:
--
--   lua5.4 docs/manual.lua  > luaconc.1
--
-- It finds the library by Lua's paths.

local version = ...
local cli = require "luaconc.cli"

-- A line that begins with a dot or a quote would be an order to roff; a plain
-- dash would be a hyphen.
local function quoted(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n([.'])", "\n\\&%1")
    :gsub("^([.'])", "\\&%1"))
end

local function paragraphs(text)
  return (quoted(text):gsub("\n$", ""))
end

local out = {}
local function put(...) out[#out + 1] = table.concat { ... } end

-- How far it must go to the left to stay within 80 columns.
local function excess(block)
  local widest = 0
  for line in block:gmatch "[^\n]+" do widest = math.max(widest, #line) end
  return math.max(0, widest - 73)
end

-- Paragraphs are filled; what has a line that is indented is laid out already.
local function laid_out(text)
  for block in (text .. "\n\n"):gmatch "(.-)\n\n+" do
    if ("\n" .. block):find "\n " then
      put((".P\n.in -%dn\n.nf\n"):format(excess(block)), paragraphs(block),
        "\n.fi\n.in")
    else
      put(".P\n", paragraphs(block))
    end
  end
end

local function option(entry)
  local name = entry[2] and entry[1] .. " " .. entry[2] or entry[1]
  put(".TP\n.B ", quoted(name), "\n", paragraphs(entry[3]))
end

local function command(name)
  local c = cli.get(name)
  put(".SS luaconc ", quoted(name .. (c.usage ~= "" and " " .. c.usage or "")))
  laid_out(c.text)
  for _, entry in ipairs(c.options or {}) do option(entry) end
  if c.notes then
    put(".P")
    laid_out(c.notes)
  end
  put(".P\nExit status: 0 done, 1 ", paragraphs(c.fails), ", 2 wrong use.")
end

put(".\\\" Made from the commands' own texts by docs/manual.lua.")
put('.TH LUACONC 1 "" "luaconc ', version, '" "User commands"')
put(".SH NAME\nluaconc \\- concurrency for Lua: compare tasks, threads and "
  .. "processes")
put(".SH SYNOPSIS\n.B luaconc\n.I COMMAND\n[options]")
put(".SH DESCRIPTION\nThe command of luaconc, a library that gives Lua 5.4 "
  .. "programs tasks, threads\nand processes behind one interface. It runs a "
  .. "job on each of them and\nrecommends one, with figures.")
put(".SH COMMANDS")
for _, name in ipairs(cli.names()) do command(name) end
put(".SH OPTIONS")
option { "--help", false, "list the commands, or explain one, like\nluaconc "
  .. "help COMMAND" }
option { "--version", false, "the version of luaconc, Lua and libuv" }
put(".SH ENVIRONMENT")
for _, entry in ipairs {
  { "LUACONC_DEBUG=1", false, "programs report likely mistakes on standard "
    .. "error,\nlike luaconc run --debug" },
  { "LUACONC_BLOCK_MS=N", false, "programs report what holds their loop for "
    .. "more than N ms" },
  { "LUACONC_DUMP=SIGNAL", false, "this signal (SIGUSR1, SIGUSR2, SIGHUP or "
    .. "SIGQUIT) makes programs\nprint all their live jobs" },
  { "LUACONC_LUA=PROGRAM", false, "the interpreter of worker processes, if "
    .. "the\nprogram itself is none" },
} do option(entry) end
put(".SH EXAMPLES")
laid_out [[
Which engine fits this job, with plots:
  luaconc compare --html page.html scenario.lua
Which engine fits the jobs of an existing program:
  luaconc advise --verify script.lua
A timeline of a run, for https://ui.perfetto.dev:
  luaconc trace -o trace.json script.lua]]
put(".SH FILES\nThe library is found beside the command, where it was built "
  .. "or installed, or by\n.B LUA_PATH\nand\n.BR LUA_CPATH .")
put(".SH SEE ALSO\n.BR lua (1)")
io.write(table.concat(out, "\n"), "\n")
