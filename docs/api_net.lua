-- The reference of sockets besides TCP: see docs/api.lua.

local unix = {
  title = "Unix sockets",
  text = [[
Streams between programs on one machine, at a path. On Linux, a path that begins
with a zero byte is an abstract name: it is in no folder, and nothing has to be
removed.]],
  {
    name = "conc.unix.connect",
    call = "conc.unix.connect(path [, options])",
    text = [[
Connects to a server.]],
    params = {
      { "path", "string", "of the socket" },
      { "options", "luaconc.unixconnectoptions?", "" },
    },
    options = { { "timeout", "number?", "seconds; default no limit" } },
    optionclass = "luaconc.unixconnectoptions",
    returns = { { "luaconc.stream", "stream", "" } },
    fails = {
      { "ENOENT", "there is no such file" },
      { "ECONNREFUSED", "nobody listens there" },
      { "EACCES", "this user may not write to the file" },
      { "ETIMEDOUT", "`timeout` has passed" },
      { "ENAMETOOLONG", "the path is longer than 107 bytes" },
      { "...", "other codes of the system, by libuv's names" },
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
Listens at a path. The socket file is made, and removed when the listener is
closed. A socket left behind by a listener that was killed is replaced; any
other file is not.]],
    params = {
      { "path", "string", "of the socket" },
      { "options", "luaconc.unixlistenoptions?", "" },
    },
    options = {
      { "backlog", "integer?",
        "how many connections may wait to be accepted; default 511" },
      { "mode", "integer?", "permissions of the file: who may write to it may "
        .. "connect; default as the umask says" },
    },
    optionclass = "luaconc.unixlistenoptions",
    returns = { { "luaconc.listener", "listener", "" } },
    fails = {
      { "EADDRINUSE", "somebody listens there, or another file is there" },
      { "EACCES", "this user may not make files there" },
      { "ENAMETOOLONG", "the path is longer than 107 bytes" },
      { "...", "other codes of the system, by libuv's names" },
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
      { "path", "string|luaconc.listener", "of the socket, or a listener" },
      { "handler", "fun(stream: luaconc.stream)",
        "called for each connection" },
      { "options", "luaconc.serveoptions?", "those of `conc.tcp.serve`; with a "
        .. "path, also those of `conc.unix.listen`" },
    },
    returns = { { "true", "stopped", "the listener was closed" } },
    fails = { { "EADDRINUSE", "or another failure of `conc.unix.listen`" } },
    raises = "the first error of a handler, if there is no `on_error`.",
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
  { "keep", "integer?", "bytes of datagrams that are kept while nobody "
    .. "receives; default 262144" },
  { "broadcast", "boolean?", "whether it may send to a broadcast address; "
    .. "default false" },
  { "ttl", "integer?", "through how many routers a datagram may pass, 1 to "
    .. "255" },
}

