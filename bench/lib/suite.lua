---What is measured, against whom, and the targets. All paths are relative
---to the root of the tree; run.lua puts the root in front.
---
---A benchmark:
---  name, title, unit, key   what the table shows; `key` is the figure read
---  better                   "low" or "high"
---  also                     further figures shown beside it
---  ours, reference          command lines; `reference` may be missing
---  peers                    { name, command, needs }
---  targets                  see `limit`, `against`, `ahead`
---  rounds                   how often, and how often for peers
local M = {}

-- Debian's own, where it is: only that one finds Debian's uvloop.
M.python = io.open("/usr/bin/python3") and "/usr/bin/python3" or "python3"

local B = "build/bench/"
local LOAD = B .. "load "

local LUV = { lua = "luv", package = "lua-luv" }
local CQUEUES = { lua = "cqueues", package = "lua-cqueues" }
local COPAS = { never = "not for Lua 5.4 in Debian" }
local NOT_PACKAGED = { never = "not packaged by Debian" }
local PYTHON = { program = M.python, package = "python3" }
local CJSON = { lua = "cjson", package = "lua-cjson" }
local UVLOOP = { python = "uvloop", package = "python3-uvloop" }
local NODE = { program = "node", package = "nodejs" }
local GO = { file = B .. "peers_go", package = "golang-go" }

local function lua(script) return "lua5.4 bench/" .. script end
local function python(args)
  return M.python .. " bench/peers/asyncio_peer.py " .. args
end
local function node(args)
  return "node --expose-gc bench/peers/node_peer.js " .. args
end
local function go(args) return B .. "peers_go " .. args end

---At most (or, for `better = "high"`, at least) this absolute figure.
local function limit(value, key, unit)
  return { kind = "limit", value = value, key = key, unit = unit }
end

---Ours divided by the reference is at most (at least) this.
local function against(value, note, key, better)
  return { kind = "against", value = value, note = note, key = key,
           better = better }
end

---Ours is better than the peer's figure times `factor`.
local function ahead(peer, factor, key)
  return { kind = "ahead", peer = peer, factor = factor or 1, key = key }
end

local function peer(name, command, needs)
  return { name = name, command = command, needs = needs }
end

M[#M + 1] = {
  name = "switch",
  title = "switch between two tasks through the scheduler",
  unit = "ns", key = "ns", better = "low",
  ours = lua "switch.lua luaconc 2000000",
  reference = { name = "Lua resume+yield",
                command = lua "switch.lua plain 2000000" },
  peers = {
    peer("Go Gosched", go "switch 2000000", GO),
    peer("Node await", node "await 2000000", NODE),
    peer("Node setImmediate", node "switch 300000", NODE),
    peer("luv timer", lua "peers/luv.lua switch 300000", LUV),
    peer("cqueues", lua "peers/cqueues.lua switch 300000", CQUEUES),
    peer("uvloop", python "switch 200000 uvloop", UVLOOP),
    peer("asyncio", python "switch 200000", PYTHON),
    peer("copas", nil, COPAS),
  },
  targets = { against(1.00), ahead "Go Gosched" },
  instructions = { "luaconc", "plain" },
}

M[#M + 1] = {
  name = "spawn",
  title = "start, run and await a trivial task",
  unit = "ns", key = "ns", better = "low",
  ours = lua "spawn.lua luaconc 700000",
  reference = { name = "coroutine create+resume",
                command = lua "spawn.lua plain 700000" },
  peers = {
    peer("luaconc, 1,000 at once", lua "spawn.lua batch 700000", {}),
    peer("reused coroutine", lua "spawn.lua reused 700000", {}),
    peer("Node promise", node "spawn 700000", NODE),
    peer("Go", go "spawn 300000", GO),
    peer("cqueues", lua "peers/cqueues.lua spawn 50000", CQUEUES),
    peer("uvloop", python "spawn 30000 uvloop", UVLOOP),
    peer("asyncio", python "spawn 30000", PYTHON),
    peer("copas", nil, COPAS),
  },
  targets = {
    limit(200),
    against(1.39, "200 to 144 when it was set"),
    ahead "Go",
  },
  instructions = { "luaconc", "batch", "plain", "reused" },
}

