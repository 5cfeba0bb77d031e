-- Many workers that wait: memory of each, in fact (PSS, which counts once
-- what several share) and in address space.

local units = require "luaconc.compare.units"

local M = { probes = {} }

M.about = "workers that only wait: memory of each"

-- Address space and resident memory of this process, in bytes.
local function status()
  local file = assert(io.open "/proc/self/status")
  local text = file:read "a"
  file:close()
  return tonumber(text:match "VmSize:%s*(%d+)") * 1024,
    tonumber(text:match "VmRSS:%s*(%d+)") * 1024
end

-- Tasks wait for an event, threads for a channel, processes sleep: each in the
-- way that takes least there.
local function starter(conc, args)
  if args.kind == "task" then
    local event = conc.event()
    return function() return conc.spawn(event.wait, event) end
  elseif args.kind == "thread" then
    local gate = conc.channel(1)
    local function wait() gate:recv() end
    return function()
      return assert(conc.thread { wait, stack = args.stack })
    end
  end
  local function wait() require("luaconc").sleep(1000) end
  return function() return assert(conc.process(wait)) end
end

--- What `n` of them take, each.
function M.probes.idle(args)
  local conc = require "luaconc"
  local core = require "luaconc.core"
  return conc.run(function()
    local group <close> = conc.group { keep = true, current = true }
    local start = starter(conc, args)
    start()
    conc.sleep(0.05)
    collectgarbage()
    collectgarbage()
    local before = core.memory()
    local space, resident = status()
    for _ = 1, args.n do start() end
    conc.sleep(args.kind == "task" and 0.01 or 0.2)
    collectgarbage()
    collectgarbage()
    local after = core.memory()
    local space2, resident2 = status()
    group:cancel()
    return { memory = (after - before) / args.n,
      space = (space2 - space) / args.n,
      resident = (resident2 - resident) / args.n }
  end)
end

M.SMALL, M.LARGE = 1 << 20, 8 << 20 -- stacks, in bytes

function M.run(lab)
  local module = "luaconc.lab.experiments.idle"
  local rounds = lab:pick(3, 6)
  local function call(key, kind, n, stack)
    return { key, "idle", { kind = kind, n = n, stack = stack } }
  end
  local by = lab:rounds(rounds, module, {
    call("task", "task", lab:pick(10000, 100000)),
    call("thread", "thread", lab:pick(200, 1000), M.SMALL),
    call("large", "thread", lab:pick(200, 1000), M.LARGE),
    call("process", "process", lab:pick(30, 200)),
  })
  local out = { by = by, rows = { { "idle", "memory", "address space" } } }
  local names = { task = "task", thread = "thread, stack of 1 MiB",
    large = "thread, stack of 8 MiB", process = "process" }
  local median = require("luaconc.lab").median
  for _, key in ipairs { "task", "thread", "large", "process" } do
    out.rows[#out.rows + 1] = { names[key],
      units.size(median(by[key], "memory").median),
      key == "process" and "its own"
        or units.size(math.max(0, median(by[key], "space").median)) }
  end
  return out
end

return M
