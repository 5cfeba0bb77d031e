-- The small process that worker processes are forked from: started at once,
-- with modules loaded that its workers then find.

local core = require "luaconc.core"
local option = require "luaconc.option"

local M = {}

local function is_name(value)
  return type(value) == "string" and value ~= "", "a path"
end

local function is_list(value)
  if type(value) ~= "table" then return false, "a list of modules" end
  for _, name in ipairs(value) do
    if type(name) ~= "string" then return false, "a list of modules" end
  end
  return true
end

local checks = { preload = is_list, lua = is_name }

-- Modules are found there as they are here, at this time.
local function text_of(names)
  if #names == 0 then return "" end
  local lines = { ("package.path, package.cpath = %q, %q\n")
    :format(package.path, package.cpath) }
  for _, name in ipairs(names) do
    lines[#lines + 1] = ("require(%q)\n"):format(name)
  end
  return table.concat(lines)
end

---Starts the forkserver, unless it runs, and has it load modules: they are
---there in each worker that is forked from it from now on. Options: `preload`,
---the names of the modules; `lua`, the program that it is to be, where this
---one is no `lua` (before the first process only). Doesn't let other tasks
---run meanwhile.
---@param opts? { preload: string[]?, lua: string? }
---@return integer? pid
---@return string? message
---@return string? code
function M.forkserver(opts)
  opts = option.check("forkserver", 1, opts, checks)
  if opts.lua then core.interpreter(opts.lua) end
  return core.preload(text_of(opts.preload or {}))
end

return M
