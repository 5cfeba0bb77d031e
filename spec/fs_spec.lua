-- Functions of conc.fs that take paths. File objects: fsfile_spec.lua.

local lfs = require "lfs"
local conc = require "luaconc"
local fs = require "luaconc.fs"
local folder = require "spec.support.folder"

local with = folder.with

describe("fs.write_file", function()
  it("makes a file that read_file gives back", function()
    with(function(dir)
      local path = dir .. "/new"
      local data = "one\0two\n\xff"
      assert.is_true(fs.write_file(path, data))
      assert.equal(data, fs.read_file(path))
      assert.equal(data, folder.contents(path))
    end)
  end)

  it("replaces what is there at once, and keeps its mode", function()
    with(function(dir)
      local path = dir .. "/old"
      assert(fs.write_file(path, "first"))
      assert(fs.chmod(path, tonumber("640", 8)))
      local before = assert(fs.stat(path))
      local reader <close> = assert(io.open(path))
      assert(fs.write_file(path, "second"))
      local after = assert(fs.stat(path))
      assert.equal(before.mode, after.mode)
      assert.not_equal(before.ino, after.ino)
      assert.equal("first", reader:read "a")
      assert.equal("second", fs.read_file(path))
    end)
  end)

  it("leaves nothing but the file", function()
    with(function(dir)
      for i = 1, 3 do assert(fs.write_file(dir .. "/f", "x" .. i)) end
      assert.same({ { name = "f", type = "file" } }, fs.scandir(dir))
    end)
  end)

  it("writes in place where it is asked to", function()
    with(function(dir)
      local path = dir .. "/f"
      assert(fs.write_file(path, "a longer text"))
      local before = assert(fs.stat(path)).ino
      assert(fs.write_file(path, "short", { atomic = false, sync = true }))
      assert.equal(before, assert(fs.stat(path)).ino)
      assert.equal("short", fs.read_file(path))
    end)
  end)

  it("sets a mode, and writes an empty file", function()
    with(function(dir)
      for _, atomic in ipairs { true, false } do
        local path = dir .. "/" .. tostring(atomic)
        assert(fs.write_file(path, "", { mode = tonumber("604", 8), atomic = atomic }))
        assert.equal(tonumber("604", 8), assert(fs.stat(path)).mode)
        assert.equal("", fs.read_file(path))
      end
    end)
  end)

  it("follows a link and replaces its target", function()
    with(function(dir)
      assert(fs.write_file(dir .. "/target", "old"))
      assert(fs.symlink("target", dir .. "/link"))
      assert(fs.write_file(dir .. "/link", "new", { sync = true }))
      assert.equal("new", fs.read_file(dir .. "/target"))
      assert.equal("link", assert(fs.lstat(dir .. "/link")).type)
      assert(fs.symlink("missing", dir .. "/dangling"))
      assert(fs.write_file(dir .. "/dangling", "there"))
      assert.equal("there", fs.read_file(dir .. "/missing"))
    end)
  end)

  it("writes to what is no plain file as it is", function()
    local before = assert(fs.stat "/dev/null")
    assert.is_true(fs.write_file("/dev/null", "gone"))
    local after = assert(fs.stat "/dev/null")
    assert.equal(before.ino, after.ino)
    assert.equal(before.mode, after.mode)
  end)

  it("names the path where it fails", function()
    with(function(dir)
      local path = dir .. "/no/file"
      assert.same({ nil, path .. ": no such file or directory", "ENOENT" },
        { fs.write_file(path, "x") })
      assert.equal("EISDIR", select(3, fs.write_file(dir, "x")))
      assert.equal("ENOENT", select(3, fs.write_file("", "x")))
    end)
  end)
end)

describe("fs.read_file", function()
  it("reads files that tell no size", function()
    local text = assert(fs.read_file "/proc/self/status")
    assert.match("^Name:", text)
  end)

  it("gives nil, a message and a code", function()
    assert.same({ nil, "/: illegal operation on a directory", "EISDIR" },
      { fs.read_file "/" })
    assert.same({ nil, "/none: no such file or directory", "ENOENT" },
      { fs.read_file "/none" })
  end)

  it("works outside tasks and in several tasks at once", function()
    with(function(dir)
      for i = 1, 20 do assert(fs.write_file(dir .. "/" .. i, tostring(i))) end
      local list = {}
      for i = 1, 20 do
        list[i] = function() return fs.read_file(dir .. "/" .. i) end
      end
      for i, text in ipairs(conc.gather(list)) do
        assert.equal(tostring(i), text)
      end
    end)
  end)
end)

