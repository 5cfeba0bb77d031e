-- The examples about processes, as their readers would run them.

local conc = require "luaconc"
local folder = require "spec.support.folder"
local lfs = require "lfs"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local streams = require "spec.support.streams"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local function run(name, ...) return script.file("examples/" .. name, ...) end

-- Files of these texts, by name, in a folder that is removed in the end.
local function folder_of(texts)
  local path = os.tmpname()
  os.remove(path)
  assert(lfs.mkdir(path))
  for name, text in pairs(texts) do
    local file <close> = assert(io.open(path .. "/" .. name, "w"))
    file:write(text)
  end
  return path, sim.on_close(function()
    for name in lfs.dir(path) do os.remove(path .. "/" .. name) end
    lfs.rmdir(path)
  end)
end

local function sorted(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  table.sort(lines)
  return lines
end

describe("the example checker.lua", function()
  it("says what became of each file, and lives through all", function()
    local path <const>, _ <close> = folder_of {
      good = "print('six', 7) return 6 * 7",
      wrong = "return 1 +",
      error = "error 'mine'",
      memory = "local t = {} for i = 1, 1e9 do t[i] = { i } end",
      noisy = "while true do print(('x'):rep(100)) end",
      open = "return io.open('/etc/passwd')",
      dump = "return string.dump(function() end)",
    }
    local names = { "good", "wrong", "error", "memory", "noisy", "open", "dump" }
    for i, name in ipairs(names) do names[i] = path .. "/" .. name end
    local result = run("checker.lua", 60, table.unpack(names))
    assert.same({ 0, "" }, { result.code, result.err })
    assert.equal(([[
@/good: ok: 42
  | six	7
@/wrong: failed: @/wrong:1: unexpected symbol near <eof>
@/error: failed: @/error:1: mine
@/memory: needs too much memory
@/noisy: failed: it prints too much
@/open: failed: @/open:1: global 'io' does not exist in a process: make it local, or require it
@/dump: failed: @/dump:1: attempt to call a nil value (field 'dump')
]]):gsub("@", path), result.out)
  end)

  it("ends what takes too long", function()
    local path <const>, _ <close> = folder_of { loop = "while true do end" }
    for seconds, words in pairs { [0.5] = {}, [0.1] = { 0.1 } } do
      table.insert(words, path .. "/loop")
      assert.equal(("%s/loop: took longer than %g s\n"):format(path, seconds),
        run("checker.lua", table.unpack(words)).out)
    end
  end)

  it("tells what can't be read, and how it is used", function()
    assert.equal("/nosuch: failed: /nosuch: no such file or directory\n",
      run("checker.lua", "/nosuch").out)
    assert.equal(2, run("checker.lua").code)
  end)
end)

describe("the example grep.lua", function()
  it("finds lines in the order of the files", function()
    local path <const>, _ <close> = folder_of {
      a = "one\ntwo\nthree\n", b = "no\0thing\n", c = "two and two", d = "",
    }
    local result = run("grep.lua", "t%a*[oe]", path)
    assert.same({ 0, "" }, { result.code, result.err })
    assert.equal(("%s/a:2:two\n%s/a:3:three\n%s/c:1:two and two\n"):format(path, path, path),
      result.out)
    assert.same({ 1, "" }, { run("grep.lua", "zebra", path).code, "" })
    assert.equal(path .. "/a:1:one\n", run("grep.lua", "^o", path .. "/a").out)
    assert.equal(2, run("grep.lua", "[").code)
    assert.equal(2, run("grep.lua").code)
  end)
end)

describe("the example jobs.lua", function()
  it("runs what is needed first, and again what failed", function()
    local path <const>, _ <close> = folder_of {
      jobs = [[return {
        first = { run = "echo one" },
        flaky = { run = "cd '@' && echo x >> tried && test `wc -l < tried` = 2", tries = 3,
          needs = { "first" } },
        broken = { run = "exit 4", tries = 2 },
        last = { run = "echo never", needs = { "flaky", "broken" } },
      }]],
    }
    local file = assert(io.open(path .. "/jobs"))
    local text = file:read "a":gsub("@", path)
    file:close()
    file = assert(io.open(path .. "/jobs", "w"))
    file:write(text)
    file:close()
    local result = run("jobs.lua", path .. "/jobs")
    assert.same({ 1, "" }, { result.code, result.err })
    assert.same({
      "broken   failed with status 4, try 1 of 2",
      "broken   failed with status 4, try 2 of 2",
      "first    done",
      "first    | one",
      "flaky    done at try 2",
      "flaky    failed with status 1, try 1 of 3",
      "last     not run: it needs broken",
    }, sorted(result.out))
    assert.same({ 0, "first    | one\nfirst    done\n" },
      { run("jobs.lua", path .. "/jobs", "first").code,
        run("jobs.lua", path .. "/jobs", "first").out })
  end)

  it("refuses circles, and names that nobody has", function()
    local path = folder.temporary [[return {
      a = { run = "true", needs = { "b" } }, b = { run = "true", needs = { "a" } },
      c = { run = "true", needs = { "nosuch" } },
    }]]
    local function refuses(text, ...)
      local result = run("jobs.lua", ...)
      assert.same({ 2, "jobs.lua: " .. text .. "\n" }, { result.code, result.err })
    end
    refuses("a circle: a needs b needs a", path, "a")
    refuses("there is no job nosuch, which c needs", path, "c")
    refuses("there is no job d", path, "d")
    refuses "usage: lua5.4 jobs.lua FILE [JOB...]"
    os.remove(path)
  end)
end)

describe("the example prefork.lua", function()
  it("serves by several processes, and replaces one that crashes", function()
    streams.run(function()
      local program <close> = assert(conc.popen { lua, "examples/prefork.lua", "0", "2",
        stdin = "null", stderr = "pipe" })
      local port = math.tointeger(program.stdout:read("l"):match "%d+$")
      local function ask(text)
        local stream <close> = assert(conc.tcp.connect("127.0.0.1", port))
        stream:write(text, "\n")
        return stream:read "l"
      end
      assert.match("^[12]: HELLO$", ask "hello")
      for _ = 1, 3 do
        assert.is_nil((ask "crash"))
        assert.match("^worker %d' ended with exit code 1 before its job did; another is started$",
          program.stderr:read("l"):match "'(worker.*)")
        assert.match("^[12]: AGAIN$", ask "again")
      end
      program:kill "SIGINT"
      assert.equal("SIGINT", program:wait().signal)
    end)
  end)

  it("says how it is used", function()
    assert.equal(2, run("prefork.lua", "x").code)
    assert.equal(2, run("prefork.lua", "0", "0").code)
  end)
end)
