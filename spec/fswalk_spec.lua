-- Walking trees, also while they change.

local conc = require "luaconc"
local folder = require "spec.support.folder"
local sim = require "spec.support.sim"

local fs = conc.fs

-- A tree: a/b/f, a/e (empty), a/up -> .., z
local function with_tree(f)
  return folder.with(function(dir)
    assert(fs.mkdir(dir .. "/a/b", { parents = true }))
    assert(fs.mkdir(dir .. "/a/e"))
    folder.make(dir .. "/a/b/f", "x")
    folder.make(dir .. "/z", "x")
    assert(fs.symlink("..", dir .. "/a/up"))
    return f(dir)
  end)
end

local function walked(dir, opts)
  local list = {}
  for path, kind in fs.walk(dir, opts) do
    list[#list + 1] = path:sub(#dir + 2) .. " " .. kind
  end
  return list
end

describe("fs.walk", function()
  it("gives folders before what is in them, by name", function()
    with_tree(function(dir)
      local want = { "a directory", "a/b directory", "a/b/f file", "a/e directory",
        "a/up link", "z file" }
      assert.same(want, walked(dir))
      conc.run(function() assert.same(want, walked(dir)) end)
    end)
  end)

  it("gives them after it where it is asked to", function()
    with_tree(function(dir)
      assert.same({ "a/b/f file", "a/b directory", "a/e directory", "a/up link",
        "a directory", "z file" }, walked(dir, { contents_first = true }))
    end)
  end)

  it("follows links where it is asked to, and no circle", function()
    with_tree(function(dir)
      assert(fs.mkdir(dir .. "/other"))
      folder.make(dir .. "/other/g", "")
      assert(fs.symlink("../other", dir .. "/a/way"))
      assert(fs.symlink("nowhere", dir .. "/a/x"))
      assert.same({ "a directory", "a/b directory", "a/b/f file", "a/e directory",
        "a/up link", "a/way directory", "a/way/g file", "a/x link", "other directory",
        "other/g file", "z file" }, walked(dir, { follow = true }))
    end)
  end)

  it("leaves out what `enter` refuses", function()
    with_tree(function(dir)
      assert.same({ "a directory", "a/b directory", "a/e directory", "a/up link", "z file" },
        walked(dir, { enter = function(path) return not path:find "/b$" end }))
    end)
  end)

  it("reads no folder before it gets there, and ends when it is closed", function()
    with_tree(function(dir)
      local read = {}
      local next, _, _, closer = fs.walk(dir, { enter = function(path)
        read[#read + 1] = path:sub(#dir + 1)
        return true
      end })
      assert.same({}, read)
      assert.equal(dir .. "/a", next())
      assert.same({ "" }, read)
      next()
      assert.same({ "", "/a" }, read)
      closer:close()
      assert.is_nil(next())
      local again <close> = fs.walk(dir)
      assert.equal(dir .. "/a", again())
    end)
  end)

  it("leaves out what vanishes, and finds what comes", function()
    folder.with(function(dir)
      for _, name in ipairs { "a", "b", "c", "d" } do
        assert(fs.mkdir(dir .. "/" .. name))
        folder.make(dir .. "/" .. name .. "/f", "")
      end
      local seen = {}
      for path in fs.walk(dir) do
        local name = path:sub(#dir + 2)
        seen[#seen + 1] = name
        if name == "a" then
          assert(fs.remove(dir .. "/b", { tree = true }))
          assert(fs.rename(dir .. "/c/f", dir .. "/c/g"))
          assert(fs.remove(dir .. "/d", { tree = true }))
          folder.make(dir .. "/d", "no folder any more")
        end
      end
      assert.same({ "a", "a/f", "b", "c", "c/g", "d" }, seen)
    end)
  end)

  it("goes on while others make and remove what it walks over", function()
    folder.with(function(dir)
      for i = 1, 10 do assert(fs.mkdir(dir .. "/keep" .. i)) end
      conc.run(function()
        local busy = conc.spawn { function()
          for i = 1, math.huge do
            local name = ("%s/keep%d/%d"):format(dir, i % 10 + 1, i)
            assert(fs.mkdir(name))
            assert(fs.remove(name))
          end
        end, daemon = true }
        for _ = 1, 20 do
          local found = 0
          for path, kind in fs.walk(dir) do
            if path:find "/keep%d+$" then found = found + 1 end
            assert.equal("directory", kind)
          end
          assert.equal(10, found)
        end
        assert.equal("waiting", busy:status())
      end)
    end)
  end)

  it("raises where a folder can't be read, or tells", function()
    local err = sim.raises(function() for _ in fs.walk "/no/such" do end end)
    assert.equal("ENOENT", err.code)
    sim.shows(err, "/no/such: no such file or directory")
    local told
    for _ in fs.walk("/no/such", { on_error = function(...) told = { ... } end }) do end
    assert.same({ "/no/such", "/no/such: no such file or directory", "ENOENT" }, told)
  end)

  it("names what is wrong with its arguments", function()
    sim.shows(sim.raises(fs.walk, 1), "bad argument #1 to 'walk'")
    sim.shows(sim.raises(fs.walk, "/", { fellow = true }), "unknown option 'fellow'")
    sim.shows(sim.raises(fs.walk, "/", { enter = 1 }), "'enter' must be a function")
  end)
end)
