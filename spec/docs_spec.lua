local lfs = require "lfs"
local conc = require "luaconc"
local api = require "docs.api"
local generate = require "docs.generate"
local snippets = require "spec.support.snippets"
local sources = require "spec.support.sources"

-- Every entry, with its full name: conc.sleep, job:await.
local function each_entry(f)
  for _, section in ipairs(api) do
    for _, entry in ipairs(section) do
      local kind = section.type
      f(kind and kind.name .. ":" .. entry.name or entry.name, entry, section)
    end
  end
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- The public names: conc.sleep, conc.tcp.connect. (What conc.coroutine holds
-- is Lua's own list, and coroutine_spec's affair.)
local function exported(t, prefix, into)
  for name, value in pairs(t) do
    if type(value) == "table" and value ~= conc.coroutine then
      exported(value, prefix .. name .. ".", into)
      local meta = getmetatable(value)
      if meta and meta.__call then into[prefix .. name] = true end
    else
      into[prefix .. name] = true
    end
  end
  return into
end

describe("docs/api.lua", function()
  it("describes every public name and no other", function()
    local described = {}
    each_entry(function(name, _, section)
      if not section.type then
        assert.is_nil(described[name], name .. " is described twice")
        described[name] = true
      end
    end)
    local public = exported(conc, "conc.", {})
    -- Opened by their first use, so pairs passes by.
    for _, name in ipairs { "stdin", "stdout", "stderr" } do
      public["conc." .. name] = true
    end
    assert.same(sorted(public), sorted(described))
  end)

  for _, section in ipairs(api) do
    local kind = section.type
    if kind then
      it("describes every method of a " .. kind.name .. " and no other", function()
        local described = {}
        for _, entry in ipairs(section) do described[entry.name] = true end
        conc.run(function()
          local sample <close> = setmetatable({}, { __close = function(self)
            if self.close then self.close(self.value) end
          end })
          local env = setmetatable({ conc = conc }, { __index = _G })
          local value = assert(load(kind.sample, kind.sample, "t", env))()
          local meta = debug.getmetatable(value)
          sample.value, sample.close = value, meta.__close
          assert.same(sorted(meta.methods), sorted(described))
          assert.equal(kind.closes == true, meta.__close ~= nil)
          for _, field in ipairs(kind.fields or {}) do
            if not field[2]:find "%?$" then
              assert.not_nil(value[field[1]], field[1])
            end
          end
        end)
      end)
    end
  end

  it("describes every part of each function", function()
    each_entry(function(name, entry)
      assert.is_truthy(entry.text and #entry.text > 10, name .. ": text")
      assert.not_nil(entry.call, name .. ": call")
      assert.not_nil(entry.waits, name .. ": waits")
      if not entry.type then
        assert.equal("table", type(entry.params), name .. ": params")
        assert.equal("table", type(entry.returns), name .. ": returns")
      end
      for _, param in ipairs(entry.params or {}) do
        assert.equal(3, #param, name .. ": a parameter")
      end
    end)
  end)

  each_entry(function(name, entry)
    it("has an example of " .. name .. " that does what it says", function()
      assert.equal("string", type(entry.example))
      snippets.check(entry.example, name)
    end)
  end)
end)

describe("the generated file", function()
  for path, text in pairs(generate.files()) do
    it(path .. " is what `make docs` makes of docs/api.lua", function()
      assert.is_true(snippets.read(path) == text,
        path .. " is not up to date: run `make docs`")
    end)
  end

  it("lua/luaconc/meta.lua is Lua, and says nothing when it is run", function()
    assert(loadfile("lua/luaconc/meta.lua"))
  end)
end)

-- The anchors of a page's headings, as GitHub makes them.
local function anchors(path)
  local set, code = {}, false
  for line in io.lines(path) do
    if line:find "^```" then code = not code end
    local title = not code and line:match "^#+ (.*)"
    if title then
      set[title:lower():gsub("[^%w_ -]", ""):gsub(" ", "-")] = true
    end
  end
  return set
end

describe("the document", function()
  local paths = { "README.md", "CONTRIBUTING.md", "src/README.md",
    "bench/README.md", "examples/README.md" }
  for name in lfs.dir "docs" do
    -- The examples of the reference are run above.
    if name:find "%.md$" and name ~= "reference.md" then
      paths[#paths + 1] = "docs/" .. name
    end
  end
  table.sort(paths)
  for _, path in ipairs(paths) do
    -- Those of the README are run by readme_spec.
    for _, block in ipairs(path == "README.md" and {}
      or snippets.blocks(path, "lua")) do
      it(block.place .. " does what it says", function()
        snippets.check(block.text, block.place)
      end)
    end

    it(path .. " links only to what is there", function()
      local folder = path:match "^(.*/)" or ""
      for link in snippets.read(path):gmatch "%]%(([^)]+)%)" do
        local file, anchor = link:match "^([^#]*)#?(.*)$"
        local target = file == "" and path or folder .. file
        if not link:find "^%a+:" then
          assert.not_nil(lfs.attributes(target), link)
          assert.is_true(anchor == "" or anchors(target)[anchor] == true, link)
        end
      end
    end)
  end
end)

describe("docs/errors.md", function()
  -- The sources with their literals joined, so that a message which spans
  -- lines can be found.
  local function literals()
    local texts = {}
    for _, path in ipairs(sources.c()) do texts[#texts + 1] = sources.read(path) end
    for _, path in ipairs(sources.lua()) do
      if path ~= "meta.lua" then
        texts[#texts + 1] = sources.read("lua/luaconc/" .. path)
      end
    end
    local text = table.concat(texts, "\n")
    return (text:gsub('"%s*%.?%.?%s*\n?%s*%.?%.?%s*"', ""))
  end

  it("has only messages that are there", function()
    local text = literals()
    for line in io.lines "docs/errors.md" do
      local message = line:match "^### (.*)"
      for part in ((message or "") .. "..."):gmatch "(.-)%.%.%." do
        part = part:match "^[%s%p]*(.-)[%s%p]*$"
        assert.is_truthy(text:find(part, 1, true), part)
      end
    end
  end)

  -- The other way round: what C raises, but for what are Lua's own words.
  local lua_says = { ["not enough memory"] = true, ["%s"] = true,
    ["too many arguments"] = true, ["cannot close a %s coroutine"] = true }

  it("has every message that C raises", function()
    local document, count = snippets.read "docs/errors.md", 0
    for _, path in ipairs(sources.c()) do
      local name = sources.name(path)
      local text = name:find "%.c$" and name ~= "testing.c"
        and sources.read(path):gsub('"%s*\n%s*"', "") or ""
      for call, message in text:gmatch '([%w_]+) ?%(L, [^";]-"([^"]*)"' do
        if (call == "luaL_error" or call == "lc_errors_raise")
          and not message:find "^E%u+$" and not lua_says[message] then
          for part in (message .. "%s"):gmatch "(.-)%%[sdfI]" do
            part = part:match "^[%s%p]*(.-)[%s%p]*$"
            assert.is_truthy(document:find(part, 1, true),
              name .. ": " .. message)
          end
          count = count + 1
        end
      end
    end
    assert.is_true(count > 25, count)
  end)
end)
