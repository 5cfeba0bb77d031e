-- What the workers of a pool do: calls functions, one call or a chunk of a
-- list at a time. A task of a task pool does it where it is; a thread or a
-- process runs `serve`, which gets its calls as letters and sends back what
-- came of them.

local core = require "luaconc.core"

local M = {}

local function finish(group, ok, ...)
  if ok then
    group:close()
    return ...
  end
  group:close((...))
  core.raise((...))
end

-- What f starts ends with it. (f is called by C, as a job's function is: so
-- `error` names a line of the user's, or none.)
local function enclosed(f, ...)
  local group = core.group()
  return finish(group, core.traced(f, ...))
end

--- Calls `f(...)`: true and its results, or false and its error.
function M.call(f, ...)
  return core.traced(enclosed, f, ...)
end

--- Calls `f` with each of `n` items: true and the list of first results, or
-- false, the error, and the index of the item that it is about. `spread`:
-- each item is a list of arguments.
function M.chunk(f, items, n, spread)
  local results, at = {}, 0
  local ok, err = core.traced(function()
    for i = 1, n do
      at = i
      if spread then results[i] = enclosed(f, table.unpack(items[i]))
      else results[i] = enclosed(f, items[i]) end
    end
  end)
  if ok then return true, results end
  return false, err, at
end

local function traced(span, name, ...)
  core.trace_close(span, name)
  return ...
end

local function answer(f, ...)
  local name = f == M and "chunk" or "call"
  local span = core.trace_open(name)
  if f == M then return traced(span, name, M.chunk(...)) end
  return traced(span, name, M.call(f, ...))
end

--- One letter, without what comes before the function.
M.answer = answer

-- ---- in another state ----

--- The traceback of an error, without the error; nil where there is none.
function M.traceback_of(err)
  local text = core.traceback(err):sub(#tostring(err) + 2)
  return text ~= "" and text or nil
end

-- Without our own functions, which called the user's through two `traced`.
local function without_us(text)
  local ours = "\n\t[C]: in function 'luaconc.core.traced'"
  local last, before
  local at = text:find(ours, 1, true)
  while at do
    last, before = at, last
    at = text:find(ours, at + 1, true)
  end
  return before and text:sub(1, before - 1) or text
end

-- Sends the outcome. What can't be sent is an error of the call; an error
-- that can't be sent is sent as text.
local function reply(ok, ...)
  if ok then
    local sent, problem = pcall(core.post, nil, true, ...)
    if sent then return end
    return reply(false, (tostring(problem):gsub("argument #(%d+)", function(n)
      return "result #" .. math.tointeger(n) - 1
    end)))
  end
  local err, at = ...
  local text = M.traceback_of(err)
  text = text and without_us(text)
  if not pcall(core.post, nil, false, err, at, text) then
    core.post(nil, false, tostring(err), at, text)
  end
end

-- One letter: the job-local values of the caller, then the call. What can't
-- be read here (a module is missing) is an error of the call. False: no more
-- letters will come, or none should.
local function handle(read, more, locals, ...)
  if not read then
    if core.is_cancelled(more) then core.raise(more) end
    reply(false, more)
    return true
  end
  if not more or select("#", ...) == 0 then return false end
  if locals then core.heritage(locals) end
  reply(answer(...))
  if core.heritage() then core.heritage(nil) end
  return true
end

--- The body of a worker.
function M.serve()
  while handle(pcall(core.take, nil)) do end
end

return M
