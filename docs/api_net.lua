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

return { unix }
