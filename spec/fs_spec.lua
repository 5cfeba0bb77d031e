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

describe("fs.copy", function()
  it("copies what is in it, and its mode", function()
    with(function(dir)
      local data = ("0123456789"):rep(250000)
      folder.make(dir .. "/a", data)
      assert(fs.chmod(dir .. "/a", tonumber("751", 8)))
      assert.is_true(fs.copy(dir .. "/a", dir .. "/b"))
      assert.is_true(folder.contents(dir .. "/b") == data)
      assert.equal(tonumber("751", 8), assert(fs.stat(dir .. "/b")).mode)
      folder.make(dir .. "/b", "longer than the next")
      folder.make(dir .. "/a", "short")
      assert.is_true(fs.copy(dir .. "/a", dir .. "/b"))
      assert.equal("short", folder.contents(dir .. "/b"))
      folder.make(dir .. "/a", "")
      assert.is_true(fs.copy(dir .. "/a", dir .. "/b"))
      assert.equal("", folder.contents(dir .. "/b"))
    end)
  end)

  it("copies from and to what is no plain file", function()
    with(function(dir)
      assert.is_true(fs.copy("/proc/self/status", dir .. "/status"))
      assert.match("^Name:", folder.contents(dir .. "/status"))
      local before = assert(fs.stat "/dev/null").mode
      assert.is_true(fs.copy(dir .. "/status", "/dev/null"))
      assert.equal(before, assert(fs.stat "/dev/null").mode)
    end)
  end)

  it("refuses, and leaves what is there", function()
    with(function(dir)
      local a, b = dir .. "/a", dir .. "/b"
      folder.make(a, "text")
      folder.make(b, "other")
      assert(fs.link(a, dir .. "/same"))
      local function code(...) return select(3, fs.copy(...)) end
      assert.equal("EEXIST", code(a, b, { overwrite = false }))
      assert.equal("EINVAL", code(a, a))
      assert.equal("EINVAL", code(a, dir .. "/same"))
      assert.equal("EISDIR", code(dir, b))
      assert.equal("EISDIR", code(a, dir))
      assert.equal("ENOENT", code(dir .. "/none", b))
      assert.equal("ENOENT", code(a, dir .. "/none/b"))
      assert.equal("ENOSPC", code(a, "/dev/full"))
      assert.equal("text", folder.contents(a))
      assert.equal("other", folder.contents(b))
      assert.same({ nil, dir .. "/none: no such file or directory", "ENOENT" },
        { fs.copy(dir .. "/none", b) })
    end)
  end)
end)

describe("names", function()
  it("are linked, read and resolved", function()
    with(function(dir)
      folder.make(dir .. "/f", "text")
      assert.is_true(fs.link(dir .. "/f", dir .. "/g"))
      assert.equal(2, assert(fs.stat(dir .. "/f")).nlink)
      assert.is_true(fs.symlink("../none/\xff", dir .. "/l"))
      assert.equal("../none/\xff", fs.readlink(dir .. "/l"))
      assert.equal("EINVAL", select(3, fs.readlink(dir .. "/f")))
      assert.equal("EEXIST", select(3, fs.symlink("x", dir .. "/l")))
      assert.equal("ENOENT", select(3, fs.realpath(dir .. "/l")))
      assert(fs.mkdir(dir .. "/d"))
      assert(fs.symlink("d", dir .. "/dl"))
      assert.equal(fs.realpath(dir) .. "/d", fs.realpath(dir .. "/dl/../d/./"))
      assert(fs.symlink("loop", dir .. "/loop"))
      assert.equal("ELOOP", select(3, fs.stat(dir .. "/loop")))
      assert.equal("ELOOP", select(3, fs.exists(dir .. "/loop")))
    end)
  end)

  it("are renamed, over others too; both are named where that fails", function()
    with(function(dir)
      folder.make(dir .. "/a", "a")
      folder.make(dir .. "/b", "b")
      assert.is_true(fs.rename(dir .. "/a", dir .. "/b"))
      assert.equal("a", folder.contents(dir .. "/b"))
      assert.same({ nil, dir .. "/a -> " .. dir .. "/c: no such file or directory", "ENOENT" },
        { fs.rename(dir .. "/a", dir .. "/c") })
      assert(fs.mkdir(dir .. "/d"))
      assert.equal("EISDIR", select(3, fs.rename(dir .. "/b", dir .. "/d")))
      assert.equal("EXDEV", select(3, fs.rename(dir .. "/b", "/proc/self/x")))
    end)
  end)

  it("are there or not, or can't be asked for", function()
    with(function(dir)
      folder.make(dir .. "/f", "")
      assert.is_true(fs.exists(dir .. "/f"))
      assert.is_false(fs.exists(dir .. "/none/f"))
      assert.is_false(fs.exists(dir .. "/f/f"))
      assert.is_false(fs.exists "")
      assert.equal("ENAMETOOLONG", select(3, fs.exists(("x"):rep(5000))))
    end)
  end)
end)

