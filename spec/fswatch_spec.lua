-- Watching files and folders. (Real time: what inotify tells comes when it
-- comes, and each wait here is for something that comes.)

local conc = require "luaconc"
local folder = require "spec.support.folder"
local sim = require "spec.support.sim"

local fs = conc.fs

local function with_watcher(f, fast)
  return folder.with(function(dir)
    return conc.run(function()
      local watcher <close> = assert(fs.watch(dir))
      return f(watcher, dir)
    end)
  end, fast)
end

-- The next change, as a text.
local function told(watcher)
  local change = assert(watcher:wait())
  return (change.name or "?") .. (change.renamed and " renamed" or "")
    .. (change.changed and " changed" or "")
end

describe("fs.watch", function()
  it("sees a file made, changed, renamed and removed", function()
    with_watcher(function(watcher, dir)
      local steps = {
        { function() folder.make(dir .. "/f", "") end, { "f renamed" } },
        { function() folder.make(dir .. "/f", "text") end, { "f changed" } },
        { function() assert(fs.chmod(dir .. "/f", 384)) end, { "f changed" } },
        { function() assert(os.rename(dir .. "/f", dir .. "/g")) end,
          { "f renamed", "g renamed" } },
        { function() assert(os.remove(dir .. "/g")) end, { "g renamed" } },
      }
      for _, step in ipairs(steps) do
        local waiter = conc.spawn(function()
          local list = {}
          for i = 1, #step[2] do list[i] = told(watcher) end
          return list
        end)
        conc.yield()
        assert.equal("waiting", waiter:status())
        step[1]()
        assert.same(step[2], waiter:await())
        -- What is left of the step (a file is cut, then written) is the same.
        conc.sleep(0.005)
        while select(3, conc.timeout(0.001, watcher.wait, watcher)) ~= "ETIMEDOUT" do end
      end
    end)
  end)

  it("makes one change of many of one name", function()
    with_watcher(function(watcher, dir)
      folder.make(dir .. "/a", "")
      for _ = 1, 100 do
        folder.make(dir .. "/a", "x")
        folder.make(dir .. "/b", "x")
      end
      -- One of the loop's looks fetches all that has happened by now.
      conc.sleep(0.02)
      assert.equal("a renamed changed", told(watcher))
      assert.equal("b renamed changed", told(watcher))
      assert.equal("ETIMEDOUT", select(3, conc.timeout(0.005, watcher.wait, watcher)))
    end)
  end)

  it("says where there were too many to keep", function()
    with_watcher(function(watcher, dir)
      for i = 1, 5000 do
        folder.make(("%s/%d"):format(dir, i), "")
        if i % 500 == 0 then conc.sleep(0.001) end
      end
      conc.sleep(0.01)
      local n = 0
      repeat
        local change = assert(watcher:wait())
        n = n + (change.name and 1 or 0)
      until change.lost
      assert.equal(4096, n)
      folder.make(dir .. "/after", "")
      assert.equal("after renamed", told(watcher):sub(1, 13))
    end, true)
  end)

  it("watches a single file, and tells of its end", function()
    folder.with(function(dir)
      folder.make(dir .. "/f", "")
      conc.run(function()
        local watcher <close> = assert(fs.watch(dir .. "/f"))
        folder.make(dir .. "/f", "more")
        assert.equal("f changed", told(watcher))
        assert(os.remove(dir .. "/f"))
        repeat until assert(watcher:wait()).renamed
      end)
    end)
  end)

  it("iterates until it is closed, and tells who waits", function()
    with_watcher(function(watcher, dir)
      local waiter = conc.spawn(function()
        local n = 0
        for change in watcher:iter() do
          assert.equal("f", change.name)
          n = n + 1
        end
        return n
      end)
      conc.yield()
      local err = sim.raises(watcher.wait, watcher)
      assert.equal("EBUSY", err.code)
      assert(fs.mkdir(dir .. "/f"))
      conc.sleep(0.01)
      assert.equal("watcher (" .. dir .. ")", tostring(watcher))
      assert.is_true(watcher:close())
      assert.is_true(watcher:close())
      assert.equal(1, waiter:await())
      assert.equal("watcher (closed)", tostring(watcher))
      assert.same({ nil, dir .. ": closed", "EBADF" }, { watcher:wait() })
    end)
  end)

  it("that is closed under who waits says so", function()
    with_watcher(function(watcher, dir)
      local waiter = conc.spawn(watcher.wait, watcher)
      conc.yield()
      watcher:close()
      assert.same({ nil, dir .. ": closed", "ECANCELED" }, { waiter:await() })
    end)
  end)

  it("says what can't be watched", function()
    assert.same({ nil, "/no/such: no such file or directory", "ENOENT" },
      { fs.watch "/no/such" })
    sim.shows(sim.raises(fs.watch, 1), "path expected")
  end)

  it("works outside tasks, and several times for one folder", function()
    folder.with(function(dir)
      local a <close> = assert(fs.watch(dir))
      local b <close> = assert(fs.watch(dir))
      assert(fs.mkdir(dir .. "/new"))
      assert.equal("new renamed", told(a))
      assert.equal("new renamed", told(b))
    end)
  end)
end)
