-- How a program with jobs ends: each in a process of its own.

local script = require "spec.support.script"

-- Runs `source`, which must print `out`, one word a line, and end with `code`.
local function ends(source, code, out, level)
  local result = script.run(source)
  local words = {}
  for word in result.out:gmatch "[^\n]+" do words[#words + 1] = word end
  local shown = table.concat(words, " ")
  if result.code ~= code or out and shown ~= out then
    error(("expected status %d and output %q,\ngot status %d and output %q, stderr:\n%s")
      :format(code, tostring(out), result.code, shown, result.err), (level or 1) + 1)
  end
  return result.err
end

describe("the end of a script", function()
  it("with no jobs left is silent", function()
    local err = ends([[
      conc.spawn(function() conc.sleep(0.001) say "ran" end)
      conc.run()
    ]], 0, "ran")
    assert.equal("", err)
  end)

  it("cancels the jobs left, with one line that names them and conc.run", function()
    local err = ends([[
      conc.spawn { function()
        local _ <close> = on_close(function() say "closed" end)
        conc.sleep(100)
      end, name = "forgotten" }
      conc.spawn { function() say "never" end, name = "unstarted" }:status()
      local h = conc.spawn { function() conc.sleep(100) end, name = "third" }
      conc.coroutine.wrap(function() end)()
    ]], 0)
    local _, lines = err:gsub("\n", "\n")
    assert.equal(1, lines, err)
    for _, part in ipairs { "forgotten", "unstarted", "third", "conc.run" } do
      assert.is_truthy(err:find(part, 1, true), err)
    end
  end)

  it("says it in these words", function()
    local err = ends([[
      conc.spawn { conc.sleep, 1, name = "fetcher" }
      conc.spawn(conc.sleep, 1)
    ]], 0, "")
    assert.equal("luaconc: 2 jobs still running at the end of the script were "
      .. "cancelled: task 1 'fetcher', task 2; conc.run waits for them\n", err)
    err = ends([[conc.spawn(conc.sleep, 1)]], 0, "")
    assert.equal("luaconc: 1 job still running at the end of the script was "
      .. "cancelled: task 1; conc.run waits for it\n", err)
  end)

  it("runs the clean-ups of jobs that had begun", function()
    ends([[
      conc.spawn(function()
        local _ <close> = on_close(function() say "outer" end)
        local g <close> = conc.group()
        g:spawn(function()
          local _ <close> = on_close(function() say "inner" end)
          conc.sleep(100)
        end)
        conc.sleep(100)
      end)
      conc.sleep(0.001)
      say "end"
    ]], 0, "end inner outer")
  end)

  it("names few of very many jobs, still on one line", function()
    local err = ends([[
      for i = 1, 1000 do conc.spawn { function() end, name = "job" .. i } end
    ]], 0, "")
    local _, lines = err:gsub("\n", "\n")
    assert.equal(1, lines)
    assert.is_true(#err < 1000, err)
    assert.is_truthy(err:find("1000", 1, true) or err:find("1,000", 1, true)
      or err:find("more", 1, true), err)
  end)

  it("by an error does the same, and keeps the error's status", function()
    local err = ends([[
      conc.spawn { function()
        local _ <close> = on_close(function() say "closed" end)
        conc.sleep(100)
      end, name = "left over" }
      conc.sleep(0.001)
      error "the script broke"
    ]], 1, "closed")
    assert.is_truthy(err:find("the script broke", 1, true), err)
  end)

  it("shows both tracebacks of an error that left run", function()
    local err = ends([[
      conc.run(function()
        conc.spawn { function() error "boom" end, name = "culprit" }
      end)
    ]], 1, "")
    for _, part in ipairs { "boom", "culprit", "started" } do
      assert.is_truthy(err:find(part, 1, true), err)
    end
  end)

  for what, wait in pairs {
    sleep = "conc.sleep(100)",
    await = "conc.spawn(conc.sleep, 100):await()",
    ["queue:recv"] = "conc.queue(1):recv()",
    ["event:wait"] = "conc.event():wait()",
    gather = "conc.gather(function() conc.sleep(100) end)",
    timeout = "conc.timeout(50, conc.sleep, 100)",
    ["a nested run"] = "conc.run(conc.sleep, 100)",
    ["a generator"] = "conc.coroutine.wrap(function() conc.sleep(100) end)()",
    ["the lock's line"] = "local l = conc.lock() l:acquire() "
      .. "conc.spawn(function() l:acquire() end) conc.sleep(100)",
    ["a shield"] = "conc.shield(conc.sleep, 100)",
    ["a loop that swallows"] = "while true do pcall(conc.sleep, 100) end",
    ["a clean-up that waits"] =
      "local _ <close> = on_close(function() conc.sleep(100) end) conc.sleep(100)",
    ["a clean-up that starts a job"] = "local _ <close> = on_close(function() "
      .. "pcall(conc.spawn, conc.sleep, 100) end) conc.sleep(100)",
    ["a clean-up that fails"] =
      "local _ <close> = on_close(function() error 'broken' end) conc.sleep(100)",
  } do
    it("does not hang on a job in " .. what, function()
      ends(([[
        conc.spawn(function() %s end)
        conc.sleep(0.001)
        say "end"
      ]]):format(wait), 0, "end")
    end)

    -- (A shield holds up the failure, which is raised once all have ended.)
    if what ~= "a shield" then
      it("does not hang on a job in " .. what .. " whose sibling failed", function()
        ends(([[
          conc.spawn(function() %s end)
          conc.spawn(function() conc.sleep(0.001) error "sibling" end)
          local never = conc.event()
          say(tostring(pcall(never.wait, never)))
        ]]):format(wait), 0, "false")
      end)
    end
  end

  it("survives finalizers that use jobs, queues and groups", function()
    ends([[
      local h = conc.spawn(conc.sleep, 100)
      local g, q = conc.group { current = false }, conc.queue(1)
      KEEP = setmetatable({}, { __gc = function()
        pcall(h.cancel, h) pcall(h.await, h) pcall(g.spawn, g, print)
        pcall(q.recv, q) pcall(conc.run) pcall(conc.sleep, 1)
        pcall(conc.spawn, print) pcall(conc.run, print) pcall(conc.group)
        pcall(conc.tree) pcall(conc.jobs) pcall(conc.now)
        say "finalized"
      end })
      conc.sleep(0.001)
    ]], 0, "finalized")
  end)

  it("survives a generator that was left half-way", function()
    ends([[
      LEFT = conc.coroutine.wrap(function()
        local g <close> = conc.group()
        g:spawn(conc.sleep, 100)
        conc.coroutine.yield(1)
      end)
      say(LEFT())
    ]], 0, "1")
  end)

  it("survives groups and scopes that were never closed", function()
    ends([[
      G, S = conc.group(), conc.scope { timeout = 100 }
      G:spawn(conc.sleep, 100)
      say "end"
    ]], 0, "end")
  end)

  it("leaves a program that never started a job alone", function()
    local err = ends([[say "quiet"]], 0, "quiet")
    assert.equal("", err)
  end)
end)

describe("os.exit in a task", function()
  it("cancels all, unwinds run, and exits with the code", function()
    ends([[
      conc.run(function()
        local _ <close> = on_close(function() say "closed" end)
        conc.spawn(function()
          local _ <close> = on_close(function() say "closed" end)
          conc.sleep(100)
        end)
        conc.spawn(function()
          conc.sleep(0.001)
          os.exit(3)
        end)
        conc.sleep(100)
      end)
      say "after run"
    ]], 3, "closed closed")
  end)

  for what, code in pairs { ["true"] = 0, ["false"] = 1, ["nil"] = 0,
    ["7, true"] = 7, ["0"] = 0 } do
    it("takes " .. what .. " as Lua does", function()
      ends(("conc.run(function() conc.yield() os.exit(%s) end)"):format(what), code, "")
    end)
  end

  it("passes through pcall at the next wait", function()
    ends([[
      conc.run(function()
        pcall(os.exit, 4)
        conc.yield()
        say "unreached"
      end)
      say "unreached"
    ]], 4, "")
  end)

  it("ends a task that catches it again and again", function()
    ends([[
      conc.run(function()
        pcall(os.exit, 4)
        while true do pcall(conc.sleep, 1) end
      end)
    ]], 4, "")
  end)

  it("waits for shielded clean-ups", function()
    ends([[
      conc.run(function()
        conc.spawn(function()
          local _ <close> = on_close(function()
            conc.shield(conc.sleep, 0.01)
            say "cleaned"
          end)
          conc.sleep(100)
        end)
        conc.yield()
        os.exit(5)
      end)
    ]], 5, "cleaned")
  end)

  it("works in a generator, in a group, in a timeout, in a nested run", function()
    ends([[
      conc.run(function()
        local _ <close> = on_close(function() say "outermost" end)
        conc.timeout(100, function()
          local g <close> = conc.group()
          conc.run(function()
            local _ <close> = on_close(function() say "innermost" end)
            conc.coroutine.wrap(function() os.exit(6) end)()
          end)
        end)
      end)
      say "unreached"
    ]], 6, "innermost outermost")
  end)

  it("flushes standard output", function()
    ends([[
      io.stdout:setvbuf "full"
      conc.run(function() io.write "buffered" os.exit(2) end)
    ]], 2, "buffered")
  end)

  it("works in a job that a wait at the top level drives", function()
    ends([[
      conc.spawn(function() os.exit(8) end)
      conc.sleep(100)
      say "unreached"
    ]], 8, "")
  end)

  it("ends although a sibling swallows its cancellation", function()
    ends([[
      conc.run(function()
        conc.spawn(function() while true do pcall(conc.sleep, 1) end end)
        conc.yield()
        os.exit(9)
      end)
    ]], 9, "")
  end)

  it("ends although a clean-up fails", function()
    ends([[
      conc.run(function()
        conc.spawn(function()
          local _ <close> = on_close(function() error "broken" end)
          conc.sleep(100)
        end)
        conc.yield()
        os.exit(10)
      end)
    ]], 10, "")
  end)

  it("outside tasks does what it always did", function()
    ends([[
      conc.spawn(function() conc.sleep(100) end)
      conc.sleep(0.001)
      os.exit(11)
    ]], 11, "")
    ends([[
      conc.spawn(function()
        local _ <close> = on_close(function() say "closed" end)
        conc.sleep(100)
      end)
      conc.sleep(0.001)
      os.exit(12, true)
    ]], 12, "closed")
  end)
end)

describe("Ctrl-C", function()
  it("cancels the root, lets clean-ups run, and the shell sees 130", function()
    ends([[
      conc.run(function()
        conc.spawn(function()
          local _ <close> = on_close(function()
            conc.shield(conc.sleep, 0.01)
            say "job"
          end)
          conc.sleep(100)
        end)
        local _ <close> = on_close(function() say "root" end)
        conc.sleep(0.001)
        interrupt()
        conc.sleep(100)
      end)
      say "unreached"
    ]], 130)
  end)

  it("runs the clean-ups in order", function()
    ends([[
      conc.run(function()
        local _ <close> = on_close(function() say "outer" end)
        local g <close> = conc.group()
        local _ <close> = on_close(function() say "inner" end)
        interrupt()
        conc.sleep(100)
      end)
    ]], 130, "inner outer")
  end)

  it("interrupts Lua code that computes", function()
    ends([[
      conc.run(function()
        local _ <close> = on_close(function() say "closed" end)
        conc.yield()
        interrupt()
        while true do end
      end)
    ]], 130, "closed")
  end)

  it("interrupts a job, and a generator, that compute", function()
    ends([[
      conc.run(function()
        conc.spawn(function()
          local _ <close> = on_close(function() say "closed" end)
          conc.coroutine.wrap(function()
            interrupt()
            while true do end
          end)()
        end)
      end)
    ]], 130, "closed")
  end)

  it("a second time acts at once", function()
    ends([[
      conc.run(function()
        local _ <close> = on_close(function()
          say "cleaning"
          io.stdout:flush()
          conc.shield(function()
            interrupt()
            conc.sleep(100)
          end)
        end)
        interrupt()
        conc.sleep(100)
      end)
    ]], 130, "cleaning")
  end)

  it("a second time acts at once while a clean-up computes", function()
    ends([[
      conc.run(function()
        local _ <close> = on_close(function()
          interrupt()
          while true do end
        end)
        interrupt()
        conc.sleep(100)
      end)
    ]], 130, "")
  end)

  it("ends a program whose task swallows it", function()
    ends([[
      conc.run(function()
        interrupt()
        while true do pcall(conc.sleep, 100) end
      end)
    ]], 130, "")
    ends([[
      conc.run(function()
        pcall(interrupt)
        pcall(conc.sleep, 100)
        say "swallowed"
      end)
      say "unreached"
    ]], 130, "swallowed")
  end)

  it("leaves no trace on a later run: before and after run, Lua's handler acts", function()
    ends([[
      conc.run(function() conc.yield() end)
      interrupt()
      for _ = 1, 1e9 do end
      say "unreached"
    ]], 1, "")
  end)

  it("ends a program that waits at the top level", function()
    local result = script.run [[
      conc.spawn(function() conc.sleep(0.001) interrupt() end)
      conc.sleep(100)
      say "unreached"
    ]]
    assert.equal("", result.out)
    assert.is_true(result.code == 130 or result.code == 1, result.code)
  end)

  it("on a loop of short runs is never lost", function()
    ends([[
      for i = 1, 1000000 do
        conc.run(function()
          if i == 100 then interrupt() end
          conc.yield()
        end)
        assert(i < 200)
      end
    ]], 130, "")
  end)
end)

describe("a look-up under way", function()
  it("is left to itself at the end of the script", function()
    ends([[
      for i = 1, 8 do
        conc.spawn { conc.dns.lookup, ("nosuch%d.invalid"):format(i), daemon = true }
      end
      conc.yield()
    ]], 0, "")
  end)
end)

describe("a random program", function()
  -- How it is ended after some turns of the loop, and with which status.
  local ways = {
    { "the script's end", "", 0 },
    { "an error", "error 'enough'", 1 },
    { "os.exit", "os.exit(3)", 3 },
    { "os.exit that closes the state", "os.exit(4, true)", 4 },
    { "os.exit in a task", "conc.run(function() conc.yield() os.exit(5) end)", 5 },
    { "Ctrl-C", "conc.run(function() interrupt() conc.sleep(100) end)", 130 },
    { "a collection, then the script's end",
      "p = nil collectgarbage() collectgarbage()", 0 },
  }

  for i, way in ipairs(ways) do
    it("ends well by " .. way[1] .. ", wherever it is", function()
      for seed = i, i + 70, 7 do
        ends(([[
          local p = require("spec.support.program").new(%d, 0.0001)
          for _ = 1, 3 do conc.spawn { p.root, p, keep = true } end
          for _ = 1, %d do
            pcall(conc.sleep, 0.0001)
            pcall(conc.yield)
          end
          %s
        ]]):format(seed, seed % 10, way[2]), way[3], "")
      end
    end)
  end
end)