M[#M + 1] = {
  name = "memory",
  title = "memory of a sleeping task, 100,000 of them",
  unit = "bytes", key = "bytes", better = "low", also = { "lua_bytes" },
  ours = lua "memory.lua luaconc 100000",
  reference = { name = "Lua coroutine",
                command = lua "memory.lua plain 100000" },
  peers = {
    peer("Node", node "memory 100000", NODE),
    peer("asyncio", python "memory 100000", PYTHON),
    peer("cqueues", lua "peers/cqueues.lua memory 100000", CQUEUES),
    peer("luv", lua "peers/luv.lua memory 100000", LUV),
    peer("uvloop", python "memory 100000 uvloop", UVLOOP),
    peer("Go", go "memory 100000", GO),
    peer("copas", nil, COPAS),
  },
  targets = {
    limit(1400),
    against(1.25, "1,400 to 1,117 when it was set"),
    ahead "asyncio",
    ahead("Go", 0.5),
  },
  rounds = { full = 3, peers = 2 },
}

M[#M + 1] = {
  name = "timers",
  title = "100,000 sleeps of 0..1 s, CPU time of all",
  unit = "s", key = "cpu_s", better = "low",
  ours = lua "timers.lua luaconc 100000",
  reference = { name = "C, a uv_timer_t each", command = B .. "timers_c 100000" },
  peers = {
    peer("Node", node "timers 100000", NODE),
    peer("cqueues", lua "peers/cqueues.lua timers 100000", CQUEUES),
    peer("Go", go "timers 100000", GO),
    peer("luv", lua "peers/luv.lua timers 100000", LUV),
    peer("uvloop", python "timers 100000 uvloop", UVLOOP),
    peer("asyncio", python "timers 100000", PYTHON),
    peer("copas", nil, COPAS),
  },
  targets = { limit(0.20), ahead "Node", ahead "Go" },
  rounds = { full = 4, peers = 1 },
}

M[#M + 1] = {
  name = "queue",
  title = "bounded queue (64) between two tasks, an item",
  unit = "ns", key = "ns", better = "low",
  ours = lua "queue.lua luaconc 2000000",
  reference = { name = "two calls of a C function",
                command = lua "queue.lua calls 2000000" },
  peers = {
    peer("Go channel", go "queue 2000000", GO),
    peer("cqueues", lua "peers/cqueues.lua queue 1000000", CQUEUES),
    peer("Node", node "queue 1000000", NODE),
    peer("uvloop", python "queue 200000 uvloop", UVLOOP),
    peer("asyncio", python "queue 200000", PYTHON),
    peer("copas", nil, COPAS),
  },
  targets = { limit(100), against(2.00, "100 to about 50 when it was set") },
  instructions = { "luaconc", "calls" },
}

-- ---- echo servers ----

local OURS = "echo/server.lua"

---Those that serve TCP echo. `idle` is the command with which one also collects
---garbage when it is asked; the same where that changes nothing, nil where it is
---not measured. The first is the reference.
local servers = {
  { name = "C libuv, uv_try_write", command = B .. "server_c try",
    idle = B .. "server_c try" },
  { name = "C epoll", command = B .. "server_epoll", idle = B .. "server_epoll" },
  { name = "C libuv, uv_write", command = B .. "server_c write" },
  { name = "luv try_write", command = lua "peers/luv.lua echo_try", needs = LUV,
    idle = lua "peers/luv.lua idle" },
  { name = "luv callbacks", command = lua "peers/luv.lua echo_write",
    needs = LUV },
  { name = "luv coroutines, try_write", needs = LUV,
    command = lua "peers/luv.lua echo_coroutine_try",
    idle = lua "peers/luv.lua idle_coroutine" },
  { name = "luv coroutines", command = lua "peers/luv.lua echo_coroutine",
    needs = LUV },
  { name = "cqueues", command = lua "peers/cqueues.lua echo", needs = CQUEUES,
    idle = lua "peers/cqueues.lua idle" },
  { name = "Go", command = go "echo", needs = GO, idle = go "idle" },
  { name = "uvloop protocol", command = python "echo 0 uvloop",
    needs = UVLOOP, idle = python "idle 0 uvloop" },
  { name = "uvloop streams", command = python "streams 0 uvloop",
    needs = UVLOOP, idle = python "streams 0 uvloop" },
  { name = "asyncio protocol", command = python "echo", needs = PYTHON,
    idle = python "idle" },
  { name = "asyncio streams", command = python "streams", needs = PYTHON,
    idle = python "streams" },
  { name = "Node", command = node "echo", needs = NODE, idle = node "idle" },
  { name = "copas", needs = COPAS },
  { name = "coutil, lua-eco", needs = NOT_PACKAGED },
}

