-- Files: many small ones and one large, in the system's memory already, so
-- that what is measured is the way there and back and not a disk. Wall time.
-- `files.lua CASE [N]`: N small files read or written, or N reads of the large
-- one's 64 MiB. Cases end in _luaconc (tasks, by conc.fs), or in _plain (Lua's
-- own io, which holds up the whole program).
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local FILES, SIZE, TASKS = 1000, 2048, 16
local LARGE, BLOCK = 64 << 20, 65536

local function shell(command)
  local pipe = assert(io.popen(command))
  local line = pipe:read "l"
  pipe:close()
  return line
end

local function now()
  local file <close> = assert(io.open "/proc/uptime")
  return file:read "n"
end

-- Microseconds of wall time; finer than /proc/uptime.
local function clock()
  local ok, luaconc = pcall(require, "luaconc")
  return ok and luaconc.now or now
end

local dir

local function path_of(i) return dir .. "/" .. i % FILES end

local function make(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

-- Runs it in a folder with what it needs.
local function in_folder(large, f)
  dir = shell "mktemp -d"
  local _ <close> = setmetatable({}, { __close = function()
    os.execute("rm -r " .. dir)
  end })
  if large then
    local line = ("0123456789abcde"):rep(5) .. "\n"
    make(dir .. "/large", line:rep(LARGE // #line + 1):sub(1, LARGE))
  else
    for i = 0, FILES - 1 do make(path_of(i), ("x"):rep(SIZE)) end
  end
  measure.collect()
  return f()
end

-- Prints the microseconds of one of n.
local function time(n, f)
  local wall = clock()
  local start, cpu = wall(), measure.cpu()
  f()
  measure.print("us", (wall() - start) / n * 1e6)
  measure.print("cpu_us", (measure.cpu() - cpu) / n * 1e6)
end

-- `f(path)` for n small files by some tasks.
local function by_tasks(n, f)
  local conc = require "luaconc"
  in_folder(false, function()
    conc.run(function()
      time(n, function()
        local group <close> = conc.group()
        local i = 0
        for _ = 1, TASKS do
          group:spawn(function()
            while i < n do
              i = i + 1
              f(conc.fs, path_of(i))
            end
          end)
        end
      end)
    end)
  end)
end

local function plainly(n, f)
  in_folder(false, function()
    time(n, function()
      for i = 1, n do f(path_of(i)) end
    end)
  end)
end

local cases = {}

function cases.read_luaconc(n)
  by_tasks(n, function(fs, path)
    assert(#fs.read_file(path) == SIZE)
  end)
end

function cases.open_luaconc(n)
  by_tasks(n, function(fs, path)
    local file <close> = assert(fs.open(path))
    assert(#file:read "a" == SIZE)
  end)
end

function cases.read_plain(n)
  plainly(n, function(path)
    local file <close> = assert(io.open(path, "rb"))
    assert(#file:read "a" == SIZE)
  end)
end

local text = ("y"):rep(SIZE)

function cases.write_luaconc(n)
  by_tasks(n, function(fs, path)
    assert(fs.write_file(path, text, { atomic = false }))
  end)
end

function cases.atomic_luaconc(n)
  by_tasks(n, function(fs, path)
    assert(fs.write_file(path, text))
  end)
end

function cases.write_plain(n)
  plainly(n, function(path)
    make(path, text)
  end)
end

function cases.atomic_plain(n)
  plainly(n, function(path)
    make(path .. ".new", text)
    assert(os.rename(path .. ".new", path))
  end)
end

function cases.stat_luaconc(n)
  by_tasks(n, function(fs, path)
    assert(fs.stat(path).size == SIZE)
  end)
end

-- The large file n times: MB a second.
local function large(n, read)
  in_folder(true, function()
    local wall = clock()
    local start = wall()
    for _ = 1, n do assert(read(dir .. "/large") == LARGE) end
    measure.print("mb_s", LARGE * n / (wall() - start) / 1e6)
  end)
end

local function blocks(open)
  return function(path)
    local file <close> = assert(open(path, "r"))
    local size = 0
    for block in file:lines(BLOCK) do size = size + #block end
    return size
  end
end

local function lines(open)
  return function(path)
    local file <close> = assert(open(path, "r"))
    local size = 0
    for line in file:lines "L" do size = size + #line end
    return size
  end
end

local function whole(open)
  return function(path)
    local file <close> = assert(open(path, "r"))
    return #file:read "a"
  end
end

for name, how in pairs { blocks = blocks, lines = lines, whole = whole } do
  cases[name .. "_luaconc"] = function(n)
    local conc = require "luaconc"
    conc.run(large, n, how(conc.fs.open))
  end
  cases[name .. "_plain"] = function(n) large(n, how(io.open)) end
end

measure.main(cases, "read_luaconc", 10000)
