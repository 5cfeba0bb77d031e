-- The part of docs/api.lua about programs. See there.

local program_options = {
  { "cwd", "string?", "the folder that it runs in; default that of this "
    .. "process" },
  { "env", "table<string, string|number|false>?", "variables to add to, or "
    .. "replace in, its copy of our environment; `false` removes one" },
  { "clearenv", "boolean?", "true: its environment is `env` alone" },
  { "grace", "number?", "seconds between SIGTERM and SIGKILL when it is "
    .. "stopped; default 1" },
}

local fate_fields = "`code`, its exit status, or `signal`, the name of the "
  .. "signal that ended it; for a pipeline, `stages` is a list of the same "
  .. "for each program"

local programs = {
  title = "Programs",
  text = [[
A program is started by its name, which is looked up in `PATH`, with a list of
arguments; no shell is involved. It gets descriptors 0 to 2 and no others, and
no blocked signals. It leads a process group of its own, which is ended with it
when it is stopped: by a timeout, by a cancellation, or when its `<close>`
variable is left. (A program that reads our own standard input stays in our
process group, so that it can use the terminal, and is stopped alone.) A list of
lists is a pipeline: `{{"sort", path}, {"head", "-3"}}`.

Starting a program takes the same time however much memory this process uses
(`vfork`): 0.16 ms with 1 MB and with 1 GB, on one machine of 2026. The loop
stands still for that time. Everything works the same in threads and worker
processes.]],
  {
    name = "conc.exec",
    call = "conc.exec{command, arguments ..., options ...}",
    text = [[
Runs a program to its end and returns its exit status and its output. Any exit
status is a result, not a failure. The call also waits for the end of the
output, which a program left running in the background may hold open. If the
program was stopped by `timeout` or `limit`, the fourth value after the
failure is the result so far.]],
    params = {
      { "options", "luaconc.execoptions", "the command and its arguments as a "
        .. "list, or a list of such lists for a pipeline, and these options:" },
    },
    optionclass = "luaconc.execoptions",
    optionlist = "string|number|(string|number)[] # command and arguments",
    options = {
      { "input", "string?", "the text that it reads from standard input" },
      { "stdin", '("inherit"|"null"|file*|luaconc.stream)?', "or where it "
        .. "reads from; default `\"null\"`, which is empty" },
      { "stdout", '("pipe"|"inherit"|"null"|file*|luaconc.stream)?', "where "
        .. "its output goes; default `\"pipe\"`, the field `stdout` of the "
        .. "result" },
      { "stderr", '("pipe"|"inherit"|"null"|"stdout"|file*|luaconc.stream)?',
        "the same for its standard error; `\"stdout\"`: where its output "
          .. "goes" },
      { "timeout", "number?", "seconds after which it is stopped; default no "
        .. "limit" },
      { "limit", "number?", "bytes of output after which it is stopped; "
        .. "default no limit" },
      program_options[1], program_options[2], program_options[3],
      program_options[4],
    },
    returns = {
      { "luaconc.execresult", "result", fate_fields
        .. "; `stdout` and `stderr`, strings, if they are captured" },
    },
    fails = {
      { "ENOENT", "there is no such program, or no such folder" },
      { "EACCES", "this user may not run it" },
      { "ETIMEDOUT", "it was stopped after `timeout`" },
      { "ENOBUFS", "it was stopped after `limit` bytes" },
      { "EMFILE", "no descriptor is left; or another code of the system" },
    },
    waits = true,
    example = [[
local result = conc.exec{"tr", "a-z", "A-Z", input = "hello"}
print(result.code, result.stdout)              --> 0	HELLO
print(conc.exec{"sh", "-c", "exit 3"}.code)    --> 3
local text = "b\nc\na\n"
io.write(conc.exec{{"sort"}, {"head", "-2"}, input = text}.stdout)
--> a
--> b
local _, message, code = conc.exec{"sleep", "100", timeout = 0.1}
print(message, code)  --> sleep: timed out after 0.1 s	ETIMEDOUT
print(conc.exec{"no-such-program"})
--> nil	no-such-program: no such file or directory	ENOENT]],
  },
  {
    name = "conc.popen",
    call = "conc.popen{command, arguments ..., options ...}",
    text = [[
Starts a program, or a pipeline, that runs beside this one: like `io.popen`, but
with a list of arguments, and with streams for its input and output.]],
    params = {
      { "options", "luaconc.popenoptions", "the command and its arguments as "
        .. "for `conc.exec`, and these options:" },
    },
    optionclass = "luaconc.popenoptions",
    optionlist = "string|number|(string|number)[] # command and arguments",
    options = {
      { "stdin", '("pipe"|"inherit"|"null"|file*)?', "default `\"pipe\"`, the "
        .. "stream `program.stdin`" },
      { "stdout", '("pipe"|"inherit"|"null"|file*)?', "default `\"pipe\"`, the "
        .. "stream `program.stdout`" },
      { "stderr", '("pipe"|"inherit"|"null"|"stdout"|file*)?', "default "
        .. "`\"inherit\"`, that of this process" },
      program_options[1], program_options[2], program_options[3],
      program_options[4],
    },
    returns = { { "luaconc.program", "program", "" } },
    fails = { { "ENOENT", "or another failure to start of `conc.exec`" } },
    waits = false,
    example = [[
local program <close> = assert(conc.popen{"sort"})
program.stdin:write("b\n", "a\n")
program.stdin:close()
for line in program.stdout:lines() do print(line) end
--> a
--> b
print(program:wait().code)  --> 0]],
  },
}

