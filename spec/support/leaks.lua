-- What a test may leave behind: nothing. A count is taken before and after
-- each test, of what luaconc holds (test builds count it) and of what the
-- operating system says of this process.

local lfs = require "lfs"

local M = {}

-- Grown arrays may keep bytes; a block more is a leak. The codes of functions
-- live as long as these (spec/code_spec.lua counts them). The rest of these is
-- counted here, by name.
local others = { bytes = true, codes = true, descriptors = true,
  threads = true, children = true }

local function files_in(folder)
  local list = {}
  local ok, iterator, state = pcall(lfs.dir, folder)
  if not ok then return list end
  for name in iterator, state do
    if name ~= "." and name ~= ".." then list[#list + 1] = name end
  end
  return list
end

-- Open descriptors as number -> target, without the one that lists them.
local function descriptors()
  local list, n = {}, 0
  for _, name in ipairs(files_in "/proc/self/fd") do
    local target = lfs.symlinkattributes("/proc/self/fd/" .. name, "target")
    if target and not target:find "^/proc/%d+/fd$" then
      list[name], n = target, n + 1
    end
  end
  return list, n
end

local function threads_and_children()
  local threads, children = 0, 0
  for _, tid in ipairs(files_in "/proc/self/task") do
    threads = threads + 1
    local file = io.open("/proc/self/task/" .. tid .. "/children")
    if file then
      for _ in (file:read "a"):gmatch "%d+" do children = children + 1 end
      file:close()
    end
  end
  return threads, children
end

--- What there is now. `testing` is luaconc.testing, or nil.
function M.snapshot(testing)
  local now = { counts = {} }
  if testing and testing.available then
    for name, n in pairs(testing.counts()) do
      if not others[name] then now.counts["luaconc's " .. name] = n end
    end
  end
  local threads, children = threads_and_children()
  now.list, now.counts["open descriptors"] = descriptors()
  now.counts["OS threads"], now.counts["child processes"] = threads, children
  return now
end

-- The descriptors that `after` has and `before` lacked.
local function new_descriptors(before, after)
  local list = {}
  for fd, target in pairs(after.list) do
    if before.list[fd] ~= target then list[#list + 1] = fd .. " " .. target end
  end
  table.sort(list)
  return table.concat(list, ", ")
end

--- What is there after that wasn't before, as a text; nil where nothing is.
function M.difference(before, after)
  local lines = {}
  for name, n in pairs(after.counts) do
    local had = before.counts[name] or 0
    if n > had then
      local line = ("%s: %d before, %d after"):format(name, had, n)
      if name == "open descriptors" then
        line = line .. " (" .. new_descriptors(before, after) .. ")"
      end
      lines[#lines + 1] = line
    end
  end
  if #lines == 0 then return nil end
  table.sort(lines)
  return "left behind:\n  " .. table.concat(lines, "\n  ")
end

--- The same as `difference` from `before` to now, but gives what is on its
-- way out the time to go: `settle()` collects garbage and turns the loop.
function M.check(testing, before, settle)
  local left
  for _ = 1, 5 do
    left = M.difference(before, M.snapshot(testing))
    if not left then return nil end
    settle()
  end
  return left
end

return M
