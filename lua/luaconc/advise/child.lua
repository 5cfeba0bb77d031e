-- The process of a watched script: `arg` is the script and its arguments. It
-- reports on descriptor 3, also where the script calls os.exit or fails.

local core = require "luaconc.core"
local plain = require "luaconc.compare.plain"

local M = {}

local function report(start, failure)
  local watch = require "luaconc.advise.watch"
  local found = watch.report()
  found.wall = core.clock() - start
  found.failure = failure
  local out = io.open("/dev/fd/3", "w")
  if not out then return end
  out:write((assert(plain.encode(found, "report"))))
  out:close()
end

-- Runs the script as `lua` would; returns its failure.
local function run(path)
  local chunk, message = loadfile(path)
  if not chunk then return message end
  local ok, err = xpcall(chunk, function(e)
    return debug.traceback(tostring(e), 2)
  end, table.unpack(arg, 1, #arg))
  return not ok and err or nil
end

local function take_arguments(words)
  local list = { [0] = words[1] }
  for i = 2, #words do list[i - 1] = words[i] end
  arg = list -- luacheck: ignore 121
end

--- Runs a script and watches it.
---@param words string[] the script and its arguments
function M.main(words)
  take_arguments(words)
  local start = core.clock()
  require("luaconc.advise.watch").start()
  local exit, done = os.exit, false
  os.exit = function(...) -- luacheck: ignore 122
    if not done then report(start) end
    done = true
    return exit(...)
  end
  local failure = run(words[1])
  if not done then report(start, failure) end
  done = true
  if failure then
    io.stderr:write(failure, "\n")
    os.exit(1)
  end
end

--- Runs a script with the jobs of one place as is said, and watches nothing.
---@param words string[]
---@param force luaconc.advise.Force
function M.forced(words, force)
  take_arguments(words)
  require("luaconc.advise.force").start(force)
  local failure = run(words[1])
  if failure then
    io.stderr:write(failure, "\n")
    os.exit(1)
  end
end

return M
