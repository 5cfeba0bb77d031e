-- Golden texts: what a user reads who makes the mistake. They stand in
-- spec/messages.txt, each below the line that provokes it; a changed text is
-- to be read there, and with it docs/errors.md. MESSAGES=write writes down
-- what is said now, to be read as a diff.

local conc = require "luaconc"
local folder = require "spec.support.folder"

local PATH = "spec/messages.txt"

-- Headings, and lines that begin with "> ", each with what follows it.
local function parse(path)
  local parts, last = {}, nil
  for line in io.lines(path) do
    local heading, snippet = line:match "^# (.*)", line:match "^> (.*)"
    if heading then
      parts[#parts + 1] = { heading = heading }
    elseif snippet then
      last = { snippet = snippet, text = {} }
      table.insert(parts[#parts], last)
    elseif line ~= "" then
      table.insert(last.text, line)
    end
  end
  return parts
end

-- What differs from run to run.
local function plain(text, dir)
  return (text:gsub("\nstack traceback:.*", ""):gsub(dir:gsub("%p", "%%%0"), "DIR")
    :gsub("(%l+) %d+ '", "%1 N '"):gsub("0x%x+", "0x")
    :gsub("(%f[%l]task) %d+", "%1 N"):gsub("(%f[%l]thread) %d+", "%1 N")
    :gsub("(%f[%l]process) %d+", "%1 N"):gsub("(127%.0%.0%.1):%d%d%d%d+", "%1:PORT")
    :gsub("[%w_/]*spec/messages_spec%.lua:%d+", "SPEC"))
end

local function told(ok, ...)
  if not ok then return tostring((...)) end
  local results = {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    results[i] = type(value) == "string" and value or tostring(value):match "^[%w_]+"
  end
  return "returns " .. table.concat(results, ", ")
end

-- Rows run one after another in one task each; a job that a row starts ends
-- with it. `dir` is a folder of their own.
local function say(row, dir)
  local env = setmetatable({ conc = conc, dir = dir }, { __index = _G })
  local chunk, problem = load(row.snippet, "=here", "t", env)
  if not chunk then return problem end
  return plain(told(pcall(conc.run, chunk)), dir)
end

local function say_all(part)
  folder.with(function(dir)
    for _, row in ipairs(part) do row.said = say(row, dir) end
  end)
end

local function write(parts)
  local lines = {}
  for _, part in ipairs(parts) do
    lines[#lines + 1] = "# " .. part.heading .. "\n"
    for _, row in ipairs(part) do
      lines[#lines + 1] = ("> %s\n%s\n"):format(row.snippet, row.said)
    end
  end
  local file <close> = assert(io.open(PATH, "w"))
  file:write(table.concat(lines, "\n"))
end

describe("what is said of", function()
  local parts = parse(PATH)
  for _, part in ipairs(parts) do
    it(part.heading .. " is what it was", function()
      say_all(part)
      for _, row in ipairs(part) do
        if os.getenv "MESSAGES" ~= "write" then
          assert.equal("> " .. row.snippet .. "\n" .. table.concat(row.text, "\n"),
            "> " .. row.snippet .. "\n" .. row.said)
        end
      end
    end)
  end

  it("mistakes is written down where that was asked for", function()
    if os.getenv "MESSAGES" == "write" then write(parts) end
  end)
end)
