-- The laboratory of `luaconc claims`: runs experiments, each in processes of
-- its own, and keeps what they gave, as several claims may ask for the same.
--
-- An experiment is a file in lab/experiments/ that returns a table:
--
--     about        what is done, a line
--     run(lab)     does it, and returns its figures, plain data
--     probes       functions that it runs in fresh processes, by name:
--                  probes.NAME(args) -> plain data
--
-- A claim (see luaconc.claims) asks `lab:get "NAME"` and picks its figures.

local conc = require "luaconc"
local core = require "luaconc.core"
local machine = require "luaconc.compare.machine"
local plain = require "luaconc.compare.plain"
local program = require "luaconc.compare.program"
local stats = require "luaconc.compare.stats"

local M = {}

---@class luaconc.Lab
---@field full boolean the documents' own sizes and times
---@field unit number seconds that stand for one
---@field cores integer
local Lab = {}
Lab.__index = Lab

-- Seconds after which a process of an experiment is ended.
M.LIMIT, M.FULL_LIMIT = 120, 600

--- A laboratory.
---@param options { full: boolean?, limit: number?,
--- progress: fun(text: string)? }?
---@return luaconc.Lab
function M.new(options)
  options = options or {}
  return setmetatable({
    full = options.full or false,
    unit = options.full and 1 or 0.05,
    limit = options.limit or options.full and M.FULL_LIMIT or M.LIMIT,
    cores = core.machine().cores,
    progress = options.progress or function() end,
    done = {},
  }, Lab)
end

--- The first value in a quick book, the second in a full one.
function Lab:pick(quick, full)
  if self.full then return full end
  return quick
end

-- What went wrong, as a failure to be shown; a cancellation goes on.
local function failure_of(err)
  if conc.is_cancelled(err) then error(err, 0) end
  if type(err) == "table" and not getmetatable(err) and err.message then
    return err
  end
  return { message = tostring(err), traceback = conc.traceback(err) }
end

--- The figures of an experiment; run at the first time, by whoever asks for
--- it. Raises its failure, each time.
---@param name string
---@return table
function Lab:get(name)
  local done = self.done[name]
  if not done then
    self.progress(name)
    local experiment = require("luaconc.lab.experiments." .. name)
    local start = core.clock()
    local ok, value = pcall(experiment.run, self)
    done = { ok = ok, value = ok and value or failure_of(value),
      seconds = core.clock() - start }
    self.done[name] = done
  end
  if done.ok then return done.value end
  error(done.value, 0)
end

-- The report of a probe, or raises what went wrong.
local function report_of(ended, failure, module, name)
  if not ended then
    failure.message = ("%s of %s %s"):format(name, module:match "[^.]*$",
      failure.message)
    error(failure, 0)
  end
  local report, unreadable
  if ended.report ~= "" then report, unreadable = plain.decode(ended.report) end
  failure = not report and program.broken(ended, unreadable) or nil
  failure = failure or report.failure
  if failure then
    local short, text = failure.message:match "^(.-)\n(stack traceback:.*)$"
    failure.traceback = text or failure.traceback
    failure.message = ("%s of %s: %s"):format(name, module:match "[^.]*$",
      (short or failure.message):gsub("^%S-:%d+: ", ""))
    failure.printed = ended.printed
    error(failure, 0)
  end
  return report.value, ended.printed
end

local function run_probe(module, name, args, limit, wrap)
  local input = assert(plain.encode({ module = module, name = name,
    args = args }, "request"))
  local argv = program.lua "require('luaconc.lab.child').main()"
  local ended, failure = program.run(wrap and wrap(argv) or argv, input,
    limit)
  return report_of(ended, failure, module, name)
end

--- Calls a probe in a fresh process; returns what it returned, and the end of
--- what it printed. Raises its failure.
---@param module string an experiment or claim, by its module
---@param name string
---@param args any plain data
---@param limit number? seconds
---@return any value, string? printed
function Lab:probe(module, name, args, limit)
  return run_probe(module, name, args, limit or self.limit)
