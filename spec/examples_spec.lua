-- The examples, run as their readers would, and what they print.

local lfs = require "lfs"
local conc = require "luaconc"
local folder = require "spec.support.folder"
local peer = require "spec.support.peer"
local script = require "spec.support.script"
local sim = require "spec.support.sim"
local snippets = require "spec.support.snippets"

local lua = os.getenv "LUACONC_LUA" or "lua5.4"

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs one with these arguments.
local function run(name, ...) return script.file("examples/" .. name, ...) end

-- It ends well and prints these lines, which are patterns.
local function prints(patterns, name, ...)
  local result = run(name, ...)
  assert.same({ 0, "" }, { result.code, result.err })
  local i = 0
  for line in result.out:gmatch "[^\n]+" do
    i = i + 1
    assert.is_truthy(patterns[i] and line:find(patterns[i]), line)
  end
  assert.equal(#patterns, i)
end

-- It ends with this status, having said this on standard error only.
local function refuses(code, text, name, ...)
  local result = run(name, ...)
  assert.same({ code, "" }, { result.code, result.out })
  sim.shows(result.err, text)
  assert.is_nil(result.err:find "traceback")
end

local function file_of(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
  return path, sim.on_close(function() os.remove(path) end)
end

describe("the example hello.lua", function()
  it("naps three times at once", function()
    prints({ "^Cleo slept for 0%.05 s$", "^Ada slept for 0%.10 s$",
      "^Ben slept for 0%.20 s$", "^Ada, Ben and Cleo: %d+%.%d+ s in all$" }, "hello.lua")
  end)
end)

describe("the example progress.lua", function()
  for _, engine in ipairs { "thread", "process" } do
    it("counts primes, and shows how far it is, by " .. engine, function()
      local result = run("progress.lua", engine, "20000")
      assert.same({ 0, "2262 primes up to 20000\n" }, { result.code, result.out })
      assert.matches("\r100 %%\n$", result.err)
    end)
  end

  it("says how it is used", function()
    refuses(1, "usage: lua5.4 progress.lua", "progress.lua", "task")
  end)
end)

describe("the example race.lua", function()
  it("loses what is raced for, and nothing that is repaired", function()
    prints({ "lost %d+ of 6000$", "add.*lost 0$", "acquire.*lost 0$", "cas.*lost 0$" },
      "race.lua", "3000")
  end)

  it("says how it is used", function()
    refuses(1, "usage: lua5.4 race.lua", "race.lua", "no")
  end)
end)

describe("the example sort.lua", function()
  for _, engine in ipairs { "thread", "process" } do
    it("sorts, by " .. engine, function()
      prints({ "^5003 numbers sorted by 4 jobs in %d" }, "sort.lua", engine, "5003")
    end)
  end

  it("says how it is used", function()
    refuses(1, "usage: lua5.4 sort.lua", "sort.lua", "thread", "2")
  end)
end)

describe("the example crawl.lua", function()
  it("reads every page", function()
    prints({ "^read 31 pages in %d+%.%d+ s, one by one it takes 1%.55 s$" }, "crawl.lua")
  end)
end)

describe("the example pipeline.lua", function()
  local line = "^of the first %d numbers, %d takes most steps to 1: %d$"

  it("finds the longest sequence, by tasks and by threads", function()
    prints({ line:format(1000, 871, 178) }, "pipeline.lua")
    prints({ line:format(1000, 871, 178) }, "pipeline.lua", "thread")
    prints({ line:format(5000, 3711, 237) }, "pipeline.lua", "thread", "5000")
    prints({ line:format(1, 1, 0) }, "pipeline.lua", "task", "1")
  end)

  it("says how it is used", function()
    refuses(2, "usage: lua5.4 pipeline.lua [task|thread [COUNT]]\n", "pipeline.lua", "fibre")
    refuses(2, "usage: ", "pipeline.lua", "task", "many")
  end)
end)

describe("the example words.lua", function()
  for _, engine in ipairs { "task", "thread", "process" } do
    it("counts words with engine " .. engine, function()
      local one <const>, _ <close> = file_of "Pears and apples; apples, plums.\n"
      local two <const>, _ <close> = file_of "PEARS apples and figs"
      prints({ "^     3 apples$", "^     2 pears$", "^     1 figs$", "^     1 plums$" },
        "words.lua", engine, one, two)
    end)

    it("names a file that can't be read (" .. engine .. ")", function()
      refuses(1, "/nosuch/file: No such file or directory\n", "words.lua", engine,
        "README.md", "/nosuch/file")
    end)
  end

  it("says how it is used", function()
    refuses(2, "usage: lua5.4 words.lua task|thread|process FILE...\n", "words.lua")
    refuses(2, "usage: ", "words.lua", "thread")
    refuses(2, "usage: ", "words.lua", "README.md")
  end)
end)

describe("the example mandelbrot.lua", function()
  -- The rows of a picture, as strings; its head is checked.
  local function rows_of(path, width, height)
    local text = snippets.read(path)
    local head = ("P6\n%d %d\n255\n"):format(width, height)
    assert.equal(head, text:sub(1, #head))
    assert.equal(#head + 3 * width * height, #text)
    local rows = {}
    for i = 1, height do
      local first = #head + 3 * width * (i - 1) + 1
      rows[i] = text:sub(first, first + 3 * width - 1)
    end
    return rows
  end

  local pictures = {}
  for _, engine in ipairs { "task", "thread", "process" } do
    it("paints the set with engine " .. engine, function()
      local path <const>, _ <close> = file_of ""
      prints({ "^/.+: 60 x 41 points in %d+%.%d+ s$" }, "mandelbrot.lua", engine, path,
        "60", "41")
      local rows = rows_of(path, 60, 41)
      -- Black where it is in the set: the middle; not at the edges.
      local function black(x, y) return rows[y]:sub(3 * x - 2, 3 * x) == "\0\0\0" end
      assert.is_true(black(41, 21) and black(30, 21))
      assert.is_false(black(1, 1) or black(60, 21) or black(60, 41))
      -- It is the same above and below the real axis.
      for i = 1, 20 do assert.equal(rows[i], rows[42 - i]) end
      pictures[#pictures + 1] = table.concat(rows)
      assert.equal(pictures[1], pictures[#pictures])
    end)
  end

  it("says how it is used, and what it can't write", function()
    refuses(2, "usage: lua5.4 mandelbrot.lua task|thread|process FILE [WIDTH [HEIGHT]]\n",
      "mandelbrot.lua")
    refuses(2, "usage: ", "mandelbrot.lua", "task", "/nosuch/file", "0")
    refuses(2, "usage: ", "mandelbrot.lua", "task", "/nosuch/file", "ten")
    refuses(1, "/nosuch/file: No such file or directory\n", "mandelbrot.lua", "task",
      "/nosuch/file")
  end)
end)

describe("the example server.lua", function()
  it("echoes, and ends on Ctrl-C with status 130", function()
    -- The server itself, with a client that interrupts it at the end.
    local server = snippets.read "examples/server.lua"
    local client = [[
      conc.spawn(function()
        while not port_of_server do conc.sleep(0.001) end
        local stream <close> = assert(conc.tcp.connect("127.0.0.1",
          port_of_server))
        stream:write("one\ntwo\n")
        say(stream:read("l"), " ", stream:read("l"))
        interrupt()
      end)
      local plain = print
      function print(line)
        port_of_server = tonumber(line:match ":(%d+)$") or port_of_server
        plain(line)
      end
    ]]
    local result = script.run(client .. server)
    assert.equal(130, result.code)
    assert.is_truthy(result.out:find(
      "^listening on 127%.0%.0%.1:%d+\none two\n"), result.out)
    assert.is_truthy(result.out:find "\nclosed\n$", result.out)
  end)
end)

describe("the example chat.lua", function()
  it("passes on what each guest says, until Ctrl-C", function()
    local chat = snippets.read "examples/chat.lua"
    local guests = [[
      local function enter(name)
        local s = assert(conc.tcp.connect("127.0.0.1", port_of_chat))
        assert(s:timeout(10):read "l" == "Your name?")
        s:write(name, "\n")
        return s
      end
      conc.spawn(function()
        while not port_of_chat do conc.sleep(0.001) end
        local ada = enter "Ada"
        local second = enter "Ada"
        say(second:read "l")
        second:write("Ben\r\n")
        say("Ada hears: ", ada:read "l")
        ada:write("hello\n")
        say("Ben hears: ", second:read "l")
        second:write("a line without an end")
        second:close()
        say("Ada hears: ", ada:read "l")
        say("Ada hears: ", ada:read "l")
        ada:close()
        interrupt()
      end)
      local plain = print
      function print(line)
        port_of_chat = tonumber(line:match ":(%d+)$")
        plain "listening"
      end
    ]]
    local result = script.run(guests .. chat)
    assert.equal(130, result.code)
    assert.equal([[
listening
Another one, please: letters and digits
Ada hears: Ben is here
Ben hears: Ada: hello
Ada hears: Ben: a line without an end
Ada hears: Ben has left
]], result.out)
  end)
end)

describe("the example scan.lua", function()
  it("finds the ports where somebody listens, on this machine", function()
    local first <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local port = first:sock().port
    prints({ "^" .. port .. " is open$", "^1 of 1 ports are open$" }, "scan.lua",
      tostring(port))
    local low, high = math.max(port - 150, 1), math.min(port + 150, 65535)
    local result = run("scan.lua", tostring(low), tostring(high))
    assert.equal(0, result.code)
    sim.shows(result.out, port .. " is open", "of " .. high - low + 1 .. " ports are open")
  end)

  it("says how it is used", function()
    refuses(2, "usage: lua5.4 scan.lua [FIRST [LAST [HOST]]]\n", "scan.lua", "0")
    refuses(2, "usage: ", "scan.lua", "20", "10")
    refuses(2, "usage: ", "scan.lua", "http")
    refuses(1, "no such name.: ", "scan.lua", "80", "80", "no such name.")
  end)
end)

-- The example http.lua for a folder, while `f(port)` runs, in a process of its
-- own that is ended afterwards; what it has said on standard error.
local function with_http(dir, f)
  local err = os.tmpname()
  local command = ("LUA_PATH=%s LUA_CPATH=%s exec timeout 20 %s examples/http.lua %s 2>%s")
    :format(quoted(package.path), quoted(package.cpath), lua, quoted(dir), err)
  local server = assert(io.popen("echo $$; " .. command))
  local pid = server:read "l"
  local port = server:read "l":match ":(%d+)$"
  local ok, problem = pcall(f, port)
  os.execute("kill -INT " .. pid)
  server:close()
  local said = snippets.read(err)
  os.remove(err)
  if not ok then error(problem, 0) end
  return said
end

describe("the example http.lua", function()
  it("serves curl", function()
    local absent = peer.absent "curl"
    if absent then return pending(absent) end
    folder.with(function(dir)
      local text = ("0123456789\n"):rep(50000)
      folder.make(dir .. "/big.txt", text)
      folder.make(dir .. "/a b", "with a space")
      with_http(dir, function(port)
        local function curl(words)
          local pipe = io.popen("curl -s -m 10 --path-as-is " .. words:gsub("@",
            "http://127.0.0.1:" .. port), "r")
          local out = pipe:read "a"
          pipe:close()
          return out
        end
        assert.is_true(curl "@/big.txt" == text)
        assert.equal("with a space", curl "@/a%20b")
        -- Two on one connection, and an older kind of client.
        assert.equal("with a space1with a space0",
          curl "-w '%{num_connects}' @/a%20b @/a%20b")
        assert.equal("with a space", curl "-0 @/a%20b")
        assert.matches("^HTTP/1.1 200 OK\r\nContent%-Length: 550000\r\n", curl "-I @/big.txt")
        for path, status in pairs {
          ["/none"] = 404, ["/../secret"] = 403, ["/%2e%2e/secret"] = 403, ["/."] = 403,
        } do
          assert.equal(tostring(status), curl("-o /dev/null -w '%{http_code}' @" .. path))
        end
        assert.equal("405", curl "-d x -o /dev/null -w '%{http_code}' @/big.txt")
      end)
    end)
  end)

  it("says how it is used", function()
    refuses(2, "usage: lua5.4 http.lua FOLDER [PORT]\n", "http.lua")
    refuses(2, "usage: ", "http.lua", "--help")
    refuses(2, "usage: ", "http.lua", ".", "65536")
    refuses(1, "README.md is no folder\n", "http.lua", "README.md")
    refuses(1, "/nosuch: no such file", "http.lua", "/nosuch")
  end)
end)

describe("the example download.lua", function()
  it("fetches several files, and names those that it can't have", function()
    folder.with(function(dir)
      folder.make(dir .. "/one", "first")
      folder.make(dir .. "/two", ("second"):rep(100000))
      local into = dir .. "/into"
      assert(lfs.mkdir(into))
      with_http(dir, function(port)
        local at = "http://127.0.0.1:" .. port
        local result = run("download.lua", into, at .. "/one", at .. "/none", at .. "/two",
          "ftp://elsewhere/x")
        assert.equal(1, result.code)
        sim.shows(result.out, at .. "/one: 5 bytes\n", at .. "/two: 600000 bytes\n")
        sim.shows(result.err, at .. "/none: 404 Not Found\n", "ftp://elsewhere/x: no http://")
        prints({ "/one%?again: 5 bytes$" }, "download.lua", into, at .. "/one?again")
      end)
      assert.equal("first", folder.contents(into .. "/one"))
      assert.equal(("second"):rep(100000), folder.contents(into .. "/two"))
    end)
  end)

  it("says how it is used", function()
    refuses(2, "usage: lua5.4 download.lua FOLDER URL...\n", "download.lua")
    refuses(2, "usage: ", "download.lua", "/tmp")
  end)
end)

describe("the examples that serve", function()
  it("say how they are used, and when the port is taken", function()
    local taken <close> = assert(conc.tcp.listen("127.0.0.1", 0))
    local port = tostring(taken:sock().port)
    for _, name in ipairs { "chat", "server" } do
      refuses(2, ("usage: lua5.4 %s.lua [PORT]\n"):format(name), name .. ".lua", "--help")
      refuses(2, "usage: ", name .. ".lua", "65536")
    end
    for name, words in pairs { chat = { port }, http = { ".", port } } do
      refuses(1, port .. ": address already in use\n", name .. ".lua",
        table.unpack(words))
    end
  end)
end)

describe("the example redis.lua", function()
  it("says how it is used, and when nobody answers", function()
    refuses(2, "usage: lua5.4 redis.lua [PORT]\n", "redis.lua", "--help")
    refuses(1, "127.0.0.1:1: connection refused\n", "redis.lua", "1")
  end)

  -- A server of its own on a free port, while `f(port)` runs.
  local function with_redis(f)
    local port
    do
      local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      port = l:sock().port
    end
    local server = assert(io.popen("echo $$; exec timeout 20 redis-server --port " .. port
      .. " --bind 127.0.0.1 --save '' --appendonly no --daemonize no"))
    local pid = server:read "l"
    repeat local line = server:read "l" until not line or line:find "[Rr]eady to accept"
    local ok, problem = pcall(f, tostring(port))
    os.execute("kill " .. pid)
    server:close()
    if not ok then error(problem, 0) end
  end

  it("speaks to Redis, many tasks over one connection", function()
    local absent = peer.absent "redis-server"
    if absent then return pending(absent) end
    with_redis(function(port)
      prints({ "^OK\thello$", "^nil$", "^ERR$", "^1000\t1000\t%d+\t%d+$" }, "redis.lua", port)
    end)
  end)

  it("gives each task its own answer, and all of them the end of the connection", function()
    local redis = assert(loadfile "examples/redis.lua")()
    conc.run(function()
      local l <close> = assert(conc.tcp.listen("127.0.0.1", 0))
      local client <close> = assert(redis.connect("127.0.0.1", l:sock().port))
      local s <close> = assert(l:accept())
      local jobs = {}
      for i = 1, 5 do jobs[i] = conc.spawn { client.call, client, "ECHO", i, keep = true } end
      conc.yield()
      jobs[2]:cancel()
      for i = 1, 5 do
        assert.equal(("*2\r\n$4\r\nECHO\r\n$1\r\n%d\r\n"):format(i), s:read(21))
      end
      s:write("$1\r\n1\r\n$1\r\n2\r\n", "-ERR no three\r\n", "*2\r\n:4\r\n$-1\r\n")
      s:close()
      assert.equal("1", jobs[1]:await())
      assert.is_false((pcall(jobs[2].await, jobs[2])))
      assert.same({ nil, "ERR no three", "REDIS" }, { jobs[3]:await() })
      assert.same({ 4, false }, jobs[4]:await())
      assert.same({ nil, "end of file", "EOF" }, { jobs[5]:await() })
    end)
  end)
end)

describe("the examples", function()
  it("all have their specs, here or in a file of their own", function()
    local text = snippets.read "spec/examples_spec.lua"
      .. snippets.read "spec/tail_spec.lua"
      .. snippets.read "spec/supervisor_spec.lua"
      .. snippets.read "spec/processexamples_spec.lua"
    for name in lfs.dir "examples" do
      if name:find "%.lua$" then
        assert.is_truthy(text:find(('describe("the example %s"'):format(name), 1, true),
          name)
      end
    end
  end)
end)