describe("fs.stat", function()
  it("tells what a file is", function()
    with(function(dir)
      assert(fs.write_file(dir .. "/f", "12345"))
      assert(fs.symlink("f", dir .. "/l"))
      local st = assert(fs.stat(dir .. "/l"))
      local other = lfs.attributes(dir .. "/f")
      assert.equal("file", st.type)
      assert.equal(5, st.size)
      assert.equal(other.ino, st.ino)
      assert.equal(other.nlink, st.nlink)
      assert.equal(other.modification, math.floor(st.mtime))
      assert.equal("link", assert(fs.lstat(dir .. "/l")).type)
      assert.equal("directory", assert(fs.stat(dir)).type)
      assert.equal("char", assert(fs.stat "/dev/null").type)
    end)
  end)
end)

describe("fs.mkdir", function()
  it("makes the folders above where it is asked to", function()
    with(function(dir)
      local deep = dir .. "/a//b/c/"
      assert.equal("ENOENT", select(3, fs.mkdir(deep)))
      assert.is_true(fs.mkdir(deep, { parents = true }))
      assert.is_true(fs.mkdir(deep, { parents = true }))
      assert.equal("EEXIST", select(3, fs.mkdir(deep)))
      assert.equal("directory", assert(fs.stat(dir .. "/a/b/c")).type)
    end)
  end)

  it("names the folder that is in the way", function()
    with(function(dir)
      assert(fs.write_file(dir .. "/f", ""))
      local ok, message, code = fs.mkdir(dir .. "/f/b/c", { parents = true })
      assert.is_nil(ok)
      assert.equal("ENOTDIR", code)
      assert.match(dir .. "/f/b", message, 1, true)
    end)
  end)
end)

describe("fs.remove", function()
  it("removes a file, a link or an empty folder", function()
    with(function(dir)
      assert(fs.write_file(dir .. "/f", ""))
      assert(fs.symlink("f", dir .. "/l"))
      assert(fs.mkdir(dir .. "/d"))
      for _, name in ipairs { "l", "f", "d" } do
        assert.is_true(fs.remove(dir .. "/" .. name))
        assert.is_false(fs.exists(dir .. "/" .. name))
      end
      assert.equal("ENOENT", select(3, fs.remove(dir .. "/f")))
    end)
  end)

  it("removes a tree, and nothing that links in it lead to", function()
    with(function(dir)
      assert(fs.mkdir(dir .. "/keep"))
      assert(fs.write_file(dir .. "/keep/f", "precious"))
      assert(fs.mkdir(dir .. "/t/a/b", { parents = true }))
      assert(fs.symlink("../keep", dir .. "/t/link"))
      assert(fs.symlink("../../keep/f", dir .. "/t/a/link"))
      assert.equal("ENOTEMPTY", select(3, fs.remove(dir .. "/t")))
      assert.is_true(fs.remove(dir .. "/t", { tree = true }))
      assert.is_false(fs.exists(dir .. "/t"))
      assert.equal("precious", fs.read_file(dir .. "/keep/f"))
    end)
  end)

  it("removes a link to a tree as a link", function()
    with(function(dir)
      assert(fs.mkdir(dir .. "/t"))
      assert(fs.write_file(dir .. "/t/f", ""))
      assert(fs.symlink("t", dir .. "/l"))
      assert.is_true(fs.remove(dir .. "/l", { tree = true }))
      assert.is_true(fs.exists(dir .. "/t/f"))
    end)
  end)

  it("removes a tree that is very deep, with few descriptors", function()
    with(function(dir)
      local here = lfs.currentdir()
      assert(fs.mkdir(dir .. "/deep"))
      assert(lfs.chdir(dir .. "/deep"))
      for _ = 1, 700 do
        assert(lfs.mkdir "folder")
        assert(lfs.chdir "folder")
      end
      assert(lfs.chdir(here))
      assert.is_true(fs.remove(dir .. "/deep", { tree = true }))
      assert.is_false(fs.exists(dir .. "/deep"))
    end)
  end)
end)
