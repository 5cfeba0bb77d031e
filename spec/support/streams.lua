-- Kinds of streams, each with a maker of connected pairs, for the suites that
-- every stream has to pass. A new kind of stream joins by an entry here.

local conc = require "luaconc"
local core = require "luaconc.core"
local engines = require "spec.support.engines"
local testing = require "luaconc.testing"

local M = {}

local function tcp_pair()
  local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
  local port = assert(listener:sock()).port
  local a = assert(conc.tcp.connect("127.0.0.1", port))
  return a, assert(listener:accept())
end

local function pipe_pair()
  local tube <close> = assert(core.exec.tube())
  local reader = assert(tube:reader())
  return assert(tube:writer()), reader
end

-- Each pair has a name of its own.
local names = 0

local function unix_pair()
  names = names + 1
  local path = ("\0luaconc spec %p %d"):format(M, names)
  local listener <close> = assert(conc.unix.listen(path))
  local a = assert(conc.unix.connect(path))
  return a, assert(listener:accept())
end

local function terminal_pair()
  return assert(core.testing.terminal())
end

local function memory_pair()
  return assert(conc.pair())
end

--- `{name=, pair=}`: `pair()` returns two streams, each the other's peer. With
-- `seed`, ready tasks run in random order, and none inside a callback. With
-- `oneway`, bytes go from the first to the second only; with `nameless` the
-- ends have no address. `resets`: the peer hears that an end was reset.
-- `endless`: one end can't be closed for the other to read the rest: the line
-- of a terminal is cut, and what is on its way is lost.
M.kinds = {
  { name = "tcp stream", pair = tcp_pair, resets = true },
  { name = "tcp stream", pair = tcp_pair, resets = true, seed = 4 },
  { name = "pipe stream", pair = pipe_pair, oneway = true, nameless = true },
  { name = "unix stream", pair = unix_pair },
  { name = "unix stream", pair = unix_pair, seed = 5 },
  { name = "pipe stream", title = "terminal", pair = terminal_pair,
    nameless = true, endless = true },
  { name = "memory stream", pair = memory_pair, nameless = true,
    resets = true },
  { name = "memory stream", pair = memory_pair, nameless = true,
    resets = true, seed = 6 },
}

M.run = engines.run

--- Calls `f(a, b)` so, with a new pair, which is closed afterwards.
function M.with(kind, f)
  testing.seed(kind.seed)
  return M.run(function()
    local a, b = kind.pair()
    local first <close> = a
    local second <close> = b
    local _ <close> = kind.endless and setmetatable({}, { __close = function()
      first:reset()
      second:reset()
    end }) or nil
    return f(first, second)
  end)
end

--- What cases are about that kinds without one pass over.
M.AN_END = "the end of the input"

--- Calls `suite(title, with, kind)` for each kind. `with(promise, f, what)` is
-- the spec's `it` with a connected pair, which is closed at the end.
function M.each(it, suite)
  for _, kind in ipairs(M.kinds) do
    local title = (kind.title or kind.name)
      .. (kind.seed and ", in random order" or "")
    suite(title, function(promise, f, what)
      if what == M.AN_END and kind.endless then return end
      it(promise, function() M.with(kind, f) end)
    end, kind)
  end
end

--- `n` bytes of every value, the same ones each time.
function M.bytes(n, seed)
  local state, list = seed or 1, {}
  for i = 1, n // 4 + 1 do
    state = (state * 1103515245 + 12345) & 0x7fffffff
    list[i] = string.pack("<I4", state * 2654435761 & 0xffffffff)
  end
  return table.concat(list):sub(1, n)
end

--- Writes until the stream takes no more at once; returns the bytes that it
-- has accepted. The writing task is left waiting, and returned as well; its
-- results are those of the write that fails.
function M.fill(stream, chunk)
  local accepted = 0
  local writer = conc.spawn { function()
    local ok, message, code
    repeat
      accepted = accepted + #chunk
      ok, message, code = stream:write(chunk)
    until not ok
    return ok, message, code
  end, keep = true }
  local before
  repeat
    before = accepted
    for _ = 1, 5 do conc.yield() end
    conc.sleep(0.005)
  until accepted == before
  return accepted, writer
end

--- Reads exactly `n` bytes, or fails.
function M.read_all(stream, n)
  local data = assert(stream:read(n))
  assert(#data == n, #data .. " bytes instead of " .. n)
  return data
end

--- Passes a few turns of the loop, in which what was sent arrives.
function M.settle()
  for _ = 1, 3 do conc.sleep(0.002) end
end

--- A task that calls `f(...)`, which has begun to wait when this returns.
function M.waiting(f, ...)
  local options = { f, ... }
  options.keep = true
  local job = conc.spawn(options)
  M.settle()
  assert(job:status() == "waiting", "it does not wait: " .. job:status())
  return job
end

return M
