-- Runs jobs that need one another, as a build does: each when those that it
-- needs are done, several at a time, and again when it fails and may.
--
--   lua5.4 examples/jobs.lua FILE [JOB...]
--
-- FILE is a Lua file that returns the jobs by name:
--
--   return {
--     fetch = { run = "curl -sO https://example.org/data", tries = 3 },
--     build = { run = "make -s", needs = { "fetch" } },
--   }
--
-- Without JOB all of them are run. It ends with status 1 where one has failed;
-- those that need it are not run.

local conc = require "luaconc"

local AT_ONCE, PAUSE = 4, 0.01   -- jobs; seconds before the second try

local function fail(text)
  io.stderr:write("jobs.lua: ", text, "\n")
  os.exit(2)
end

if not (arg and arg[1]) then fail "usage: lua5.4 jobs.lua FILE [JOB...]" end
local jobs, problem = loadfile(arg[1])
if not jobs then fail(problem) end
jobs = jobs()

-- Circles, and names that nobody has, are told before anything is run.
local function check(name, path, seen)
  if seen[name] then return end
  local needed_by = path[#path] and ", which " .. path[#path] .. " needs" or ""
  if not jobs[name] then fail("there is no job " .. name .. needed_by) end
  for _, above in ipairs(path) do
    if above == name then
      fail("a circle: " .. table.concat(path, " needs ") .. " needs " .. name)
    end
  end
  path[#path + 1] = name
  for _, need in ipairs(jobs[name].needs or {}) do check(need, path, seen) end
  path[#path] = nil
  seen[name] = true
end

local function say(name, text) io.write(("%-8s %s\n"):format(name, text)) end

-- One job, as often as it may be tried: whether it went well.
local function attempt(name, job, turns)
  local tries = job.tries or 1
  for try = 1, tries do
    local result = turns:with(function()
      return assert(conc.exec { "sh", "-c", job.run, stderr = "stdout" })
    end)
    for line in result.stdout:gmatch "[^\n]+" do say(name, "| " .. line) end
    if result.code == 0 then
      say(name, "done" .. (try > 1 and " at try " .. try or ""))
      return true
    end
    say(name, ("failed with %s, try %d of %d"):format(
      result.signal or "status " .. result.code, try, tries))
    if try < tries then conc.sleep(PAUSE * 2 ^ (try - 1)) end
  end
  return false
end

local function run(names)
  local turns, started = conc.semaphore(AT_ONCE), {}

  -- The task of a job, started at most once.
  local function start(name)
    if started[name] then return started[name] end
    local needs = {}
    for i, need in ipairs(jobs[name].needs or {}) do needs[i] = start(need) end
    started[name] = conc.spawn { function()
      for i, need in ipairs(needs) do
        if not need:await() then
          say(name, "not run: it needs " .. jobs[name].needs[i])
          return false
        end
      end
      return attempt(name, jobs[name], turns)
    end, name = name }
    return started[name]
  end

  local all = true
  for _, name in ipairs(names) do start(name) end
  for _, name in ipairs(names) do all = start(name):await() and all end
  return all
end

local names, seen = { table.unpack(arg, 2) }, {}
if #names == 0 then
  for name in pairs(jobs) do names[#names + 1] = name end
  table.sort(names)
end
for _, name in ipairs(names) do check(name, {}, seen) end
if not conc.run(run, names) then os.exit(1) end