local udp_bind_options = {
  { "reuseaddr", "boolean?", "lets several sockets share the port, for "
    .. "listeners to one multicast group; default false" },
  { "reuseport", "boolean?", "lets several sockets share the port, each sender "
    .. "always reaching the same one, for several workers; default false" },
  { "v6only", "boolean?", "of `::`: no datagrams over IPv4; default false" },
}
table.move(udp_options, 1, #udp_options, 4, udp_bind_options)

local place = {
  { "host", "string", "a name, or a numeric address" },
  { "port", "integer", "0 to 65535" },
}

local system = { "...", "other codes of the system, by libuv's names" }

local udp = {
  title = "UDP",
  text = [[
Datagrams: each arrives whole, or not at all.]],
  {
    name = "conc.udp.bind",
    call = "conc.udp.bind(host, port [, options])",
    text = [[
Makes a socket with an address of its own, which sends to and receives from any
address. With port 0 the system picks a free one; `socket:sock().port` is its
number.]],
    params = {
      place[1], place[2], { "options", "luaconc.udpbindoptions?", "" },
    },
    options = udp_bind_options,
    optionclass = "luaconc.udpbindoptions",
    returns = { { "luaconc.udpsocket", "socket", "" } },
    fails = {
      { "EADDRINUSE", "another socket uses the port" },
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
Makes a socket that sends to and receives from one address only. Nothing is sent
yet, and nobody needs to be there.]],
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

local closed = { "EBADF", "the socket is closed" }
local address = { "luaconc.address", "address", "`{host=, port=, family=}`" }
local done = { { "true", "done", "" } }

local socket = {
  title = "UDP socket",
  text = "Made by `conc.udp.bind` and `conc.udp.connect`.",
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
Sends a datagram to a numeric address (`conc.dns.lookup` finds that of a
name), or without an address to the peer of a connected socket. It may still
get lost.]],
    params = {
      { "data", "string", "one datagram" },
      { "host", "string?", "a numeric address" },
      { "port", "integer?", "1 to 65535" },
    },
    returns = done,
    fails = {
      { "EMSGSIZE", "too long for a datagram" },
      { "EDESTADDRREQ", "no address, and the socket is not connected" },
      { "EAGAIN", "the system's buffer is full" }, closed, system,
    },
    waits = false,
    example = with_socket [[
print(socket:send("to myself", "127.0.0.1", socket:sock().port))  --> true]],
  },
  {
    name = "recv",
    call = "socket:recv()",
    text = [[
Receives the next datagram and the address of its sender. Several tasks may
receive; each datagram goes to one of them. Before the first `recv` the system
keeps what arrives; afterwards datagrams that nobody receives are kept up to a
bound (see `keep`), then dropped and counted.]],
    params = {},
    returns = {
      { "string", "data", "the datagram" },
      address,
    },
    fails = {
      { "ECONNREFUSED", "nobody listens where a connected socket sent to" },
      { "ETIMEDOUT", "`socket:timeout` has passed" }, closed,
      { "ECANCELED", "it was closed during the call" },
    },
    waits = "unless a datagram is there",
    example = with_socket [[
socket:send("to myself", "127.0.0.1", socket:sock().port)
local data, from = socket:recv()
print(data, from.host)  --> to myself	127.0.0.1]],
  },
  {
    name = "timeout",
    call = "socket:timeout([seconds])",
    text = "Limits how long each `recv` may take from now on.",
    params = { { "seconds", "number?", "default no limit" } },
    returns = { { "luaconc.udpsocket", "socket", "itself" } },
    waits = false,
    example = with_socket [[
print(socket:timeout(0.01):recv())  --> nil	timed out	ETIMEDOUT]],
  },
  {
    name = "keep",
    call = "socket:keep(bytes)",
    text = [[
Limits how much is kept from now on while nobody receives. One datagram is
always kept.]],
    params = { { "bytes", "integer", "including some overhead for each "
      .. "datagram" } },
    returns = { { "luaconc.udpsocket", "socket", "itself" } },
    waits = false,
    example = with_socket "socket:keep(2^20)",
  },
  {
    name = "dropped",
    call = "socket:dropped()",
    text = [[
How many datagrams arrived and could not be kept, not counting those that the
system dropped.]],
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
Joins a multicast group: from now on the socket receives what is sent to it.]],
    params = {
      { "group", "string", "a numeric address" },
      { "interface", "string?", "the address of one of this machine's "
        .. "interfaces; by default the system chooses" },
    },
    returns = done,
    fails = {
      { "ENODEV", "no interface reaches the group" }, closed, system,
    },
    waits = false,
    example = with_socket [[
socket:join("224.0.0.251", "127.0.0.1")]],
  },
  {
    name = "leave",
    call = "socket:leave(group [, interface])",
    text = "Leaves a multicast group: call it with the arguments of `join`.",
    params = { { "group", "string", "as for `join`" },
      { "interface", "string?", "as for `join`" } },
    returns = done,
    fails = { { "EADDRNOTAVAIL", "the socket is not in the "
      .. "group" }, closed, system },
    waits = false,
    example = with_socket [[
print(select(3, socket:leave("224.0.0.251", "127.0.0.1")))
--> EADDRNOTAVAIL]],
  },
  {
    name = "broadcast",
    call = "socket:broadcast(on)",
    text = "Sets whether it may send to the broadcast address of a network.",
    params = { { "on", "boolean", "false at first" } },
    returns = done,
    fails = { closed, system },
    waits = false,
    example = with_socket "print(socket:broadcast(true))  --> true",
  },
  {
    name = "ttl",
    call = "socket:ttl(hops)",
    text = "Sets through how many routers its datagrams may pass.",
    params = { { "hops", "integer", "1 to 255" } },
    returns = done,
    fails = { closed, system },
    waits = false,
    example = with_socket "print(socket:ttl(4))  --> true",
  },
  {
    name = "loopback",
    call = "socket:loopback(on)",
    text = "Sets whether its own datagrams to a group come back to this "
      .. "machine.",
    params = { { "on", "boolean", "true at first" } },
    returns = done,
    fails = { closed, system },
    waits = false,
    example = with_socket "print(socket:loopback(false))  --> true",
  },
  {
    name = "sock",
    call = "socket:sock()",
    text = "The address of this socket.",
    params = {},
    returns = { address },
    fails = { closed },
    waits = false,
    example = with_socket "print(socket:sock().host)  --> 127.0.0.1",
  },
  {
    name = "peer",
    call = "socket:peer()",
    text = "The address to which it is connected.",
    params = {},
    returns = { address },
    fails = { { "ENOTCONN", "the socket is not connected" }, closed },
    waits = false,
    example = with_socket "print(select(3, socket:peer()))  --> ENOTCONN",
  },
  {
    name = "close",
    call = "socket:close()",
    text = [[
Closes the socket. Tasks that wait in `recv` get the code ECANCELED. A second
call does nothing.]],
    params = {},
    returns = { { "true", "closed", "" } },
    waits = false,
    example = with_socket "print(socket:close())  --> true",
  },
}

