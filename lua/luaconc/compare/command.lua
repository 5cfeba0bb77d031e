-- The command `luaconc compare`.

local options = require "luaconc.compare.options"

local M = {}

M.help = options.help

local function write(s)
  io.stdout:write(s)
  io.stdout:flush()
end

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

local function run_files(given, style)
  local compare = require "luaconc.compare"
  local progress <close> = require("luaconc.compare.progress").start()
  local results, failed = {}, false
  for i, file in ipairs(given.files) do
    if i > 1 then write("\n\n") end
    results[i] = run_file(file, given, style, progress)
    failed = compare.failed(results[i]) or failed
  end
  return results, failed
end

local function write_json(file, path, results)
  local record = require "luaconc.compare.record"
  local ok, message = file:write(record.text(results,
    require("luaconc.core").version))
  if ok then ok, message = file:close() end
  if not ok then complain(("cannot write '%s': %s"):format(path, message)) end
  return ok
end

--- Runs the command; returns its exit status: 0, 1 where a scenario failed,
--- 2 for wrong use.
---@param args string[]
---@return integer
function M.main(args)
  local given, message = options.parse(args)
  if not given then
    complain(message .. "\nTry 'luaconc help compare'.")
    return 2
  elseif given.help then
    write(M.help)
    return 0
  end
  local json
  if given.json then
    json, message = io.open(given.json, "w")
    if not json then
      complain("cannot write " .. message)
      return 2
    end
  end
  local conc = require "luaconc"
  local core = require "luaconc.core"
  local style = require("luaconc.compare.text").new(core.terminal(1))
  local results, failed = conc.run(run_files, given, style)
  if json and not write_json(json, given.json, results) then return 1 end
  return failed and 1 or 0
end

return M
