-- The part of docs/api.lua about seeing what happens. See there.

local stats = {
  title = "Metrics",
  text = [[
Every loop counts what it does, at no cost that could be measured: that can't
be switched off. From the first use of `conc.stats` on it also times its turns,
by two looks at the clock in each (see `bench/README.md`): `local stats =
conc.stats` at the top of a program is such a use. A thread or process has a loop
and figures of its own.]],
  {
    name = "conc.stats",
    call = "conc.stats()",
    text = [[
What the loop of this state has counted since it was made, and how long its
turns have taken since the first use of `conc.stats`. Live jobs are counted one by one
when it is called; all else is there.]],
    params = {},
    returns = {
      { "luaconc.stats", "stats", "`turns`: polls; `wakeups`: tasks made "
        .. "ready; `ready`: length of the ready list; `deadlines`; `handles`; "
        .. "`started`: jobs; `jobs`: `{ready=, running=, waiting=}` of the "
        .. "live ones, `{done=, failed=, cancelled=}` of all that have ended; "
        .. "`bytes` of messages, of the whole process; `busy`: seconds that "
        .. "tasks have run, `longest`: in one turn; `latency`: a list of "
        .. "`{seconds, turns}`: how many turns took at most so long, and "
        .. "longer than the one before" },
    },
    waits = false,
    example = [[
conc.run(function()
  conc.spawn(conc.sleep, 0.001):await()
  local stats = conc.stats()
  print(stats.jobs.running, stats.jobs.done, stats.started)  --> 1	1	2
end)]],
  },
  {
    name = "conc.stats.openmetrics",
    call = "conc.stats.openmetrics([labels])",
    text = [[
The same as a page of text in the OpenMetrics format, which Prometheus and
others read. The labels are added to each sample.]],
    params = { { "labels", "table<string, any>?", "names and values" } },
    returns = { { "string", "page", "ends in `# EOF`" } },
    raises = "where a label's name is none, or one that the page has itself "
      .. "(`state`, `outcome`, `le`), or its value is no text in UTF-8.",
    waits = false,
    example = [[
local page = conc.stats.openmetrics { job = "example" }
print(page:match "(luaconc_loop_ready.-)\n")
--> luaconc_loop_ready gauge
print(page:match "\n(luaconc_loop_ready{.-)\n")
--> luaconc_loop_ready{job="example"} 0]],
  },
}

local debugging = {
  title = "What goes on",
  text = [[
`conc.tree()` shows the jobs of this state at once. `conc.debug` asks threads
and processes as well. A state answers where it sleeps, between its tasks, and
from inside Lua code that computes; one that runs C code, or is stopped, does
not, nor can one that computes hand on what those below it say. They are shown
as `no answer`.]],
  {
    name = "conc.debug.dump",
    call = "conc.debug.dump([limit])",
    text = [[
What goes on, as text: all live jobs of this state and, below them, of its
threads and processes: name, state, what each waits for (how full it is, who
holds it), since when and where, and where and when it was started; open
handles, deadlines, pools; and queues and channels with something in them, 50 at
most of each state, that its tasks and modules can reach.]],
    params = { { "limit", "number?", "seconds that others have for their "
      .. "answer; 1 unless said" } },
    returns = { { "string", "text", "" } },
    raises = "where the limit is no number.",
    waits = "for the answers, if there are threads or processes",
    example = [[
conc.run(function()
  local h = conc.thread { function() require "luaconc".sleep(10) end,
    name = "sleeper" }
  print(conc.debug.dump():find "thread %d+ 'sleeper'" ~= nil)  --> true
  h:cancel()
end)]],
  },
  {
    name = "conc.debug.dump_on",
    call = "conc.debug.dump_on(signal)",
    text = [[
From now on the signal makes this program print that text to its standard
error. Where its main state computes, what that says is printed at once, the
rest when it comes back to its loop. `LUACONC_DUMP=SIGUSR1` in the environment
does the same for a program that says nothing of it.]],
    params = { { "signal", '"SIGUSR1"|"SIGUSR2"|"SIGHUP"|"SIGQUIT"', "" } },
    returns = { { "true", "ok", "" } },
    fails = { { "EBUSY", "somebody waits for that signal, or this is not the "
      .. "state of the main program" } },
    raises = "for other signals.",
    waits = false,
    example = [[
print(conc.debug.dump_on "SIGQUIT")  --> true]],
  },
  {
    name = "conc.debug.start",
    call = "conc.debug.start{block=}",
    text = [[
Says on standard error, from now on, what is likely to be a mistake, and where
its thing was made: locks taken in two orders, or by tasks that wait for each
other; groups and scopes left open; handles and files collected while open; failures
that others hide; errors that a job has returned and nobody has looked at. For this
state and for threads and processes that are started later. With `block`, also
which task holds the loop for longer, with its traceback and while it does; in a
thread or process only where that has other jobs and uses luaconc. `luaconc run
--debug` does it from the begin on, and so do `LUACONC_DEBUG=1` and
`LUACONC_BLOCK_MS=100` in the environment.]],
    params = { { "options", "table?", "" } },
    options = {
      { "block", "number?", "seconds; 0 ends the watch" },
    },
    optionclass = "luaconc.debugoptions",
    returns = { { "true", "ok", "" } },
    fails = { { "EBUSY", "`block` where another state of this program, which "
      .. "is no thread, is watched" } },
    waits = false,
    example = [[
print(conc.debug.start { block = 0 })  --> true]],
  },
  {
    name = "conc.debug.stop",
    call = "conc.debug.stop()",
    text = [[
Ends what `start` began: from now on nothing is said of this state, nor of
threads and processes that are started later, and what was noted is forgotten.
The watch over the loop of this state ends, too. Threads and processes that run
already are not told.]],
    params = {},
    returns = {},
    waits = false,
    example = [[
conc.debug.start()
conc.debug.stop()]],
  },
}