local function under(options, server)
  return server and LOAD .. options .. " -- " .. server
end

---All but the first, as peers, by the command that is called `which`.
local function servers_as_peers(options, which)
  local list = {}
  for i = 2, #servers do
    local s = servers[i]
    if s[which] or not s.command then
      list[#list + 1] = peer(s.name, under(options, s[which]), s.needs or {})
    end
  end
  return list
end

local function servers_by_syscalls(size)
  local list = { size = size, target = 3,
                 { name = "luaconc", server = lua(OURS), needs = {} } }
  for _, s in ipairs(servers) do
    list[#list + 1] = { name = s.name, server = s.command, needs = s.needs or {} }
  end
  return list
end

local function echo(name, title, size)
  local options = "-c 64 -s " .. size .. " -t @SECONDS@"
  return {
    name = name, title = title, unit = "/s", key = "rps", better = "high",
    also = { "server_us", "server_busy", "p50_us", "p99_us" },
    also_ratio = "server_us",
    ours = under(options, lua(OURS)),
    reference = { name = servers[1].name,
                  command = under(options, servers[1].command) },
    peers = servers_as_peers(options, "command"),
    targets = {
      against(0.95),
      against(1.05, "server_us, which other load disturbs less", "server_us",
              "low"),
      ahead "luv try_write", ahead "luv callbacks", ahead "luv coroutines",
      ahead "cqueues", ahead "Go", ahead "uvloop protocol",
      ahead "asyncio protocol", ahead "Node",
    },
    rounds = { full = 9, peers = 5 },
    syscalls = servers_by_syscalls(size),
  }
end

M[#M + 1] = echo("echo", "TCP echo, 64 connections, 64 bytes", 64)
M[#M + 1] = echo("echo1k", "TCP echo, 64 connections, 1 KiB", 1024)
M[#M + 1] = echo("echo16k", "TCP echo, 64 connections, 16 KiB", 16384)

M[#M + 1] = {
  name = "connections",
  title = "9,900 connections that wait, memory of the server for each; then a "
    .. "message on each",
  unit = "bytes", key = "bytes", better = "low", also = { "wake_us", "wall_us" },
  also_ratio = "wake_us", descriptors = 10000,
  ours = under("-i -c 9900", lua(OURS .. " idle")),
  reference = { name = servers[1].name,
                command = under("-i -c 9900", servers[1].idle) },
  peers = servers_as_peers("-i -c 9900", "idle"),
  targets = { limit(2000), against(1.25, "a message on each, server_us", "wake_us") },
  rounds = { full = 5, peers = 3 },
}

M[#M + 1] = {
  name = "growth",
  title = "switch between 100,000 tasks, and start one more beside them",
  unit = "ns", key = "switch_ns", better = "low", also = { "spawn_ns" },
  ours = lua "growth.lua luaconc 100000",
  reference = { name = "luaconc, 100 tasks",
                command = lua "growth.lua luaconc 100" },
  peers = {
    peer("coroutines, 100,000", lua "growth.lua plain 100000", {}),
    peer("coroutines, 100", lua "growth.lua plain 100", {}),
  },
  targets = { against(1.30), against(1.30, "spawn_ns", "spawn_ns") },
  rounds = { full = 4, peers = 2 },
}

M[#M + 1] = {
  name = "start",
  title = "the first `require \"luaconc\"`, and what an idle program holds",
  unit = "ms", key = "ms", better = "low", also = { "extra_kb" },
  ours = lua "start.lua luaconc",
  reference = { name = "a small Lua module", command = lua "start.lua plain" },
  peers = { peer("luv", lua "start.lua luv", LUV) },
  targets = { limit(2), limit(1536, "extra_kb", "KB more than plain Lua") },
}

M[#M + 1] = {
  name = "footprint",
  title = "an idle thread with a state and luaconc loaded in it",
  unit = "KiB", key = "state_kb", better = "low",
  also = { "require_ms", "library_kb", "archive_kb" },
  ours = lua "footprint.lua face 200",
  reference = { name = "the face not loaded",
                command = lua "footprint.lua bare 200" },
  peers = {},
  targets = {},
}

local LUA_51 = { never = "not for Lua 5.4 in Debian" }

local function pools(args)
  return M.python .. " bench/peers/pool_peer.py " .. args
end

-- Wall time: the work is on two threads or processes, and on the way.
local function pool_chunks(engine)
  return {
    name = "pool_" .. engine,
    title = "20,000 trivial calls by map, 2 workers (" .. engine .. ")",
    unit = "us", key = "us", better = "low",
    ours = lua("pool.lua " .. engine .. "_chunks 20000"),
    peers = {
      peer("luv work queue", lua "peers/luv.lua work 20000", LUV),
      peer("multiprocessing", pools "chunks 20000", PYTHON),
      peer("effil", nil, LUA_51), peer("Lanes", nil, LUA_51),
    },
    targets = { limit(1.0) },
  }
end

local function pool_calls(engine)
  return {
    name = "calls_" .. engine,
    title = "20,000 trivial calls one by one, 2 workers (" .. engine .. ")",
    unit = "us", key = "us", better = "low",
    ours = lua("pool.lua " .. engine .. "_calls 20000"),
    peers = {
      peer("luaconc submit", lua("pool.lua " .. engine .. "_submit 20000"), {}),
      peer("luv work queue", lua "peers/luv.lua work 20000", LUV),
      peer("multiprocessing", pools "calls 20000", PYTHON),
      peer("multiprocessing apply", pools "apply 5000", PYTHON),
      peer("futures submit", pools "futures 5000", PYTHON),
      peer("effil", nil, LUA_51), peer("Lanes", nil, LUA_51),
    },
    targets = { limit(8), ahead "futures submit" },
  }
end

local function pool_speed(engine, times)
  return {
    name = "speed_" .. engine,
    title = "how much sooner 16 jobs that compute end, 2 workers ("
      .. engine .. ")",
    unit = "times", key = "times", better = "high",
    ours = lua("pool.lua " .. engine .. "_speed 3000000"),
    peers = {
      peer("luv work queue", lua "peers/luv.lua work_speed 3000000", LUV),
      peer("multiprocessing", pools "speed 500000", PYTHON),
      peer("effil", nil, LUA_51), peer("Lanes", nil, LUA_51),
    },
    targets = { limit(times) },
  }
end

M[#M + 1] = pool_chunks "thread"
M[#M + 1] = pool_chunks "process"
M[#M + 1] = pool_calls "thread"
M[#M + 1] = pool_calls "process"
M[#M + 1] = pool_speed("thread", 1.97)
M[#M + 1] = pool_speed("process", 1.95)

local function codec(kind, title)
  local function python_codec(name)
    return peer("CPython " .. name,
      ("%s bench/peers/codec.py %s %s"):format(M.python, name, kind), PYTHON)
  end
  local function node_codec(what, name)
    return peer(what, ("node --expose-gc bench/peers/codec.js %s %s")
      :format(name, kind), NODE)
  end
  return {
    name = "codec_" .. kind, title = title,
    unit = "MB/s", key = "encode", better = "high", also = { "decode" },
    ours = lua("codec.lua " .. kind .. " 50"),
    reference = { name = "Lua's interface alone",
                  command = lua("codec.lua floor_" .. kind .. " 50") },
    peers = {
      peer("memcpy", B .. "codec_c 2000", {}),
      peer("lua-cjson", lua("codec.lua cjson_" .. kind .. " 20"), CJSON),
      peer("lua-mpack", nil, LUA_51),
      python_codec "marshal", python_codec "pickle", python_codec "json",
      node_codec("Node v8", "v8"), node_codec("Node JSON", "json"),
    },
    targets = {
      limit(800),
      limit(400, "decode", "MB/s back"),
      ahead("lua-cjson", 8),
      ahead("lua-cjson", 5, "decode"),
      against(0.75),
      against(0.95, nil, "decode"),
    },
    rounds = { full = 7, peers = 7 },
  }
end

M[#M + 1] = codec("records", "codec, table of small records, 1 MB as JSON")
M[#M + 1] = codec("texts", "codec, table of articles, 1 MB as JSON")

-- Wall time: two threads, and how they wake each other.
local function channel_peers(case)
  local args = case .. " 1000000"
  return {
    peer("Go, two threads", B .. "peers_go channel " .. args, GO),
    peer("Node worker_threads", "node bench/peers/channel.js " .. args, NODE),
    peer("CPython queue.Queue", M.python .. " bench/peers/channel_peer.py "
      .. args, PYTHON),
  }
end

local function channel(case, title, unit, key, more)
  local bench = {
    name = "channel_" .. case, title = "channel between two threads, " .. title,
    unit = unit, key = key, better = key == "gb" and "high" or "low",
    ours = lua("channel.lua " .. case .. " 1000000"),
    reference = { name = "C ring, futex",
                  command = B .. "channel_c " .. case .. " 1000000" },
    peers = {},
    rounds = { full = 7, peers = 3 },
  }
  for name, value in pairs(more) do bench[name] = value end
  M[#M + 1] = bench
end

local function shared(case, title, unit, key, also, reference)
  M[#M + 1] = {
    name = "shared_" .. case, title = "shared memory, " .. title,
    unit = unit, key = key, better = "low",
    ours = lua("shared.lua " .. case .. " 1000000"), also = also,
    reference = reference and {
      name = reference, command = B .. "shared_c " .. case .. " 1000000",
    },
    peers = {}, targets = {}, rounds = { full = 7, peers = 3 },
  }
end

shared("element", "reading an element", "ns", "ns", { "table_ns" })
shared("copy", "64 MiB to a thread by handle", "ms", "ms", { "string_ms" },
  "C memcpy")
shared("lock", "acquire and release", "ns", "ns", {}, "C robust mutex")
shared("counter", "an addition", "ns", "ns", {}, "C atomic addition")
shared("map", "setting an integer", "ns", "ns", { "get_ns" })

channel("integers", "an integer", "ns", "ns", { also = { "usual_ns" },
  targets = { limit(150) }, peers = channel_peers "integers" })
channel("tables", "a table of three fields", "ns", "ns", {
  ours = lua "channel.lua tables 1000000", also = { "usual_ns" },
  reference = { name = "the codec, there and back",
                command = lua "channel.lua codec 1000000" },
  targets = { limit(500) }, peers = channel_peers "tables",
})
channel("strings", "a string of 1 MiB", "GB/s", "gb",
  { targets = {}, peers = channel_peers "strings" })
local round_peers = channel_peers "round"
table.insert(round_peers, 1, peer("C, eventfd, asleep",
  B .. "channel_c eventfd 1000000", {}))
channel("round", "there and back", "us", "us",
  { targets = { limit(3) }, peers = round_peers })
channel("many", "an integer, 100 at a time", "ns", "ns", {
  reference = { name = "C ring, futex", command = B .. "channel_c integers 1000000" },
  targets = { limit(60) },
})

local function pipe_peer(name, case)
  return peer(name, M.python .. " bench/peers/pipe_peer.py " .. case .. " 100000", PYTHON)
end

-- The same between processes.
local function far(case, title, unit, key, more)
  more.name, more.title = "far_" .. case, "channel between two processes, " .. title
  more.ours = lua("channel.lua " .. case .. "_process 200000")
  channel(case, title, unit, key, more)
end

far("integers", "an integer", "ns", "ns", {
  also = { "usual_ns" }, targets = { limit(150) },
  peers = { pipe_peer("CPython Pipe", "pipe"), pipe_peer("CPython Queue", "queue") },
})
far("many", "an integer, 100 at a time", "ns", "ns", {
  reference = { name = "C ring, futex", command = B .. "channel_c integers 1000000" },
  targets = {},
})
far("tables", "a table of three fields", "ns", "ns", {
  also = { "usual_ns" }, targets = { limit(600) },
  reference = { name = "the codec, there and back",
                command = lua "channel.lua codec 1000000" },
})
far("strings", "a string of 1 MiB", "GB/s", "gb", { targets = { limit(5) } })
far("round", "there and back", "us", "us", {
  targets = { limit(3) }, peers = { pipe_peer("CPython Pipe", "round") },
  reference = { name = "C, two pipes", command = B .. "channel_c pipe 200000" },
})

-- Wall time, as with pools.
local function thread(case, title, unit, target, c, what)
  return {
    name = "thread_" .. case:match "%S+", title = title,
    unit = unit, key = unit, better = unit == "us" and "low" or "high",
    ours = lua("thread.lua " .. case),
    reference = { name = what, command = B .. "thread_c " .. c },
    targets = { target },
    peers = {}, rounds = { full = 7, peers = 7 },
  }
end

M[#M + 1] = thread("start 1000", "start and join a thread", "us",
  against(1.3), "start 1000", "thread and state in C")
M[#M + 1] = thread("face 500", "the same, with a job that asks for luaconc",
  "us", against(5), "start 500", "thread and state in C")
M[#M + 1] = thread("many 10000", "start and join, 10,000 at once", "us",
  against(1.3), "many 10000", "thread and state in C")
M[#M + 1] = thread("speed 20000000", "how much sooner two threads compute",
  "times", limit(1.97), "speed 20000000", "two states in C")

local function process_python(args)
  return M.python .. " bench/peers/process_peer.py " .. args
end
local function process_node(args) return "node bench/peers/process.js " .. args end

local function process(case, title, target, c, what, peers)
  return {
    name = "process_" .. case:match "%S+", title = title,
    unit = "us", key = "us", better = "low",
    ours = lua("process.lua " .. case),
    reference = { name = what, command = B .. "process_c " .. c },
    targets = { target },
    peers = peers or {}, rounds = { full = 7, peers = 3 },
  }
end

M[#M + 1] = process("start 300", "start and join a worker process",
  limit(400), "forkserver 300", "forkserver in C", {
    peer("multiprocessing forkserver", process_python "forkserver 30", PYTHON),
    peer("Node fork", process_node "start 20", NODE),
  })
M[#M + 1] = process("start_large 200", "the same, from a program of 1 GB",
  limit(400), "forkserver 200 1024", "forkserver in C", {
    peer("multiprocessing forkserver", process_python "forkserver 20 1024", PYTHON),
  })
M[#M + 1] = process("many 500", "the same, 500 at once",
  limit(400), "fork 500", "fork in C")
M[#M + 1] = process("spawn 100", "start and join a fresh interpreter",
  limit(3000), "spawn 100", "posix_spawn of lua5.4", {
    peer("multiprocessing spawn", process_python "spawn 10", PYTHON),
  })
M[#M + 1] = process("spawn_large 50", "the same, from a program of 1 GB",
  limit(3000), "spawn 50 1024", "posix_spawn of lua5.4")
M[#M + 1] = process("fork 300", "start and join a fork of the program",
  against(5), "fork 300", "fork in C", {
    peer("multiprocessing fork", process_python "fork 100", PYTHON),
  })
M[#M + 1] = process("fork_large 20", "the same, from a program of 1 GB",
  against(1.5), "fork 20 1024", "fork in C", {
    peer("multiprocessing fork", process_python "fork 20 1024", PYTHON),
  })
M[#M + 1] = process("trip 5000", "a letter to a process and back",
  against(1.2), "trip 5000", "two sockets in C", {
    peer("multiprocessing Pipe", process_python "trip 5000", PYTHON),
    peer("Node", process_node "trip 5000", NODE),
  })

local function letters(case, title, unit, key, better, target, peers)
  return {
    name = "process_" .. case:match "%S+", title = title,
    unit = unit, key = key, better = better,
    ours = lua("process.lua " .. case),
    targets = { target },
    peers = peers or {}, rounds = { full = 7, peers = 3 },
  }
end

M[#M + 1] = letters("small 100000", "letters to a process, small integers",
  "ns", "ns", "low", limit(150), {
    peer("multiprocessing Pipe", process_python "small 50000", PYTHON),
    peer("Node", process_node "small 50000", NODE),
  })
M[#M + 1] = letters("table 50000", "letters to a process, small tables",
  "ns", "ns", "low", limit(600))
M[#M + 1] = letters("string 200", "letters to a process, 1 MiB strings",
  "MB/s", "mb", "high", limit(5000))

local function files(name, title, ours, plain, unit, key, better, more)
  local bench = {
    name = "files_" .. name, title = title, unit = unit, key = key,
    better = better, ours = lua("files.lua " .. ours),
    reference = { name = "Lua's io", command = lua("files.lua " .. plain) },
    peers = {}, targets = {}, rounds = { full = 7, peers = 3 },
  }
  for field, value in pairs(more) do bench[field] = value end
  M[#M + 1] = bench
end

files("read", "1,000 files of 2 KiB read over and over, by 16 tasks",
  "read_luaconc 10000", "read_plain 10000", "us", "us", "low", {
    also = { "cpu_us" },
    peers = {
      peer("open, read, close", lua "files.lua open_luaconc 10000", {}),
      peer("Node promises", "node bench/peers/files.js read 10000", NODE),
      peer("asyncio to_thread", M.python .. " bench/peers/files.py read 10000",
           PYTHON),
    },
    targets = { against(2.00), ahead "Node promises",
                ahead "asyncio to_thread" },
  })
files("write", "the same, written anew", "write_luaconc 5000",
  "write_plain 5000", "us", "us", "low", {
    also = { "cpu_us" },
    peers = {
      peer("atomic", lua "files.lua atomic_luaconc 5000", {}),
      peer("io, atomic", lua "files.lua atomic_plain 5000", {}),
      peer("Node promises", "node bench/peers/files.js write 5000", NODE),
      peer("asyncio to_thread", M.python .. " bench/peers/files.py write 5000",
           PYTHON),
    },
    targets = { against(2.00), ahead "Node promises",
                ahead "asyncio to_thread" },
  })
files("blocks", "64 MiB in blocks of 64 KiB, MB a second", "blocks_luaconc 5",
  "blocks_plain 5", "MB/s", "mb_s", "high", { targets = { against(1.00) } })
files("lines", "64 MiB in lines of 76 bytes, MB a second", "lines_luaconc 2",
  "lines_plain 2", "MB/s", "mb_s", "high", { targets = { against(1.00) } })

local function programs(name, title, ours, held, peers, targets)
  M[#M + 1] = {
    name = name, title = title, unit = "ms", key = "ms", better = "low",
    also = { "cpu_ms" },
    ours = lua("exec.lua " .. ours .. " 500 " .. held),
    reference = { name = "C, posix_spawn", command = B .. "exec_c 500 " .. held },
    peers = peers, targets = targets, rounds = { full = 7, peers = 5 },
  }
end

programs("exec", "500 times /bin/true, 8 at a time", "quiet", "0", {
  peer("both outputs captured", lua "exec.lua captured 500", {}),
  peer("Go", go "exec 500", GO),
  peer("asyncio", M.python .. " bench/peers/exec.py 500", PYTHON),
  peer("Node", "node bench/peers/exec.js 500", NODE),
}, { limit(0.5), against(1.25), ahead "Go", ahead "asyncio", ahead "Node" })
programs("exec_large", "the same from a program that holds 1 GB", "quiet",
  "1024", {
    peer("Go", go "exec 500 1024", GO),
    peer("asyncio", M.python .. " bench/peers/exec.py 500 1024", PYTHON),
    peer("Node", "node bench/peers/exec.js 500 1024", NODE),
  }, { limit(0.5), against(1.25), ahead "Go", ahead "asyncio", ahead "Node" })

return M
