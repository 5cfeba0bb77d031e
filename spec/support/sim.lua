-- Running a spec's tasks under the virtual clock, and looking at how they fail.
-- (Times in these specs are virtual seconds: a sleep of 100 costs nothing.)

local conc = require "luaconc"
local testing = require "luaconc.testing"

assert(testing.available, "these specs need the test build of luaconc.core")

local M = {}

-- How exact a virtual time is: the loop may count in milliseconds.
M.tolerance = 0.002

--- Runs `f(...)` as the root task under the virtual clock; returns its results.
M.run = testing.virtual

--- Calls `f(...)`, which must raise; returns what it raised.
function M.raises(f, ...)
  local results = table.pack(pcall(f, ...))
  if results[1] then
    error("expected an error, but it returned "
      .. tostring(results[2]) .. " (" .. results.n - 1 .. " results)", 2)
  end
  return results[2]
end

--- Runs `f(...)` as the root task, which must raise; returns what left `run`.
function M.fails(f, ...)
  return M.raises(testing.virtual, f, ...)
end

--- The virtual seconds from the start of `f` to the end of all its jobs.
function M.took(f)
  return testing.virtual(function()
    local start = conc.now()
    conc.run(f)
    return conc.now() - start
  end)
end

--- A to-be-closed value that calls `f(err)` when its variable is left.
function M.on_close(f)
  return setmetatable({}, { __close = function(_, err) f(err) end })
end

--- A list, and a function that appends its argument to it.
function M.log()
  local list = {}
  return list, function(entry) list[#list + 1] = entry end
end

--- A job that sleeps for `seconds`, then returns `...`.
function M.after(seconds, ...)
  local results = table.pack(...)
  return function()
    conc.sleep(seconds)
    return table.unpack(results, 1, results.n)
  end
end

--- A job that sleeps for `seconds`, then raises `err`, unchanged.
function M.failing(seconds, err)
  return function()
    conc.sleep(seconds)
    error(err, 0)
  end
end

--- `file:line` of the caller, `offset` lines further down.
function M.line(offset)
  local info = debug.getinfo(2, "Sl")
  return info.short_src .. ":" .. info.currentline + (offset or 0)
end

--- Whether `text` contains `part`, as it stands.
function M.has(text, part)
  return tostring(text):find(part, 1, true) ~= nil
end

--- Raises, showing both, unless `text` contains each of the parts.
function M.shows(text, ...)
  for _, part in ipairs { ... } do
    if not M.has(text, part) then
      error(("expected %q in:\n%s"):format(part, tostring(text)), 2)
    end
  end
end

return M
