-- The engines, in a list, and what specs that run over all of them share.

local conc = require "luaconc"
local sim = require "spec.support.sim"

-- `own`: its jobs have a Lua state of their own.
local M = {
  { name = "task", start = conc.spawn, in_group = "spawn" },
  { name = "thread", start = conc.thread, in_group = "thread", own = true },
  { name = "process", start = conc.process, in_group = "process", own = true },
}

local HANGS = 120

-- Calls `f(...)` in conc.run; fails where it hasn't returned after a while.
function M.run(f, ...)
  local arguments = table.pack(...)
  return conc.run(function()
    local watch <close> = conc.group()
    watch:spawn { function()
      conc.sleep(HANGS)
      error("hangs:\n" .. conc.tree(), 0)
    end, daemon = true }
    return f(table.unpack(arguments, 1, arguments.n))
  end)
end

-- Waits until `what()` holds.
function M.eventually(what)
  local limit = conc.now() + HANGS
  while not what() do
    assert(conc.now() < limit, "it did not come about")
    conc.sleep(0.001)
  end
end

-- The numbers from 1 to n.
function M.numbers(n)
  local list = {}
  for i = 1, n do list[i] = i end
  return list
end

function M.reaches(job, status)
  M.eventually(function() return job:status() == status end)
end

-- What `await` raises.
function M.failure(job)
  return sim.raises(job.await, job)
end

-- The place in a file, `offset` lines below where a function begins.
function M.place(f, offset)
  local info = debug.getinfo(f, "S")
  return info.short_src .. ":" .. info.linedefined + (offset or 0)
end

function M.forever() conc.sleep(1000) end

function M.compute() while true do end end

-- A file that a job can leave word in, whatever state it has.
function M.mark()
  local path = os.tmpname()
  local file = {}
  function file.text()
    local handle <close> = assert(io.open(path))
    return handle:read "a"
  end
  file.__close = function() os.remove(path) end
  return setmetatable(file, file), path
end

-- Runs `f` in a job of which it is known that it has begun.
function M.begun(start, options)
  local file <close>, path = M.mark()
  local f = options[1]
  options[1] = function()
    local handle = assert(io.open(path, "w"))
    handle:write "begun"
    handle:close()
    return f()
  end
  local job = start(options)
  M.eventually(function() return file.text() == "begun" end)
  return job
end

function M.leave_word(path, word)
  local handle <close> = assert(io.open(path, "a"))
  handle:write(word)
end

return M
