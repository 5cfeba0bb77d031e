-- Files and cancellation: at each place where a task waits, and at the end of
-- a state.

local conc = require "luaconc"
local testing = require "luaconc.testing"
local folder = require "spec.support.folder"
local script = require "spec.support.script"
local sim = require "spec.support.sim"

local fs = conc.fs
local big = ("x"):rep(300000)

-- What a task does that is cancelled, in a folder with a file `old` of `big`
-- and a tree `t`.
local operations = {
  read_file = function(dir) return fs.read_file(dir .. "/old") end,
  write_file = function(dir) return fs.write_file(dir .. "/old", "new", { sync = true }) end,
  open = function(dir) return (assert(fs.open(dir .. "/old", "r+"))) end,
  stat = function(dir) return fs.stat(dir .. "/old") end,
  scandir = function(dir) return fs.scandir(dir .. "/t") end,
  walk = function(dir) for _ in fs.walk(dir) do end end,
  mkdir = function(dir) return fs.mkdir(dir .. "/n/e/w", { parents = true }) end,
  remove = function(dir) return fs.remove(dir .. "/t", { tree = true }) end,
  copy = function(dir) return fs.copy(dir .. "/old", dir .. "/copy") end,
  mkstemp = function(dir) return (assert(fs.mkstemp(dir .. "/made"))) end,
  mkdtemp = function(dir) return fs.mkdtemp(dir .. "/made") end,
  watch = function(dir)
    local w <close> = assert(fs.watch(dir .. "/t"))
    return w:wait()
  end,
  ["file:read"] = function(dir)
    local f <close> = assert(fs.open(dir .. "/old"))
    f:read(10)
    return f:read "a"
  end,
  ["file:write"] = function(dir)
    local f <close> = assert(fs.open(dir .. "/old", "r+"))
    for _ = 1, 3 do assert(f:write(("y"):rep(70000))) end
    f:flush()
    f:sync()
    f:truncate(250000)
    return f:seek "end"
  end,
  ["file:pread and pwrite"] = function(dir)
    local f <close> = assert(fs.open(dir .. "/old", "r+"))
    f:pread(200000, 5)
    f:pwrite("yyyy", 10)
    return f:stat()
  end,
}

local function prepare(dir)
  folder.make(dir .. "/old", big)
  for _, name in ipairs { "/t", "/t/a", "/t/b" } do assert(fs.mkdir(dir .. name)) end
  for i = 1, 20 do folder.make(dir .. "/t/a/" .. i, "") end
end

-- Lets what goes on in the background end.
local function settle()
  for _ = 1, 2000 do
    collectgarbage()
    if testing.counts().ops == 0 then return end
    conc.sleep(0.0001)
  end
  error("requests that don't end")
end

