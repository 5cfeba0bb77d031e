-- A client of Redis in a page: many tasks share one connection, and what they
-- ask goes out together (pipelined), each getting its own answer.
--
--   lua5.4 examples/redis.lua [PORT]

local conc = require "luaconc"

local M = {}

-- ---- the protocol, RESP2 ----

local function encode(...)
  local parts = { ("*%d\r\n"):format(select("#", ...)) }
  for i = 1, select("#", ...) do
    local text = tostring((select(i, ...)))
    parts[#parts + 1] = ("$%d\r\n%s\r\n"):format(#text, text)
  end
  return table.concat(parts)
end

local read_answer

local readers = {
  ["+"] = function(_, rest) return rest end,
  ["-"] = function(_, rest) return nil, rest, "REDIS" end,
  [":"] = function(_, rest) return math.tointeger(rest) end,
  ["$"] = function(stream, rest)
    if rest == "-1" then return nil end
    local text = stream:read(tonumber(rest) + 2)
    return text and text:sub(1, -3)
  end,
  ["*"] = function(stream, rest)
    local list = {}
    for i = 1, tonumber(rest) do list[i] = read_answer(stream) or false end
    return list
  end,
}

function read_answer(stream)
  local line, message, code = stream:read_until "\r\n"
  if not line then return nil, message, code end
  return readers[line:sub(1, 1)](stream, line:sub(2))
end

-- ---- the connection ----

local Client = {}
Client.__index = Client

local TOGETHER = 100   -- questions that go out in one write

-- Sends what has been asked, all that is there at once.
local function write_questions(client)
  for question in client.questions:iter() do
    local texts = {}
    repeat
      texts[#texts + 1] = question.text
      client.asked:try_send(question)
      question = #texts < TOGETHER and client.questions:try_recv() or nil
    until not question
    client.stream:write(table.unpack(texts))
  end
end

-- Takes answers in the order of the questions, which Redis keeps. Once the
-- connection is broken, its error answers them all.
local function read_answers(client)
  for question in client.asked:iter() do
    question.answer = table.pack(read_answer(client.stream))
    question.done:set()
  end
end

--- Runs in a task. Many at a time may use `client:call(...)`.
function M.connect(host, port)
  local stream, message, code = conc.tcp.connect(host, port)
  if not stream then return nil, message, code end
  local client = setmetatable({ stream = stream,
    questions = conc.queue(), asked = conc.queue(math.huge) }, Client)
  conc.spawn { write_questions, client, daemon = true }
  conc.spawn { read_answers, client, daemon = true }
  return client
end

--- `client:call("GET", "key")`: the answer, or nil and what Redis says.
function Client:call(...)
  local question = { text = encode(...), done = conc.event() }
  self.questions:send(question)
  question.done:wait()
  return table.unpack(question.answer, 1, question.answer.n)
end

function Client:close()
  self.questions:close()
  self.asked:close()
  return self.stream:close()
end
Client.__close = Client.close

-- ---- an example of its use ----

local function main(port)
  local client <close>, message = M.connect("127.0.0.1", port)
  if not client then
    io.stderr:write(message, "\n")
    os.exit(1)
  end
  print(client:call("SET", "greeting", "hello"), client:call("GET", "greeting"))
  print(client:call("GET", "nothing"))
  print(select(2, client:call("NONSENSE")):match "^ERR")
  client:call("DEL", "counter", "list")
  local group <close> = conc.group()
  for i = 1, 1000 do
    group:spawn(client.call, client, "INCR", "counter")
    group:spawn(client.call, client, "RPUSH", "list", i)
  end
  group:await()
  local list = client:call("LRANGE", "list", 0, -1)
  print(client:call("GET", "counter"), #list, list[1], list[1000])
end

-- As a program, not by `require`.
if arg and arg[0]:find "redis%.lua$" then
  local port = math.tointeger(tonumber(arg[1] or 6379))
  if not port or port < 1 or port > 65535 then
    io.stderr:write("usage: lua5.4 redis.lua [PORT]\n")
    os.exit(2)
  end
  conc.run(main, port)
end

return M
