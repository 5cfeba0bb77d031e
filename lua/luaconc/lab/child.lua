-- A process of an experiment: calls one function of a module, by name, and
-- reports what it returned. Request and report are plain data, as for the
-- measured processes of `luaconc compare`.

local plain = require "luaconc.compare.plain"
local work = require "luaconc.compare.work"

local M = {}

local function call(request)
  local f = require(request.module).probes[request.name]
  local ok, value = xpcall(f, function(err)
    return (work.failure(err))
  end, request.args)
  if not ok then return { failure = value } end
  return { value = value }
end

--- Answers the request on standard input.
function M.main()
  local request = assert(plain.decode(io.read "a"))
  local out = assert(io.open("/dev/fd/3", "w"))
  local text, message = plain.encode(call(request), "report")
  out:write(text or plain.encode({ failure = { message = message } }, ""))
  out:close()
end

return M
