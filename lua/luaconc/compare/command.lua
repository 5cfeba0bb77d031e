-- The command `luaconc compare`.

local options = require "luaconc.compare.options"
local output = require "luaconc.compare.output"

local M = {}

M.help = options.help

local write = output.write

local function complain(message)
  io.stderr:write("luaconc compare: ", message, "\n")
end

local function run_file(file, given, style, progress)
  local compare = require "luaconc.compare"
  local report = require "luaconc.compare.report"
  local titled = false
  local result = compare.scenario(file, {
    engines = given.engines,
    sizes = given.sizes,
    runs = given.runs,
    budget = given.budget,
    limit = given.limit,
    workers = given.workers,
    progress = function(text) progress:set(text) end,
    done = function(size, result)
      progress:erase()
      if not titled then write(report.title(style, result)) end
      titled = true
      write(report.size(style, size, result))
    end,
  })
  progress:erase()
  if result.failure then write(report.failure(style, result)) end
  return result
end

-- A file for results: tried at once, written at the end. Closing it before
-- that (Ctrl-C) leaves what was there before.
local function open_file(path, form)
  local before = io.open(path, "r")
  if before then before:close() end
  local try, message = io.open(path, "a")
  if not try then return nil, "cannot write " .. message end
  try:close()
  return setmetatable({ path = path, form = form, new = before == nil }, {
    __close = function(self)
      if self.new and not self.written then os.remove(self.path) end
    end,
  })
end

local function write_file(out, results)
  local file, message = io.open(out.path, "wb")
  local ok = file
  if file then
    ok, message = file:write(require(out.form).text(results))
    if ok then ok, message = file:close() end
  end
  out.written = true
  if not ok then
    complain(("cannot write '%s': %s"):format(out.path, message))
  end
  return ok
end

local function run_files(given, json, csv)
  local _ <close> = json
  local _ <close> = csv
  local compare = require "luaconc.compare"
  local core = require "luaconc.core"
  local style = require("luaconc.compare.text").new(core.terminal(1))
  local progress <close> = require("luaconc.compare.progress").start()
  local results, failed = {}, false
  for i, file in ipairs(given.files) do
    if i > 1 then write("\n\n") end
    results[i] = run_file(file, given, style, progress)
    if compare.failed(results[i]) then
      failed = true
      if not core.terminal(1) then
        complain(file .. " failed: see the output")
      end
    end
  end
  if json and not write_file(json, results) then failed = true end
  if csv and not write_file(csv, results) then failed = true end
  return failed and 1 or 0
end

local function misused(message)
  complain(message .. "\nTry 'luaconc help compare'.")
  return 2
end

local function main(args)
  local given, message = options.parse(args)
  if not given then return misused(message) end
  if given.help then
    write(M.help)
    return 0
  end
  local json, csv
  if given.json then
    json, message = open_file(given.json, "luaconc.compare.record")
    if not json then return misused(message) end
  end
  if given.csv then
    csv, message = open_file(given.csv, "luaconc.compare.csv")
    if not csv then
      local _ <close> = json
      return misused(message)
    end
  end
  return require("luaconc").run(run_files, given, json, csv)
end

--- Runs the command; returns its exit status: 0, 1 where a scenario failed
--- or the output can't be written, 2 for wrong use.
---@param args string[]
---@return integer
function M.main(args)
  return output.guard("luaconc compare", main, args)
end

return M