describe("what is known of a file", function()
  it("is set: mode, times, length", function()
    with(function(dir)
      local path = dir .. "/f"
      folder.make(path, "0123456789")
      assert.is_true(fs.chmod(path, tonumber("4711", 8)))
      assert.equal(tonumber("4711", 8), assert(fs.stat(path)).mode)
      assert.is_true(fs.utime(path, -1.5, 1234567890.25))
      local st = assert(fs.stat(path))
      assert.equal(-1.5, st.atime)
      assert.equal(1234567890.25, st.mtime)
      assert.is_true(fs.utime(path))
      assert.near(os.time(), assert(fs.stat(path)).mtime, 100)
      assert.is_true(fs.truncate(path, 3))
      assert.equal("012", folder.contents(path))
      assert.is_true(fs.truncate(path, 5))
      assert.equal("012\0\0", folder.contents(path))
      for _, f in ipairs { fs.chmod, fs.utime, fs.truncate } do
        assert.same({ nil, "/none: no such file or directory", "ENOENT" }, { f("/none", 1) })
      end
      assert.equal("EISDIR", select(3, fs.truncate(dir, 1)))
    end)
  end)

  it("is not set to what is none", function()
    for _, wrong in ipairs { -1, 4096, 1.5, "x", {} } do
      assert.is_false(pcall(fs.chmod, "/none", wrong))
      assert.is_false(pcall(fs.mkdir, "/none", { mode = wrong }))
      assert.is_false(pcall(fs.write_file, "/none", "", { mode = wrong }))
      assert.is_false(pcall(fs.open, "/none", "w", { mode = wrong }))
    end
    assert.is_false(pcall(fs.truncate, "/none", -1))
    assert.is_false(pcall(fs.utime, "/none", 0 / 0))
    assert.is_false(pcall(fs.utime, "/none", 1, math.huge))
    local _, err = pcall(fs.remove, "/none", { trees = true })
    assert.match("unknown option 'trees'", err, 1, true)
    _, err = pcall(fs.remove, "/none", { tree = 1 })
    assert.match("option 'tree' must be true or false, got 1", err, 1, true)
  end)
end)

describe("fs.scandir", function()
  it("gives names and types, sorted", function()
    with(function(dir)
      for _, name in ipairs { "b", "a", "\xff", "B" } do folder.make(dir .. "/" .. name, "") end
      assert(fs.mkdir(dir .. "/c"))
      assert(fs.symlink("x", dir .. "/l"))
      assert(os.execute("mkfifo '" .. dir .. "/p'"))
      assert.same({
        { name = "B", type = "file" }, { name = "a", type = "file" },
        { name = "b", type = "file" }, { name = "c", type = "directory" },
        { name = "l", type = "link" }, { name = "p", type = "fifo" },
        { name = "\xff", type = "file" },
      }, fs.scandir(dir))
      assert.same({}, fs.scandir(dir .. "/c"))
      assert.equal("ENOTDIR", select(3, fs.scandir(dir .. "/a")))
      assert.equal("ENOENT", select(3, fs.scandir(dir .. "/none")))
    end)
  end)
end)
