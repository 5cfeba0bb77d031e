-- Names of hosts, and the names of addresses. See src/stream/dns.c.

local check = require "luaconc.check"
local core = require "luaconc.core"
local option = require "luaconc.option"

local M = {}

---The numeric addresses of a host, in the system's order, each once. Waits.
---@param host string
---@return string[]? addresses
---@return string? message
---@return string? code # "EAI_NONAME", "EAI_AGAIN", ...
function M.lookup(host)
  check.host("lookup", 1, host)
  local list, message, code = core.dns.lookup(host)
  if list then return list end
  return nil, host .. ": " .. message, code
end

---The name of a numeric address. Waits.
---@param address string
---@return string? name
---@return string? message
---@return string? code # "EAI_NONAME", "EAI_AGAIN", ...
function M.reverse(address)
  local numeric = option.numeric(address)
  if not numeric then
    check.expected("reverse", 1, "a numeric address", address)
  end
  local name, message, code = core.dns.reverse(address)
  if name then return name end
  return nil, address .. ": " .. message, code
end

return M
