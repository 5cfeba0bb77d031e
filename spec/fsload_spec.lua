-- Files in numbers, of a size, with names and in places out of the ordinary.

local lfs = require "lfs"
local conc = require "luaconc"
local folder = require "spec.support.folder"
local sim = require "spec.support.sim"

local fs = conc.fs

describe("many files", function()
  it("are written, read, listed and removed: 10,000 by 50 tasks", function()
    folder.with(function(dir)
      conc.run(function()
        local group <close> = conc.group()
        for task = 0, 49 do
          group:spawn(function()
            local own = dir .. "/" .. task
            assert(fs.mkdir(own))
            for i = 1, 200 do
              assert(fs.write_file(own .. "/" .. i, task .. ":" .. i, { atomic = i % 2 == 0 }))
            end
            for i = 1, 200 do
              assert.equal(task .. ":" .. i, fs.read_file(own .. "/" .. i))
            end
          end)
        end
        group:await()
        local files, folders = 0, 0
        for _, kind in fs.walk(dir) do
          if kind == "file" then files = files + 1 else folders = folders + 1 end
        end
        assert.equal(10000, files)
        assert.equal(50, folders)
        assert.is_true(fs.remove(dir, { tree = true }))
        assert.is_true(fs.mkdir(dir))
      end)
    end, true)
  end)

  it("are more than the process may open: each that fails says so", function()
    local limited = io.popen(("ulimit -n 64; %s - 2>&1 <<'END'\n%s\nEND"):format(
      os.getenv "LUACONC_LUA" or "lua5.4", ("package.path=%q package.cpath=%q\n"):format(
        package.path, package.cpath) .. [[
      local conc = require "luaconc"
      local fs, list, failed = conc.fs, {}, 0
      conc.run(function()
        for i = 1, 200 do
          conc.spawn(function()
            local file, message, code = fs.open "/dev/null"
            if file then list[#list + 1] = file
            else
              assert(code == "EMFILE", message)
              assert(message == "/dev/null: too many open files", message)
              failed = failed + 1
            end
          end)
        end
      end)
      print(#list + failed, #list > 10, failed > 100)
      for _, file in ipairs(list) do assert(file:close()) end
      print(fs.write_file("/dev/null", "x"))
    ]]))
    local out = limited:read "a"
    limited:close()
    assert.equal("200\ttrue\ttrue\ntrue\n", out)
  end)
end)

describe("a large file", function()
  -- 64 MiB of bytes that differ from place to place.
  local function chunk(i) return (("%08d"):format(i)):rep(8192) end
  local COUNT = 1024

  it("is written and read back as by Lua's own functions", function()
    folder.with(function(dir)
      local path = dir .. "/large"
      conc.run(function()
        do
          local file <close> = assert(fs.open(path, "w"))
          for i = 1, COUNT do assert(file:write(chunk(i))) end
          assert(file:close())
        end
        assert.equal(64 << 20, lfs.attributes(path, "size"))
        local own <close> = assert(io.open(path))
        for i = 1, COUNT do assert.is_true(own:read(65536) == chunk(i)) end
        local text = assert(fs.read_file(path))
        assert.equal(64 << 20, #text)
        assert.is_true(text:sub(-65536) == chunk(COUNT))
        assert(fs.copy(path, path .. "2"))
        local file <close> = assert(fs.open(path .. "2"))
        for i = 1, COUNT, 2 do
          assert.is_true(file:read(65536) == chunk(i))
          assert.is_true(file:pread(65536, i * 65536) == chunk(i + 1))
          assert(file:seek("cur", 65536))
        end
        assert(file:seek "set")
        assert.is_true(file:read "a" == text)
      end)
    end)
  end)

  it("lets other tasks run while it is read", function()
    folder.with(function(dir)
      local file = assert(io.open(dir .. "/large", "w"))
      for i = 1, 256 do file:write(chunk(i)) end
      file:close()
      conc.run(function()
        local turns = 0
        conc.spawn { function()
          while true do
            conc.yield()
            turns = turns + 1
          end
        end, daemon = true }
        assert.equal(16 << 20, #assert(fs.read_file(dir .. "/large")))
        assert.is_true(turns > 0)
        local own <close> = assert(fs.open(dir .. "/large"))
        turns = 0
        while own:read(1000) do end
        assert.is_true(turns > 0)
      end)
    end)
  end)

  it("has holes that are kept, and read as zeros", function()
    folder.with(function(dir)
      conc.run(function()
        do
          local file <close> = assert(fs.open(dir .. "/sparse", "w"))
          assert(file:seek("set", 10 << 20))
          assert(file:write "in the middle")
          assert(file:truncate(64 << 20))
        end
        local before = assert(fs.stat(dir .. "/sparse"))
        assert.equal(64 << 20, before.size)
        assert.is_true(before.blocks * 512 < 1 << 20)
        assert(fs.copy(dir .. "/sparse", dir .. "/copy"))
        local after = assert(fs.stat(dir .. "/copy"))
        assert.equal(before.size, after.size)
        assert.is_true(after.blocks * 512 < 1 << 20)
        local file <close> = assert(fs.open(dir .. "/copy"))
        assert.equal("\0\0in the middle\0", file:pread(16, (10 << 20) - 2))
      end)
    end)
  end)
end)

describe("a name", function()
  local names = { "new\nline", "latin-\xe9", "\xff\xfe", " ", "-rf", "quote'\"`$", "ünïcode",
    ("n"):rep(255), "tab\t", "\1" }

  it("may be any bytes", function()
    folder.with(function(dir)
      for _, name in ipairs(names) do
        assert(fs.write_file(dir .. "/" .. name, name))
        assert.equal(name, fs.read_file(dir .. "/" .. name))
        assert(fs.mkdir(dir .. "/d"))
        assert(fs.rename(dir .. "/" .. name, dir .. "/d/" .. name))
        for path in fs.walk(dir .. "/d") do
          assert.equal(dir .. "/d/" .. name, path)
        end
        assert.equal(name, assert(fs.scandir(dir .. "/d"))[1].name)
        assert(fs.remove(dir .. "/d", { tree = true }))
      end
    end)
  end)

  it("is named as it is where it is not there", function()
    local _, message = fs.read_file "/none\n\xff"
    assert.equal("/none\n\xff: no such file or directory", message)
    assert.equal("ENAMETOOLONG", select(3, fs.stat("/" .. ("n"):rep(256))))
  end)

  it("can't hold a zero byte, or be something else", function()
    for _, f in ipairs { fs.stat, fs.open, fs.read_file, fs.watch, fs.mkdtemp } do
      sim.shows(sim.raises(f, "a\0b"), "bad argument #1", "zero byte")
    end
    for _, f in ipairs { fs.stat, fs.open, fs.read_file, fs.watch } do
      sim.shows(sim.raises(f, 12), "path expected, got 12")
    end
    sim.shows(sim.raises(fs.rename, "a", {}), "bad argument #2", "path expected")
  end)
end)

describe("another user", function()
  local function as_nobody(source)
    local path = os.tmpname()
    folder.make(path, ("package.path=%q package.cpath=%q\n"):format(package.path,
      package.cpath) .. "local conc = require 'luaconc' local fs = conc.fs\n" .. source)
    assert(os.execute("chmod 644 " .. path))
    local pipe = assert(io.popen(("setpriv --reuid=65534 --regid=65534 --clear-groups %s %s 2>&1")
      :format(os.getenv "LUACONC_LUA" or "lua5.4", path)))
    local out = pipe:read "a"
    pipe:close()
    os.remove(path)
    return out
  end

  local function can_be()
    return os.execute("setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null")
      and as_nobody "print(1)" == "1\n"
  end

  it("is told what it may not do, and a tree is removed up to there", function()
    if not can_be() then return pending "this user can't become another" end
    folder.with(function(dir)
      assert(fs.mkdir(dir .. "/t/shut", { parents = true }))
      folder.make(dir .. "/t/secret", "")
      assert(fs.chmod(dir .. "/t/secret", 0))
      assert(fs.chmod(dir .. "/t/shut", 0))
      assert(fs.mkdir(dir .. "/w/locked", { parents = true }))
      folder.make(dir .. "/w/locked/f", "")
      for _, name in ipairs { "", "/w" } do assert(fs.chmod(dir .. name, 511)) end
      local out = as_nobody(("local dir = %q\n"):format(dir) .. [[
        local function say(path, _, message, code)
          print((message or ""):sub(#dir + 1), code)
        end
        say("read_file", fs.read_file(dir .. "/t/secret"))
        say("write_file", fs.write_file(dir .. "/t/new", ""))
        say("open", fs.open(dir .. "/t/secret", "r+"))
        say("mkdir", fs.mkdir(dir .. "/t/x"))
        say("scandir", fs.scandir(dir .. "/t/shut"))
        say("exists", fs.exists(dir .. "/t/shut/x"))
        say("remove", fs.remove(dir .. "/w", { tree = true }))
        say("chmod", fs.chmod(dir .. "/t", 0))
        local told
        for path, kind in fs.walk(dir .. "/t", { on_error = function(_, ...)
          told = { nil, ... } end }) do io.write(kind, " ") end
        print()
        say("walk", table.unpack(told, 1, 3))
      ]])
      assert.equal(table.concat({
        "/t/secret: permission denied\tEACCES",
        "/t/new: permission denied\tEACCES",
        "/t/secret: permission denied\tEACCES",
        "/t/x: permission denied\tEACCES",
        "/t/shut: permission denied\tEACCES",
        "/t/shut/x: permission denied\tEACCES",
        "/w/locked/f: permission denied\tEACCES",
        "/t: operation not permitted\tEPERM",
        "file directory ",
        "/t/shut: permission denied\tEACCES",
      }, "\n") .. "\n", out)
    end)
  end)
end)

describe("a file system that can only be read", function()
  it("says so", function()
    local found
    for line in io.lines "/proc/self/mounts" do
      local where, how = line:match "^%S+ (%S+) %S+ (%S+)"
      if how:find "^ro" and lfs.attributes(where, "mode") == "directory" then found = where end
    end
    if not found then return pending "there is none" end
    local code = select(3, fs.write_file(found .. "/luaconc-spec", ""))
    assert.is_true(code == "EROFS" or code == "EACCES" or code == "EPERM" or code == "ENOENT", code)
  end)
end)

describe("files in a thread and in a worker process", function()
  local function job(dir)
    local own = require "luaconc"
    local name = dir .. "/" .. own.current().name:gsub("%W", "")
    assert(own.fs.write_file(name, "text"))
    local file <close> = assert(own.fs.open(name, "a+"))
    assert(file:write " more")
    local texts = own.gather {
      function() return own.fs.read_file(name) end,
      function() return (assert(file:pread(4, 0))) end,
    }
    local watcher <close> = assert(own.fs.watch(dir))
    assert(own.fs.mkdir(name .. "d"))
    return texts[1], texts[2], file:seek "end", watcher:wait().renamed
  end

  for _, engine in ipairs { "thread", "process" } do
    it("(" .. engine .. ") are the same", function()
      folder.with(function(dir)
        assert.same({ "text", "text", 9, true }, { conc[engine](job, dir):await() })
      end)
    end)
  end

  it("are used by many threads at once, some of which are cancelled", function()
    folder.with(function(dir)
      conc.run(function()
        local jobs = {}
        for i = 1, 8 do
          jobs[i] = conc.thread { function(path)
            local own = require "luaconc"
            while true do
              assert(own.fs.write_file(path, ("x"):rep(100000)))
              assert(#own.fs.read_file(path) == 100000)
            end
          end, dir .. "/" .. i }
        end
        conc.sleep(0.03)
        for _, h in ipairs(jobs) do h:cancel() end
        for _, outcome in ipairs(conc.settle(jobs)) do
          assert.is_true(conc.is_cancelled(outcome[1]), outcome[1])
        end
        for _, entry in ipairs(assert(fs.scandir(dir))) do
          assert.match("^%d$", entry.name)
        end
      end)
    end)
  end)
end)
