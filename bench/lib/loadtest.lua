---What the load tests in bench/load share: sizes, the line of figures, and the
---books that must balance. A test keeps all its promises, or ends with
---status 1 and says which one it broke.
local conc = require "luaconc"
local testing = require "luaconc.testing"

local M = {}

local function contents(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function entries(folder) return #assert(conc.fs.scandir(folder)) end

local function own_pid() return contents "/proc/self/stat":match "^%d+" end

-- The processes whose parent we are; one that ends meanwhile does not count.
local function children()
  local me, count = own_pid(), 0
  for _, entry in ipairs(assert(conc.fs.scandir "/proc")) do
    local stat = entry.name:find "^%d+$"
      and conc.fs.read_file("/proc/" .. entry.name .. "/stat")
    if stat and stat:match "^.*%) %S (%d+)" == me then count = count + 1 end
  end
  return count
end

-- Memory that is shared with other processes.
local function shared_mappings()
  local _, memfd = contents "/proc/self/maps":gsub("/memfd:", "")
  return memfd
end

-- Grown arrays of C may keep bytes, so blocks count and bytes don't.
local own = { "blocks", "jobs", "ops", "handles" }

---What is there now. Collects garbage first, so that what is only forgotten
---does not count.
---@return table<string, integer>
local function books()
  collectgarbage()
  collectgarbage()
  conc.sleep(0.001)
  local now = {
    descriptors = entries "/proc/self/fd", threads = entries "/proc/self/task",
    children = children(), ["shared mappings"] = shared_mappings(),
  }
  if testing.available then
    local counts = testing.counts()
    for _, name in ipairs(own) do now["luaconc's " .. name] = counts[name] end
  end
  return now
end

---What there is more of than before, as texts.
local function left_behind(before)
  local broken
  for i = 1, 20 do
    broken = {}
    for name, count in pairs(books()) do
      if count > before[name] then
        broken[#broken + 1] = ("%s: %d before, %d after"):format(name,
          before[name], count)
      end
    end
    -- What is on its way out, as a thread that has been joined, gets the time.
    if #broken == 0 then break end
    conc.sleep(0.01 * i)
  end
  table.sort(broken)
  return broken
end

local function peak_mb()
  return tonumber(contents "/proc/self/status":match "VmHWM:%s*(%d+)") / 1024
end

local function show(value)
  return math.type(value) == "float" and ("%.2f"):format(value) or tostring(value)
end

local function name_of_script() return arg[0]:match "([^/]+)%.lua$" or arg[0] end

local function misuse(test, why)
  local names = {}
  for key in pairs(test.full) do names[#names + 1] = key .. "=N" end
  table.sort(names)
  io.stderr:write(("%s: %s\nusage: lua5.4 %s [full|small] [%s]\n"):format(
    name_of_script(), why, arg[0], table.concat(names, " ")))
  os.exit(2)
end

-- `small connections=500`: a size, and what is to be different.
local function size_of(test)
  local size = {}
  for key, value in pairs(arg[1] == "small" and test.small or test.full) do
    size[key] = value
  end
  for i, word in ipairs(arg) do
    local key, value = word:match "^(%w+)=(%d+)$"
    if key and test.full[key] then
      size[key] = math.tointeger(tonumber(value))
    elseif i > 1 or word ~= "small" and word ~= "full" then
      misuse(test, "what is " .. word .. "?")
    end
  end
  return size
end

local function check_descriptors(test, size)
  local need = test.descriptors and test.descriptors(size) or 0
  local have = contents "/proc/self/limits":match "Max open files%s+(%d+)"
  if tonumber(have or math.huge) < need then
    io.stderr:write(("%s: needs %d descriptors, and may have %s (ulimit -n)\n")
      :format(name_of_script(), need, have))
    os.exit(3)
  end
end

local function report(figures, broken)
  local words = { name_of_script() .. ":" }
  for _, figure in ipairs(figures) do
    words[#words + 1] = figure[1] .. "=" .. show(figure[2])
  end
  print(table.concat(words, " "))
  for _, text in ipairs(broken) do
    io.stderr:write(name_of_script(), ": BROKEN: ", text, "\n")
  end
end

---@class loadtest
---@field full table<string, integer> the size whose figures count
---@field small table<string, integer> the size that a spec runs
---@field descriptors? fun(size: table): integer what this process needs of them
---@field run fun(size: table, promise: fun(kept: any, text: string, ...: any)): table[]
---  does it all, tells each promise, returns figures as pairs `{name, value}`

-- What luaconc keeps once it was used (threads that read files, a forkserver, a
-- spare descriptor) is there before the books are opened.
local function warm_up(test)
  books()
  test.run(test.small, function() end)
end

---Runs one: prints its line, and ends with 0 where every promise was kept.
---Promised besides, for all of them: as many descriptors, threads, children
---and shared mappings as before, and with a test build blocks of memory.
---@param test loadtest
function M.main(test)
  local size = size_of(test)
  check_descriptors(test, size)
  warm_up(test)
  local before, broken = books(), {}
  local began = conc.now()
  local figures = test.run(size, function(kept, text, ...)
    if not kept then broken[#broken + 1] = text:format(...) end
  end)
  figures[#figures + 1] = { "seconds", conc.now() - began }
  figures[#figures + 1] = { "peak_mb", peak_mb() }
  table.move(left_behind(before), 1, 100, #broken + 1, broken)
  report(figures, broken)
  os.exit(#broken == 0, true)
end

return M
