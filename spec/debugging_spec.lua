-- docs/debugging.md, followed: each command that it shows is run, and must
-- print what it shows.

local script = require "spec.support.script"
local snippets = require "spec.support.snippets"

local DOCUMENT = "docs/debugging.md"

-- The lines of a block, "..." standing for anything.
local function pattern_of(line)
  local parts = {}
  for part in (line .. "..."):gmatch "(.-)%.%.%." do
    parts[#parts + 1] = part:gsub("%p", "%%%0")
  end
  return table.concat(parts, ".-")
end

-- Each line of `text` is in the output, in this order.
local function shows(output, text)
  local at = 1
  for line in text:gmatch "[^\n]+" do
    local _, stop = output:find(pattern_of(line), at)
    assert.is_truthy(stop, ("expected %q in:\n%s"):format(line, output))
    at = stop
  end
end

local function words(command)
  local list = {}
  for word in command:gmatch "%S+" do list[#list + 1] = word end
  assert.equal("luaconc", table.remove(list, 1))
  return table.unpack(list)
end

describe("the walk-through of bugs", function()
  local commands = snippets.blocks(DOCUMENT, "sh")
  local outputs = snippets.blocks(DOCUMENT, "text")

  it("has six of them", function() assert.equal(6, #outputs) end)

  for i, output in ipairs(outputs) do
    it("finds the one of " .. output.place .. " by its command", function()
      local result = script.file("spec/support/command.lua",
        words(commands[i].text))
      shows(result.err, output.text)
    end)
  end

  it("has bugs that are not told of without being asked", function()
    for _, name in ipairs { "losterror", "lockorder", "race" } do
      local result = script.file("spec/support/command.lua", "run",
        ("examples/bugs/%s.lua"):format(name))
      assert.same({ 0, "" }, { result.code, result.err })
    end
  end)
end)
