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

--- What is alive, in words.
function M.live(counts)
  return ("%d jobs, %d operations, %d handles, %d descriptors, %d threads")
    :format(counts.jobs, counts.ops, counts.handles, counts.descriptors,
      counts.threads)
end

--- Calls `run()` with the first, the second, ... n-th failing, until it has
-- fewer calls: each time it goes well, or raises that failure, and leaves
-- `state(before)` as it was. `try` stands for M.try.
function M.each(fault, run, state, try)
  local before, n, hit = state(), 0
  repeat
    n = M.next(n)
    local ok, err
    ok, err, hit = (try or M.try)(fault, n, run)
    testing.check()
    assert(ok or hit, err)
    if not ok and not M.reads_as(err, fault) then
      error(("the %d-th failed, and it raised: %s"):format(n, tostring(err)))
    end
    local after = state(before)
    if after ~= before then
      error(("%s before, but after the %d-th %s"):format(before, n, after))
    end
    assert(n < 10000, "it has no end")
  until not hit
end

return M
