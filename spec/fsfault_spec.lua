-- Files under the failure of the n-th allocation in C, of the n-th one in
-- Lua, and of the n-th call of libuv or the system (in the threads of its
-- pool too), for every n.

local conc = require "luaconc"
local sweep = require "spec.support.sweep"
local testing = require "luaconc.testing"
local folder = require "spec.support.folder"

local fs = conc.fs
local big = ("0123456789abcdef"):rep(2^14)

-- Raises with plain strings, as memory may be short.
local function check(ok, message, code)
  if ok then return ok, message end
  error(code and code .. ": " .. message or message or "a wrong result", 0)
end

-- What is done in an empty folder.
local operations = {
  ["read_file and write_file"] = function(dir)
    check(fs.write_file(dir .. "/f", "text", { sync = true }))
    check(fs.write_file(dir .. "/f", big))
    check(#check(fs.read_file(dir .. "/f")) == #big)
    check(fs.write_file(dir .. "/f", "short", { atomic = false, mode = 384 }))
    check(check(fs.read_file(dir .. "/f")) == "short")
  end,
  ["names"] = function(dir)
    check(fs.mkdir(dir .. "/a/b", { parents = true }))
    check(fs.symlink("a", dir .. "/l"))
    check(check(fs.readlink(dir .. "/l")) == "a")
    check(check(fs.realpath(dir .. "/l")) == dir .. "/a")
    check(fs.rename(dir .. "/a/b", dir .. "/a/c"))
    check(check(fs.stat(dir .. "/l")).type == "directory")
    check(check(fs.lstat(dir .. "/l")).type == "link")
    local found, message, code = fs.exists(dir .. "/a/b")
    check(found == false, message, code)
    check(fs.chmod(dir .. "/a", 448))
    check(fs.utime(dir .. "/a", 1, 2))
    check(fs.remove(dir .. "/l"))
  end,
  ["copy, link and truncate"] = function(dir)
    folder.make(dir .. "/f", big)
    check(fs.copy(dir .. "/f", dir .. "/g"))
    check(fs.link(dir .. "/g", dir .. "/h"))
    check(fs.truncate(dir .. "/h", 10))
    check(#check(fs.read_file(dir .. "/g")) == 10)
    check(fs.copy("/proc/self/stat", dir .. "/i"))
  end,
  ["scandir, walk and remove of a tree"] = function(dir)
    check(fs.mkdir(dir .. "/t/a", { parents = true }))
    for i = 1, 5 do folder.make(dir .. "/t/a/" .. i, "x") end
    check(#check(fs.scandir(dir .. "/t/a")) == 5)
    local n = 0
    for _ in fs.walk(dir) do n = n + 1 end
    check(n == 7)
    check(fs.remove(dir .. "/t", { tree = true }))
  end,
  ["a file that is read"] = function(dir)
    folder.make(dir .. "/f", "one\n2\n" .. big .. "\nlast")
    local f <close> = check(fs.open(dir .. "/f"))
    local a, b, c = f:read("l", "n", 1)
    check(a == "one" and b == 2 and c == "\n", b, c)
    local n = 0
    for line in f:lines() do n = n + #line end
    check(n == #big + 4)
    check(f:seek("set", 1))
    check(#check(f:read "a") == #big + 10)
    check(check(f:pread(2, 1)) == "ne")
    check(check(f:stat()).size == #big + 11)
    check(f:close())
  end,
  ["a file that is written"] = function(dir)
    local f <close> = check(fs.open(dir .. "/f", "w+"))
    check(f:write("text", 1, big, "end"))
    check(f:flush())
    check(f:seek("set", 2))
    check(f:write "XX")
    check(f:pwrite("YY", 0))
    check(check(f:seek "end") == #big + 8)
    check(f:truncate(6))
    check(f:seek("set", 0))
    check(check(f:read "a") == "YYXX10")
    check(f:sync())
    check(f:close())
  end,
  ["a file that is appended to"] = function(dir)
    local f <close> = check(fs.open(dir .. "/f", "a+"))
    check(f:write "one")
    check(check(f:seek("cur")) == 3)
    check(f:write "two")
    check(f:close())
    check(check(fs.read_file(dir .. "/f")) == "onetwo")
  end,
  ["files that are made"] = function(dir)
    local f <close>, path = check(fs.mkstemp(dir .. "/s"))
    check(fs.remove(path))
    check(f:close())
    check(fs.remove(check(fs.mkdtemp(dir .. "/d"))))
  end,
  ["a watcher"] = function(dir)
    local w <close> = check(fs.watch(dir))
    conc.spawn(function() check(fs.mkdir(dir .. "/new")) end)
    -- (Where there was no memory for the note, it says so.)
    local change = check(w:wait())
    check(change.lost or change.name == "new")
    local reader = conc.spawn(function() return select(3, w:wait()) end)
    conc.yield()
    check(w:close())
    local code = reader:await()
    check(code == "ECANCELED" or code == nil, "closed", code)
  end,
  ["several at once"] = function(dir)
    conc.gather(function() check(fs.write_file(dir .. "/a", "x")) end,
      function() check(fs.write_file(dir .. "/b", "x")) end,
      function() check(fs.scandir(dir)) end)
  end,
}

-- What is left behind by what goes on in the background has a moment to end.
local function live()
  local c
  for _ = 1, 50 do
    c = testing.counts()
    if c.jobs + c.ops + c.handles == 0 then break end
    collectgarbage()
    conc.sleep(0.0005)
  end
  return sweep.live(c)
end

-- In memory, which is fast; but for what is read from there without a thread.
local function is_fast(operation)
  return operation ~= operations["a file that is read"]
end

local function try(operation, fault, n)
  return folder.with(function(dir)
    local ok, err, hit = sweep.try(fault, n, conc.run, operation, dir)
    collectgarbage()
    collectgarbage()
    local state = live()
    if not ok then
      -- No file of ours stays behind a failure.
      for _, entry in ipairs(fs.scandir(dir)) do
        if entry.name:find "^%.luaconc" then
          error(entry.name .. " is left behind: " .. tostring(err))
        end
      end
    end
    return ok, err, hit, state
  end, is_fast(operation))
end

local function at_rest(operation)
  folder.with(function(dir) conc.run(operation, dir) end, is_fast(operation))
  collectgarbage()
  collectgarbage()
  return live(), testing.counts().blocks
end

local function fail_each(operation, fault)
  local before, blocks = at_rest(operation)
  local state = before
  sweep.each(fault, operation, function() return state end, function(_, n)
    local ok, err, hit
    ok, err, hit, state = try(operation, fault, n)
    return ok, err, hit
  end)
  local after, now = at_rest(operation)
  assert.equal(before, after)
  assert.equal(blocks, now, "blocks of C memory")
end

for what, fault in pairs(sweep.faults) do
  describe("the failure of any " .. what .. " in", function()
    for name, operation in pairs(operations) do
      it(name .. " is told or survived, and leaves nothing behind", function()
        fail_each(operation, fault)
      end)
    end
  end)
end
