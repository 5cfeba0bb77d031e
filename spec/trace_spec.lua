local conc = require "luaconc"
local folder = require "spec.support.folder"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local snippets = require "spec.support.snippets"
local testing = require "luaconc.testing"
local tracing = require "spec.support.tracing"

local select_events = tracing.select

-- Runs `f` traced; the events.
local function traced(f)
  local text
  folder.with(function(path)
    local file = path .. "/trace.json"
    assert(conc.trace.start(file))
    do
      local _ <close> = setmetatable({}, { __close = conc.trace.stop })
      conc.run(f)
    end
    text = snippets.read(file)
  end)
  local events = tracing.read(text)
  local problems, open = tracing.check(events)
  assert.same({}, problems)
  return events, open
end

-- The same by `luaconc trace`, in a process of its own; and its result.
local function command(source)
  local events, result
  folder.with(function(path)
    local file = assert(io.open(path .. "/script.lua", "w"))
    file:write("local conc = require 'luaconc'\n", source)
    file:close()
    result = script.file("spec/support/command.lua", "trace", "-o",
      path .. "/out.json", path .. "/script.lua")
    events = tracing.read(snippets.read(path .. "/out.json"))
  end)
  return events, result
end

local function ids(events)
  local set = {}
  for _, e in ipairs(events) do set[e.id] = true end
  return set
end

-- How many messages have arrived in another row, by the field that tells rows
-- apart: "tid" or "pid".
local function crossings(events, row)
  local from, n = {}, 0
  for _, e in ipairs(select_events(events, { ph = "s" })) do
    if e.args.what == "message" then from[e.id] = e[row] end
  end
  for _, e in ipairs(select_events(events, { ph = "f" })) do
    if from[e.id] and from[e.id] ~= e[row] then n = n + 1 end
  end
  return n
end

-- Adds up what comes until the end, and sends it back.
local function adder(from, to)
  local sum = 0
  for v in from:iter() do
    sum = sum + v
    for _, n in ipairs(from:recv_many(8) or {}) do sum = sum + n end
  end
  to:send_many { sum, sum }
end