-- Nothing is cut off, and nothing of ours lies about.
local function check_folder(name, dir)
  local text = folder.contents(dir .. "/old")
  if name == "write_file" then
    assert.is_true(text == big or text == "new")
  else
    assert.is_true(#text == #big or #text == 250000)
    assert.match("^[xy]+$", text)
  end
  for _, entry in ipairs(assert(fs.scandir(dir))) do
    assert.is_nil(entry.name:find "^%.luaconc", entry.name)
    if name:find "^mk" then assert.is_nil(entry.name:find "^made", entry.name) end
  end
end

-- Cancels it after `n` looks at the loop. Whether it was still at it.
local function cancel_after(n, name, operation)
  return folder.with(function(dir)
    prepare(dir)
    local before = testing.counts().descriptors
    local was = conc.run(function()
      local job = conc.spawn { operation, dir, keep = true }
      conc.yield()
      for _ = 1, n do conc.sleep(0.00002) end
      local was = job:cancel()
      local ok, err = pcall(job.await, job)
      assert(ok or was and conc.is_cancelled(err), err)
      return was
    end)
    settle()
    if was or not name:find "^mk" then check_folder(name, dir) end
    collectgarbage()
    settle()
    assert.equal(before, testing.counts().descriptors)
    return was
  end)
end

describe("cancelling a task that waits in", function()
  for name, operation in pairs(operations) do
    it("fs " .. name .. " ends it, and what was asked for is freed", function()
      for n = 0, 30 do
        if not cancel_after(n, name, operation) and n > 5 then break end
      end
    end)

    it("fs " .. name .. " before it gets there raises in that wait", function()
      folder.with(function(dir)
        prepare(dir)
        conc.run(function()
          local job = conc.spawn(function()
            conc.current():cancel()
            operation(dir)
          end)
          assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
        end)
        settle()
        assert.is_true(folder.contents(dir .. "/old") == big)
      end)
    end)
  end

  it("a file leaves its place, and what was accepted, as they were", function()
    folder.with(function(dir)
      conc.run(function()
        local f <close> = assert(fs.open(dir .. "/f", "w+"))
        assert(f:write("abc"))
        local writer = conc.spawn(function() f:write(big) end)
        conc.yield()
        writer:cancel()
        conc.settle { writer }
        assert(f:write("end"))
        assert(f:seek("set", 1))
        local reader = conc.spawn(function() f:read "a" end)
        conc.yield()
        reader:cancel()
        conc.settle { reader }
        assert.equal(1, f:seek())
        assert.equal("bc" .. big .. "end", f:read "a")
      end)
    end)
  end)

  it("nothing at all lets it close its files in the background", function()
    folder.with(function(dir)
      conc.run(function()
        local job = conc.spawn { function()
          local f <close> = assert(fs.open(dir .. "/f", "w"))
          assert(f:write "kept")
          conc.sleep(100)
        end, keep = true }
        while job:status() ~= "waiting" or not fs.exists(dir .. "/f") do conc.yield() end
        conc.sleep(0.005)
        job:cancel()
        assert.is_true(conc.is_cancelled(sim.raises(job.await, job)))
        settle()
        assert.equal("kept", folder.contents(dir .. "/f"))
      end)
    end)
  end)
end)

describe("the end of a state", function()
  it("with requests under way waits for them, and writes what was accepted", function()
    folder.with(function(dir)
      prepare(dir)
      local result = script.run(([[
        local conc = require "luaconc"
        local fs, dir = conc.fs, %q
        kept = assert(fs.open(dir .. "/kept", "w"))
        kept:write "held back"
        local begun = 0
        for i = 1, 20 do
          conc.spawn(function()
            local f <close> = assert(fs.open(dir .. "/" .. i, "w"))
            f:write("one")
            begun = begun + 1
            conc.shield(function()
              conc.sleep(0.01)
              f:write("two")
            end)
          end)
          conc.spawn(function()
            local w <close> = assert(fs.watch(dir))
            w:wait()
          end)
        end
        while begun < 20 do conc.sleep(0.001) end
        for i = 1, 20 do
          conc.spawn(fs.read_file, dir .. "/old")
          conc.spawn(fs.open, dir .. "/old")
        end
        conc.yield()
      ]]):format(dir))
      assert.equal(0, result.code, result.err)
      sim.shows(result.err, "still running at the end of the script")
      assert.equal("held back", folder.contents(dir .. "/kept"))
      for i = 1, 20 do assert.equal("onetwo", folder.contents(dir .. "/" .. i)) end
    end)
  end)

  it("that comes at any moment is clean", function()
    for n = 0, 12 do
      folder.with(function(dir)
        prepare(dir)
        local result = script.run(([[
          local conc = require "luaconc"
          local fs, dir = conc.fs, %q
          for i = 1, 5 do
            conc.spawn { function()
              local f <close> = assert(fs.open(dir .. "/" .. i, "w"))
              for _ = 1, 10 do f:write(("z"):rep(40000)) end
              fs.copy(dir .. "/" .. i, dir .. "/copy" .. i)
              for path in fs.walk(dir) do fs.stat(path) end
            end, daemon = true }
          end
          conc.sleep(%d / 5000)
          os.exit(0, %s)
        ]]):format(dir, n, tostring(n % 2 == 0)))
        assert.equal(0, result.code, result.err)
      end)
    end
  end)
end)
