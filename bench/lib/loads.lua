---The load tests: each file of bench/load, run in a process of its own.
local runner = require "lib.runner"

local M = {}

local FOLDER = "bench/load/"
local TIMEOUT = 600

---All of them, by name.
---@return {name: string}[]
function M.list()
  local list = {}
  local pipe = assert(io.popen("ls " .. FOLDER))
  for file in pipe:lines() do
    local name = file:match "^(.+)%.lua$"
    if name then list[#list + 1] = { name = name } end
  end
  pipe:close()
  return list
end

---Runs those that are wanted, one after another; each prints its own line.
---@param wanted fun(name: string): boolean
---@param size "full"|"small"
---@return boolean whether all kept their promises
function M.run(wanted, size)
  local failed = {}
  for _, test in ipairs(M.list()) do
    if wanted(test.name) then
      local command = ("timeout -k 5 %d lua5.4 %s %s </dev/null"):format(TIMEOUT,
        runner.quote(FOLDER .. test.name .. ".lua"), size)
      if not os.execute(command) then failed[#failed + 1] = test.name end
    end
  end
  if #failed > 0 then print("broken: " .. table.concat(failed, " ")) end
  return #failed == 0
end

return M
