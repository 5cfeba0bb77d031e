-- Runs Lua files that nobody vouches for, each in a process of its own with
-- little memory, little time and few functions, and says what became of each.
--
--   lua5.4 examples/checker.lua [SECONDS] FILE...
--
-- A file may compute and print; it may not open files, start programs or load
-- modules. Whatever it does otherwise, only its own process suffers.

local conc = require "luaconc"

local MEMORY, PRINTED = 16 << 20, 2000

local files = { table.unpack(arg or {}) }
local SECONDS = tonumber(files[1]) and tonumber(table.remove(files, 1)) or 0.5
if #files == 0 then
  io.stderr:write("usage: lua5.4 checker.lua [SECONDS] FILE...\n")
  os.exit(2)
end

-- In a worker: runs the text in an environment with what does no harm. The
-- first value it returns, and what it printed.
local function check(name, text, most)
  local printed, size = {}, 0
  local env = {
    assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs,
    pcall = pcall, select = select, tonumber = tonumber, tostring = tostring,
    type = type, math = math, table = table, utf8 = utf8, string = string,
    os = { clock = os.clock, date = os.date, time = os.time },
    print = function(...)
      local line = table.concat({ ... }, "\t") .. "\n"
      size = size + #line
      if size > most then error("it prints too much", 0) end
      printed[#printed + 1] = line
    end,
  }
  string.dump = nil -- luacheck: ignore 122
  local chunk, problem = load(text, "=" .. name, "t", env)
  if not chunk then error(problem, 0) end
  return tostring(chunk()), table.concat(printed)
end

-- What became of it, in a line.
local function verdict(ok, value)
  if ok then return "ok: " .. value end
  local code = type(value) == "table" and value.code
  if code == "ETIMEDOUT" then return "took longer than " .. SECONDS .. " s" end
  if code == "EWORKER" then
    return "crashed: " .. (value.signal or "exit code " .. value.exit)
  end
  if tostring(value):find "not enough memory" then
    return "needs too much memory"
  end
  return "failed: " .. tostring(value)
end

local function report(pool, name)
  local text, message = conc.fs.read_file(name)
  if not text then return verdict(false, message) end
  local job = pool:submit(check, name, text, PRINTED)
  local ok, value, printed = pcall(job.await, job)
  return verdict(ok, value), printed
end

conc.run(function()
  -- A process for each: what one leaves in its state is not the next one's.
  local pool <close> = conc.pool { engine = "process", max_jobs = 1,
    memory = MEMORY, rlimit = { files = 16, cpu = 2 }, job_timeout = SECONDS }
  local lines = {}
  for i, name in ipairs(files) do
    lines[i] = conc.spawn(report, pool, name)
  end
  for i, name in ipairs(files) do
    local line, printed = lines[i]:await()
    io.write(name, ": ", line, "\n")
    for text in (printed or ""):gmatch "[^\n]*\n" do io.write("  | ", text) end
  end
end)