local program = {
  title = "Program",
  text = [[
A running program, started by `conc.popen`. Its streams have the methods of
other streams but go one way. Close `stdin` to tell the program that its input
has ended. Read what the program writes into a pipe, or it will wait for that.
A program whose handle is garbage is killed.]],
  type = {
    class = "luaconc.program",
    name = "program",
    sample = "return conc.popen{'cat'}",
    closes = true,
    fields = {
      { "pid", "integer", "its process id; for a pipeline, that of its last "
        .. "program" },
      { "stdin", "luaconc.stream?", "its standard input, to write to" },
      { "stdout", "luaconc.stream?", "its standard output, to read from" },
      { "stderr", "luaconc.stream?", "its standard error, to read from" },
    },
  },
  {
    name = "wait",
    call = "program:wait()",
    text = "Waits for the program, or all of a pipeline, to end. Each call "
      .. "returns the same.",
    params = {},
    returns = { { "luaconc.fate", "result", fate_fields } },
    fails = { { "ECHILD", "other code in this process has waited for it" } },
    waits = "until it has ended",
    example = [[
local program <close> = assert(conc.popen{"sh", "-c", "kill -9 $$"})
print(program:wait().signal)  --> SIGKILL]],
  },
  {
    name = "kill",
    call = "program:kill([signal])",
    text = [[
Sends a signal to the program and to what it has started, that is, to its
process group. The program may ignore it: see `stop`.]],
    params = { { "signal", "(string|integer)?", 'such as `"SIGINT"`; default '
      .. '`"SIGTERM"`' } },
    returns = { { "true", "", "" } },
    fails = { { "ESRCH", "it has ended" } },
    waits = false,
    example = [[
local program <close> = assert(conc.popen{"sleep", "100"})
print(program:kill("SIGINT"))  --> true
print(program:wait().signal)   --> SIGINT]],
  },
  {
    name = "stop",
    call = "program:stop([grace])",
    text = [[
Ends the program and what it has started: with SIGTERM, then with SIGKILL after
`grace` seconds. Works in a cancelled task, too.]],
    params = { { "grace", "number?", "seconds; default the option `grace` of "
      .. "`popen`, or 1" } },
    returns = { { "luaconc.fate", "result", fate_fields } },
    fails = { { "ECHILD", "other code in this process has waited for it" } },
    waits = "until it has ended",
    example = [[
local program <close> = assert(conc.popen{"sleep", "100"})
print(program:stop().signal)  --> SIGTERM]],
  },
  {
    name = "close",
    call = "program:close()",
    text = [[
Stops the program if it still runs, and closes its streams, dropping what is
queued. If the program has already ended by itself, what it started is left
running. A `<close>` variable does the same. Where waiting is impossible, the
program is killed at once.]],
    params = {},
    returns = { { "true", "", "" } },
    waits = "until it has ended",
    example = [[
local program = assert(conc.popen{"cat"})
print(program:close())  --> true]],
  },
}

local signals = {
  title = "Signals",
  text = [[
A signal goes to the whole process: every object for it receives it, in
whichever thread it is. The previous disposition is restored when the last one
is closed. While an object for `"SIGINT"` is open, Ctrl-C does not cancel
`conc.run`. Refused are signals that can't be caught, that report a fault in
the program, or that luaconc itself uses (`"SIGURG"`; in worker processes also
`"SIGTERM"`).]],
  {
    name = "conc.signal",
    call = "conc.signal(name)",
    text = "Makes an object that waits for a signal. From now on the signal "
      .. "has no other effect.",
    params = { { "name", "string", 'such as `"SIGHUP"`' } },
    returns = { { "luaconc.signal", "signal", "" } },
    fails = { { "EMFILE", "no descriptor is left; or another code of the "
      .. "system" } },
    raises = "an error for a signal that is refused.",
    waits = false,
    example = [[
conc.run(function()
  local hangup <close> = assert(conc.signal("SIGHUP"))
  conc.spawn(function() os.execute("kill -HUP $PPID") end)
  print(hangup:wait())  --> SIGHUP
end)]],
  },
}

