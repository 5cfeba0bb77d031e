-- File objects of conc.fs, which follow Lua's own.

local conc = require "luaconc"
local fs = require "luaconc.fs"
local folder = require "spec.support.folder"
local sim = require "spec.support.sim"

local make, contents = folder.make, folder.contents

-- A file with `text`, open as `mode`, for `f(file, path)`.
local function with_file(text, mode, f)
  return folder.with(function(dir)
    local path = dir .. "/file"
    make(path, text)
    local file <close> = assert(fs.open(path, mode))
    return f(file, path)
  end)
end

-- Runs it in a task, and outside tasks.
local function both(f)
  f()
  conc.run(f)
end

describe("an open file", function()
  it("is read as Lua reads its own", function()
    local text = "one\ntwo\n\n 12 0x1F -3.5e2 rest\nlast"
    local formats = {
      { "l" }, { "L" }, { "a" }, { 5 }, { 0 }, { "l", "l", "L", "n", "n", "n" },
      { "n" }, { "l", "n" }, { "a", "a" }, { "a", "l" }, { 1000 }, { 8, "n", "l", "l" },
      { "*l", "*a" }, {},
    }
    both(function()
      for _, list in ipairs(formats) do
        with_file(text, "r", function(file, path)
          local own <close> = assert(io.open(path))
          repeat
            local want = table.pack(own:read(table.unpack(list)))
            local got = table.pack(file:read(table.unpack(list)))
            for i = 1, want.n do
              assert.equal(want[i], got[i])
              assert.equal(math.type(want[i]), math.type(got[i]))
            end
            if want[want.n] ~= nil then assert.equal(want.n, got.n) end
            assert.equal(own:seek(), file:seek())
          until want[want.n] == nil or list[1] == 0 or list[1] == "a"
        end)
      end
    end)
  end)

  it("tells the end by nil, a message and EOF, and what is no number", function()
    with_file("x", "r", function(file, path)
      assert.same({ nil, path .. ": no number there", "EINVAL" }, { file:read "n" })
      assert.equal("x", file:read "l")
      assert.same({ nil, path .. ": end of file", "EOF" }, { file:read() })
      assert.equal("", file:read "a")
      assert.equal("EOF", select(3, file:read(0)))
    end)
  end)

  it("finds numbers where Lua does", function()
    for _, text in ipairs { "1", " -1", "+0x.8p3", "1e", "0x", "1..2", "..1", "1e+5x", ".5",
      ("9"):rep(300), "- 1", "nan", "0xg", "\n\t7", "1 ", ("1"):rep(199), "1e400" } do
      with_file(text .. " tail", "r", function(file, path)
        local own <close> = assert(io.open(path))
        local want = own:read "n"
        assert.equal(want, (file:read "n"))
        assert.equal(own:seek(), file:seek())
        assert.equal(own:read "a", file:read "a")
      end)
    end
  end)

  it("has lines, longer than its buffer too", function()
    local list = { "", "short", ("x"):rep(65535), ("y"):rep(65536), ("z"):rep(200000), "end" }
    both(function()
      with_file(table.concat(list, "\n"), "r", function(file)
        local n = 0
        for line in file:lines() do
          n = n + 1
          assert.is_true(list[n] == line)
        end
        assert.equal(#list, n)
      end)
      with_file("1 2\n3 4 x", "r", function(file, path)
        local next = file:lines("n", "n", 1)
        assert.same({ 1, 2, "\n" }, { next() })
        assert.same({ 3, 4, " " }, { next() })
        sim.shows(sim.raises(next), path .. ": no number there")
        assert.equal("x", file:read(1))
        assert.is_nil(next())
      end)
    end)
  end)

  it("is written in one call by many strings and numbers", function()
    both(function()
      with_file("", "w", function(file, path)
        assert.equal(file, file:write("a", 1, " ", 2.5, "\0", "", "z"))
        assert.is_true(file:flush())
        assert.equal("a1 2.5\0z", contents(path))
        assert.equal(file, file:write())
      end)
    end)
  end)

  it("has one place for reading and writing", function()
    both(function()
      with_file("0123456789", "r+", function(file, path)
        assert.equal("012", file:read(3))
        assert(file:write "ab")
        assert.equal("56", file:read(2))
        assert.equal(7, file:seek())
        assert.equal(0, file:seek "set")
        assert.equal("012ab5", file:read(6))
        assert.equal(8, file:seek("end", -2))
        assert(file:write "XYZ")
        assert.equal(11, file:seek "end")
        assert.equal(20, file:seek("cur", 9))
        assert(file:write "!")
        assert.equal(2, file:seek("set", 2))
        assert.equal("2ab567XYZ" .. ("\0"):rep(9) .. "!", file:read "a")
        assert.same({ nil, path .. ": invalid argument", "EINVAL" },
          { file:seek("set", -1) })
        assert.equal("EINVAL", select(3, file:seek("cur", math.maxinteger)))
        assert.equal(21, file:seek())
      end)
    end)
  end)

  it("writes at scattered places what it was told", function()
    math.randomseed(7)
    with_file("", "w+", function(file, path)
      local own <close> = assert(io.open(path .. "2", "w+"))
      for _ = 1, 300 do
        local at = math.random(0, 300000)
        local text = ("%d,"):format(at):rep(math.random(0, 3000))
        for _, f in ipairs { file, own } do
          assert(f:seek("set", at))
          assert(f:write(text))
        end
        if math.random(3) == 1 then
          local from, n = math.random(0, 300000), math.random(100000)
          for _, f in ipairs { file, own } do assert(f:seek("set", from)) end
          assert.is_true((file:read(n)) == own:read(n))
        end
      end
      file:flush()
      own:flush()
      assert.is_true(contents(path) == contents(path .. "2"))
    end)
  end)

  it("appends whatever its place is", function()
    both(function()
      with_file("first\n", "a+", function(file, path)
        assert.equal("first", file:read())
        assert(file:seek("set", 0))
        assert(file:write "second\n")
        assert.equal(13, file:seek())
        make(path, "changed\n")
        assert(file:write "third\n")
        assert(file:flush())
        assert.equal("changed\nthird\n", contents(path))
        assert.equal(14, file:seek())
      end)
    end)
  end)

  it("is read and written elsewhere, by several tasks at once", function()
    with_file(("."):rep(1000), "r+", function(file, path)
      conc.run(function()
        for i = 0, 9 do
          conc.spawn(function()
            assert.is_true(file:pwrite(tostring(i), i * 100))
            assert.equal(i .. ".", file:pread(2, i * 100))
          end)
        end
      end)
      assert.equal(0, file:seek())
      assert.equal("0..", file:read(3))
      assert.is_true(file:pwrite("new", 3))
      assert.equal("new.", file:read(4))
      assert.equal("", file:pread(0, 5000))
      assert.equal("..", file:pread(1e9 // 1 | 0, 998))
      assert.same({ nil, path .. ": end of file", "EOF" }, { file:pread(1, 1000) })
    end)
  end)

  it("is cut, synced and described", function()
    both(function()
      with_file("0123456789", "r+", function(file, path)
        assert.equal("01234", file:read(5))
        assert.is_true(file:truncate())
        assert.equal(5, assert(file:stat()).size)
        assert.is_true(file:truncate(8))
        assert.equal("\0\0\0", file:read "a")
        assert(file:write "x")
        assert.is_true(file:sync())
        assert.equal("01234\0\0\0x", contents(path))
        assert.equal(9, assert(file:stat()).size)
        assert.is_true(fs.truncate(path, 2))
        assert.equal("EOF", select(3, file:read(1)))
      end)
    end)
  end)

  it("writes what it holds back when it is closed, once", function()
    both(function()
      with_file("", "w", function(file, path)
        assert(file:write "text")
        assert.equal("", contents(path))
        assert.equal("file (" .. path .. ")", tostring(file))
        assert.is_true(file:close())
        assert.equal("text", contents(path))
        assert.is_true(file:close())
        assert.equal("file (closed)", tostring(file))
        local closed = { nil, path .. ": closed", "EBADF" }
        for name, arguments in pairs { read = { "l" }, write = { "x" }, seek = { "cur" },
          stat = {}, flush = {}, sync = {}, truncate = { 1 }, pread = { 1, 0 },
          pwrite = { "x", 0 } } do
          assert.same(closed, { file[name](file, table.unpack(arguments)) }, name)
        end
        sim.shows(sim.raises(file:lines()), path .. ": closed")
      end)
    end)
  end)

  it("writes what it holds back when it is garbage, and when its scope ends", function()
    folder.with(function(dir)
      conc.run(function()
        do assert(fs.open(dir .. "/garbage", "w")):write "one" end
        do
          local file <close> = assert(fs.open(dir .. "/scope", "w"))
          file:write "two"
        end
        collectgarbage()
        collectgarbage()
        while contents(dir .. "/garbage") == "" do conc.sleep(0.001) end
      end)
      assert.equal("one", contents(dir .. "/garbage"))
      assert.equal("two", contents(dir .. "/scope"))
    end)
  end)

  it("says what its mode forbids", function()
    with_file("text", "r", function(file, path)
      assert.same({ nil, path .. ": not open for writing", "EBADF" }, { file:write "x" })
      assert.equal("EBADF", select(3, file:pwrite("x", 0)))
      assert.equal("EINVAL", select(3, file:truncate(1)))
    end)
    with_file("text", "w", function(file, path)
      assert.same({ nil, path .. ": not open for reading", "EBADF" }, { file:read() })
      assert.equal("EBADF", select(3, file:pread(1, 0)))
    end)
  end)

  it("is opened in the modes of Lua, and exclusively", function()
    folder.with(function(dir)
      local path = dir .. "/f"
      local function try(mode)
        local file, message, code = fs.open(path, mode)
        if file then file:close() end
        return file and true or code, message
      end
      for _, mode in ipairs { "r", "r+", "rb" } do assert.equal("ENOENT", try(mode)) end
      assert.is_true(try "wx")
      assert.equal("EEXIST", try "wx")
      for _, mode in ipairs { "r", "r+", "rb", "r+b", "rb+", "w", "w+", "a", "a+b" } do
        assert.is_true(try(mode))
      end
      assert.equal("EISDIR", select(3, fs.open(dir)))
      sim.shows(sim.raises(fs.open, path, "rw"), "bad argument #2", "got \"rw\"")
      assert(fs.remove(path))
      assert(fs.open(path, "w", { mode = tonumber("600", 8) })):close()
      assert.equal(tonumber("600", 8), assert(fs.stat(path)).mode)
    end)
  end)

  it("may be one that has no place, and none that would keep it waiting", function()
    local zero <close> = assert(fs.open "/dev/zero")
    assert.equal(("\0"):rep(10), zero:read(10))
    local null <close> = assert(fs.open("/dev/null", "r+"))
    assert.equal("EOF", select(3, null:read()))
    assert(null:write "x")
    assert.is_true(null:flush())
    folder.with(function(dir)
      assert(os.execute("mkfifo '" .. dir .. "/pipe'"))
      local pipe <close> = assert(fs.open(dir .. "/pipe", "r+"))
      assert.equal("EAGAIN", select(3, pipe:read()))
      assert(pipe:write "word\n")
      assert.equal("word", pipe:read())
      assert.equal("ESPIPE", select(3, pipe:seek "cur"))
      assert(pipe:close())
      assert.equal("ENXIO", select(3, fs.open(dir .. "/pipe", "w")))
    end)
  end)

  it("sees a full disk when it writes, flushes or closes", function()
    for name, use in pairs {
      write = function(f) return f:write(("x"):rep(70000)) end,
      flush = function(f) f:write "x" return f:flush() end,
      seek = function(f) f:write "x" return f:read() end,
      pwrite = function(f) return f:pwrite("x", 0) end,
      close = function(f) f:write "x" return f:close() end,
    } do
      local file = assert(fs.open("/dev/full", "r+"))
      assert.same({ nil, "/dev/full: no space left on device", "ENOSPC" }, { use(file) }, name)
      file:close()
    end
  end)

  it("lets one task use its place, and tells the second", function()
    with_file(("x"):rep(300000), "r+", function(file)
      conc.run(function()
        local reader = conc.spawn(function() return #file:read "a" end)
        conc.yield()
        assert.equal("waiting", reader:status())
        for name, argument in pairs { read = "l", write = "x", seek = "cur", flush = false,
          stat = false } do
          local err = sim.raises(file[name], file, argument or nil)
          assert.equal("EBUSY", err.code, name)
          sim.shows(err, "another task is reading or writing this file")
        end
        assert.equal("xx", file:pread(2, 0))
        assert.equal(300000, reader:await())
      end)
    end)
  end)

  it("that is closed under a reader tells it so", function()
    with_file(("x"):rep(300000), "r", function(file, path)
      conc.run(function()
        local reader = conc.spawn(function() return file:read "a" end)
        conc.yield()
        assert.equal("waiting", reader:status())
        assert.is_true(file:close())
        assert.same({ nil, path .. ": closed", "ECANCELED" }, { reader:await() })
        assert.same({ nil, path .. ": closed", "EBADF" }, { file:read() })
      end)
    end)
  end)

  it("that is closed under requests beside its place lets them end", function()
    with_file(("x"):rep(300000), "r", function(file)
      conc.run(function()
        local jobs = {}
        for i = 1, 10 do jobs[i] = conc.spawn(file.pread, file, 1000, i) end
        conc.yield()
        assert.is_true(file:close())
        for i = 1, 10 do assert.equal(1000, #jobs[i]:await()) end
      end)
    end)
  end)
end)

describe("fs.mkstemp and fs.mkdtemp", function()
  it("make new names", function()
    folder.with(function(dir)
      local file <close>, path = assert(fs.mkstemp(dir .. "/some-"))
      assert.equal(dir .. "/some-", path:sub(1, -7))
      assert(file:write "text")
      file:seek "set"
      assert.equal("text", file:read "a")
      assert.equal(tonumber("600", 8), assert(fs.stat(path)).mode)
      local a, b = assert(fs.mkdtemp(dir .. "/")), assert(fs.mkdtemp(dir .. "/"))
      assert.not_equal(a, b)
      assert.equal(tonumber("700", 8), assert(fs.stat(a)).mode)
      assert.equal("ENOENT", select(3, fs.mkstemp(dir .. "/no/x")))
    end)
    local own = assert(fs.mkdtemp())
    assert(fs.remove(own))
    assert.match("luaconc%-......$", own)
  end)
end)
