-- The example tail.lua, as its reader would run it.

local conc = require "luaconc"
local folder = require "spec.support.folder"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs it for files in `dir`; f(output) may add to them, and asks what is
-- printed. Then it is interrupted.
local function with_tail(dir, names, f)
  local words = {}
  for i, name in ipairs(names) do words[i] = quoted(dir .. "/" .. name) end
  local out = dir .. "/.out"
  folder.make(out, "")
  -- (The shell's own id is that of what it becomes.)
  local pipe = assert(io.popen(("echo $$; LUA_PATH=%s LUA_CPATH=%s exec timeout -s INT 20 "
    .. "%s examples/tail.lua %s >%s 2>&1"):format(quoted(package.path),
      quoted(package.cpath), lua, table.concat(words, " "), quoted(out))))
  local pid = assert(math.tointeger(pipe:read "n"))
  local ok, err = pcall(f, function() return folder.contents(out) end)
  os.execute("kill -INT " .. pid)
  pipe:close()
  assert(ok, err)
end

-- Waits until the output is this text, as it will be.
local function becomes(output, text)
  for _ = 1, 1000 do
    if output() == text then return end
    conc.sleep(0.01)
  end
  assert.equal(text, output())
end

local function append(path, text)
  local file <close> = assert(io.open(path, "a"))
  file:write(text)
end

describe("the example tail.lua", function()
  it("shows the last lines, and what comes, of a file that is cut and replaced too", function()
    folder.with(function(dir)
      local path, lines = dir .. "/log", {}
      for i = 1, 30 do lines[i] = i .. "\n" end
      folder.make(path, table.concat(lines))
      local text = table.concat(lines, "", 21)
      with_tail(dir, { "log" }, function(output)
        local function shows(more)
          text = text .. more
          becomes(output, text)
        end
        shows ""
        append(path, "one")
        shows "one"
        append(path, " line\n")
        shows " line\n"
        folder.make(path, "cut\n")
        shows "cut\n"
        assert(os.rename(path, path .. ".1"))
        folder.make(path .. ".new", "another\n")
        assert(os.rename(path .. ".new", path))
        shows "another\n"
        append(path, "end\n")
        shows "end\n"
      end)
    end)
  end)

  it("names the files where there are several, and waits for one that is not there", function()
    folder.with(function(dir)
      folder.make(dir .. "/a", "1\n")
      with_tail(dir, { "a", "b" }, function(output)
        local text = ("==> %s/a <==\n1\n"):format(dir)
        becomes(output, text)
        folder.make(dir .. "/b", "2\n")
        text = text .. ("\n==> %s/b <==\n2\n"):format(dir)
        becomes(output, text)
        append(dir .. "/a", "3\n")
        text = text .. ("\n==> %s/a <==\n3\n"):format(dir)
        becomes(output, text)
      end)
    end)
  end)
end)