local signal = {
  title = "Signal",
  text = [[
Made by `conc.signal`. Signals that arrive while nobody waits are counted; the
system may merge several that arrive together. It can be a case of
`conc.select`.]],
  type = {
    class = "luaconc.signal",
    name = "signal",
    sample = "return conc.signal('SIGUSR1')",
    closes = true,
  },
  {
    name = "wait",
    call = "signal:wait()",
    text = "Waits for the signal. Each signal wakes one task, first come, "
      .. "first served.",
    params = {},
    returns = { { "string", "name", "of the signal" } },
    fails = {
      { "EBADF", "the object is closed" },
      { "ECANCELED", "it was closed during the call" },
    },
    waits = "unless one has come",
    example = [[
local signal <close> = assert(conc.signal("SIGUSR1"))
os.execute("kill -USR1 $PPID")
print(signal:wait())  --> SIGUSR1]],
  },
  {
    name = "iter",
    call = "signal:iter()",
    text = "Iterates over signals until the object is closed.",
    params = {},
    returns = { { "fun(): string?", "iterator", "" } },
    waits = "in each step",
    example = [[
local signal <close> = assert(conc.signal("SIGUSR1"))
os.execute("kill -USR1 $PPID")
for name in signal:iter() do
  print(name)  --> SIGUSR1
  signal:close()
end]],
  },
  {
    name = "close",
    call = "signal:close()",
    text = "Stops waiting for the signal. A second call does nothing.",
    params = {},
    returns = { { "true", "", "" } },
    waits = false,
    example = [[
local signal = assert(conc.signal("SIGUSR1"))
print(signal:close())  --> true]],
  },
}

local standard = {
  title = "Standard streams",
  text = [[
Descriptors 0 to 2 as streams, opened by their first use. Use them to read
standard input while other tasks run, and to write to a slow pipe without
blocking other tasks. Each goes one way. Other users of the descriptors, such
as `io.write`, find them unchanged. A write returns when the system has taken
all of it. `io` buffers text by itself: flush it if you use both. Input that
one has read ahead is not seen by the other.]],
  {
    name = "conc.stdin",
    call = "conc.stdin:lines()",
    type = "luaconc.stream",
    text = "Standard input: `read`, `lines` and the like.",
    waits = true,
    example = [[
print(#conc.stdin:read("a"))  --> 0]],
  },
  {
    name = "conc.stdout",
    call = "conc.stdout:write(...)",
    type = "luaconc.stream",
    text = "Standard output: `write`, `flush` and the like.",
    waits = true,
    example = [[
conc.stdout:write("one", "\n")  --> one]],
  },
  {
    name = "conc.stderr",
    call = "conc.stderr:write(...)",
    type = "luaconc.stream",
    text = "Standard error: `write`, `flush` and the like.",
    waits = true,
    example = [[
assert(conc.stderr:write(""))]],
  },
}

local no_terminal = { "ENOTTY", "none of descriptors 0 to 2 is a terminal" }

local tty = {
  title = "Terminal",
  text = [[
The terminal that this program runs in: the first of descriptors 0 to 2 that
is a terminal. Keys are read from `conc.stdin`. `conc.signal("SIGWINCH")`
reports a change of its size.]],
  {
    name = "conc.tty.is",
    call = "conc.tty.is(name)",
    text = "Whether a standard stream is a terminal.",
    params = { { "name", '"stdin"|"stdout"|"stderr"', "" } },
    returns = { { "boolean", "is", "" } },
    waits = false,
    example = [[
print(conc.tty.is("stdin"))  --> false]],
  },
  {
    name = "conc.tty.size",
    call = "conc.tty.size()",
    text = "The size of the terminal, in characters.",
    params = {},
    returns = { { "integer", "columns", "" }, { "integer", "rows", "" } },
    fails = { no_terminal },
    waits = false,
    example = [[
local columns = conc.tty.size() or 80
print(columns >= 0)  --> true]],
  },
  {
    name = "conc.tty.raw",
    call = "conc.tty.raw()",
    text = [[
Enters raw mode: keys arrive one by one and are not echoed, and Ctrl-C is a
byte. The mode is left when the returned object is closed, and whenever the
program ends: by an error, by `os.exit`, or by any signal but SIGKILL. If it
is entered several times, it is left when all objects are closed.]],
    params = {},
    returns = { { "luaconc.rawmode", "mode", "with `close` and `<close>`" } },
    fails = { no_terminal },
    waits = false,
    example = [[
local mode <close>, message = conc.tty.raw()
print(message or "raw")  --> no terminal]],
  },
}

return { programs, program, signals, signal, standard, tty }
