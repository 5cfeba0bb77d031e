-- The code blocks of a document: found, run, and compared with what they say
-- that they print.

local script = require "spec.support.script"

local M = {}

--- The text of a file of the tree.
function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

--- The fenced blocks of a Markdown file whose fence says `language`:
-- a list of `{text=, place="file:line"}`.
function M.blocks(path, language)
  local list, block = {}, nil
  local n = 0
  for line in io.lines(path) do
    n = n + 1
    local fence = line:match "^%s*```(.*)$"
    if block and fence then
      block.text = table.concat(block, "\n")
      if block.language == language then list[#list + 1] = block end
      block = nil
    elseif fence then
      block = { language = fence, place = path .. ":" .. n }
    elseif block then
      block[#block + 1] = line
    end
  end
  return list
end

-- What the comments `--> text` say that a snippet prints, line by line.
local function expected(source)
  local lines = {}
  for line in (source .. "\n"):gmatch "(.-)\n" do
    lines[#lines + 1] = line:match "%-%-> (.*)$"
  end
  return lines
end

--- Runs a snippet in a process of its own. Raises, showing it, where it
-- fails, or prints anything else than its comments say.
function M.check(source, place)
  local result = script.run(source)
  local want = table.concat(expected(source), "\n")
  local got = result.out:gsub("\n$", "")
  if result.code ~= 0 or result.err ~= "" or want ~= "" and want ~= got then
    error(("%s: this snippet:\n%s\nended with status %d and printed:\n%s\n%s")
      :format(place, source, result.code, got, result.err), 2)
  end
end

return M
