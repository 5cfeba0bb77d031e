-- The part of docs/api.lua about seeing what happens. See there.

local stats = {
  title = "Metrics",
  text = [[
Every loop counts what it does; this can't be switched off, and its cost is
too small to measure. From the first use of `conc.stats` on, it also times its
turns, with two looks at the clock in each (see `bench/README.md`). `local
stats = conc.stats` at the top of a program is such a use. Each thread or
process has a loop and figures of its own.]],
  {
    name = "conc.stats",
    call = "conc.stats()",
    text = [[
Returns what the loop of this state has counted since it was made, and how
long its turns have taken since the first use of `conc.stats`. Only the live
jobs are counted one by one when it is called.]],
    params = {},
    returns = {
      { "luaconc.stats", "stats", "counts: `turns` of the loop; `wakeups` of "
        .. "tasks; tasks that are `ready` now; `deadlines` set; open "
        .. "`handles`; jobs `started`; `jobs`, a table with the live ones by "
        .. "status (`ready`, `running`, `waiting`) and all that have ended "
        .. "(`done`, `failed`, `cancelled`); `bytes` of messages of the whole "
        .. "process; `busy`: seconds for which tasks ran; `longest`: seconds "
        .. "of the longest turn; `latency`: a histogram, a list of `{seconds, "
        .. "turns}` with the number of turns that took at most so long and "
        .. "longer than the entry before" },
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
Returns the same as a page of text in the OpenMetrics format, for Prometheus and
others. The labels are added to each sample.]],
    params = { { "labels", "table<string, any>?", "names and values of "
      .. "labels" } },
    returns = { { "string", "page", "ends in `# EOF`" } },
    raises = "an error if a label's name is not valid or used by the page "
      .. "itself (`state`, `outcome`, `le`), or its value is not UTF-8.",
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
`conc.tree()` shows the jobs of this state; `conc.debug` asks threads and
processes as well. A state answers while it sleeps, between its tasks, and
while it computes in Lua. A state that runs C code or is stopped can't answer,
and one that computes can't pass on the answers of its own threads and
processes; these are shown as `no answer`.]],
  {
    name = "conc.debug.dump",
    call = "conc.debug.dump([limit])",
    text = [[
Returns a text with all live jobs of this state and, below them, of its
threads and processes: name, status, what each waits for (how full it is, who
holds it), since when and where, and where and when it was started. It also
lists open handles, deadlines, pools, and queues and channels that contain
something: at most 50 of each state, as far as its tasks and modules can reach
them.]],
    params = { { "limit", "number?", "seconds to wait for the answers of "
      .. "threads and processes; default 1" } },
    returns = { { "string", "text", "" } },
    raises = "an error if the limit is not a number.",
    waits = "if there are threads or processes, for their answers",
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
From now on, the signal makes this program print the text of `dump` to its
standard error. If the main state is computing, its part is printed at once
and the rest when it returns to its loop. `LUACONC_DUMP=SIGUSR1` in the
environment does the same for any program.]],
    params = { { "signal", '"SIGUSR1"|"SIGUSR2"|"SIGHUP"|"SIGQUIT"', "" } },
    returns = { { "true", "ok", "" } },
    fails = { { "EBUSY", "`conc.signal` is in use for that signal, or this "
      .. "is not the main program's state" } },
    raises = "an error for other signals.",
    waits = false,
    example = [[
print(conc.debug.dump_on "SIGQUIT")  --> true]],
  },
  {
    name = "conc.debug.start",
    call = "conc.debug.start{block=}",
    text = [[
From now on, reports likely mistakes on standard error, with the place to look
at: locks taken in two orders, or by tasks that wait for each other; groups
and scopes left open; handles and files collected while open; failures hidden
by others; errors that a job returned and nobody looked at. This holds for
this state and for threads and processes started later. With `block`, also a
task that holds the loop for longer, with its traceback, while it does; in a
thread or process only if it has other jobs and uses luaconc. `luaconc run
--debug` does the same from the start, and so do `LUACONC_DEBUG=1` and
`LUACONC_BLOCK_MS=100` in the environment.]],
    params = { { "options", "table?", "" } },
    options = {
      { "block", "number?", "seconds; 0 switches it off" },
    },
    optionclass = "luaconc.debugoptions",
    returns = { { "true", "ok", "" } },
    fails = { { "EBUSY", "`block` while another state of this program, not a "
      .. "thread, is watched" } },
    waits = false,
    example = [[
print(conc.debug.start { block = 0 })  --> true]],
  },
  {
    name = "conc.debug.stop",
    call = "conc.debug.stop()",
    text = [[
Ends what `start` began. From now on nothing is reported for this state, nor
for threads and processes started later, and everything noted is forgotten.
The watch over the loop of this state ends, too. Threads and processes that
already run are not affected.]],
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
A timeline in the trace format of Chrome: open the file at
<https://ui.perfetto.dev> or in `chrome://tracing`. It covers all threads and
processes, by one clock.

- Each thread has a row with a slice for each time that a task runs.
- Each job has a span that contains its waits. Each stream, listener and file
  has a span from its opening to its end.
- Arrows show who started or woke whom, and messages through channels, also
  between processes.
- Counters show the descriptors of each process and the memory of each Lua
  state.

The file grows as things happen, so it survives a crash. `luaconc trace SCRIPT`
traces a whole run.

Each call of `collectgarbage` that collects is a slice (the global function is
replaced while a trace is written), and the end of each cycle is a mark with
the memory in use. The steps that Lua's collector takes by itself can't be
timed: Lua 5.4 does not report them, and they are part of the slice of the
task that allocated. There are no arrows for calls of a pool either; the calls
are spans in the worker.]],
  {
    name = "conc.trace.start",
    call = "conc.trace.start(path)",
    text = [[
Starts a trace into a new file: of this state, of the threads of this process,
and of its worker processes and theirs. Those that already run join when they
come to their loop: at once if they wait, after their next wait if they
compute. Jobs and streams that exist already have spans from then on. A worker
with a trace of its own keeps to that.]],
    params = { { "path", "string", "the file; it is overwritten" } },
    returns = { { "true", "ok", "" } },
    fails = {
      { "EBUSY", "this process is being traced already" },
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
    text = "Ends the trace. Everything from this state is then in the file; "
      .. "other states write their last events when they come to their loop.",
    params = {},
    returns = { { "true", "ok", "" } },
    fails = {
      { "ENOENT", "nothing is being traced" },
      { "ENOSPC, ...", "the trace has ended, but is incomplete" },
    },
    waits = false,
    example = [[
print(conc.trace.stop())  --> nil	nothing is traced	ENOENT]],
  },
}

return { stats, debugging, trace }
