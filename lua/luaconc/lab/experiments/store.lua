-- A number in a file that several workers read, raise and write back, with
-- and without a lock; and in SQLite, where its binding for Lua is installed.

local told = require("luaconc.lab.told")
local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "a number in a file that several workers raise"

local WORKERS = 4

local function read(path)
  local file = assert(io.open(path, "r"))
  local n = tonumber(file:read "a") or 0
  file:close()
  return n
end

local function write(path, n)
  local file = assert(io.open(path, "w"))
  file:write(n)
  file:close()
end

local function raise(path, times, lock)
  local function once() write(path, read(path) + 1) end
  for _ = 1, times do
    if lock then lock:with(once) else once() end
  end
end

-- A pragma may answer with rows, which are of no use.
local function pragma(db, text)
  local cursor = assert(db:execute("PRAGMA " .. text))
  if type(cursor) == "userdata" then cursor:close() end
end

-- Each worker has a connection of its own, as a handle can't cross states.
local function raise_sql(path, times)
  local env = require("luasql.sqlite3").sqlite3()
  local db = assert(env:connect(path))
  pragma(db, "busy_timeout = 20000")
  for _ = 1, times do assert(db:execute "UPDATE t SET n = n + 1") end
  db:close()
  env:close()
end

local function start_sql(path)
  local ok, sql = pcall(require, "luasql.sqlite3")
  if not ok then return nil end
  local env = sql.sqlite3()
  local db = assert(env:connect(path))
  pragma(db, "journal_mode = WAL")
  pragma(db, "synchronous = OFF")
  assert(db:execute "CREATE TABLE t (n INTEGER)")
  assert(db:execute "INSERT INTO t VALUES (0)")
  return function()
    local cursor = assert(db:execute "SELECT n FROM t")
    local n = tonumber((cursor:fetch()))
    cursor:close()
    db:close()
    env:close()
    return n
  end
end

-- ---- where the file is ----

local NAME, OWNER = "luaconc-store-", "^luaconc%-store%-(%d+)%-%w+$"

-- A folder tells by its name whose it is: what was killed has left its own.
-- (That of another user stays, as it can't be removed.)
local function sweep(conc, place)
  for _, entry in ipairs(conc.fs.scandir(place) or {}) do
    local owner = entry.name:match(OWNER)
    if owner and not conc.fs.exists("/proc/" .. owner) then
      conc.fs.remove(place .. "/" .. entry.name, { tree = true })
    end
  end
end

-- In memory where that can be: what a disk does would hide what a worker does.
M.PLACES = { "/dev/shm", "/tmp" }

local function new_folder(conc)
  local own = assert(conc.fs.readlink "/proc/self")
  local folder, message
  for _, place in ipairs(M.PLACES) do
    sweep(conc, place)
    folder, message = conc.fs.mkdtemp(("%s/%s%s-"):format(place, NAME, own))
    if folder then return folder end
  end
  error(message, 0)
end

-- ---- the work ----

local function crew(conc, engine, f, ...)
  local pool <close> = assert(conc.pool { engine = engine,
    workers = WORKERS })
  local jobs = {}
  for i = 1, WORKERS do jobs[i] = pool:submit(f, ...) end
  for _, job in ipairs(jobs) do job:await() end
end

local function in_file(conc, args, path)
  local lock = args.locked and (args.engine == "task" and conc.lock()
    or conc.shared.lock()) or nil
  write(path, 0)
  crew(conc, args.engine, raise, path, args.times, lock)
  return read(path)
end

local function in_sql(conc, args, path)
  local finish = start_sql(path)
  if not finish then return nil end
  crew(conc, args.engine, raise_sql, path, args.times)
  return finish()
end

--- Updates lost, and seconds.
function M.probes.store(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local dir = new_folder(conc)
    local before = core.clock()
    local ok, n = pcall(args.sql and in_sql or in_file, conc, args,
      dir .. "/number")
    local time = core.clock() - before
    conc.fs.remove(dir, { tree = true })
    if not ok then return { missing = told(n) } end
    if not n then return { missing = "no binding of SQLite for Lua" } end
    return { lost = WORKERS * args.times - n, time = time }
  end)
end

local WAYS = { { "open", "no lock" }, { "locked", "under a lock" },
  { "sql", "SQLite" } }

function M.run(lab)
  local out = { rows = { { "engine", "no lock", "under a lock", "SQLite" } } }
  for _, engine in ipairs { "task", "thread", "process" } do
    local row = { engine }
    out[engine] = {}
    for i, way in ipairs(WAYS) do
      local r = lab:probe("luaconc.lab.experiments.store", "store",
        { engine = engine,
          times = lab:pick(way[1] == "sql" and 200 or 2000, 10000),
          locked = way[1] == "locked", sql = way[1] == "sql" })
      out[engine][way[1]] = r
      row[i + 1] = r.missing and "?" or ("%s lost, %s"):format(
        units.count(r.lost), units.time(r.time))
    end
    out.rows[#out.rows + 1] = row
  end
  return out
end

return M
