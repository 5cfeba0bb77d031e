-- The reference of sockets besides TCP: see docs/api.lua.

local unix = {
  title = "Unix sockets",
  text = [[
Streams between programs of one machine, at a path. On Linux, a path that begins
with a zero byte is an abstract name: it is in no folder, and nothing is left of
it.]],
  {
    name = "conc.unix.connect",
    call = "conc.unix.connect(path [, options])",
    text = [[
Connects to a server; waits while its backlog is full.]],
    params = {
      { "path", "string", "" },
      { "options", "luaconc.unixconnectoptions?", "" },
    },
    options = { { "timeout", "number?", "seconds; for ever unless said" } },
    optionclass = "luaconc.unixconnectoptions",
    returns = { { "luaconc.stream", "stream", "" } },
    fails = {
      { "ENOENT", "there is no such file" },
      { "ECONNREFUSED", "nobody listens there" },
      { "EACCES", "this user may not write to the file" },
      { "ETIMEDOUT", "it took longer than `timeout`" },
      { "ENAMETOOLONG", "the path is longer than 107 bytes" },
      { "...", "and whatever else the system says, by libuv's names" },
    },
    waits = "while the server's backlog is full",
    example = [[
local listener <close> = assert(conc.unix.listen("\0an example"))
local stream <close> = assert(conc.unix.connect("\0an example"))
print(stream:peer().family)  --> unix]],
  },
  {
    name = "conc.unix.listen",
    call = "conc.unix.listen(path [, options])",
    text = [[
Listens at `path`, which is made, and removed when the listener is closed. Where
a listener that was killed has left its socket, that is replaced; any other file
is not.]],
    params = {
      { "path", "string", "" },
      { "options", "luaconc.unixlistenoptions?", "" },
    },
    options = {
      { "backlog", "integer?",
        "how many may wait to be accepted; 511 unless said" },
      { "mode", "integer?", "the permissions of the file; as the process "
        .. "makes files, unless said. Who may write to it may connect" },
    },
    optionclass = "luaconc.unixlistenoptions",
    returns = { { "luaconc.listener", "listener", "" } },
    fails = {
      { "EADDRINUSE", "somebody listens there, or it is another file" },
      { "EACCES", "this user may not make files there" },
      { "ENAMETOOLONG", "the path is longer than 107 bytes" },
      { "...", "and whatever else the system says, by libuv's names" },
    },
    waits = false,
    example = [[
local path = os.tmpname()
os.remove(path)
local listener <close> = assert(conc.unix.listen(path, { mode = 384 }))
print(listener:sock().path == path)  --> true]],
  },
  {
    name = "conc.unix.serve",
    call = { "conc.unix.serve(path, handler [, options])",
      "conc.unix.serve(listener, handler [, options])" },
    text = [[
Runs `handler(stream)` in a task of its own for each connection, like
`conc.tcp.serve`.]],
    params = {
      { "path", "string|luaconc.listener", "" },
      { "handler", "fun(stream: luaconc.stream)", "" },
      { "options", "luaconc.serveoptions?", "those of `conc.tcp.serve`, and "
        .. "where a path is given those of `conc.unix.listen`" },
    },
    returns = { { "true", "stopped", "the listener was closed" } },
    fails = { { "EADDRINUSE", "and what else `conc.unix.listen` tells" } },
    raises = "the first error of a handler, where there is no `on_error`.",
    waits = "until it is stopped",
    example = [[
local listener = assert(conc.unix.listen("\0an example"))
local server = conc.spawn(conc.unix.serve, listener, function(stream)
  stream:write("who asks: ", stream:peer().pid and "a process" or "?")
end)
do
  local stream <close> = assert(conc.unix.connect("\0an example"))
  print(stream:read("a"))  --> who asks: a process
end
listener:close()
print(server:await())  --> true]],
  },
}

local udp_options = {
  { "keep", "integer?", "bytes that are kept while nobody receives; 262144 "
    .. "unless said" },
  { "broadcast", "boolean?", "may it send to all of a network?" },
  { "ttl", "integer?", "through how many routers a datagram may go" },
}