local dns = {
  title = "Names of hosts",
  text = [[
Host names, resolved by the system in threads of libuv's pool.]],
  {
    name = "conc.dns.lookup",
    call = "conc.dns.lookup(host)",
    text = [[
Returns the numeric addresses of a host, in the system's order, each once.]],
    params = { { "host", "string", "a name; a numeric address is returned as "
      .. "it is" } },
    returns = { { "string[]", "addresses", "" } },
    fails = {
      { "EAI_NONAME", "there is no such host" },
      { "EAI_AGAIN", "the name server does not answer" },
      { "EAGAIN", "the system refuses a thread for it" },
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
    text = "Returns the host name of a numeric address.",
    params = { { "address", "string", "a numeric address" } },
    returns = { { "string", "name", "" } },
    fails = {
      { "EAI_NONAME", "the address has no name" },
      { "EAI_AGAIN", "the name server does not answer" },
      { "EAGAIN", "the system refuses a thread for it" },
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
Two streams joined in memory, for tests and between tasks of one state. They
behave like sockets, use no descriptor, and take no time under the virtual
clock.]],
  {
    name = "conc.pair",
    call = "conc.pair([capacity])",
    text = [[
Returns two streams: what is written to one is read from the other, both ways.
An end keeps up to `capacity` bytes that nobody has read; more is queued as
with any stream, so a writer waits for a slow reader. Closing an end before
everything was read resets the other, as `stream:reset` does. The ends have no
addresses and no options.]],
    params = { { "capacity", "integer?", "bytes; default 65536" } },
    returns = { { "luaconc.stream", "first", "" },
      { "luaconc.stream", "second", "" } },
    fails = { { "ENOMEM", "there is not enough memory" } },
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
