-- The part of docs/api.lua about programs. See there.

local program_options = {
  { "cwd", "string?", "the folder that it runs in; ours unless said" },
  { "env", "table<string, string|number|false>?", "variables that are added "
    .. "to our environment, or replace some of it; `false` takes one away" },
  { "clearenv", "boolean?", "it gets those of `env` alone" },
  { "grace", "number?", "seconds between SIGTERM and SIGKILL where it is "
    .. "stopped; 1 unless said" },
}

local fate_fields = "`code`, its exit status, or `signal`, the name of the "
  .. "signal that has ended it; `stages` has the same for each program of a "
  .. "pipeline"

local programs = {
  title = "Programs",
  text = [[
A program is started by its name, which is looked for in `PATH`, and its
arguments; there is no shell that would change them. It gets descriptors 0 to 2
and no others, no blocked signals, and leads a process group of its own, which
ends with it when it is stopped: by a timeout, by a cancellation, or as its
variable is left. (Where it reads our own standard input it stays in our
group, so that it may use the terminal, and is stopped alone.) A table of
tables is a pipeline: `{{"sort", path}, {"head", "-3"}}`.

Starting takes the same time however much memory this process uses: it lends
that to the child until the child is the program (`vfork`), for 0.16 ms with
1 MB as with 1 GB on a machine of 2026, in which the loop stands still. In
threads and worker processes all of this works the same.]],
  {
    name = "conc.exec",
    call = "conc.exec{command, arguments ..., options ...}",
    text = [[
Runs a program to its end and returns how it ended, and what it wrote. Whatever
exit status it has is a result, no failure. It waits for the end of its output
too: what it has left running may hold that open. Where the program was ended,
the failure comes with a fourth value: the result as far as it got.]],
    params = {
      { "options", "luaconc.execoptions", "the command and its arguments as a "
        .. "list, or a list of such lists: a pipeline. And:" },
    },
    optionclass = "luaconc.execoptions",
    optionlist = "string|number|(string|number)[] # command and arguments",
    options = {
      { "input", "string?", "what it reads" },
      { "stdin", '("inherit"|"null"|file*|luaconc.stream)?', "or where it "
        .. "reads from; `\"null\"`, which is empty, unless said" },
      { "stdout", '("pipe"|"inherit"|"null"|file*|luaconc.stream)?', "where it "
        .. "writes to; `\"pipe\"`, the result, unless said" },
      { "stderr", '("pipe"|"inherit"|"null"|"stdout"|file*|luaconc.stream)?',
        "the same for its errors; `\"stdout\"`: where its output goes" },
      { "timeout", "number?", "seconds after which it is stopped" },
      { "limit", "number?", "of its output, in bytes: it is stopped where it "
        .. "writes more; none unless said" },
      program_options[1], program_options[2], program_options[3],
      program_options[4],
    },
    returns = {
      { "luaconc.execresult", "result", fate_fields
        .. "; `stdout` and `stderr`, where they are captured" },
    },
    fails = {
      { "ENOENT", "there is no such program, or no such folder" },
      { "EACCES", "it may not be run" },
      { "ETIMEDOUT", "it was stopped after `timeout`" },
      { "ENOBUFS", "it was stopped after `limit` bytes" },
      { "EMFILE", "or what else the system lacks" },
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
Starts a program, or a pipeline, that runs beside ours: like `io.popen`, but
with a list of arguments, and with its input and output as streams.]],
    params = {
      { "options", "luaconc.popenoptions", "the command and its arguments as "
        .. "for `conc.exec`. And:" },
    },
    optionclass = "luaconc.popenoptions",
    optionlist = "string|number|(string|number)[] # command and arguments",
    options = {
      { "stdin", '("pipe"|"inherit"|"null"|file*)?', "`\"pipe\"`, the stream "
        .. "`program.stdin`, unless said" },
      { "stdout", '("pipe"|"inherit"|"null"|file*)?', "`\"pipe\"`, the stream "
        .. "`program.stdout`, unless said" },
      { "stderr", '("pipe"|"inherit"|"null"|"stdout"|file*)?', "`\"inherit\"`, "
        .. "ours, unless said" },
      program_options[1], program_options[2], program_options[3],
      program_options[4],
    },
    returns = { { "luaconc.program", "program", "" } },
    fails = { { "ENOENT", "and what else `conc.exec` tells" } },
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
What `conc.popen` returns. Its streams are what `conc.tcp` has, but go one way;
closing `stdin` is how a program is told that nothing more comes. Who lets a
program write into a pipe has to read it, or it waits for that. A program whose
handle nobody holds any more is killed.]],
  type = {
    class = "luaconc.program",
    name = "program",
    sample = "return conc.popen{'cat'}",
    closes = true,
    fields = {
      { "pid", "integer", "its process id; of a pipeline: its last one's" },
      { "stdin", "luaconc.stream?", "to write to" },
      { "stdout", "luaconc.stream?", "to read from" },
      { "stderr", "luaconc.stream?", "to read from" },
    },
  },
  {
    name = "wait",
    call = "program:wait()",
    text = "Waits for its end, of a pipeline for that of all. Again: the same.",
    params = {},
    returns = { { "luaconc.fate", "result", fate_fields } },
    fails = { { "ECHILD", "somebody else has waited for it in our place" } },
    waits = "until it has ended",
    example = [[
local program <close> = assert(conc.popen{"sh", "-c", "kill -9 $$"})
print(program:wait().signal)  --> SIGKILL]],
  },
  {
    name = "kill",
    call = "program:kill([signal])",
    text = [[
Sends a signal to it and to what it has started: to its process group. SIGTERM
unless said. It may go on nevertheless: see `stop`.]],
    params = { { "signal", "(string|integer)?", '"SIGHUP", "SIGINT" ...' } },
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
Ends it and what it has started: by SIGTERM, and by SIGKILL after `grace`
seconds. Also in a cancelled task.]],
    params = { { "grace", "number?", "1 unless said, or as for `popen`" } },
    returns = { { "luaconc.fate", "result", fate_fields } },
    fails = { { "ECHILD", "somebody else has waited for it in our place" } },
    waits = "until it has ended",
    example = [[
local program <close> = assert(conc.popen{"sleep", "100"})
print(program:stop().signal)  --> SIGTERM]],
  },
  {
    name = "close",
    call = "program:close()",
    text = [[
Stops it where it still runs, and closes its streams, dropping what is queued
for it. What the program has started by then goes on if the program has ended by
itself. Done also as a `<close>` variable is left, by an error or otherwise.
Where waiting can't be, it is killed at once.]],
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
A signal goes to the process: every object for it gets it, in whichever thread
that is. What it did before is put back when the last one is closed. While one
for `"SIGINT"` is open, Ctrl-C does not cancel what `conc.run` runs. Signals
that no program can have, that tell of a fault in it, or that luaconc uses
itself (`"SIGURG"`; in worker processes `"SIGTERM"`) are refused.]],
  {
    name = "conc.signal",
    call = "conc.signal(name)",
    text = "An object that waits for a signal, which from now on does nothing "
      .. "else.",
    params = { { "name", "string", '"SIGHUP", "SIGINT", "SIGWINCH" ...' } },
    returns = { { "luaconc.signal", "signal", "" } },
    fails = { { "EMFILE", "or what else the system lacks" } },
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
What `conc.signal` returns. What comes while nobody waits is counted; the system
may make one of several that come together. `conc.select` takes it as well.]],
  type = {
    class = "luaconc.signal",
    name = "signal",
    sample = "return conc.signal('SIGUSR1')",
    closes = true,
  },
  {
    name = "wait",
    call = "signal:wait()",
    text = "Waits for the signal. Each one wakes one task, in order of asking.",
    params = {},
    returns = { { "string", "name", "of the signal" } },
    fails = {
      { "EBADF", "it is closed" },
      { "ECANCELED", "it was closed in the meantime" },
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
    text = "An iterator that waits, until the object is closed.",
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
    text = "Waits for it no more; again: the same.",
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
Descriptors 0 to 2 as streams, opened by their first use: reading standard input
while other tasks run, writing to a slow pipe without holding them up. Each goes
one way. Others who use the descriptors, such as `io.write`, find them as they
were. A write returns when the system has all of it. `io` keeps text in a buffer
of its own: flush that where both write. What one has read ahead the other
doesn't see.]],
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
    text = "Standard error, in the same way.",
    waits = true,
    example = [[
assert(conc.stderr:write(""))]],
  },
}

local no_terminal = { "ENOTTY", "none of descriptors 0 to 2 is a terminal" }

local tty = {
  title = "Terminal",
  text = [[
The terminal that this program runs in: the first of descriptors 0 to 2 that is
one. Keys come from `conc.stdin`. Its size has changed when
`conc.signal("SIGWINCH")` says so.]],
  {
    name = "conc.tty.is",
    call = "conc.tty.is(name)",
    text = "Is this standard stream a terminal?",
    params = { { "name", '"stdin"|"stdout"|"stderr"', "" } },
    returns = { { "boolean", "is", "" } },
    waits = false,
    example = [[
print(conc.tty.is("stdin"))  --> false]],
  },
  {
    name = "conc.tty.size",
    call = "conc.tty.size()",
    text = "How many characters go into a line, and how many lines there are.",
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
Raw mode: keys come one by one, unseen, Ctrl-C as a byte. It is left when the
object is closed, and whenever the program ends: by an error, by `os.exit`, by a
signal other than SIGKILL. Entered again, it is left when all are closed.]],
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
