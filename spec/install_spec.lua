-- What is installed works from another folder, and goes without a trace.

local lua = os.getenv "LUACONC_LUA" or "lua5.4"
local rockspec = require "spec.support.rockspec"

-- Runs a command without the paths and the make flags of this run; returns
-- its output, and raises with it where the command fails.
local function sh(command)
  local clean = "env -u LUA_PATH -u LUA_CPATH -u MAKEFLAGS -u MAKELEVEL "
    .. "-u MFLAGS -u MAKEOVERRIDES -u DESTDIR -u PREFIX "
  local script = os.tmpname()
  local file = assert(io.open(script, "w"))
  file:write("set -e\nexec 2>&1\n", command, "\n")
  assert(file:close())
  local pipe = assert(io.popen(clean .. "sh " .. script .. " </dev/null"))
  local text = pipe:read "a"
  local ok = pipe:close()
  os.remove(script)
  if not ok then error(command .. "\nfailed:\n" .. text, 2) end
  return text
end

-- (Neither luarocks nor what `pkg-config` says in a shell takes spaces.)
local function temporary()
  return (sh "mktemp -d -p /tmp":gsub("\n", ""))
end

local function files_below(dir)
  local list = {}
  for path in sh("cd '" .. dir .. "' && find . ! -type d"):gmatch "[^\n]+" do
    list[#list + 1] = path
  end
  table.sort(list)
  return list
end

-- A job for the installed module: it needs the core, not the face alone.
local program = [[
local conc = require "luaconc"
print(conc.run(function()
  local a = conc.spawn(function() conc.sleep(0.001) return "in" end)
  local b = conc.spawn(function() return "stalled" end)
  return a:await() .. b:await()
end))
]]

local function write_program(dir)
  local file = assert(io.open(dir .. "/program.lua", "w"))
  file:write(program)
  assert(file:close())
end

describe("make install", function()
  local dir

  before_each(function() dir = temporary() end)
  after_each(function() sh("rm -rf '" .. dir .. "'") end)

  local function install(variables)
    return sh("make -s install " .. variables)
  end

  it("gives a module and a command that work from another folder", function()
    install("PREFIX='" .. dir .. "/p'")
    write_program(dir)
    assert.equal("installed\n", sh(("cd / && LUA_PATH='%s/p/share/lua/5.4/?.lua;"
      .. "%s/p/share/lua/5.4/?/init.lua' LUA_CPATH='%s/p/lib/lua/5.4/?.so' "
      .. "%s '%s/program.lua'"):format(dir, dir, dir, lua, dir)))
    local said = sh("cd / && '" .. dir .. "/p/bin/luaconc' --version")
    assert.is_truthy(said:find "^luaconc %d")
  end)

  it("puts every module there, what hosts need, and nothing else", function()
    install("PREFIX='" .. dir .. "'")
    local there = {}
    for _, path in ipairs(files_below(dir)) do there[path] = true end
    for _, path in ipairs { "bin/luaconc", "lib/lua/5.4/luaconc/core.so",
                            "include/luaconc.h", "lib/libluaconc.a",
                            "lib/pkgconfig/luaconc.pc",
                            "share/man/man1/luaconc.1" } do
      assert.is_true(there["./" .. path], path)
      there["./" .. path] = nil
    end
    for _, path in ipairs(files_below "lua") do
      local module = path:gsub("^%./", "./share/lua/5.4/")
      assert.is_true(there[module], module)
      there[module] = nil
    end
    assert.same({}, there)
  end)

  it("tells hosts how to build, by pkg-config", function()
    if not os.execute "command -v pkg-config >/dev/null 2>&1" then
      pending "pkg-config is not installed"
    end
    install("PREFIX='" .. dir .. "'")
    sh(("cp examples/embed/uvhost.c '%s' && cd '%s' && %s uvhost.c -o uvhost "
      .. "$(PKG_CONFIG_PATH=lib/pkgconfig pkg-config --cflags --libs luaconc "
      .. "lua5.4)"):format(dir, dir, os.getenv "CC" or "cc"))
    write_program(dir)
    assert.equal("installed\n0 ticks of the program's own\n",
      (sh("cd '" .. dir .. "' && ./uvhost program.lua"):gsub("%d ticks", "0 ticks")))
  end)

  it("honours DESTDIR, and leaves no file after make uninstall", function()
    local where = "DESTDIR='" .. dir .. "' PREFIX=/usr"
    install(where)
    assert.is_true(#files_below(dir .. "/usr") > 10)
    sh("make -s uninstall " .. where)
    assert.same({}, files_below(dir))
    local left = sh("find '" .. dir .. "' -name 'luaconc*' -o -name 5.4")
    assert.equal("", left)
  end)

  it("leaves no folder of its own either", function()
    install("PREFIX='" .. dir .. "/p'")
    sh("make -s uninstall PREFIX='" .. dir .. "/p'")
    assert.equal("", sh("ls '" .. dir .. "'"))
  end)

  it("says what tells the shell where Lua does not look by itself", function()
    local text = install("PREFIX='" .. dir .. "/p'")
    local lines = {}
    for line in text:gmatch "[^\n]*export [^\n]*" do lines[#lines + 1] = line end
    assert.equal(3, #lines)
    write_program(dir)
    assert.equal("installed\n", sh(table.concat(lines, "\n") .. "\ncd /\n" .. lua
      .. " '" .. dir .. "/program.lua'\nluaconc --version >/dev/null"))
  end)

  it("refuses a place that is no absolute path, as ~ where no shell reads it", function()
    for _, goal in ipairs { "install", "uninstall" } do
      local ok, text = pcall(sh, "make -s " .. goal .. " PREFIX='~/.local'")
      assert.is_false(ok)
      assert.is_truthy(text:find("must be an absolute path, got '~/.local'", 1, true), text)
    end
  end)

  it("leaves what others installed", function()
    sh(("mkdir -p '%s/share/lua/5.4' && touch '%s/share/lua/5.4/other.lua'")
      :format(dir, dir))
    install("PREFIX='" .. dir .. "'")
    sh("make -s uninstall PREFIX='" .. dir .. "'")
    assert.same({ "./share/lua/5.4/other.lua" }, files_below(dir))
  end)
end)

describe("the manual page", function()
  it("tells of every command and option", function()
    local dir = temporary()
    sh("make -s install PREFIX='" .. dir .. "'")
    local page = sh("cat '" .. dir .. "/share/man/man1/luaconc.1'")
    sh("rm -rf '" .. dir .. "'")
    local plain = page:gsub("\\%-", "-"):gsub("\\e", "\\")
    local cli = require "luaconc.cli"
    assert.is_true(#cli.names() >= 3)
    for _, name in ipairs(cli.names()) do
      assert.is_truthy(plain:find("\n.SS luaconc " .. name, 1, true), name)
      for _, option in ipairs(cli.get(name).options or {}) do
        assert.is_truthy(plain:find("\n.B " .. option[1], 1, true), option[1])
      end
    end
  end)
end)

describe("make dist", function()
  it("packs the same again where it was unpacked, below a strange git tree too", function()
    local dir = temporary()
    local archive = sh "make -s dist":match "%S+"
    sh(("tar -xzf %s -C '%s'; ! command -v git || git -C '%s' init -q"):format(
      archive, dir, dir))
    local tree = dir .. "/" .. archive:match "([^/]+)%.tar%.gz$"
    local function list(path) return sh(("tar -tzf '%s' | sort"):format(path)) end
    local first = list(archive)
    sh(("mkdir '%s/luaconc' && touch '%s/luaconc/core.so' '%s/src/a.o'"):format(
      tree, tree, tree))
    local again = sh(("make -s -C '%s' dist BUILD=build"):format(tree)):match "build/%S+"
    assert.equal(first, list(tree .. "/" .. again))
    assert.is_true(#first > 10000)
    sh("rm -rf '" .. dir .. "'")
  end)

  it("makes an archive that builds alone", function()
    local dir = temporary()
    local archive = sh "make -s dist":match "%S+"
    local version = require "luaconc.core".version
    assert.is_truthy(archive:find("/luaconc-" .. version .. ".tar.gz", 1, true))
    sh(("tar -xzf %s -C '%s'"):format(archive, dir))
    local tree = dir .. "/luaconc-" .. version
    sh(("make -s -j2 -C '%s' install PREFIX='%s/p' BUILD=build CFLAGS=-O0"):format(tree, dir))
    local said = sh("cd / && '" .. dir .. "/p/bin/luaconc' --version")
    sh("rm -rf '" .. dir .. "'")
    assert.equal(version, said:match "^luaconc (%S+)")
  end)
end)

describe("the rockspec", function()
  local luarocks = os.execute "command -v luarocks-5.4 >/dev/null 2>&1"

  it("lists every source and every module (make rockspec)", function()
    local is, should = rockspec.contents()
    assert.equal(should, is)
  end)

  it("installs a module and a command that work from another folder", function()
    if not luarocks then pending "luarocks-5.4 is not installed" end
    local dir <close> = setmetatable({ path = temporary() }, {
      __close = function(self) sh("rm -rf '" .. self.path .. "'") end })
    local path = dir.path
    -- luarocks leaves its objects among the sources, so it gets a copy.
    sh(("mkdir '%s/copy' && cp -r src lua bin rockspec '%s/copy'")
      :format(path, path))
    sh(("cd '%s/copy' && luarocks-5.4 make --tree '%s/tree' %s")
      :format(path, path, rockspec.path))
    write_program(path)
    assert.equal("installed\n", sh(("cd / && eval \"$(luarocks-5.4 path --tree "
      .. "'%s/tree')\" && %s '%s/program.lua'"):format(path, lua, path)))
    assert.is_truthy(sh("cd / && '" .. path .. "/tree/bin/luaconc' --version")
      :find "^luaconc %d")
    -- The same as a rock, which is installed without the sources, and removed.
    sh(("cd '%s' && luarocks-5.4 pack --tree '%s/tree' luaconc"):format(path, path))
    local there = ("luarocks-5.4 --tree '%s/other' "):format(path)
    sh(("cd '%s' && %s install luaconc-*.rock"):format(path, there))
    assert.equal("installed\n", sh(("cd / && eval \"$(luarocks-5.4 path --tree "
      .. "'%s/other')\" && %s '%s/program.lua'"):format(path, lua, path)))
    sh(there .. "remove luaconc")
    assert.equal("", sh(("find '%s/other' -path '*luaconc*' -type f"):format(path)))
  end)
end)
