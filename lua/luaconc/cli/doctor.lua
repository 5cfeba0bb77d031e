-- `luaconc doctor`: what there is, what is missing, and how to get it.

local checkup = require "luaconc.cli.checkup"
local output = require "luaconc.compare.output"
local values = require "luaconc.cli.values"

local MARKS = { good = "ok", poor = "low", missing = "none", bad = "BAD" }
local COLOURS = { bad = "red", poor = "bold", missing = "dim", good = "green" }

local function show(style, finding)
  local mark = MARKS[finding.state]
  output.write(("  %s%s%s%s\n"):format(
    style:paint(style.left(mark, 6), COLOURS[finding.state]),
    style.left(finding.name, 18), style.left("", 1), finding.value))
  if finding.advice then
    output.write(style:paragraph(finding.advice, (" "):rep(27)))
  end
end

local function print_text(sections)
  local core = require "luaconc.core"
  local style = require("luaconc.compare.text").new(core.terminal(1))
  for i, section in ipairs(sections) do
    if i > 1 then output.write "\n" end
    output.write(style:paint(section.title, "bold") .. "\n")
    for _, finding in ipairs(section) do show(style, finding) end
  end
end

local function run(given)
  if #given.words > 0 then
    return nil, ("unexpected argument '%s'"):format(given.words[1])
  end
  local files = require "luaconc.cli.files"
  local out <close>, message = files.open {
    { given.json, function(sections)
      return require("luaconc.compare.json").encode(sections) .. "\n"
    end } }
  if not out then return nil, message end
  local sections = checkup.all()
  print_text(sections)
  local written = out:write(function(what)
    io.stderr:write("luaconc doctor: ", what, "\n")
  end, sections)
  return checkup.healthy(sections) and written and 0 or 1
end

return {
  name = "doctor",
  about = "check what this machine offers, and say what is missing",
  usage = "[--json FILE]",
  text = [[
Checks versions, cores and limits, tries each engine once, and lists which
optional parts are installed. For what is low or missing it shows the command
that mends it. It changes nothing.
]],
  options = {
    { "--json", "FILE", "write the findings to FILE", parse = values.file,
      complete = "file" },
  },
  fails = "something that luaconc needs doesn't work",
  run = run,
}
