-- The example supervisor.lua, as its reader would run it.

local conc = require "luaconc"
local folder = require "spec.support.folder"
local processes = require "spec.support.processes"
local script = require "spec.support.script"
local streams = require "spec.support.streams"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local lives = processes.lives

-- Runs it for these programs; f(program, next_line). The lines are checked
-- against patterns, in whatever order programs speak.
local function supervised(text, f)
  local path = folder.temporary(text)
  streams.run(function()
    local p <close> = assert(conc.popen { lua, "examples/supervisor.lua", path,
      stdin = "null" })
    f(p, function(wanted)
      for line in p.stdout:lines() do
        local name, said = line:match "^(%S+)%s+| (.*)$"
        if name .. " " .. said == wanted then return end
      end
      error("it ended without: " .. wanted)
    end)
  end)
  os.remove(path)
end

describe("the example supervisor.lua", function()
  it("says how it is used, and what it can't read", function()
    local function refuses(text, ...)
      local result = script.file("examples/supervisor.lua", ...)
      assert.same({ 2, "", text }, { result.code, result.out, result.err })
    end
    refuses "usage: lua5.4 supervisor.lua FILE\n"
    refuses("/nosuch: no such file or directory\n", "/nosuch")
    local path = folder.temporary "# fine\n\none: true\nthis is wrong\n"
    refuses(path .. ":4: no `name: command`\n", path)
    os.remove(path)
  end)

  it("ends, with its programs, where nobody reads it any more", function()
    supervised("long: echo $$; while echo on; do sleep 0.01; done\n", function(p, comes)
      local pid
      repeat pid = p.stdout:read("l"):match "| (%d+)$" until pid
      comes "long on"
      p.stdout:close()
      assert.same({ code = 1 }, p:wait())
      assert.is_false(lives(math.tointeger(pid)))
    end)
  end)

  it("starts a program again when it ends", function()
    supervised("# programs\nonce: echo said; exit 3\n", function(p, comes)
      for _ = 1, 2 do
        comes "once started"
        comes "once said"
        comes "once ended with code 3"
      end
      p:kill "SIGINT"
      comes "supervisor interrupted"
      assert.same({ code = 0 }, p:wait())
    end)
  end)

  it("starts all anew on SIGHUP, and ends all on SIGTERM", function()
    supervised("long: echo $$; exec sleep 100\n", function(p, comes)
      local function pid()
        while true do
          local found = p.stdout:read("l"):match "| (%d+)$"
          if found then return math.tointeger(found) end
        end
      end
      local first = pid()
      p:kill "SIGHUP"
      local second = pid()
      assert.is_true(first ~= second and lives(second) and not lives(first))
      p:kill "SIGTERM"
      comes "supervisor terminated"
      assert.same({ code = 0 }, p:wait())
      assert.is_false(lives(second))
    end)
  end)
end)