local udp_bind_options = {
  { "reuseaddr", "boolean?", "several sockets share the port, as listeners to "
    .. "one group do" },
  { "reuseport", "boolean?", "several sockets share the port, and each sender "
    .. "always reaches the same one: for several workers" },
  { "v6only", "boolean?", "of `::`, no datagrams over IPv4" },
}
table.move(udp_options, 1, #udp_options, 4, udp_bind_options)

local place = {
  { "host", "string", "a name, or a numeric address" },
  { "port", "integer", "" },
}

local system = { "...", "what the system says, by libuv's names" }

local udp = {
  title = "UDP",
  text = [[
Datagrams: each arrives whole, or not at all.]],
  {
    name = "conc.udp.bind",
    call = "conc.udp.bind(host, port [, options])",
    text = [[
A socket with an address of its own, which sends to and receives from anybody.
For port 0 the system chooses one, which `socket:sock()` tells.]],
    params = {
      place[1], place[2], { "options", "luaconc.udpbindoptions?", "" },
    },
    options = udp_bind_options,
    optionclass = "luaconc.udpbindoptions",
    returns = { { "luaconc.udpsocket", "socket", "" } },
    fails = {
      { "EADDRINUSE", "somebody uses the port" },
      { "EAI_NONAME", "there is no such host" }, system,
    },
    waits = "while a name is looked up",
    example = [[
local socket <close> = assert(conc.udp.bind("127.0.0.1", 0))
print(socket:sock().port > 0)  --> true]],
  },
  {
    name = "conc.udp.connect",
    call = "conc.udp.connect(host, port [, options])",
    text = [[
A socket that sends to and receives from one address only. Nothing is sent by
that: nobody need be there.]],
    params = { place[1], place[2], { "options", "luaconc.udpoptions?", "" } },
    options = udp_options,
    optionclass = "luaconc.udpoptions",
    returns = { { "luaconc.udpsocket", "socket", "" } },
    fails = { { "EAI_NONAME", "there is no such host" }, system },
    waits = "while a name is looked up",
    example = [[
local server <close> = assert(conc.udp.bind("127.0.0.1", 0))
local port = server:sock().port
local socket <close> = assert(conc.udp.connect("127.0.0.1", port))
socket:send("hello")
print((server:recv()))  --> hello]],
  },
}

local bound = 'local socket <close> = assert(conc.udp.bind("127.0.0.1", 0))\n'

local function with_socket(text)
  return bound .. text
end

local closed = { "EBADF", "it was closed" }
local address = { "luaconc.address", "address", "`{host=, port=, family=}`" }
local done = { { "true", "done", "" } }

local socket = {
  title = "UDP socket",
  text = "What `conc.udp.bind` and `conc.udp.connect` return.",
  type = {
    class = "luaconc.udpsocket",
    name = "socket",
    sample = "return conc.udp.bind('127.0.0.1', 0)",
    closes = true,
  },
  {
    name = "send",
    call = { "socket:send(data, host, port)", "socket:send(data)" },
    text = [[
Sends a datagram to a numeric address (`conc.dns.lookup` finds that of a name);
without one, to the peer of a connected socket. It may still be lost.]],
    params = {
      { "data", "string", "" },
      { "host", "string?", "a numeric address" }, { "port", "integer?", "" },
    },
    returns = done,
    fails = {
      { "EMSGSIZE", "it is too long for a datagram" },
      { "EDESTADDRREQ", "the socket is not connected, and needs an address" },
      { "EAGAIN", "too much waits to be sent" }, closed, system,
    },
    waits = false,
    example = with_socket [[
print(socket:send("to myself", "127.0.0.1", socket:sock().port))  --> true]],
  },
  {
    name = "recv",
    call = "socket:recv()",
    text = [[
The next datagram, and where it is from. Several tasks may receive; each gets
another one. Before the first `recv` the system keeps what comes; afterwards
what nobody receives is kept up to a bound, then dropped and counted.]],
    params = {},
    returns = {
      { "string", "data", "" },
      address,
    },
    fails = {
      { "ECONNREFUSED", "nobody got what a connected socket has sent" },
      { "ETIMEDOUT", "it took longer than `socket:timeout`" }, closed,
      { "ECANCELED", "it was closed here in the meantime" },
    },
    waits = "unless one is there",
    example = with_socket [[
socket:send("to myself", "127.0.0.1", socket:sock().port)
local data, from = socket:recv()
print(data, from.host)  --> to myself	127.0.0.1]],
  },
  {
    name = "timeout",
    call = "socket:timeout([seconds])",
    text = "How long each `recv` may take from now on.",
    params = { { "seconds", "number?", "for ever unless said" } },
    returns = { { "luaconc.udpsocket", "socket", "itself" } },
    waits = false,
    example = with_socket [[
print(socket:timeout(0.01):recv())  --> nil	timed out	ETIMEDOUT]],
  },
  {
    name = "keep",
    call = "socket:keep(bytes)",
    text = [[
How much is kept from now on while nobody receives. One datagram always is.]],
    params = { { "bytes", "integer", "with what is noted about each" } },
    returns = { { "luaconc.udpsocket", "socket", "itself" } },
    waits = false,
    example = with_socket "socket:keep(2^20)",
  },
  {
    name = "dropped",
    call = "socket:dropped()",
    text = [[
How many datagrams have come and could not be kept. (What the system has dropped
is not among them.)]],
    params = {},
    returns = { { "integer", "n", "" } },
    fails = { closed },
    waits = false,
    example = with_socket "print(socket:dropped())  --> 0",
  },
  {
    name = "join",
    call = "socket:join(group [, interface])",
    text = [[
From now on it gets what is sent to the group, a multicast address.]],
    params = {
      { "group", "string", "a numeric address" },
      { "interface", "string?", "the address of one of ours; the system "
        .. "chooses unless said" },
    },
    returns = done,
    fails = {
      { "ENODEV", "no interface reaches such groups" }, closed, system,
    },
    waits = false,
    example = with_socket [[
socket:join("224.0.0.251", "127.0.0.1")]],
  },
  {
    name = "leave",
    call = "socket:leave(group [, interface])",
    text = "The end of `join`, with the same arguments.",
    params = { { "group", "string", "" }, { "interface", "string?", "" } },
    returns = done,
    fails = { { "EADDRNOTAVAIL", "it is not in the group" }, closed, system },
    waits = false,
    example = with_socket [[
print(select(3, socket:leave("224.0.0.251", "127.0.0.1")))
--> EADDRNOTAVAIL]],
  },
  {
    name = "broadcast",
    call = "socket:broadcast(on)",
    text = "May it send to the broadcast address of a network?",
    params = { { "on", "boolean", "" } },
    returns = done,
    fails = { closed, system },
    waits = false,
    example = with_socket "print(socket:broadcast(true))  --> true",
  },
  {
    name = "ttl",
    call = "socket:ttl(hops)",
    text = "Through how many routers its datagrams may go.",
    params = { { "hops", "integer", "1 to 255" } },
    returns = done,
    fails = { closed, system },
    waits = false,
    example = with_socket "print(socket:ttl(4))  --> true",
  },
  {
    name = "loopback",
    call = "socket:loopback(on)",
    text = "Do its own datagrams to a group come back to this machine?",
    params = { { "on", "boolean", "they do unless said" } },
    returns = done,
    fails = { closed, system },
    waits = false,
    example = with_socket "print(socket:loopback(false))  --> true",
  },
  {
    name = "sock",
    call = "socket:sock()",
    text = "Its own address.",
    params = {},
    returns = { address },
    fails = { closed },
    waits = false,
    example = with_socket "print(socket:sock().host)  --> 127.0.0.1",
  },
  {
    name = "peer",
    call = "socket:peer()",
    text = "The address that it is connected to.",
    params = {},
    returns = { address },
    fails = { { "ENOTCONN", "it is not connected" }, closed },
    waits = false,
    example = with_socket "print(select(3, socket:peer()))  --> ENOTCONN",
  },
  {
    name = "close",
    call = "socket:close()",
    text = [[
Closes it. Who waits in `recv` gets the code ECANCELED. A second time it does
nothing.]],
    params = {},
    returns = { { "true", "closed", "" } },
    waits = false,
    example = with_socket "print(socket:close())  --> true",
  },
}

local dns = {
  title = "Names of hosts",
  text = [[
As the system resolves them, in threads of libuv's pool.]],
  {
    name = "conc.dns.lookup",
    call = "conc.dns.lookup(host)",
    text = [[
The numeric addresses of a host, in the system's order, each once.]],
    params = { { "host", "string", "a name; a numeric address is its own" } },
    returns = { { "string[]", "addresses", "" } },
    fails = {
      { "EAI_NONAME", "there is no such host" },
      { "EAI_AGAIN", "who would know does not answer" },
      { "EAGAIN", "the system has no thread to spare" },
    },
    waits = true,
    example = [[
for _, address in ipairs(assert(conc.dns.lookup("localhost"))) do
  assert(address == "127.0.0.1" or address == "::1")
end]],
  },
  {
    name = "conc.dns.reverse",
    call = "conc.dns.reverse(address)",
    text = "The name of a numeric address.",
    params = { { "address", "string", "" } },
    returns = { { "string", "name", "" } },
    fails = {
      { "EAI_NONAME", "it has none" },
      { "EAI_AGAIN", "who would know does not answer" },
      { "EAGAIN", "the system has no thread to spare" },
    },
    waits = true,
    example = [[
local name = assert(conc.dns.reverse("127.0.0.1"))
assert(#name > 0)]],
  },
}

local pair = {
  title = "Pairs in memory",
  text = [[
Two streams joined in memory: for tests, and between tasks of one state. They
promise what sockets promise, use no descriptor, and under the virtual clock
take no time.]],
  {
    name = "conc.pair",
    call = "conc.pair([capacity])",
    text = [[
Two streams: what is written to one is read from the other, both ways. An end
keeps `capacity` bytes that nobody reads; what is written beyond them is queued
as with any stream, so a writer waits for a slow reader. Closing an end before
all was read resets the other, and so does `stream:reset`. The ends have no
addresses and no options.]],
    params = { { "capacity", "integer?", "bytes, 65536 unless said" } },
    returns = { { "luaconc.stream", "first", "" },
      { "luaconc.stream", "second", "" } },
    fails = { { "ENOMEM", "there is no memory" } },
    waits = false,
    example = [[
conc.run(function()
  local client, server = conc.pair()
  conc.spawn(function()
    local s <close> = server
    for line in s:lines() do s:write(line:upper(), "\n") end
  end)
  client:write("hello\n")
  print(client:read("l"))  --> HELLO
  client:close()
end)]],
  },
}

return { unix, udp, socket, dns, pair }
