-- Sweeps fail the first, the second, ... n-th call of a kind, until a run has
-- fewer of them. Where each run takes long, as under the sanitizers,
-- LUACONC_STEP has them go by so many at a time, by chance but the same each
-- time, so that neighbours are met in turn.

local testing = require "luaconc.testing"

local M = {}

M.step = tonumber(os.getenv "LUACONC_STEP") or 1

--- The n that follows.
function M.next(n)
  if n == 0 or M.step == 1 then return n + 1 end
  return n + 1 + (n * 7919) % (2 * M.step - 1)
end

--- What may fail: how to make the n-th do so, and how that reads.
M.faults = {
  ["allocation in C"] = { arm = testing.fail_alloc, reads = { "memory", "ENOMEM" } },
  -- The last one is what `table.unpack` says where its stack can't grow.
  ["allocation in Lua"] = { arm = testing.fail_lua,
    reads = { "memory", "ENOMEM", "too many results to unpack" } },
  ["call of libuv"] = {
    arm = function(n) testing.fail_uv(n, n and "ENOBUFS") end,
    reads = { "ENOBUFS", "buffer space" },
  },
}

--- Is this the error of such a failure?
function M.reads_as(err, fault)
  local text = tostring(err) .. tostring(type(err) == "table" and err.code)
  for _, word in ipairs(fault.reads) do
    if text:find(word, 1, true) then return true end
  end
  return false
end

--- Calls `f(...)` with the n-th failing: whether it went well, its error, and
-- whether the failure was met. No collection meanwhile: it might shrink this
-- stack, which then would grow, and fail, outside of `f`.
function M.try(fault, n, f, ...)
  collectgarbage "stop"
  fault.arm(n)
  local ok, err = pcall(f, ...)
  local hit = testing.failed()
  fault.arm(nil)
  collectgarbage "restart"
  return ok, err, hit
end

return M
