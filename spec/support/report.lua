-- What the runner counts and prints: a line per file, then each failure in
-- full, and at the very end `N passed, N failed`.

local system = require "system"

local M = {}
M.__index = M

-- A test that takes longer is named at the end.
local SLOW = 5

--- A report that subscribes to the events of `busted` and writes to `out`.
-- With `verbose` it names each test before it runs, so that a test that
-- hangs is known.
function M.new(busted, out, verbose)
  local self = setmetatable({
    busted = busted, out = out, verbose = verbose,
    passed = 0, failed = 0, skipped = 0,
    problems = 0,          -- failures and errors so far, tests or not
    failures = {},         -- texts, in order
    skips = {},
    slow = {},
  }, M)
  self:listen()
  return self
end

-- The names of the blocks around an element and its own.
local function full_name(busted, element)
  local names = {}
  while element and element.descriptor ~= "file" do
    table.insert(names, 1, element.name)
    element = busted.context.parent(element)
  end
  return table.concat(names, " ")
end

local function place(element)
  local trace = element.trace
  if not trace then return element.name or element.descriptor or "?" end
  return trace.short_src .. ":" .. trace.currentline
end

local function indent(text)
  return "  " .. tostring(text):gsub("\n", "\n  ")
end

function M:problem(what, element, message, trace)
  self.problems = self.problems + 1
  local text = ("%s %s: %s\n%s"):format(what, place(element),
    full_name(self.busted, element), indent(message))
  if what == "ERROR" and trace and trace.traceback then
    text = text .. "\n" .. indent(trace.traceback)
  end
  self.failures[#self.failures + 1] = text
end

function M:listen()
  local function on(channel, f)
    self.busted.subscribe(channel, function(...)
      f(...)
      return nil, true
    end)
  end
  on({ "failure" }, function(element, _, message, trace)
    self:problem("FAILED", element, message, trace)
  end)
  on({ "error" }, function(element, _, message, trace)
    self:problem("ERROR", element, message, trace)
    -- A test counts itself; anything else (a file that can't be loaded, a
    -- failing set-up) counts as one.
    if not self.testing then self.failed = self.failed + 1 end
  end)
  -- Why comes first, where there is a reason.
  on({ "pending" }, function(_, _, message)
    self.why = message and ": " .. tostring(message):gsub("^%S+:%d+: ", "")
  end)
  on({ "test", "end" }, function(element, _, status)
    if status ~= "pending" then return end
    self.skipped = self.skipped + 1
    self.skips[#self.skips + 1] = full_name(self.busted, element)
      .. (self.why or "")
    self.why = nil
  end)
  on({ "file", "start" }, function(file) self:file_started(file) end)
  on({ "file", "end" }, function() self:file_ended() end)
end

--- Runs `test()` for one `it` and counts how it ended.
function M:count(element, test)
  local problems, skipped = self.problems, self.skipped
  if self.verbose then
    self.out:write("\n  ", full_name(self.busted, element))
    self.out:flush()
  end
  local start = system.monotime()
  self.testing = true
  test()
  self.testing = false
  local took = system.monotime() - start
  if self.verbose then self.out:write((" %.2f s"):format(took)) end
  if took > SLOW then
    self.slow[#self.slow + 1] = ("%.0f s: %s: %s"):format(took, place(element),
      full_name(self.busted, element))
  end
  if self.problems > problems then
    self.failed = self.failed + 1
  elseif self.skipped == skipped then
    self.passed = self.passed + 1
  end
end

function M:file_started(file)
  self.before = { passed = self.passed, failed = self.failed,
    start = system.monotime() }
  self.out:write(("%-40s "):format(file.name))
  self.out:flush()
end

function M:file_ended()
  local passed = self.passed - self.before.passed
  local failed = self.failed - self.before.failed
  if self.verbose then self.out:write("\n  ") end
  self.out:write(("%6.1f s %4d passed"):format(
    system.monotime() - self.before.start, passed))
  if failed > 0 then self.out:write((", %d failed"):format(failed)) end
  self.out:write("\n")
  self.out:flush()
end

--- Prints the failures and the counts; true where nothing failed.
function M:finish()
  local out = self.out
  for _, line in ipairs(self.slow) do out:write("\nslow: ", line) end
  for _, name in ipairs(self.skips) do out:write("\nskipped: ", name) end
  for _, text in ipairs(self.failures) do
    out:write("\n", text, "\n")
  end
  local ran = self.passed + self.failed
  if ran == 0 then out:write("\nno test was run\n") end
  out:write(("\n%d passed, %d failed"):format(self.passed, self.failed))
  if self.skipped > 0 then
    out:write((", %d skipped"):format(self.skipped))
  end
  out:write("\n")
  out:flush()
  return self.failed == 0 and self.problems == 0 and ran > 0
end

return M
