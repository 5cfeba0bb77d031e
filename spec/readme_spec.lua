local lfs = require "lfs"
local snippets = require "spec.support.snippets"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local function lines_of(block)
  return (block.text .. "\n"):gmatch "(.-)\n"
end

-- What a shell line runs, without comment and variables set before it.
local function words_of(line)
  local words = {}
  for word in line:gsub("%s+#.*$", ""):gmatch "%S+" do
    local set = #words == 0 and word:find "^[%u_]+="
    if not set then words[#words + 1] = word end
  end
  return words
end

local function output_of(...)
  local pipe = assert(io.popen(("%s %s 2>&1"):format(lua,
    table.concat({ ... }, " "))))
  local text = pipe:read "a"
  pipe:close()
  return text
end

-- Commands of our own: what must be there for a line that uses them.
local commands = {}

function commands.make(words)
  local makefile = snippets.read "Makefile"
  for i = 2, #words do
    local variable = words[i]:match "^([%u_]+)="
    local needle = variable and variable or "\n" .. words[i] .. ":"
    assert.is_truthy(makefile:find(needle, 1, true), words[i])
    local spec = words[i]:match "^SPEC=(.*)"
    assert.is_truthy(not spec or lfs.attributes(spec), words[i])
  end
end

function commands.luaconc(words)
  assert.is_truthy(output_of("bin/luaconc", "--help")
    :find("\n  " .. words[2] .. " ", 1, true), words[2])
  local help = output_of("bin/luaconc", words[2], "--help")
  for i = 3, #words do
    if words[i]:find "^%-" then
      assert.is_truthy(help:find("\n  " .. words[i] .. " ", 1, true), words[i])
    end
  end
end

commands["bin/luaconc"] = function(words)
  commands.luaconc(words)
  assert.not_nil(lfs.attributes(words[3]), words[3])
end

commands[".ci/run"] = function(words)
  assert.not_nil(lfs.attributes(words[1]), words[1])
end

commands["lua5.4"] = function(words)
  assert.not_nil(lfs.attributes(words[2]), words[2])
end

-- Commands of others; what they are given is ours where it is a file.
commands["luarocks-5.4"] = function(words)
  assert.equal("make", words[2])
end

commands.eval = function(words)
  assert.equal('"$(luarocks-5.4', words[2])
end

describe("the README", function()
  it("shows the example and the two commands first", function()
    local text = snippets.read "README.md"
    local first = text:find("```lua", 1, true)
    local second = text:find("```sh\nmake compare", 1, true)
    assert.is_truthy(first and second and first < second)
    local _, lines = text:sub(1, second):gsub("\n", "\n")
    assert.is_true(lines < 30, "they begin at line " .. lines)
  end)

  for _, block in ipairs(snippets.blocks("README.md", "lua")) do
    it("has a snippet at " .. block.place .. " that does what it says", function()
      snippets.check(block.text, block.place)
    end)
  end

  for _, path in ipairs { "README.md", "src/README.md", "CONTRIBUTING.md",
                          "docs/tutorial.md" } do
    for _, block in ipairs(snippets.blocks(path, "sh")) do
      it("has commands at " .. block.place .. " that are there", function()
        for line in lines_of(block) do
          local words = words_of(line)
          local check = commands[words[1]]
          assert.is_truthy(check, "unknown command: " .. line)
          check(words)
        end
      end)
    end
  end

  it("shows a scenario of its own that runs", function()
    local source
    for _, block in ipairs(snippets.blocks("README.md", "lua")) do
      if block.text:find "^return" then source = block.text end
    end
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(source)
    file:close()
    local text = output_of("bin/luaconc", "compare", "--runs", "1", path)
    os.remove(path)
    for _, part in ipairs { "squares", "4 jobs", "16 jobs", "results equal" } do
      assert.is_truthy(text:find(part, 1, true), text)
    end
  end)
end)