end

local NOBODY = { "setpriv", "--reuid=65534", "--regid=65534",
  "--clear-groups" }

--- The same, as a user who may have no more than so many processes and
--- threads: as nobody where we are root, whom no limit holds.
---@param module string
---@param name string
---@param args any
---@param most integer
---@return any value
function Lab:limited(module, name, args, most)
  local root = machine.first_line("id", "-u") == "0"
  return run_probe(module, name, args, self.limit, function(argv)
    local words = table.move(root and NOBODY or {}, 1, root and #NOBODY or 0,
      1, {})
    words[#words + 1] = "prlimit"
    words[#words + 1] = ("--nproc=%d"):format(most)
    return table.move(argv, 1, #argv, #words + 1, words)
  end)
end

--- Calls probes in turn, round by round, so that a disturbance hits all of
--- them; returns for each key the list of what it returned.
---@param rounds integer
---@param module string
---@param calls table[] { key, name, args }
---@return table<string, any[]>
function Lab:rounds(rounds, module, calls)
  local out = {}
  for _, call in ipairs(calls) do out[call[1]] = {} end
  for round = 1, rounds do
    for i = 1, #calls do
      local call = calls[(i + round - 2) % #calls + 1]
      table.insert(out[call[1]], (self:probe(module, call[2], call[3])))
    end
  end
  return out
end

--- One field of a list of results, as median with interval.
---@param list table[]
---@param field string
---@return luaconc.compare.Interval
function M.median(list, field)
  local values = {}
  for i, item in ipairs(list) do values[i] = item[field] end
  return stats.interval(values)
end

--- How many times a field of `a` is that of `b`.
---@param a table[]
---@param b table[]
---@param field string
---@return luaconc.compare.Interval
function M.ratio(a, b, field)
  local x, y = {}, {}
  for i, item in ipairs(a) do x[i] = item[field] end
  for i, item in ipairs(b) do y[i] = math.max(item[field], 1e-9) end
  return stats.ratio(x, y)
end

--- Runs one of our scenarios as `luaconc compare` does; returns its sizes.
--- Raises where any engine failed.
---@param name string a file in lab/scenarios/
---@param options luaconc.compare.Options
---@return luaconc.compare.Size[]
function Lab:compare(name, options)
  local compare = require "luaconc.compare"
  options.progress = function(text) self.progress(text) end
  options.limit = self.limit
  local result = compare.scenario(assert(package.searchpath(
    "luaconc.lab.scenarios." .. name, package.path)), options)
  local failure = result.failure
  for _, size in ipairs(result.sizes) do
    failure = failure or size.failure
    for _, row in ipairs(size.rows) do failure = failure or row.failure end
  end
  if failure then
    failure.message = name .. ": " .. failure.message
    error(failure, 0)
  end
  return result.sizes
end

local function parse_lines(text)
  local out = {}
  for name, value in text:gmatch "([%w_]+)=([^\n]*)" do
    out[name] = tonumber(value) or value
  end
  return out
end

--- Runs a script of ours under CPython. It prints lines `name=value`. Nil and
--- why not, where there is no python3 or the script fails.
---@param name string a file in lab/python/
---@param args table<string, any>?
---@return table<string, any>? values, string? why
function Lab:python(name, args)
  local key = "python " .. name
  if self.done[key] then return table.unpack(self.done[key], 1, 2) end
  self.progress(key)
  local words = { "python3", "-I", "-c",
    (require("luaconc.lab.python." .. name)) }
  for k, v in pairs(args or {}) do
    words[#words + 1] = ("%s=%s"):format(k, v)
  end
  local ended, failure = program.run(words, "", self.limit)
  local values, why
  if not ended then
    why = failure.message:find "no such file" and "python3 is not installed"
      or failure.message
  elseif ended.ending.code ~= 0 then
    why = "the script failed: " .. (ended.printed or "without a word")
  else
    values = parse_lines(ended.out)
  end
  self.done[key] = { values, why }
  return values, why
end

return M