local trace = {
  title = "Traces",
  text = [[
A timeline of everything, in the trace format of Chrome: open the file at
<https://ui.perfetto.dev> or in `chrome://tracing`. Each thread has a row with
slices, in which a task runs; each job a span, in which its waits lie, and so
has each stream, listener or file from its opening to its end; arrows show who
started or woke whom, and messages through channels, also to other processes;
counters show the descriptors of a process and the memory of a Lua state. All
threads and processes are in it, by one clock. The file grows as things happen,
so a crash keeps what came before; `luaconc trace SCRIPT` makes one of a whole
run.

Of the garbage collector, each call of `collectgarbage` that collects is a slice
with its length (the global function is replaced by one that tells), and each
end of a cycle is a mark, with the memory then in use. How long the steps take
that Lua makes by itself nobody can know: Lua 5.4 doesn't say when one begins or
ends. They are part of the slice of the task that allocated. Arrows for calls of
a pool are missing too; its calls are spans in the worker.]],
  {
    name = "conc.trace.start",
    call = "conc.trace.start(path)",
    text = [[
Writes from now on what happens when into the file, which is made anew: of this
state, of the threads of this process, and of its worker processes and theirs.
Those that run already join when they come to their loop: at once where they
wait, after their next wait where they compute. What there is already has spans
from then on. A worker that has a trace of its own keeps to that.]],
    params = { { "path", "string", "the file" } },
    returns = { { "true", "ok", "" } },
    fails = {
      { "EBUSY", "this process is traced already" },
      { "ENOENT, EACCES, ...", "the file can't be made" },
    },
    waits = false,
    example = [[
local path = os.tmpname()
assert(conc.trace.start(path))
conc.run(conc.sleep, 0.001)
print(conc.trace.stop())  --> true
local file <close> = io.open(path)
print(file:read "l")  --> []],
  },
  {
    name = "conc.trace.stop",
    call = "conc.trace.stop()",
    text = "Ends it; what this state has seen is in the file. Other states "
      .. "write the last of theirs when they come to their loop.",
    params = {},
    returns = { { "true", "ok", "" } },
    fails = {
      { "ENOENT", "nothing is traced" },
      { "ENOSPC, ...", "it has ended, but not all could be written" },
    },
    waits = false,
    example = [[
print(conc.trace.stop())  --> nil	nothing is traced	ENOENT]],
  },
}

return { stats, debugging, trace }
