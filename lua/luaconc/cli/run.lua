-- `luaconc run`: a script as the root task.

local values = require "luaconc.cli.values"

local M = {
  name = "run",
  about = "run a script as the root task, with --debug to watch it",
  usage = "[--debug] SCRIPT [arguments of the script]",
  text = [[
Runs SCRIPT as the root task of conc.run: it may wait anywhere, and the
program ends when all its jobs have ended. A failure is shown with two
tracebacks: where it happened and where its job was started.

--debug reports on standard error, as it happens:
  a task that holds the loop for more than LUACONC_BLOCK_MS (default 100), with
    its traceback
  locks taken in two orders, or by tasks that wait for each other in a circle
  a group or scope left open; a socket or file collected as garbage while open;
    a failure that is hidden by an earlier one
  a read, a wait and a write of the same element of a shared array, or number
    in a shared map, by one job
  on SIGUSR1, all live jobs, including those of threads and processes
]],
  options = {
    { "--debug", false, "report likely mistakes" },
  },
  fails = "the script failed",
  complete = "file",
  rest = true,
}

local BLOCK_MS = 100

-- What a script is told by an error that has left it, as `lua` would.
local function words(err)
  local text = tostring(err)
  if type(err) == "table" and type(err.traceback) == "string" then
    text = text .. "\n" .. err.traceback
  elseif type(err) ~= "string" and not (getmetatable(err) or {}).__tostring then
    text = ("(error object is a %s value)"):format(type(err))
  end
  return text
end

local function watch(conc)
  conc.debug.start {
    block = (tonumber(os.getenv "LUACONC_BLOCK_MS") or BLOCK_MS) / 1000,
  }
  if not os.getenv "LUACONC_DUMP" then conc.debug.dump_on "SIGUSR1" end
  -- What waits or computes in a coroutine of the script is seen there, too.
  coroutine = conc.coroutine -- luacheck: ignore 121
  package.loaded.coroutine = conc.coroutine
end

--- Runs the script as the root task; the exit status.
---@param chunk function
---@param path string
---@param args string[]
---@return integer
function M.call(chunk, path, args)
  local conc = require "luaconc"
  arg = table.move(args, 1, #args, 1, { [0] = path }) -- luacheck: ignore 121
  local ok, err = pcall(conc.run, chunk, table.unpack(args))
  if ok then return 0 end
  io.stderr:write("luaconc: ", words(err), "\n")
  return 1
end

--- The script and its arguments, or nil and what is wrong.
function M.split(given)
  if #given.words == 0 then return nil, "no script is given" end
  local path, problem = values.file(given.words[1])
  if not path then return nil, problem end
  return path, table.move(given.words, 2, #given.words, 1, {})
end

function M.run(given)
  local path, args = M.split(given)
  if not path then return nil, args end
  local chunk, message = loadfile(path)
  if not chunk then
    io.stderr:write("luaconc: ", message, "\n")
    return 1
  end
  if given.debug then watch(require "luaconc") end
  return M.call(chunk, path, args)
end

return M