describe("a trace", function()
  it("has a slice for each time that a task runs, and spans of jobs and waits", function()
    local events, open = traced(function()
      conc.spawn { function()
        conc.sleep(0.001)
        conc.sleep(0.001)
      end, name = "napper" }
    end)
    assert.equal(3, #select_events(events, { ph = "X", has = "'napper'" }))
    assert.equal(2, #select_events(events, { ph = "b", name = "sleep" }))
    local span = select_events(events, { ph = "b", has = "'napper'" })
    assert.equal(1, #span)
    sim.shows(span[1].args.started, "spec/trace_spec.lua:")
    local ends = select_events(events, { ph = "e", id = span[1].id })
    assert.equal("done", ends[#ends].args.state)
    assert.equal(0, open)
  end)

  it("joins who starts and who wakes a task to its slice", function()
    local events = traced(function()
      local q = conc.queue(1)
      conc.spawn { function() q:recv() end, name = "receiver" }
      conc.yield()
      q:send(1)
    end)
    local what = {}
    local arrived = ids(select_events(events, { ph = "f" }))
    for _, e in ipairs(select_events(events, { ph = "s" })) do
      assert.is_true(arrived[e.id])
      what[e.args.what] = (what[e.args.what] or 0) + 1
    end
    assert.same({ start = 1, wake = 1 }, what)
  end)

  it("has a row for each thread, and messages between them as flows", function()
    local events = traced(function()
      local there, back = conc.channel(1), conc.channel(1)
      conc.thread { function(a, b)
        b:send(a:recv() + 1)
      end, there, back, name = "adder" }
      there:send(1)
      assert.equal(2, back:recv())
    end)
    local tids = {}
    for _, e in ipairs(select_events(events, { ph = "X" })) do tids[e.tid] = true end
    assert.is_truthy(next(tids, (next(tids))))
    assert.equal(2, crossings(events, "tid"))
  end)

  for _, engine in ipairs { "thread", "process" } do
    it("has each message to a " .. engine .. " and back, of many at once too", function()
      local events = traced(function()
        local there, back = conc.channel(4), conc.channel(4)
        local h = conc[engine](adder, there, back)
        there:send_many { 1, 2, 3, 4, 5, 6 }
        there:send(7)
        there:close()
        h:await()
        assert.same({ 28, 28 }, back:recv_many(9))
      end)
      assert.equal(9, crossings(events, engine == "thread" and "tid" or "pid"))
    end)
  end

  it("starts a process or tells why not where memory ends", function()
    traced(function()
      for n = 1, 200 do
        testing.fail_alloc(n)
        local ok, job = pcall(conc.process, { math.abs, -1, keep = true })
        local hit = testing.failed()
        testing.fail_alloc(nil)
        if ok and job then assert.equal(1, job:await()) end
        if not hit then break end
      end
    end)
  end)

  it("has messages of any size to other processes", function()
    local events = traced(function()
      local there = conc.channel(4)
      local h = conc.process(function(ch)
        local n = 0
        for v in ch:iter() do n = n + #v end
        return n
      end, there)
      for _, size in ipairs { 1, 1000, 100000, 5000000 } do
        there:send(("x"):rep(size))
      end
      there:close()
      assert.equal(5101001, h:await())
    end)
    assert.equal(4, crossings(events, "pid"))
  end)

  it("has messages of code outside tasks", function()
    folder.with(function(path)
      assert(conc.trace.start(path .. "/t"))
      local ch = conc.channel(1)
      ch:send "outside"
      assert.equal("outside", ch:recv())
      assert(conc.trace.stop())
      local events = tracing.read(snippets.read(path .. "/t"))
      assert.same({}, (tracing.check(events)))
      assert.equal(1, #select_events(events, { ph = "f" }))
    end)
  end)

  it("has worker processes in it, with one clock, joined to who started them", function()
    local events = traced(function()
      conc.process { function() require "luaconc".sleep(0.001) end,
        name = "child" }:await()
    end)
    local span = select_events(events, { ph = "b", has = "process" })[1]
    local slices = select_events(events, { ph = "X", has = "'child'" })
    assert.is_true(#slices >= 2)
    assert.is_true(slices[1].pid ~= span.pid)
    assert.is_true(slices[1].ts > span.ts)
    local start = select_events(events, { ph = "f", pid = slices[1].pid })[1]
    assert.is_truthy(ids(select_events(events, { ph = "s", pid = span.pid }))[start.id])
    assert.equal(1, #select_events(events, { name = "process_name",
      pid = slices[1].pid }))
  end)

  it("has the calls of pools, and counts descriptors and memory", function()
    local events = traced(function()
      local pool <close> = conc.pool { engine = "thread", workers = 1 }
      pool:submit(math.abs, 1):await()
      pool:map({ 1, 2 }, math.abs, { chunk = 2 })
      conc.sleep(0.001)
    end)
    assert.equal(1, #select_events(events, { ph = "b", name = "call" }))
    assert.equal(1, #select_events(events, { ph = "b", name = "chunk" }))
    assert.is_true(#select_events(events, { ph = "C", name = "descriptors" }) >= 1)
    assert.is_true(#select_events(events, { ph = "C", name = "Lua memory" }) >= 1)
  end)

  it("has the calls of collectgarbage with their length, and each cycle's end", function()
    local events = traced(function()
      collectgarbage()
      collectgarbage "collect"
      collectgarbage("step", 1)
      assert.is_true(collectgarbage "count" > 0)
      assert.is_true(collectgarbage "isrunning")
      conc.thread(function() collectgarbage() end):await()
    end)
    local calls = select_events(events, { ph = "X", name = "collectgarbage" })
    assert.equal(4, #calls)
    for _, e in ipairs(calls) do
      assert.equal("gc", e.cat)
      assert.is_true(e.dur > 0 and e.args.KiB > 0 and e.args["KiB before"] > 0)
    end
    assert.is_true(calls[4].tid ~= calls[1].tid)
    local ends = select_events(events, { ph = "i", name = "collected" })
    assert.is_true(#ends >= 2)
    assert.is_true(ends[2].args.cycle > ends[1].args.cycle)
  end)

  it("leaves collectgarbage as it is for who calls it wrongly, or sends it", function()
    local gc = collectgarbage
    local events = traced(function()
      local ok, err = pcall(function() collectgarbage "nonsense" end)
      assert.is_false(ok)
      sim.shows(err, "spec/trace_spec.lua:", "bad argument #1 to 'collectgarbage'",
        "invalid option 'nonsense'")
      local own = collectgarbage
      assert.is_true(conc.thread(function() return own "isrunning" end):await())
    end)
    assert.equal(0, #select_events(events, { ph = "X", name = "collectgarbage" }))
    assert.is_true(gc "count" > 0)
    local kept = collectgarbage
    assert.is_true(conc.run(function()
      return conc.thread(function() return kept "isrunning" end):await()
    end))
  end)

  it("has what is opened, until it is closed", function()
    local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local _, open = traced(function()
      local client <close> = assert(conc.tcp.connect("127.0.0.1", listener:sock().port))
      local server <close> = assert(listener:accept())
      local file <close> = assert(conc.fs.open("spec/trace_spec.lua"))
      assert(file:read "l" and client:write "x" and server:read(1))
    end)
    local events = traced(function()
      local client <close> = assert(conc.tcp.connect("127.0.0.1", listener:sock().port))
      local server <close> = assert(listener:accept())
      local file <close> = assert(conc.fs.open("spec/trace_spec.lua"))
      assert(file:read "l" and client:write "x" and server:read(1))
    end)
    local function count(fields)
      fields.cat = "handle"
      return #select_events(events, fields)
    end
    assert.equal(2, count { ph = "b", name = "tcp stream" })
    assert.equal(2, count { ph = "e", name = "tcp stream" })
    assert.equal(1, count { ph = "b", name = "tcp listener" })
    assert.equal(0, count { ph = "e", name = "tcp listener" })
    assert.equal(1, count { ph = "b", name = "file" })
    assert.equal(1, count { ph = "e", name = "file" })
    local closed = select_events(events, { ph = "e", name = "tcp stream" })
    assert.is_true(closed[1].args.descriptor > 2)
    assert.is_true(open >= 1)
  end)

  it("begins in threads and jobs that run already", function()
    conc.run(function()
      local ch = conc.channel(1)
      local h = conc.thread { function(c)
        for _ in c:iter() do require "luaconc".sleep(0.001) end
      end, ch, name = "early" }
      ch:send(1)
      conc.sleep(0.005)
      local events = traced(function()
        ch:send(2)
        ch:close()
        h:await()
      end)
      assert.is_true(#select_events(events, { ph = "X", has = "'early'" }) >= 1)
    end)
  end)

  -- A worker process that runs already, and waits without looking at its link.
  it("begins in processes that run already, and ends there", function()
    conc.run(function()
      local there, back = conc.channel(1), conc.channel(1)
      local h = conc.process { function(from, to)
        for v in from:iter() do to:send(v) end
      end, there, back, name = "early" }
      local function turn()
        there:send(1)
        assert.equal(1, back:recv())
      end
      turn()
      for _ = 1, 2 do
        folder.with(function(path)
          local file = path .. "/t"
          local function events() return tracing.read_so_far(snippets.read(file)) end
          assert(conc.trace.start(file))
          repeat turn() until #select_events(events(), { ph = "X", has = "'early'" }) >= 3
          assert(conc.trace.stop())
          local list = events()
          assert.equal(1, #select_events(list, { ph = "b", has = "'early'" }) - 1)
          assert.is_true(crossings(list, "pid") >= 2)
          local size
          repeat
            size = #snippets.read(file)
            turn()
            conc.sleep(0.002)
          until size == #snippets.read(file)
          turn()
          assert.equal(size, #snippets.read(file))
        end)
      end
      there:close()
      h:await()
    end)
  end)

  it("has nothing more of who has stopped it", function()
    conc.run(function()
      local events
      folder.with(function(path)
        assert(conc.trace.start(path .. "/t"))
        local ch = conc.channel(1)
        ch:send(1)
        ch:recv()
        assert(conc.trace.stop())
        conc.yield()
        events = tracing.read(snippets.read(path .. "/t"))
      end)
      assert.same({}, (tracing.check(events)))
      assert.equal(1, #select_events(events, { ph = "X", cat = "task" }))
    end)
  end)

  it("takes any name", function()
    local names = { 'a"b\\c', "tab\tnew\nline", ("long"):rep(500), "\xff\xfe",
      "gr\xc3\xbc\xc3\x9fe", "\0zero", "" }
    local events = traced(function()
      for _, name in ipairs(names) do
        conc.spawn { conc.sleep, 0.0001, name = name }
      end
    end)
    assert.equal(#names, #select_events(events, { ph = "b", name = "sleep" }))
    assert.equal(2, #select_events(events, { ph = "X", has = 'a"b\\c' }))
    assert.equal(2, #select_events(events, { ph = "X",
      has = "gr\xc3\xbc\xc3\x9fe" }))
  end)

  it("keeps what came before a crash, and is whole lines", function()
    local events, result = command [[
      conc.spawn { function() conc.sleep(0.001) end, name = "before" }
      conc.sleep(0.1)
      conc.exec { "sh", "-c", "kill -KILL $PPID" }
      conc.sleep(10)
    ]]
    assert.equal(137, result.code)
    assert.same({}, (tracing.check(events)))
    assert.is_true(#select_events(events, { ph = "X", has = "'before'" }) >= 2)
  end)

  it("keeps what a worker process has written that is killed", function()
    local events = traced(function()
      local h = conc.process { function()
        local c = require "luaconc"
        c.spawn { function() c.sleep(0.001) end, name = "before" }:await()
        c.sleep(0.01)   -- what has been is written when the loop polls
        c.exec { "sh", "-c", "kill -KILL $PPID" }
        c.sleep(10)
      end, name = "victim", keep = true }
      local ok, err = pcall(h.await, h)
      assert.is_false(ok)
      assert.equal("EWORKER", err.code)
    end)
    assert.is_true(#select_events(events, { ph = "X", has = "'before'" }) >= 2)
    local ended = select_events(events, { ph = "e", has = "'victim'" })
    assert.equal("failed", ended[#ended].args.state)
  end)

  it("is written by forks of the traced process, too", function()
    local forked
    local events = traced(function()
      -- (Refused where a thread runs: the sanitizers have one of their own.)
      local ok, h = pcall(conc.process, { function()
        require "luaconc".sleep(0.001)
      end, name = "copy", start = "fork" })
      forked = ok and h
      if forked then h:await() end
    end)
    local slices = #select_events(events, { ph = "X", has = "'copy'" })
    assert.equal(forked and true or false, slices >= 1)
  end)
end)

describe("trace", function()
  it("is refused twice, and where no file can be", function()
    folder.with(function(path)
      assert(conc.trace.start(path .. "/a"))
      local ok, _, code = conc.trace.start(path .. "/b")
      assert.is_nil(ok)
      assert.equal("EBUSY", code)
      assert(conc.trace.stop())
      local message
      ok, message, code = conc.trace.stop()
      assert.is_nil(ok)
      assert.same({ "nothing is traced", "ENOENT" }, { message, code })
      ok, message, code = conc.trace.start(path .. "/none/c")
      assert.is_nil(ok)
      assert.equal("ENOENT", code)
      sim.shows(message, path .. "/none/c")
    end)
    sim.shows(sim.raises(conc.trace.start, 7), "name of a file")
    sim.shows(sim.raises(conc.trace.start, ""), "name of a file")
  end)

  it("says at its end that not all of it could be written", function()
    assert(conc.trace.start "/dev/full")
    conc.run(conc.sleep, 0)
    local ok, message, code = conc.trace.stop()
    assert.is_nil(ok)
    assert.equal("ENOSPC", code)
    sim.shows(message, "could not be written", "no space")
  end)

  it("can be had again and again, into one file after another", function()
    folder.with(function(path)
      for i = 1, 20 do
        assert(conc.trace.start(path .. "/" .. i % 2))
        conc.run(conc.sleep, 0.0001)
        assert(conc.trace.stop())
      end
      assert.same({}, (tracing.check(tracing.read(
        snippets.read(path .. "/1")))))
    end)
  end)

  it("survives a lack of memory, of C and of Lua", function()
    folder.with(function(path)
      for n = 1, 25 do
        for _, fail in ipairs { testing.fail_alloc, testing.fail_lua } do
          pcall(function()
            fail(n)
            conc.trace.start(path .. "/t")
            conc.run(function()
              conc.spawn { conc.sleep, 0, name = "x" }
            end)
          end)
          fail(nil)
          conc.trace.stop()
        end
      end
      assert(conc.trace.start(path .. "/t"))
      conc.run(conc.sleep, 0)
      assert(conc.trace.stop())
      assert.same({}, (tracing.check(tracing.read(snippets.read(path .. "/t")))))
    end)
  end)
end)

-- What became of `luaconc trace` with these words.
local function trace(...)
  return script.file("spec/support/command.lua", "trace", ...)
end

describe("luaconc trace", function()
  it("traces a script, and fails as it does", function()
    local events, result = command [[
      conc.spawn { conc.sleep, 0.001, name = "one" }
      conc.sleep(0.002)
      error "at last"
    ]]
    assert.equal(1, result.code)
    sim.shows(result.err, "at last")
    local problems, open = tracing.check(events)
    assert.same({ 0, 0 }, { #problems, open })
    assert.equal(2, #select_events(events, { ph = "X", has = "'one'" }))
  end)

  it("gives the script its arguments", function()
    folder.with(function(path)
      local file <close> = assert(io.open(path .. "/s.lua", "w"))
      file:write "print(select('#', ...), ..., arg[0], arg[2])"
      file:close()
      local result = trace("-o", path .. "/o", path .. "/s.lua", "-o", "two words")
      assert.same({ 0, "2\t-o\t" .. path .. "/s.lua\ttwo words\n" },
        { result.code, result.out })
    end)
  end)

  for what, statement in pairs {
    ["os.exit"] = "os.exit(130)",
    ["an interruption"] = "io.popen('kill -INT $PPID'):close() conc.sleep(1)",
  } do
    it("is complete after " .. what, function()
      local events, result = command([[
        local listener <close> = conc.tcp.listen("127.0.0.1", 0)
        conc.spawn { listener.accept, listener, name = "guest", keep = true }
        conc.sleep(0.001)
      ]] .. statement)
      assert.equal(130, result.code)
      local problems, open = tracing.check(events)
      assert.same({}, problems)
      assert.equal(0, open)
      local ended = select_events(events, { ph = "e", has = "'guest'" })
      assert.equal("cancelled", ended[1].args.state)
    end)
  end

  it("says where the file can't be, or can't be written", function()
    local result = trace("-o", "/nowhere/x.json", "spec/support/command.lua")
    assert.equal(1, result.code)
    sim.shows(result.err, "/nowhere/x.json")
    folder.with(function(path)
      local file <close> = assert(io.open(path .. "/s.lua", "w"))
      file:write "print 'done'"
      file:close()
      result = trace("-o", "/dev/full", path .. "/s.lua")
      assert.same({ 1, "done\n" }, { result.code, result.out })
      sim.shows(result.err, "could not be written")
    end)
  end)

  it("leaves an old trace alone where there is nothing to trace", function()
    folder.with(function(path)
      local file <close> = assert(io.open(path .. "/old", "w"))
      file:write "not a script"
      file:close()
      local result = trace("-o", path .. "/old", path .. "/old")
      assert.equal(1, result.code)
      assert.equal("not a script", snippets.read(path .. "/old"))
    end)
  end)
end)

describe("the check of a trace", function()
  local function complaints(...)
    local text = "[\n"
    for _, line in ipairs { ... } do
      text = text .. '{"pid":1,"tid":1,"cat":"c","name":"n",' .. line .. "},\n"
    end
    return (tracing.check(tracing.read(text)))
  end

  it("finds what is wrong", function()
    assert.same({}, complaints('"ph":"X","ts":1,"dur":5'))
    assert.same({ "X without dur" }, complaints '"ph":"X","ts":1')
    assert.same({ "no ts" }, complaints '"ph":"X","dur":1')
    assert.same({ "slices overlap: n" }, complaints('"ph":"X","ts":1,"dur":5',
      '"ph":"X","ts":3,"dur":9'))
    assert.same({}, complaints('"ph":"X","ts":1,"dur":5', '"ph":"X","ts":3,"dur":1'))
    assert.same({ "a span ends that has not begun: cx" },
      complaints '"ph":"e","ts":1,"id":"x"')
    assert.same({ "a flow arrives that has not left: 3" },
      complaints '"ph":"f","ts":1,"id":3,"bp":"e"')
    assert.has_error(function() complaints '"ph":"X"' tracing.read "[\n{},\n{" end)
  end)
end)
