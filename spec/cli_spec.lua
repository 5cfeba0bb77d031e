-- The command, as its user sees it.

local command = require "spec.support.commandline"
local contents = require "spec.support.folder".take
local limits = require "spec.support.limits"
local processes = require "spec.support.processes"

local lua, tree, quoted = command.lua, command.tree, command.quoted
local luaconc, with_file = command.run, command.with_file

local SCENARIO = [[
return { name = "squares", sizes = { 2 }, job = function(i) return i * i end }
]]

describe("luaconc", function()
  it("tells its version", function()
    local status, out = luaconc "--version"
    assert.equal(0, status)
    assert.matches("^luaconc %d+%.%d+%.%d+ %(Lua 5%.4, libuv [%d.]+%)\n$", out)
    assert.equal(out, select(2, luaconc("compare", "--version")))
  end)

  it("tells its commands", function()
    local status, out = luaconc "--help"
    assert.equal(0, status)
    assert.matches("usage: luaconc COMMAND", out)
    assert.matches("\n  compare ", out)
    assert.equal(out, select(2, luaconc "help"))
  end)

  it("explains a command", function()
    local status, out = luaconc("help", "compare")
    assert.equal(0, status)
    assert.equal(out, select(2, luaconc("compare", "--help")))
    for _, option in ipairs { "engines", "sizes", "runs", "budget", "limit",
      "json", "csv", "workers" } do
      assert.matches("\n  %-%-" .. option .. " ", out)
    end
    for line in out:gmatch "[^\n]+" do assert.is_true(#line < 80, line) end
    for _, engine in ipairs { "serial", "task", "thread", "process" } do
      assert.matches("\n  " .. engine .. " +%l", out)
    end
    local compare = require "luaconc.compare"
    assert.matches(("%%(%d%%): rounds go on"):format(compare.BUDGET), out)
    assert.matches(("bootstrap from %d rounds on"):format(
      require("luaconc.compare.stats").FEW), out)
  end)

  it("without a command shows its usage and says that this is wrong", function()
    local status, out, err = luaconc()
    assert.equal(2, status)
    assert.equal("", out)
    assert.matches("^usage: luaconc", err)
  end)

  it("names an unknown command or option, and the nearest known", function()
    local function complaint(...)
      local status, out, err = luaconc(...)
      assert.equal(2, status)
      assert.equal("", out)
      return err
    end
    assert.matches("unknown command 'compre'; did you mean 'compare'%?",
      complaint "compre")
    assert.matches("unknown option '%-%-versoin'; did you mean '%-%-version'",
      complaint "--versoin")
    assert.matches("unknown command 'x'", complaint("help", "x"))
    assert.matches("unknown option '%-%-enginse'; did you mean '%-%-engines'",
      complaint("compare", "--enginse", "task", "x.lua"))
  end)

  it("runs from any folder, also through a link", function()
    local link = os.tmpname()
    os.remove(link)
    os.execute(("ln -s %s %s"):format(quoted(tree .. "/bin/luaconc"), link))
    local pipe = io.popen(("cd / && env -u LUA_PATH -u LUA_CPATH %s %s "
      .. "--version"):format(lua, link))
    local out = pipe:read "a"
    pipe:close()
    os.remove(link)
    assert.matches("^luaconc %d", out)
  end)
end)

describe("luaconc compare", function()
  it("shows the table, and nothing on standard error in a pipe", function()
    with_file(SCENARIO, function(path)
      local status, out, err = luaconc("compare", "--runs=1", path)
      assert.equal(0, status)
      assert.equal("", err)
      assert.matches("^squares +/tmp/%S+\n", out)
      assert.matches("\n2 jobs, 1 round, results equal\n", out)
      assert.matches("\n  serial +[%d.]+ [mu]?s ", out)
      assert.matches("\n  task +[%d.]+ [mu]?s ", out)
      assert.matches("\n  thread +[%d.]+ [mu]?s ", out)
      assert.matches("\n  process +[%d.]+ [mu]?s ", out)
      assert.not_matches("\27", out)
    end)
  end)

  it("writes every run as JSON", function()
    with_file(SCENARIO, function(path)
      local json = os.tmpname()
      local status = luaconc("compare", "--runs", "2", "--engines", "serial",
        "--sizes", "1,3", "--json", json, path)
      assert.equal(0, status)
      local text = contents(json)
      local dkjson = require "dkjson"
      local data = assert(dkjson.decode(text))
      assert.equal(1, data.format)
      local sizes = data.scenarios[1].sizes
      assert.same({ 1, 3 }, { sizes[1].size, sizes[2].size })
      assert.equal(1, #sizes[2].rows)
      assert.equal("serial", sizes[2].rows[1].engine)
      assert.equal(2, #sizes[2].rows[1].runs)
      assert.is_number(sizes[2].rows[1].runs[2].wall)
      assert.is_number(sizes[2].rows[1].wall.median)
      assert.is_true(data.machine.cores >= 1)
    end)
  end)

  it("writes a line for each run as CSV", function()
    with_file(SCENARIO, function(path)
      local csv = os.tmpname()
      local status = luaconc("compare", "--runs", "2", "--workers", "1",
        "--csv", csv, path)
      assert.equal(0, status)
      local text, seen = contents(csv), {}
      assert.matches("^scenario,file,jobs,engine,workers,status,round,wall_s,",
        text)
      for line in text:gmatch "[^\r]+\r\n" do
        seen[#seen + 1] = line:match "^squares,[^,]+,2,(%l+,%d*,run,%d),"
      end
      table.sort(seen)
      assert.same({ "process,1,run,1", "process,1,run,2", "serial,,run,1",
        "serial,,run,2", "task,,run,1", "task,,run,2", "thread,1,run,1",
        "thread,1,run,2" }, seen)
    end)
  end)

  it("shows why an engine is refused, and goes on with the others", function()
    with_file([[
      local conc = require "luaconc"
      return { name = "many", sizes = { 40 }, job = function(i)
        conc.sleep(0.01) return i end }]], function(path)
      local status, out = command.run_after("ulimit -n 100;", "compare", "--runs=1",
        "--workers=40", "--engines=task,process", path)
      assert.equal(1, status)
      assert.matches("\n  task +[%d.]+ [mu]?s ", out)
      assert.matches("\n  process +failed\n", out)
      assert.matches("\nmany, process: only %d+ of 40 workers started: cannot "
        .. "start process %d+: too many open files\n", out)
    end)
  end)

  it("goes on after a scenario that fails, and ends with status 1", function()
    with_file("return {", function(wrong)
      with_file(SCENARIO, function(right)
        local status, out, err = luaconc("compare", "--runs=1", wrong, right)
        assert.equal(1, status)
        assert.equal("luaconc compare: " .. wrong .. " failed: see the output\n",
          err)
        assert.matches("unexpected symbol near <eof>", out)
        assert.matches("results equal", out)
      end)
    end)
  end)

  it("refuses wrong use with status 2, naming what is wrong", function()
    local function complaint(...)
      local status, out, err = luaconc("compare", ...)
      assert.equal(2, status)
      assert.equal("", out)
      assert.matches("^luaconc compare: ", err)
      return err
    end
    assert.matches("no scenario file is given", complaint())
    assert.matches("cannot read nonesuch.lua: No such file",
      complaint "nonesuch.lua")
    assert.matches("did you mean 'examples/scenarios/primes.lua'%?",
      complaint "primes")
    assert.matches("cannot read /tmp: Is a directory", complaint "/tmp")
    assert.matches("there is no engine 'tsak'; did you mean 'task'%?",
      complaint("--engines", "serial,tsak", "x.lua"))
    assert.matches("engine 'task' is named twice",
      complaint("--engines=task,task", "x.lua"))
    assert.matches("%-%-sizes: '0' is no whole number above 0",
      complaint("--sizes", "4,0", "x.lua"))
    assert.matches("%-%-sizes: '' is no whole number above 0",
      complaint("--sizes", "1,,2", "x.lua"))
    assert.matches("%-%-sizes: names no size", complaint("--sizes=", "x.lua"))
    assert.matches("there is no engine ''",
      complaint("--engines", "serial,", "x.lua"))
    assert.matches("%-%-runs: 'x' is no whole number",
      complaint("--runs", "x", "x.lua"))
    assert.matches("%-%-workers: '0' is no whole number above 0",
      complaint("--workers", "0", "x.lua"))
    assert.matches("%-%-budget: '%-1' is no number of seconds",
      complaint("--budget", "-1", "x.lua"))
    assert.matches("option '%-%-json' needs a value", complaint "--json")
    with_file(SCENARIO, function(path)
      for _, option in ipairs { "--json", "--csv" } do
        assert.matches("cannot write /nonesuch/x: No such file",
          complaint(option, "/nonesuch/x", path))
      end
      local out = os.tmpname()
      assert.matches("two options name the file '" .. out:gsub("%p", "%%%0"),
        complaint("--json", out, "--html", out, path))
      os.remove(out)
    end)
  end)

  it("ends where its output can't be written, and says so", function()
    with_file(SCENARIO, function(path)
      local pipe = io.popen(("timeout 20 %s %s compare --runs=1 %s 2>&1 "
        .. ">/dev/full; echo $?"):format(lua,
        quoted(tree .. "/bin/luaconc"), path))
      local out = pipe:read "a"
      pipe:close()
      assert.equal("luaconc compare: cannot write to standard output: "
        .. "No space left on device\n1\n", out)
    end)
  end)

  it("tells of output that can't be written also where it explains", function()
    for _, words in ipairs { "--help", "--version", "help", "help compare",
      "compare --help", "compare --version" } do
      local pipe = io.popen(("timeout 20 %s %s %s 2>&1 >/dev/full; echo $?")
        :format(lua, quoted(tree .. "/bin/luaconc"), words))
      local out = pipe:read "a"
      pipe:close()
      assert.matches("^luaconc[ compare]*: cannot write to standard output: "
        .. "No space left on device\n1\n$", out, words)
    end
  end)

  it("ends its run and leaves nothing behind on Ctrl-C", function()
    -- The job sends the signal that a terminal would send, and waits.
    with_file([[
      local conc = require "luaconc"
      return { name = "interrupted", sizes = { 1 }, job = function()
        local stat = io.open "/proc/self/stat":read "l"
        local parent = stat:match "^%d+ %(.*%) %a (%d+)"
        local mark = io.open(os.getenv "MARK", "w")
        mark:write(stat:match "^%d+")
        mark:close()
        os.execute("kill -INT " .. parent)
        conc.sleep(60)
      end }]], function(path)
      local mark = os.tmpname()
      local status, out = command.run_after("MARK=" .. mark, "compare",
        "--engines", "serial", path)
      local pid = contents(mark)
      assert.matches("^%d+$", pid)
      assert.equal(130, status)
      assert.equal("", out)
      assert.is_nil((io.open("/proc/" .. pid .. "/stat")))
    end)
  end)

  it("leaves no worker behind on Ctrl-C", function()
    -- Both jobs note their process; the second one interrupts the command,
    -- whose process leads to this one by way of forkserver and measured run.
    with_file([[
      local function stat(pid)
        local file = io.open("/proc/" .. pid .. "/stat")
        local text = file:read "l"
        file:close()
        return text:match "^(%d+) %((.*)%) %a (%d+)"
      end
      return { name = "interrupted", sizes = { 2 }, job = function(i, ctx)
        local pids, pid = {}, "self"
        repeat
          local own, _, parent = stat(pid)
          pids[#pids + 1], pid = own, parent
        until parent == ctx
        if #pids == 1 then return i end -- the pilot
        local mark = io.open(os.getenv "MARK" .. i, "w")
        mark:write(table.concat(pids, " "))
        mark:close()
        if i == 2 then os.execute("kill -INT " .. ctx) end
        while true do end
      end, setup = function() return (stat "self") end }]], function(path)
      local mark = os.tmpname()
      local status, out = command.run_after("MARK=" .. mark, "compare",
        "--engines", "process", "--workers", "2", path)
      os.remove(mark)
      local n = 0
      for i = 1, 2 do
        local file = io.open(mark .. i)
        if file then
          file:close()
          for pid in contents(mark .. i):gmatch "%d+" do
            n = n + 1
            assert.is_true(processes.until_gone(pid), pid)
          end
        end
      end
      assert.equal(130, status)
      assert.equal("", out)
      -- The worker, the forkserver, the measured process.
      assert.is_true(n >= 3, n)
    end)
  end)
end)

describe("luaconc doctor", function()
  it("tells versions, limits and engines, and that all is well", function()
    local status, out, err = luaconc "doctor"
    assert.equal(0, status)
    assert.equal("", err)
    for _, words in ipairs { "ok    luaconc +%d", "ok    Lua +Lua 5%.4%.%d",
      "cores +%d+", "descriptors +[%d,]+ %(at most", "ok    task +works",
      "ok    thread +works", "ok    process +works", "python3 " } do
      assert.matches(words, out)
    end
  end)

  it("calls a low limit low, and says what raises it", function()
    if not limits.descriptors(4096) then pending "it is low, and can't be raised" end
    local status, out = command.run_after("ulimit -Sn 500;", "doctor")
    assert.equal(0, status)
    assert.matches("low   descriptors +500", out)
    assert.matches("`ulimit %-n 4096`", out)
  end)

  it("is not content where an engine does not work", function()
    local checkup = require "luaconc.cli.checkup"
    local sections = { { { name = "task", value = "works", state = "good" },
      { name = "SQLite", value = "not found", state = "missing" } } }
    assert.is_true(checkup.healthy(sections))
    table.insert(sections[1], { name = "x", value = "no", state = "bad" })
    assert.is_false(checkup.healthy(sections))
  end)

  it("writes the findings as JSON", function()
    local json = os.tmpname()
    assert.equal(0, (luaconc("doctor", "--json", json)))
    local data = assert(require("dkjson").decode(contents(json)))
    assert.equal(5, #data)
    assert.equal("luaconc", data[1][1].name)
    assert.equal("good", data[1][1].state)
  end)
end)

describe("luaconc completion", function()
  local function complete(...)
    local words = {}
    for i, word in ipairs { ... } do words[i] = quoted(word) end
    local script = ("eval \"$(%s %s completion bash)\"; COMP_WORDS=(luaconc %s); "
      .. "COMP_CWORD=%d; _luaconc; echo \"${COMPREPLY[@]}\""):format(lua,
      quoted(tree .. "/bin/luaconc"), table.concat(words, " "), #words)
    local pipe = io.popen("bash -c " .. quoted(script))
    local out = pipe:read "l"
    pipe:close()
    return out
  end

  it("completes commands, options, and values in bash", function()
    assert.equal("doctor", complete "doc")
    assert.equal("--engines", complete("compare", "--eng"))
    assert.equal("task thread", complete("compare", "--engines", "t"))
    assert.equal("bash", complete("completion", "b"))
  end)

  -- Where those shells are, they must read it.
  it("is read by zsh and fish without complaint", function()
    for _, shell in ipairs { "zsh", "fish" } do
      local status, out = luaconc("completion", shell)
      assert.equal(0, status)
      assert.matches("engines", out)
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(out)
      file:close()
      local ok = os.execute(("if command -v %s >/dev/null; then %s -n %s; fi")
        :format(shell, shell, path))
      os.remove(path)
      assert.is_true(ok, shell)
    end
  end)

  it("tells zsh where a word is a file, and where it is one of some", function()
    local _, out = luaconc("completion", "zsh")
    local words = {}
    for name, text in out:gmatch "\n    (%l+)%) shift words;(.-) ;;" do words[name] = text end
    assert.matches("'*:file:_files'", words.run, 1, true)
    assert.matches("'*:word:(bash zsh fish)'", words.completion, 1, true)
    assert.is_nil(words.doctor:find("'*:", 1, true))
  end)

  it("refuses another shell by name", function()
    local status, _, err = luaconc("completion", "fihs")
    assert.equal(2, status)
    assert.matches("no completion for 'fihs'; did you mean 'fish'%?", err)
    assert.equal(2, (luaconc "completion"))
  end)
end)
