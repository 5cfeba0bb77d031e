-- Every public function of luaconc, described once. docs/generate.lua makes
-- docs/reference.md and lua/luaconc/meta.lua from it (`make docs`), and
-- spec/docs_spec.lua fails where this file, those two and the functions that
-- are there differ. A new function enters here.
--
-- A section has a `title`, a `text`, and entries. A section about a type has
-- `type` as well: its `class` for editors, the `name` that it has in
-- signatures, a `sample` that makes one, and its `fields`.
--
-- An entry:
--   name     "conc.sleep", or "sleep" in the section of a type
--   call     the form or forms of a call
--   text     what it means
--   params   { name, type, meaning }; an optional one ends in "?"
--   options  the same, for the fields of a table that is given
--   returns  { type, name, meaning }
--   fails    { code, when }: it returns nil, a message and the code
--   raises   what makes it raise
--   waits    false; true; or when
--   overload another form, for editors
--   example  is run; a comment `--> text` is a line of its output

local spawn_options = {
  { "name", "string?", "its name in `conc.tree` and tracebacks; of a thread or "
    .. "process the system shows the first 15 bytes" },
  { "keep", "boolean?", "its failure does not cancel the group: `await` raises "
    .. "it, or the end of the group if nobody called `await`" },
  { "daemon", "boolean?", "its group does not wait for it, but cancels it "
    .. "once the other jobs have ended" },
}

local thread_options = {
  spawn_options[1], spawn_options[2], spawn_options[3],
  { "memory", "number?", "the most that its Lua state may allocate, in bytes; "
    .. "no limit by default" },
  { "stack", "integer?", "the size of its stack, in bytes, 512 KiB or more; "
    .. "default 1 MiB" },
  { "libs", "string[]?", "the standard libraries in its state besides the "
    .. "basic one; default all. (luaconc itself needs `package`, `coroutine`, "
    .. "`string`, `table` and `debug`.)" },
  { "init", "function?", "called there before `f`, without arguments; it may "
    .. "wait, and upvalues that it shares with `f` stay shared" },
}

local process_options = {
  spawn_options[1], spawn_options[2], spawn_options[3], thread_options[4],
  thread_options[7],
  { "start", "string?", '`"forkserver"` (the default): forked from a small '
    .. 'process started for this; `"spawn"`: a fresh interpreter; `"fork"`: '
    .. 'a copy of this process (see [processes](processes.md))' },
  { "rlimit", "luaconc.rlimit?", "limits of the process: `memory` in bytes; "
    .. "`cpu` in seconds of computing, then SIGXCPU; `files`, the number of "
    .. "descriptors; `nice`, its priority" },
}

local reason = { "reason", "any?",
  "appears in the message of the error and in `err.reason`" }

local running = {
  title = "Running and waiting",
  text = [[
A *task* is a Lua function that runs as a coroutine on the event loop of its Lua
state. A call that waits suspends only its task, and the others go on. Outside
tasks, at the top of a script, the same call runs the loop until it is done.
All times are seconds, as numbers. A *job* is a task, a thread or a process.]],
  {
    name = "conc.run",
    call = { "conc.run(f, ...)", "conc.run()" },
    text = [[
Runs `f(...)` as the root task and returns its results once every job started in
it has ended. Daemons are cancelled at that point. Without a function, it runs
the jobs started so far. Inside a task, it is a new group and waits for the jobs
of `f` only.]],
    params = {
      { "f", "function?", "the body" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`, or the first failure of a job (an error that "
      .. "is a string gets the tracebacks appended); an error with the code "
      .. "`EDEADLK` if all tasks wait and nothing can wake them.",
    waits = true,
    example = [[
local sum = conc.run(function(a, b)
  conc.sleep(0.01)
  return a + b
end, 1, 2)
print(sum)  --> 3]],
  },
  {
    name = "conc.spawn",
    call = { "conc.spawn(f, ...)",
      "conc.spawn{f, ..., name=, keep=, daemon=}" },
    text = [[
Starts a task that runs `f(...)`, in the current group. The task begins when the
running code waits next, not at once. If it fails, its group is cancelled and
raises the failure at its end.]],
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by reference" },
    },
    options = spawn_options,
    optionclass = "luaconc.spawnoptions",
    overload = "fun(job: luaconc.spawnoptions): luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    raises = "an error if the group is closed.",
    waits = false,
    example = [[
conc.run(function()
  local job = conc.spawn(string.rep, "ab", 3)
  local named = conc.spawn { conc.sleep, 0.01, name = "napper" }
  print(job:await(), named.name)  --> ababab	napper
end)]],
  },
  {
    name = "conc.offload",
    call = "conc.offload(f, ...)",
    text = [[
Calls `f(...)` on a thread kept for this purpose and returns its results, so
that a call that blocks (`os.execute`, a C library) does not block the other
tasks. The function, its arguments and its results are copied, as with
`conc.thread`. At most 32 calls run at a time; more wait for their turn. A
cancelled call is interrupted, or abandoned after 1 s if it is stuck in C
code.]],
    params = {
      { "f", "function", "the function that blocks" },
      { "...", "any", "its arguments, by copy" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`, or an error if a value can't be sent.",
    waits = true,
    example = [[
conc.run(function()
  local ok, how, code = conc.offload(os.execute, "exit 3")
  print(ok, how, code)  --> nil	exit	3
end)]],
  },
  {
    name = "conc.thread",
    call = { "conc.thread(f, ...)",
      "conc.thread{f, ..., name=, keep=, daemon=, memory=, stack=, libs=, "
        .. "init=}" },
    text = [[
Starts a thread that runs `f(...)` in a Lua state of its own, in parallel with
this one. It belongs to the current group, as a task does. `f`, its upvalues and
its arguments are copied there, and its results are copied back; a value that
can't be copied is refused here, with the path to it. In the thread, `require`
finds the same modules, `coroutine` is `conc.coroutine`, and all of luaconc
works. A cancelled thread is interrupted while it waits or runs Lua code; one
stuck in C code is abandoned after 1 s and fails with `ETIMEDOUT`.]],
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by copy" },
    },
    options = thread_options,
    optionclass = "luaconc.threadoptions",
    overload = "fun(job: luaconc.threadoptions): luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    fails = {
      { "EAGAIN", "the system refuses another thread" },
      { "ENOMEM", "there is not enough memory" },
    },
    raises = "an error if a value can't be sent, or if the group is closed.",
    waits = false,
    example = [[
local function count(n)
  local sum = 0
  for i = 1, n do sum = sum + i end
  return sum
end
local a, b = conc.thread(count, 1000), conc.thread(count, 2000)
print(a:await() + b:await())  --> 2501500]],
  },
  {
    name = "conc.process",
    call = { "conc.process(f, ...)",
      "conc.process{f, ..., name=, keep=, daemon=, memory=, start=, rlimit=}" },
    text = [[
Starts a process that runs `f(...)`. Copies and modules work as described for
`conc.thread`. The process shares the working directory, standard output and
standard error of this program; its standard input is empty.

It never outlives this program. If it crashes, is killed or calls `os.exit`, its
job fails with the code `EWORKER`; the error has the name of the signal in
`signal` or the exit code in `exit`, and the last lines written to standard
error in `stderr`. A cancelled process gets SIGTERM, which cancels its job, and
SIGKILL 1 s later if it still runs. It ignores Ctrl-C.]],
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by copy" },
    },
    options = process_options,
    optionclass = "luaconc.processoptions",
    overload = "fun(job: luaconc.processoptions): luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    fails = {
      { "EAGAIN", "the system refuses another process" },
      { "EMFILE", "no descriptor is left" },
      { "ENOMEM", "there is not enough memory" },
    },
    raises = "an error if a value can't be sent, if the group is closed, or if "
      .. "this program is not a Lua interpreter and `LUACONC_LUA` names none.",
    waits = false,
    example = [[
conc.run(function()
  local job = conc.process { function() os.exit(7) end, keep = true }
  local ok, err = pcall(job.await, job)
  print(ok, err.code, err.exit)  --> false	EWORKER	7
end)]],
  },
  {
    name = "conc.forkserver",
    call = "conc.forkserver([options])",
    text = [[
Starts the forkserver, the small process from which worker processes are forked,
and makes it load modules. Each process forked from then on has these modules
already. Without this call, the first `conc.process` starts the forkserver. The
call blocks its thread, and so all tasks of this state, until the modules are
loaded. Processes that other threads start or kill meanwhile start or end when
that is done.]],
    params = { { "options", "luaconc.forkserveroptions?", "" } },
    options = {
      { "preload", "string[]?", "the names of the modules, found as `require` "
        .. "finds them here and now" },
      { "lua", "string?", "the Lua interpreter that worker processes run, if "
        .. "this program is none; only before the first process" },
    },
    optionclass = "luaconc.forkserveroptions",
    returns = { { "integer", "pid", "the id of its process" } },
    fails = {
      { "EWORKER", "a module can't be loaded there; the message says why" },
      { "ENOENT", "there is no such program" },
    },
    raises = "an error if `lua` is given and the forkserver already runs.",
    waits = false,
    example = [[
print(math.type(conc.forkserver { preload = { "luaconc.option" } }))
--> integer
local job = conc.process(function()
  return package.loaded["luaconc.option"] ~= nil
end)
print(job:await())  --> true]],
  },
  {
    name = "conc.sleep",
    call = "conc.sleep(seconds)",
    text = "Waits for a time. 0 lets the other tasks run, like `conc.yield`.",
    params = { { "seconds", "number", "0 or more; `math.huge` waits for "
      .. "ever" } },
    returns = {},
    waits = true,
    example = [[
local start = conc.now()
conc.sleep(0.02)
print(conc.now() - start >= 0.02)  --> true]],
  },
  {
    name = "conc.yield",
    call = "conc.yield()",
    text = "Lets every other task that is ready run once, then continues.",
    params = {},
    returns = {},
    waits = true,
    example = [[
conc.run(function()
  conc.spawn(print, "other")
  conc.yield()
  print("this one")
end)
--> other
--> this one]],
  },
  {
    name = "conc.now",
    call = "conc.now()",
    text = [[
The time of a clock that never goes back. Only differences between its values
have a meaning. Deadlines are times of this clock.]],
    params = {},
    returns = { { "number", "seconds", "of a monotonic clock" } },
    waits = false,
    example = [[
local start = conc.now()
print(conc.now() >= start)  --> true]],
  },
  {
    name = "conc.timeout",
    call = "conc.timeout(seconds, f, ...)",
    text = [[
Runs `f(...)` in this task, with a deadline after that many seconds: from then
on every wait in it raises. Jobs started in `f` belong to this call, which waits
for them and cancels them at the deadline. If `f` returns after all, its results
are returned, even just after the deadline.]],
    params = {
      { "seconds", "number", "0 or more" },
      { "f", "function", "what to run" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    fails = { { "ETIMEDOUT", 'the deadline came first: `nil, "timed out", '
      .. '"ETIMEDOUT"`' } },
    raises = "the error of `f`, or the failure of a job started in it.",
    waits = true,
    example = [[
print(conc.timeout(0.01, conc.sleep, 10))  --> nil	timed out	ETIMEDOUT
print(conc.timeout(10, math.max, 1, 2))    --> 2]],
  },
  {
    name = "conc.shield",
    call = "conc.shield(f, ...)",
    text = [[
Runs `f(...)` protected from cancellation from outside, for clean-ups that have
to wait. The first wait after the call raises the cancellation. A shield without
a `conc.timeout` inside can delay the end of a program.]],
    params = {
      { "f", "function", "what to run" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`.",
    waits = "if `f` does",
    example = [[
conc.run(function()
  local job = conc.spawn(function()
    conc.shield(function()
      conc.sleep(0.01)
      print("saved")
    end)
    conc.sleep(10)
  end)
  conc.yield()
  job:cancel()
end)
--> saved]],
  },
  {
    name = "conc.current",
    call = "conc.current()",
    text = "The handle of the running job.",
    params = {},
    returns = { { "luaconc.job?", "job", "nil outside tasks" } },
    waits = false,
    example = [[
print(conc.current())  --> nil
conc.spawn { function()
  print(conc.current().name)  --> me
end, name = "me" }:await()]],
  },
  {
    name = "conc.jobs",
    call = "conc.jobs()",
    text = "All live jobs of this Lua state.",
    params = {},
    returns = { { "luaconc.job[]", "list", "their handles" } },
    waits = false,
    example = [[
conc.run(function()
  conc.spawn(conc.sleep, 0.01)
  print(#conc.jobs())  --> 2
end)]],
  },
  {
    name = "conc.tree",
    call = "conc.tree()",
    text = [[
A text with a line for each live job of this state, indented below the job that
started it: its status, what it waits for, where and since when, and where and
when it was started. Nothing is printed. (`conc.debug.dump` includes threads and
processes.)]],
    params = {},
    returns = { { "string", "text", '`"no live jobs"` if there are none' } },
    waits = false,
    example = [[
conc.run(function()
  conc.spawn { conc.sleep, 0.01, name = "napper" }
  conc.yield()
  print(conc.tree():find("napper", 1, true) ~= nil)  --> true
end)]],
  },
  {
    name = "conc.locals",
    call = "conc.locals()",
    text = [[
The table of this job, for values that belong to a request and should not have
to be passed through every function. A job starts with a copy of the table of
the job that starts it.]],
    params = {},
    returns = { { "table", "locals", "the same table each time in one job" } },
    waits = false,
    example = [[
conc.run(function()
  conc.locals().request = 17
  conc.spawn(function() print(conc.locals().request) end)  --> 17
end)]],
  },
  {
    name = "conc.traceback",
    call = "conc.traceback(err)",
    text = [[
Where an error was raised and where its job was started. For a live job: where
it waits. Errors that are tables keep their traceback as long as they live; for
strings only the latest are remembered.]],
    params = { { "err", "any", "an error that was raised, or a handle" } },
    returns = { { "string", "text", "what is known: at least the error" } },
    waits = false,
    example = [[
conc.run(function()
  local job = conc.spawn { error, "boom", keep = true }
  local ok, err = pcall(job.await, job)
  print(ok, conc.traceback(err):find("started", 1, true) ~= nil)  --> false	true
end)]],
  },
  {
    name = "conc.is_cancelled",
    call = "conc.is_cancelled(err)",
    text = [[
Whether a value is the error of a cancellation. Code that catches errors should
raise these again; a task that swallows its cancellation 100 times is closed.]],
    params = { { "err", "any", "what pcall returned" } },
    returns = { { "boolean", "yes", "" } },
    waits = false,
    example = [[
conc.run(function()
  local job = conc.spawn(conc.sleep, 10)
  job:cancel()
  local ok, err = pcall(job.await, job)
  print(ok, conc.is_cancelled(err))  --> false	true
end)]],
  },
  {
    name = "conc.coroutine",
    call = "conc.coroutine",
    text = [[
Lua's `coroutine` library for coroutines that may wait inside a task: `create`,
`wrap`, `resume`, `yield`, `status`, `close`, `running`, `isyieldable`. A wait
in such a coroutine suspends the whole task; the code that resumed it does not
notice. (In a coroutine of Lua's own library a wait raises an error.) `close`
can't wait, so a `<close>` variable that it closes must not wait either.]],
    type = "coroutinelib",
    waits = "(`resume`, and functions made by `wrap`) if the coroutine does",
    example = [[
local function ticks(n)
  return conc.coroutine.wrap(function()
    for i = 1, n do
      conc.sleep(0.001)
      conc.coroutine.yield(i)
    end
  end)
end
conc.run(function()
  for i in ticks(2) do print(i) end
end)
--> 1
--> 2]],
  },
  {
    name = "conc.version",
    call = "conc.version",
    text = [[
The version of the library, as in semantic versioning: `"1.2.3"`. The C core,
`luaconc.h` and `luaconc --version` have the same.]],
    type = "string",
    waits = false,
    example = [[print(conc.version:match("^%d+%.%d+%.%d+$") ~= nil)  --> true]],
  },
  {
    name = "conc._VERSION",
    call = "conc._VERSION",
    text = "The name and the version, as in other Lua modules.",
    type = "string",
    waits = false,
    example = [[print(conc._VERSION:match("^luaconc %d") ~= nil)  --> true]],
  },
}

local item = "function|luaconc.job"

local several = {
  title = "Waiting for several",
  text = [[
Each of these takes functions, which it starts, and handles of jobs that are
already running. It waits for the jobs that it starts: none of them outlives the
call, however that ends.]],
  {
    name = "conc.gather",
    call = { "conc.gather(f1, f2, ...)", "conc.gather(list)" },
    text = [[
Runs all at once and returns the first result of each, in the order of the
arguments: several values for several arguments, one list for a list (with nil
for a job without a result). The first failure cancels the rest, also jobs that
were passed as handles, and is raised.]],
    params = { { "...", item .. "|(" .. item .. ")[]",
      "what to run or wait for" } },
    returns = { { "any", "...", "the first result of each; or one list" } },
    raises = "the first failure, unchanged; `ECANCELED` if a handle was "
      .. "cancelled.",
    waits = true,
    example = [[
local function fetch(what, seconds)
  return function()
    conc.sleep(seconds)
    return what
  end
end
print(conc.gather(fetch("a", 0.02), fetch("b", 0.01)))  --> a	b
local list = conc.gather { fetch("c", 0.01), fetch("d", 0) }
print(list[1], list[2])  --> c	d]],
  },
  {
    name = "conc.settle",
    call = "conc.settle(list)",
    text = "Runs all to the end, whatever fails, and returns each outcome.",
    params = { { "list", "(" .. item .. ")[]", "what to run or wait for" } },
    returns = { { "luaconc.outcome[]", "outcomes",
      "`{ok=true, value}` or `{ok=false, err}`, in the order of the list" } },
    waits = true,
    example = [[
local outcomes = conc.settle {
  function() return "fine" end,
  function() error("broken", 0) end,
}
for _, outcome in ipairs(outcomes) do print(outcome.ok, outcome[1]) end
--> true	fine
--> false	broken]],
  },
  {
    name = "conc.race",
    call = { "conc.race(f1, f2, ...)", "conc.race(list)" },
    text = [[
Runs all at once and returns the results of the first that succeeds. Failures
are dropped unless all fail. The jobs that the call started are then cancelled
and waited for; jobs passed as handles are cancelled only if they belong to the
caller's group.]],
    params = { { "...", item .. "|(" .. item .. ")[]",
      "what to run or wait for; at least one" } },
    returns = { { "any", "...", "all results of the winner" } },
    raises = "the last error if all fail.",
    waits = true,
    example = [[
local winner = conc.race(
  function() conc.sleep(10) return "slow" end,
  function() conc.sleep(0.01) return "fast" end)
print(winner)  --> fast]],
  },
  {
    name = "conc.completed",
    call = "conc.completed(list)",
    text = [[
Iterates over the handles in order of completion, in a generic `for`. Leaving
the loop early cancels the jobs that the call started and waits for them.]],
    params = { { "list", "(" .. item .. ")[]", "what to run or wait for" } },
    returns = {
      { "fun(): luaconc.job?", "next", "the next handle whose job has ended" },
      { "nil", "state", "" },
      { "nil", "initial", "" },
      { "table", "closing", "closed when the loop is left" },
    },
    raises = "at the end of the loop, a failure that nobody looked at.",
    waits = "in each round",
    example = [[
local function after(seconds, value)
  return function()
    conc.sleep(seconds)
    return value
  end
end
for job in conc.completed { after(0.02, "second"), after(0, "first") } do
  print(job:await())
end
--> first
--> second]],
  },
}

local job = {
  title = "Job",
  text = [[
The handle of a job on any engine. It can be kept, passed on, and used after the
job has ended.]],
  type = {
    class = "luaconc.job",
    name = "job",
    sample = "return conc.spawn(function() end)",
    fields = {
      { "id", "integer", "1, 2, ... in each Lua state" },
      { "name", "string", "the one given, or `task 1`" },
      { "engine", "string", '`"task"`, `"thread"` or `"process"`' },
      { "pid", "integer?", "of a process: its process id, once it has begun" },
    },
  },
  {
    name = "await",
    call = "job:await()",
    text = "Waits for the job to end. Each call gives the same again.",
    params = {},
    returns = { { "any", "...", "the results of the job" } },
    raises = "the job's own error, unchanged; an error with the code "
      .. "`ECANCELED` if it was cancelled.",
    waits = "unless the job has ended",
    example = [[
local job = conc.spawn(function() return 1, nil, 3 end)
print(job:await())  --> 1	nil	3]],
  },
  {
    name = "cancel",
    call = "job:cancel([reason])",
    text = [[
Asks the job to end: its next wait and every further one raise an error with the
code `ECANCELED`. A thread or process is interrupted while it computes in Lua,
too. A job that has not started never does.]],
    params = { reason },
    returns = { { "boolean", "asked", "false if it had already ended" } },
    waits = false,
    example = [[
conc.run(function()
  local job = conc.spawn(conc.sleep, 10)
  print(job:cancel("not needed"))  --> true
  print(select(2, pcall(job.await, job)).reason)  --> not needed
  print(job:cancel())  --> false
end)]],
  },
  {
    name = "status",
    call = "job:status()",
    text = "The state of the job.",
    params = {},
    returns = { { "luaconc.status", "status", '`"ready"`, `"running"`, '
      .. '`"waiting"`, `"done"`, `"failed"` or `"cancelled"`' } },
    waits = false,
    example = [[
local job = conc.spawn(conc.sleep, 0.001)
print(job:status())  --> ready
job:await()
print(job:status())  --> done]],
  },
  {
    name = "kill",
    call = "job:kill([signal])",
    text = [[
Sends a signal to the process of the job. SIGTERM cancels the job; with SIGKILL
it fails with the code `EWORKER`. The signal can't reach another process, as the
process id is not reused before its end is known.]],
    params = { { "signal", "string|integer?", "its name or number; default "
      .. "`\"SIGTERM\"`" } },
    returns = { { "true", "sent", "" } },
    fails = { { "ESRCH", "the process has ended, or has not begun" } },
    raises = "an error if the job is not a process.",
    waits = false,
    example = [[
conc.run(function()
  local job = conc.process { function() while true do end end, keep = true }
  print(job:kill "SIGKILL")  --> true
  local ok, err = pcall(job.await, job)
  print(ok, err.code, err.signal)  --> false	EWORKER	SIGKILL
end)]],
  },
}

local groups = {
  title = "Groups",
  text = [[
Every job belongs to a group, and a group ends when all its jobs have ended.
Without a group, a job belongs to the task that starts it. When a job fails, the
other jobs and the body of its group are cancelled at once, and the end of the
group raises the failure. A group is current from `conc.group` to its close, in
the coroutine that made it: `conc.spawn` there joins it.]],
  {
    name = "conc.group",
    call = "conc.group([options])",
    text = [[
Opens a group. Use it as `local g <close> = conc.group()`: leaving the block
waits for the jobs; leaving it by an error cancels them first.]],
    params = { { "options", "luaconc.groupoptions?", "" } },
    options = {
      { "limit", "integer?", "how many of its jobs run at once; default no "
        .. "limit" },
      { "keep", "boolean?", "start its jobs with `keep = true`" },
      { "current", "boolean?",
        "false: `conc.spawn` does not join it, only `group:spawn`; for "
        .. "groups kept in objects" },
      { "timeout", "number?", "seconds until it is cancelled" },
      { "deadline", "number?", "the time, as of `conc.now`, when it is "
        .. "cancelled" },
    },
    optionclass = "luaconc.groupoptions",
    returns = { { "luaconc.group", "group", "" } },
    waits = "when it is closed",
    example = [[
conc.run(function()
  do
    local g <close> = conc.group { limit = 2 }
    for i = 1, 4 do g:spawn(conc.sleep, 0.001 * i) end
  end
  print("all four have ended")
end)
--> all four have ended]],
  },
}

local group = {
  title = "Group",
  text = "A group of jobs, made by `conc.group`.",
  type = {
    class = "luaconc.group",
    name = "group",
    sample = "return conc.group()",
    closes = true,
    fields = {
      { "cancelled", "boolean", "whether it, or a scope around it, is "
        .. "cancelled" },
      { "expired", "boolean", "whether its deadline cancelled it" },
      { "deadline", "number?", "a time of `conc.now`" },
    },
  },
  {
    name = "spawn",
    call = { "group:spawn(f, ...)",
      "group:spawn{f, ..., name=, keep=, daemon=}" },
    text = "Starts a task in this group, from any task: see `conc.spawn`.",
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments" },
    },
    overload = "fun(self: luaconc.group, job: luaconc.spawnoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    raises = "an error if the group is closed.",
    waits = false,
    example = [[
conc.run(function()
  local g <close> = conc.group()
  print(g:spawn(math.sqrt, 16):await())  --> 4.0
end)]],
  },
  {
    name = "thread",
    call = { "group:thread(f, ...)",
      "group:thread{f, ..., name=, keep=, daemon=, memory=, stack=, libs=, "
        .. "init=}" },
    text = "Starts a thread in this group, from any task: see `conc.thread`.",
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by copy" },
    },
    overload = "fun(self: luaconc.group, job: luaconc.threadoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    fails = { { "EAGAIN", "the system refuses another thread" } },
    raises = "an error if a value can't be sent, or if the group is closed.",
    waits = false,
    example = [[
conc.run(function()
  local g <close> = conc.group { limit = 2 }
  print(g:thread(math.sqrt, 16):await())  --> 4.0
end)]],
  },
  {
    name = "process",
    call = { "group:process(f, ...)",
      "group:process{f, ..., name=, keep=, daemon=, memory=, start=, ...}" },
    text = "Starts a process in this group, from any task: see `conc.process`.",
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by copy" },
    },
    overload = "fun(self: luaconc.group, job: luaconc.processoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    fails = { { "EAGAIN", "the system refuses another process" } },
    raises = "an error if a value can't be sent, or if the group is closed.",
    waits = false,
    example = [[
conc.run(function()
  local g <close> = conc.group { limit = 2 }
  print(g:process(math.sqrt, 16):await())  --> 4.0
end)]],
  },
  {
    name = "cancel",
    call = "group:cancel([reason])",
    text = [[
Cancels the jobs of the group, and every wait in its body until the group is
left. The end of the group raises nothing because of that.]],
    params = { reason },
    returns = { { "boolean", "first", "false if it was already cancelled" } },
    waits = false,
    example = [[
conc.run(function()
  local job
  do
    local g <close> = conc.group()
    job = g:spawn(conc.sleep, 10)
    g:cancel()
  end
  print(job:status())  --> cancelled
end)]],
  },
  {
    name = "await",
    call = "group:await()",
    text = "Waits until the present jobs of the group have ended. It stays "
      .. "open.",
    params = {},
    returns = {},
    raises = "the first failure.",
    waits = true,
    example = [[
conc.run(function()
  local g <close> = conc.group()
  local job = g:spawn(conc.sleep, 0.001)
  g:await()
  print(job:status())  --> done
end)]],
  },
  {
    name = "close",
    call = "group:close([err])",
    text = [[
Waits for all jobs and ends the group, as leaving the block of a `<close>`
variable does. With an error it cancels the jobs first. Groups must be closed in
the reverse order of their opening. A second call does nothing.]],
    params = { { "err", "any?", "the error by which the block is left" } },
    returns = {},
    raises = "the first failure of a job, unless `err` is an error of the body "
      .. "itself other than a cancellation.",
    waits = true,
    example = [[
conc.run(function()
  local g = conc.group { current = false }
  local job = g:spawn(conc.sleep, 0.001)
  g:close()
  print(job:status())  --> done
end)]],
  },
}

local scopes = {
  title = "Scopes",
  text = "A scope is a piece of code whose waits are cancelled together.",
  {
    name = "conc.scope",
    call = "conc.scope([options])",
    text = [[
Opens a scope that can be cancelled, by any task or by the clock. Use it as
`local s <close> = conc.scope()`. Once it is cancelled, every wait inside it
raises until it is left; code around it is not affected.]],
    params = { { "options", "luaconc.scopeoptions?", "" } },
    options = {
      { "timeout", "number?", "seconds until it is cancelled" },
      { "deadline", "number?", "the time, as of `conc.now`, when it is "
        .. "cancelled" },
    },
    optionclass = "luaconc.scopeoptions",
    returns = { { "luaconc.scope", "scope", "" } },
    waits = false,
    example = [[
do
  local s <close> = conc.scope { timeout = 0.01 }
  local ok, err = pcall(conc.sleep, 10)
  print(ok, err.code, s.expired)  --> false	ECANCELED	true
end
conc.sleep(0.001)]],
  },
}

local scope = {
  title = "Scope",
  text = "A scope, made by `conc.scope`.",
  type = {
    class = "luaconc.scope",
    name = "scope",
    sample = "return conc.scope()",
    closes = true,
    fields = {
      { "cancelled", "boolean", "whether it, or a scope around it, is "
        .. "cancelled" },
      { "expired", "boolean", "whether its deadline cancelled it" },
      { "deadline", "number?", "a time of `conc.now`" },
    },
  },
  {
    name = "cancel",
    call = "scope:cancel([reason])",
    text = "Makes every wait inside the scope raise until the scope is left.",
    params = { reason },
    returns = { { "boolean", "first", "false if it was already cancelled" } },
    waits = false,
    example = [[
do
  local s <close> = conc.scope()
  s:cancel("enough")
  print(select(2, pcall(conc.sleep, 1)))  --> cancelled: enough
end]],
  },
  {
    name = "close",
    call = "scope:close()",
    text = [[
Leaves the scope, as leaving the block of a `<close>` variable does. Scopes and
groups must be closed in the reverse order of their opening. A second call does
nothing.]],
    params = {},
    returns = {},
    waits = false,
    example = [[
local s = conc.scope()
s:cancel()
s:close()
conc.sleep(0.001)]],
  },
}

local coordinating = {
  title = "Coordinating tasks",
  text = [[
These work between the tasks of one Lua state and pass values by reference.
Waiters are served first come, first served. A waiter that is cancelled takes no
permit and no item.]],
  {
    name = "conc.queue",
    call = "conc.queue([n])",
    text = [[
Makes a queue of at most `n` items. With 0 each item is handed from sender to
receiver; with `math.huge` there is no bound.]],
    params = { { "n", "(integer|number)?", "0 or more, or `math.huge`; "
      .. "default 64" } },
    returns = { { "luaconc.queue", "queue", "" } },
    waits = false,
    example = [[
local q = conc.queue(2)
conc.spawn(function()
  for i = 1, 3 do q:send(i) end
  q:close()
end)
for item in q:iter() do print(item) end
--> 1
--> 2
--> 3]],
  },
  {
    name = "conc.channel",
    call = "conc.channel([n])",
    text = [[
Makes a channel: a queue between states. Tasks, threads and processes send
copies of values through it, at most `n` at a time; with 0 each value is handed
from sender to receiver. A channel can itself be sent, to a job or through
another channel, and is the same channel there. Waiters of all states are served
first come, first served, and each value arrives once.

A channel counts the states that hold it, and a message on its way that contains
it as one. Once a second state has held it and only one is left, no value can
arrive from elsewhere and nobody else wants one: receiving from it when it is
empty returns EOF, and sending returns EPIPE. A state that ends gives up its
hold.

A channel that is sent to another process moves to memory shared by processes,
with its contents and its waiters. There it is slower than between threads and
keeps 65,536 values at most; with `n` 0, a `conc.select` that sends and one that
receives do not meet. If it contains something that can't leave this process
(functions, other channels), it can't be sent either, with the code EBUSY; once
it has moved it takes both. Channels between processes that contain each other,
and that nobody else holds, stay until the program ends. A process that is
killed loses the values that it had received and those that it had not sent yet;
all others go on.]],
    params = { { "n", "integer?", "0 or more; default 64" } },
    returns = { { "luaconc.channel", "channel", "" } },
    waits = false,
    example = [[
local squares = conc.channel()
local job = conc.thread(function(out)
  for i = 1, 3 do out:send(i * i) end
end, squares)
for n in squares:iter() do print(n) end
--> 1
--> 4
--> 9
job:await()]],
  },
  {
    name = "conc.lock",
    call = "conc.lock()",
    text = "Makes a lock, which one task at a time can hold.",
    params = {},
    returns = { { "luaconc.lock", "lock", "" } },
    waits = false,
    example = [[
local lock, list = conc.lock(), {}
local function job(name)
  return function()
    lock:with(function()
      list[#list + 1] = name
      conc.sleep(0.001)
      list[#list + 1] = name
    end)
  end
end
conc.gather(job("a"), job("b"))
print(table.concat(list))  --> aabb]],
  },
  {
    name = "conc.semaphore",
    call = "conc.semaphore(n)",
    text = "Makes a semaphore with `n` permits.",
    params = { { "n", "integer", "0 or more" } },
    returns = { { "luaconc.semaphore", "semaphore", "" } },
    waits = false,
    example = [[
local s = conc.semaphore(2)
s:acquire()
s:acquire()
print(s:try_acquire())  --> nil	no permit is free	EAGAIN]],
  },
  {
    name = "conc.event",
    call = "conc.event()",
    text = "Makes an event: a flag that tasks wait for, clear at first.",
    params = {},
    returns = { { "luaconc.event", "event", "" } },
    waits = false,
    example = [[
local ready = conc.event()
local job = conc.spawn(function()
  ready:wait()
  return "went on"
end)
ready:set()
print(job:await())  --> went on]],
  },
  {
    name = "conc.condition",
    call = "conc.condition(lock)",
    text = "Makes a condition, on which tasks that hold a lock wait for a "
      .. "change.",
    params = { { "lock", "luaconc.lock", "the lock that guards the change" } },
    returns = { { "luaconc.condition", "condition", "" } },
    waits = false,
    example = [[
local lock = conc.lock()
local changed, stock = conc.condition(lock), 0
local buyer = conc.spawn(function()
  return lock:with(function()
    while stock == 0 do changed:wait() end
    return stock
  end)
end)
lock:with(function()
  stock = 3
  changed:notify_all()
end)
print(buyer:await())  --> 3]],
  },
  {
    name = "conc.select",
    call = "conc.select(cases)",
    text = [[
Waits for the first of several things. Returns its key in the table and the
results of the operation, as its method returns them. Exactly one case takes
effect; where several are ready at once, any of them is taken. Nothing is lost
of the others: no byte is read and no connection accepted for them.

A case is an object alone (a queue or channel: `recv`; an event or timer:
`wait`; a job: `await`; a stream: `read`; a listener: `accept`; a UDP socket:
`recv`; a signal: `wait`) or `{object, "verb", value}`, such as `{queue, "send",
value}` or `{stream, "read", "l"}`. A job that failed gives its key, nil, and
its error.]],
    params = { { "cases", "table", "key to case" } },
    returns = {
      { "any", "key", "of the case that took effect" },
      { "any", "...", "its results" },
    },
    raises = "an error that names the key if a case is nothing to wait for.",
    waits = true,
    example = [[
conc.run(function()
  local numbers, stop = conc.queue(), conc.event()
  conc.spawn(function()
    numbers:send(7)
    conc.sleep(0.01)
    stop:set()
  end)
  print(conc.select { number = numbers, stop = stop })  --> number	7
  print(conc.select { number = numbers, stop = stop })  --> stop	true
  print(conc.select { number = numbers, late = conc.after(0.01) })  --> late
end)]],
  },
  {
    name = "conc.after",
    call = "conc.after(seconds)",
    text = "Makes a timer that is over that many seconds from now, for all "
      .. "who wait.",
    params = { { "seconds", "number", "0 or more; `math.huge` for never" } },
    returns = { { "luaconc.timer", "timer", "" } },
    waits = false,
    example = [[
local timer = conc.after(0.01)
timer:wait()
print(conc.select { timer = timer })  --> timer]],
  },
  {
    name = "conc.barrier",
    call = "conc.barrier(n)",
    text = "Makes a barrier, which holds tasks until `n` have arrived, then "
      .. "starts anew.",
    params = { { "n", "integer", "1 or more" } },
    returns = { { "luaconc.barrier", "barrier", "" } },
    waits = false,
    example = [[
local meeting = conc.barrier(2)
local first = conc.spawn(meeting.wait, meeting)
meeting:wait()
first:await()]],
  },
}

local closed_receiving = { "EOF", "closed and empty" }
local closed_sending = { "EPIPE", "closed" }

local queue = {
  title = "Queue",
  text = "A queue of items, made by `conc.queue`. nil can't be sent.",
  type = {
    class = "luaconc.queue",
    name = "queue",
    sample = "return conc.queue(1)",
  },
  {
    name = "send",
    call = "queue:send(value)",
    text = "Adds an item at the end.",
    params = { { "value", "any", "anything but nil" } },
    returns = { { "true?", "sent", "" } },
    fails = { closed_sending },
    waits = "while it is full",
    example = [[
local q = conc.queue(1)
print(q:send("item"))  --> true
q:close()
print(q:send("more"))  --> nil	closed	EPIPE]],
  },
  {
    name = "recv",
    call = "queue:recv()",
    text = "Takes the first item.",
    params = {},
    returns = { { "any", "value", "" } },
    fails = { closed_receiving },
    waits = "while it is empty",
    example = [[
local q = conc.queue(1)
q:send("item")
q:close()
print(q:recv())  --> item
print(q:recv())  --> nil	closed	EOF]],
  },
  {
    name = "send_many",
    call = "queue:send_many(list)",
    text = [[
Adds all items of a list, in order; where it has to wait, items of other senders
may come between. If it is cancelled while it waits, some of them have been
sent.]],
    params = { { "list", "any[]", "without nil" } },
    returns = { { "integer?", "n", "how many items were sent: all of them" } },
    fails = { { "EPIPE", "closed; the fourth result is how many items were "
      .. "sent before" } },
    waits = "while it is full",
    example = [[
local q = conc.queue(4)
print(q:send_many { 1, 2, 3 })  --> 3
print(q:len())  --> 3]],
  },
  {
    name = "recv_many",
    call = "queue:recv_many(max)",
    text = [[
Takes all items that are there, in order: at least one, at most `max`.]],
    params = { { "max", "integer", "1 or more" } },
    returns = { { "any[]?", "list", "" } },
    fails = { closed_receiving },
    waits = "while it is empty",
    example = [[
local q = conc.queue(4)
q:send_many { "a", "b", "c" }
print(#q:recv_many(2), #q:recv_many(100))  --> 2	1]],
  },
  {
    name = "try_send",
    call = "queue:try_send(value)",
    text = "Adds an item if there is room now.",
    params = { { "value", "any", "anything but nil" } },
    returns = { { "true?", "sent", "" } },
    fails = { closed_sending, { "EAGAIN", "full" } },
    waits = false,
    example = [[
local q = conc.queue(1)
print(q:try_send(1))  --> true
print(q:try_send(2))  --> nil	full	EAGAIN]],
  },
  {
    name = "try_recv",
    call = "queue:try_recv()",
    text = "Takes the first item if there is one now.",
    params = {},
    returns = { { "any", "value", "" } },
    fails = { closed_receiving, { "EAGAIN", "empty" } },
    waits = false,
    example = [[print(conc.queue(1):try_recv())  --> nil	empty	EAGAIN]],
  },
  {
    name = "close",
    call = "queue:close()",
    text = [[
Closes it: items in it can still be taken, but none can be added. Wakes all
waiters. A second call does nothing.]],
    params = {},
    returns = {},
    waits = false,
    example = [[
local q = conc.queue(1)
local job = conc.spawn(function() return q:recv() end)
conc.yield()
q:close()
print(job:await())  --> nil	closed	EOF]],
  },
  {
    name = "len",
    call = "queue:len()",
    text = "How many items are in it. `#queue` is the same.",
    params = {},
    returns = { { "integer", "n", "" } },
    waits = false,
    example = [[
local q = conc.queue(5)
q:send(1)
print(q:len())  --> 1]],
  },
  {
    name = "iter",
    call = "queue:iter()",
    text = "Iterates over the items until it is closed and empty.",
    params = {},
    returns = { { "fun(): any", "next", "for the generic `for`" } },
    waits = "in each round, while it is empty",
    example = [[
local q = conc.queue(2)
q:send("a")
q:send("b")
q:close()
for item in q:iter() do print(item) end
--> a
--> b]],
  },
}

local left_receiving = { "EOF", "empty, and closed or no longer held by any "
  .. "other state" }
local left_sending = { "EPIPE", "closed, or no longer held by any other "
  .. "state" }

local channel = {
  title = "Channel",
  text = "A queue between states, made by `conc.channel`. nil can't be sent.",
  type = {
    class = "luaconc.channel",
    name = "channel",
    sample = "return conc.channel(1)",
  },
  {
    name = "send",
    call = "channel:send(value)",
    text = [[
Adds a copy of the value. A value that can't cross between states raises an
error with the path to it, and nothing is sent. If the call is cancelled while
it waits, the value is not sent; if it was taken at that moment, the call
returns true.]],
    params = { { "value", "any", "anything but nil that can cross" } },
    returns = { { "true?", "sent", "" } },
    fails = { left_sending },
    waits = "while it is full",
    example = [[
local ch = conc.channel(1)
print(ch:send("item"))  --> true
ch:close()
print(ch:send("more"))  --> nil	closed	EPIPE]],
  },
  {
    name = "recv",
    call = "channel:recv()",
    text = [[
Takes the first item. If the call is cancelled while it waits, it takes nothing;
if an item was handed to it at that moment, it returns the item.]],
    params = {},
    returns = { { "any", "value", "" } },
    fails = { left_receiving },
    waits = "while it is empty",
    example = [[
local ch = conc.channel(1)
ch:send("item")
ch:close()
print(ch:recv())  --> item
print(ch:recv())  --> nil	closed	EOF]],
  },
  {
    name = "send_many",
    call = "channel:send_many(list)",
    text = [[
Adds all items of a list, in order; where it has to wait, items of other senders
may come between. If one of them can't cross between states, none is sent. If it
is cancelled while it waits, some have been sent.]],
    params = { { "list", "any[]", "without nil" } },
    returns = { { "integer?", "n", "how many items were sent: all of them" } },
    fails = { { "EPIPE", "closed; the fourth result is how many items were "
      .. "sent before" } },
    waits = "while it is full",
    example = [[
local q = conc.channel(4)
print(q:send_many { 1, 2, 3 })  --> 3
print(q:len())  --> 3]],
  },
  {
    name = "recv_many",
    call = "channel:recv_many(max)",
    text = [[
Takes all items that are there, in order: at least one, at most `max`.]],
    params = { { "max", "integer", "1 or more" } },
    returns = { { "any[]?", "list", "" } },
    fails = { closed_receiving },
    waits = "while it is empty",
    example = [[
local q = conc.channel(4)
q:send_many { "a", "b", "c" }
print(#q:recv_many(2), #q:recv_many(100))  --> 2	1]],
  },
  {
    name = "try_send",
    call = "channel:try_send(value)",
    text = "Adds an item if there is room now.",
    params = { { "value", "any", "anything but nil" } },
    returns = { { "true?", "sent", "" } },
    fails = { left_sending, { "EAGAIN", "full" } },
    waits = false,
    example = [[
local ch = conc.channel(1)
print(ch:try_send(1))  --> true
print(ch:try_send(2))  --> nil	full	EAGAIN]],
  },
  {
    name = "try_recv",
    call = "channel:try_recv()",
    text = "Takes the first item if there is one now.",
    params = {},
    returns = { { "any", "value", "" } },
    fails = { left_receiving, { "EAGAIN", "empty" } },
    waits = false,
    example = [[print(conc.channel(1):try_recv())  --> nil	empty	EAGAIN]],
  },
  {
    name = "close",
    call = "channel:close()",
    text = [[
Closes it: items in it can still be taken, but none can be added. Wakes all
waiters. A second call does nothing.]],
    params = {},
    returns = {},
    waits = false,
    example = [[
local ch = conc.channel(1)
local job = conc.spawn(function() return ch:recv() end)
conc.yield()
ch:close()
print(job:await())  --> nil	closed	EOF]],
  },
  {
    name = "len",
    call = "channel:len()",
    text = "How many items are in it. `#channel` is the same.",
    params = {},
    returns = { { "integer", "n", "" } },
    waits = false,
    example = [[
local ch = conc.channel(5)
ch:send(1)
print(ch:len())  --> 1]],
  },
  {
    name = "iter",
    call = "channel:iter()",
    text = "Iterates over the items until it is closed and empty.",
    params = {},
    returns = { { "fun(): any", "next", "for the generic `for`" } },
    waits = "in each round, while it is empty",
    example = [[
local ch = conc.channel(2)
ch:send("a")
ch:send("b")
ch:close()
for item in ch:iter() do print(item) end
--> a
--> b]],
  },
}

local function acquiring(class, text, held, make)
  local kind = class:match "%a+$"
  return {
    name = "acquire",
    call = kind .. ":acquire()",
    text = text .. " In a `<close>` variable, it is released at the end.",
    params = {},
    returns = { { class, kind, "itself" } },
    raises = kind == "lock" and "an error if the task holds it already."
      or nil,
    waits = "until it is free",
    example = ([[
local %s = %s
do
  local _ <close> = %s:acquire()
  print(%s:try_acquire())  --> nil	%s	EAGAIN
end
%s:acquire()
%s:release()]]):format(kind, make, kind, kind, held, kind, kind),
  }, {
    name = "try_acquire",
    call = kind .. ":try_acquire()",
    text = "The same, but only if it is free now.",
    params = {},
    returns = { { class, kind, "itself" } },
    fails = { { "EAGAIN", "not free" } },
    waits = false,
    example = ([[
local %s = %s
print(%s:try_acquire() == %s)  --> true
print(%s:try_acquire())  --> nil	%s	EAGAIN]]):format(kind, make, kind, kind,
      kind, held),
  }
end

local function with(kind, sample)
  return {
    name = "with",
    call = kind .. ":with(f, ...)",
    text = "Acquires it, runs `f(...)` and releases it, also after an error.",
    params = {
      { "f", "function", "what to run" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`.",
    waits = "until it is free, and if `f` does",
    example = ([[print(%s:with(math.max, 1, 2))  --> 2]]):format(sample),
  }
end

local lock_acquire, lock_try = acquiring("luaconc.lock", "Takes the lock.",
  "locked", "conc.lock()")

local lock = {
  title = "Lock",
  text = "A lock, made by `conc.lock`. It belongs to the task that acquired "
    .. "it.",
  type = {
    class = "luaconc.lock",
    name = "lock",
    sample = "return conc.lock():acquire()",
    closes = true,
  },
  lock_acquire,
  lock_try,
  {
    name = "release",
    call = "lock:release()",
    text = "Releases the lock; the task that has waited longest gets it.",
    params = {},
    returns = {},
    raises = "an error if the task does not hold it.",
    waits = false,
    example = [[
local lock = conc.lock()
print((pcall(lock.release, lock)))  --> false]],
  },
  with("lock", "conc.lock()"),
}

local semaphore_acquire, semaphore_try = acquiring("luaconc.semaphore",
  "Takes a permit.", "no permit is free", "conc.semaphore(1)")

local semaphore = {
  title = "Semaphore",
  text = "Permits, made by `conc.semaphore`. Any task may release one.",
  type = {
    class = "luaconc.semaphore",
    name = "semaphore",
    sample = "return conc.semaphore(1):acquire()",
    closes = true,
  },
  semaphore_acquire,
  semaphore_try,
  {
    name = "release",
    call = "semaphore:release()",
    text = [[
Adds a permit, even if none was taken before; the task that has waited longest
gets it.]],
    params = {},
    returns = {},
    waits = false,
    example = [[
local s = conc.semaphore(0)
s:release()
print(s:try_acquire() == s)  --> true]],
  },
  with("semaphore", "conc.semaphore(1)"),
}

local event = {
  title = "Event",
  text = "A flag to wait for, made by `conc.event`.",
  type = {
    class = "luaconc.event",
    name = "event",
    sample = "return conc.event()",
  },
  {
    name = "set",
    call = "event:set()",
    text = "Sets the event and wakes all waiters.",
    params = {},
    returns = {},
    waits = false,
    example = [[
local e = conc.event()
e:set()
e:wait()]],
  },
  {
    name = "clear",
    call = "event:clear()",
    text = "Clears the event: whoever waits from now on waits for the next "
      .. "`set`.",
    params = {},
    returns = {},
    waits = false,
    example = [[
local e = conc.event()
e:set()
e:clear()
print(e:is_set())  --> false]],
  },
  {
    name = "is_set",
    call = "event:is_set()",
    text = "Whether the event is set.",
    params = {},
    returns = { { "boolean", "set", "" } },
    waits = false,
    example = [[print(conc.event():is_set())  --> false]],
  },
  {
    name = "wait",
    call = "event:wait()",
    text = "Waits until the event is set. Everybody who waits at a `set` is "
      .. "woken, even if the event is cleared at once.",
    params = {},
    returns = {},
    waits = "unless it is set",
    example = [[
local e = conc.event()
conc.spawn(e.set, e)
e:wait()
print(e:is_set())  --> true]],
  },
}

local timer = {
  title = "Timer",
  text = "A timer, made by `conc.after`. It needs no closing.",
  type = {
    class = "luaconc.timer",
    name = "timer",
    sample = "return conc.after(1)",
  },
  {
    name = "wait",
    call = "timer:wait()",
    text = "Waits until the timer is over.",
    params = {},
    returns = {},
    waits = "unless it is over",
    example = [[
local timer = conc.after(0.01)
timer:wait()
timer:wait()   -- it is over: at once]],
  },
}

local condition = {
  title = "Condition",
  text = "A condition, made by `conc.condition`.",
  type = {
    class = "luaconc.condition",
    name = "condition",
    sample = "return conc.condition(conc.lock())",
  },
  {
    name = "wait",
    call = "condition:wait()",
    text = [[
Releases the lock, waits for a notify, and acquires the lock again before it
returns, also if it was cancelled. Check what you wait for in a loop around
it.]],
    params = {},
    returns = {},
    raises = "an error if the task does not hold the lock.",
    waits = true,
    example = [[
local lock = conc.lock()
local c = conc.condition(lock)
local job = conc.spawn(lock.with, lock, c.wait, c)
conc.yield()
lock:with(c.notify, c, 1)
job:await()]],
  },
  {
    name = "notify",
    call = "condition:notify([n])",
    text = "Wakes the `n` tasks that have waited longest.",
    params = { { "n", "integer?", "default 1" } },
    returns = {},
    raises = "an error if the task does not hold the lock.",
    waits = false,
    example = [[
local lock = conc.lock()
local c = conc.condition(lock)
lock:with(c.notify, c)]],
  },
  {
    name = "notify_all",
    call = "condition:notify_all()",
    text = "Wakes all waiters.",
    params = {},
    returns = {},
    raises = "an error if the task does not hold the lock.",
    waits = false,
    example = [[
local lock = conc.lock()
local c = conc.condition(lock)
lock:with(c.notify_all, c)]],
  },
}

local barrier = {
  title = "Barrier",
  text = "A meeting point, made by `conc.barrier`.",
  type = {
    class = "luaconc.barrier",
    name = "barrier",
    sample = "return conc.barrier(1)",
  },
  {
    name = "wait",
    call = "barrier:wait()",
    text = "Waits until `n` tasks wait here; then all of them continue.",
    params = {},
    returns = { { "integer", "order", "1 for the first to arrive, and so "
      .. "on" } },
    waits = "unless it is the last to arrive",
    example = [[print(conc.barrier(1):wait())  --> 1]],
  },
}

local connect_options = {
  { "timeout", "number?", "seconds for the whole call, look-up included; "
    .. "default no limit" },
  { "nodelay", "boolean?", "small writes are sent at once; default true" },
  { "from", "string?", "the numeric address of this machine to connect from" },
}

local listen_options = {
  { "backlog", "integer?",
    "how many connections may wait to be accepted; default 511" },
  { "nodelay", "boolean?", "of the accepted streams; default true" },
  { "reuseport", "boolean?", "lets several listeners share the port; default "
    .. "false" },
  { "v6only", "boolean?", "of `::`: no connections over IPv4; default false" },
}

local host_and_port = {
  { "host", "string", "a name, or a numeric address" },
  { "port", "integer", "0 to 65535" },
}

local no_host = { "EAI_NONAME", "there is no such host" }

local tcp = {
  title = "TCP",
  text = [[
Each call suspends only its task, also while a host name is looked up. `connect`
tries the addresses of a host in turn: it starts the next one when one has
failed or has not answered within 0.25 s, and takes the first that answers (RFC
8305).]],
  {
    name = "conc.tcp.connect",
    call = "conc.tcp.connect(host, port [, options])",
    text = "Connects to a server.",
    params = {
      host_and_port[1], host_and_port[2],
      { "options", "luaconc.connectoptions?", "" },
    },
    options = connect_options,
    optionclass = "luaconc.connectoptions",
    returns = { { "luaconc.stream", "stream", "" } },
    fails = {
      { "ECONNREFUSED", "nobody listens there" },
      { "ETIMEDOUT",
        "`timeout`, or the system's own, has passed" },
      no_host,
      { "...", "other codes of the system, by libuv's names" },
    },
    waits = true,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
local port = listener:sock().port
local stream <close> = assert(conc.tcp.connect("127.0.0.1", port))
print(stream:peer().port == port)  --> true]],
  },
  {
    name = "conc.tcp.listen",
    call = "conc.tcp.listen(host, port [, options])",
    text = [[
Listens for connections. `"0.0.0.0"` and `"::"` stand for all addresses of this
machine. With port 0 the system picks a free one; `listener:sock().port` is its
number.]],
    params = {
      host_and_port[1], host_and_port[2],
      { "options", "luaconc.listenoptions?", "" },
    },
    options = listen_options,
    optionclass = "luaconc.listenoptions",
    returns = { { "luaconc.listener", "listener", "" } },
    fails = {
      { "EADDRINUSE", "another socket listens there" },
      { "EACCES", "this user may not use the port" },
      no_host,
      { "...", "other codes of the system, by libuv's names" },
    },
    waits = "while a name is looked up",
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
print(listener:sock().port > 0)  --> true]],
  },
  {
    name = "conc.tcp.serve",
    call = { "conc.tcp.serve(host, port, handler [, options])",
      "conc.tcp.serve(listener, handler [, options])" },
    text = [[
Runs `handler(stream)` in a task of its own for each connection, and closes the
stream when the handler returns. The call returns when the listener is closed
and all handlers have ended. A handler that fails ends its own connection only;
without `on_error`, the first such error is raised at the end.]],
    params = {
      { "host", "string|luaconc.listener", "a name or a numeric address; "
        .. "or a listener, instead of host and port" },
      { "port", "integer|fun(stream: luaconc.stream)", "0 to 65535" },
      { "handler", "(fun(stream: luaconc.stream)|luaconc.serveoptions)?",
        "called for each connection" },
      { "options", "luaconc.serveoptions?",
        "with host and port, also those of `conc.tcp.listen`" },
    },
    options = {
      { "limit", "integer?", "how many connections at a time; more wait to be "
        .. "accepted; default no limit" },
      { "ready", "fun(listener: luaconc.listener)?",
        "called before the first connection is accepted" },
      { "on_error", "fun(err: any, job: luaconc.job)?",
        "called with the error of a handler and its job, shielded from a "
        .. "cancellation of the server" },
      { "grace", "number?", "seconds that handlers get after the listener is "
        .. "closed, before they are cancelled; default no limit" },
    },
    optionclass = "luaconc.serveoptions: luaconc.listenoptions",
    returns = { { "true", "stopped", "the listener was closed" } },
    fails = { { "EADDRINUSE", "or another failure of `conc.tcp.listen`" } },
    raises = "the first error of a handler, if there is no `on_error`.",
    waits = "until it is stopped",
    example = [[
local listener = assert(conc.tcp.listen("127.0.0.1", 0))
local server = conc.spawn(conc.tcp.serve, listener, function(stream)
  for line in stream:lines() do stream:write(line:upper(), "\n") end
end)
do
  local port = listener:sock().port
  local stream <close> = assert(conc.tcp.connect("127.0.0.1", port))
  stream:write("hello\n")
  print(stream:read("l"))  --> HELLO
end
listener:close()
print(server:await())  --> true]],
  },
}

-- What every example of a stream starts with: two ends, of one connection.
local function with_ends(text)
  return [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
local port = listener:sock().port
local here <close> = assert(conc.tcp.connect("127.0.0.1", port))
local there <close> = assert(listener:accept())
]] .. text
end

local sample_ends = with_ends("local a = conc.tcp.connect('127.0.0.1', port)\n"
  .. "return a")

local stream_closed = { "EBADF", "the stream is closed" }
local stream_woken = { "ECANCELED", "the stream was closed during the call" }
local stream_long = { "EMSGSIZE", "longer than the limit; what has arrived "
  .. "stays" }
local read_limit = { "limit", "integer?", "the most to read, in bytes, "
  .. "including the end of a line; default 1 MiB for a line, no limit for "
  .. "`\"a\"`; `math.huge` for no limit" }
local stream_reset = { "ECONNRESET", "the other end broke the connection" }
local stream_timeout = { "ETIMEDOUT", "`stream:timeout` has passed, or the "
  .. "other end has vanished: see `stream:option`" }
local stream_pipe = { "EPIPE", "the other end is closed, or this one was "
  .. "shut down" }

local address = { "luaconc.address", "address", "`{host=, port=, family=}`; "
  .. "of a Unix socket `{path=, family=\"unix\"}`, without `path` if the "
  .. "socket has no name, and for a peer also with `pid`, `uid` and `gid`" }

local stream = {
  title = "Stream",
  text = [[
A connection, as returned by `conc.tcp.connect`, `conc.unix.connect` and
`listener:accept`. Its methods follow Lua's files. One task at a time may read;
a second one raises an error. Any number of tasks may write: the bytes of each
write stay together, in the order of the calls, even if a task is cancelled. So
tasks can share a connection without a lock, as long as each message is one
write.

A stream sent to another thread or process moves there; nobody may be using it
at that moment. If nobody receives it, it is closed.]],
  type = {
    class = "luaconc.stream",
    name = "stream",
    sample = sample_ends,
    closes = true,
  },
  {
    name = "read",
    call = "stream:read([format [, limit]])",
    text = [[
Reads by format: `"l"` a line without its end, `"L"` a line with it, `"a"`
everything up to the end of the input, a number that many bytes, nothing
whatever has arrived. At the end of the input the last part may be shorter. A
read that is cancelled or timed out leaves the bytes that have arrived for the
next one.]],
    params = { { "format", '("l"|"L"|"a"|integer)?',
      "default: whatever has arrived" }, read_limit },
    returns = { { "string", "data", "" } },
    fails = { { "EOF", "the input has ended" }, stream_long,
      stream_timeout, stream_reset, stream_closed, stream_woken },
    raises = "an error if another task reads from it already.",
    waits = "unless enough has arrived",
    example = with_ends [[
there:write("one\ntwo\n")
there:close()
print(here:read("l"))      --> one
print(here:read(2))        --> tw
print(#here:read("a"))     --> 2
print(select(3, here:read()))  --> EOF]],
  },
  {
    name = "read_until",
    call = "stream:read_until(delimiter [, limit])",
    text = [[
Reads up to the delimiter, which is removed and not returned. If the input ends
without one, the rest stays for `read`.]],
    params = {
      { "delimiter", "string", "one byte or more" },
      { "limit", "integer?", "the most to read, in bytes, including the "
        .. "delimiter; default 1 MiB; `math.huge` for no limit" },
    },
    returns = { { "string", "data", "" } },
    fails = { { "EOF", "the input has ended without a delimiter" },
      stream_long, stream_timeout, stream_reset, stream_closed,
      stream_woken },
    raises = "an error if another task reads from it already.",
    waits = "unless enough has arrived",
    example = with_ends [[
there:write("name: value\r\n\r\nbody")
print(here:read_until("\r\n\r\n"))  --> name: value
print(here:read())  --> body]],
  },
  {
    name = "lines",
    call = "stream:lines([format [, limit]])",
    text = "Iterates over the results of `read`, up to the end of the input.",
    params = { { "format", '("l"|"L"|integer)?', 'default `"l"`' },
      read_limit },
    returns = { { "fun(): string?", "next", "for the generic `for`" } },
    raises = "in a step of the loop, any failure but the end, as `io.lines` "
      .. "does.",
    waits = "in each round, unless enough has arrived",
    example = with_ends [[
there:write("one\ntwo\n")
there:close()
for line in here:lines() do print(line) end
--> one
--> two]],
  },
  {
    name = "write",
    call = "stream:write(...)",
    text = [[
Sends strings and numbers in one piece. It returns once they are accepted: data
that the other end is too slow for is queued here, and a write waits while more
than 64 KiB are queued. By then its own data has been accepted: if it is
cancelled or timed out in that wait, the data is still sent, so don't write it
again. Closing the stream sends what is queued. An error of sending in the
background is returned by the next `write`, `flush` or `close`.]],
    params = { { "...", "string|number", "what to send" } },
    returns = { { "luaconc.stream", "stream", "itself" } },
    fails = { stream_pipe, stream_timeout, stream_reset, stream_closed },
    waits = "while more than 64 KiB are queued",
    example = with_ends [[
print(there:write("n = ", 42, "\n") == there)  --> true
print(here:read("l"))  --> n = 42]],
  },
  {
    name = "flush",
    call = "stream:flush()",
    text = "Waits until the system has taken everything that was written.",
    params = {},
    returns = { { "true", "sent", "" } },
    fails = { stream_pipe, stream_timeout, stream_reset, stream_closed },
    waits = "while something is queued",
    example = with_ends [[
there:write("x")
print(there:flush())  --> true]],
  },
  {
    name = "shutdown",
    call = "stream:shutdown()",
    text = [[
Sends what is queued, then ends this direction: the other end reads EOF. Reading
here still works.]],
    params = {},
    returns = { { "true", "ended", "" } },
    fails = { stream_pipe, stream_timeout, stream_reset, stream_closed },
    waits = true,
    example = with_ends [[
there:shutdown()
print(select(3, here:read()))  --> EOF
here:write("still open\n")
print(there:read("l"))  --> still open]],
  },
  {
    name = "option",
    call = { "stream:option(name)", "stream:option(name, value)" },
    text = [[
Returns or sets an option of the socket:

- `"nodelay"` (boolean): small writes are sent at once;
- `"keepalive"` (seconds, or false): after this time of silence the system asks
  whether the other end is still there, and gives up if it has not answered
  after the same time again;
- `"user_timeout"` (seconds, or false; Linux only): how long sent data may stay
  unacknowledged;
- `"send_buffer"`, `"receive_buffer"` (bytes): what the system buffers. Linux
  keeps twice what it is asked for, and returns that.

A machine that loses its power or its network says nothing. By default a reader
waits for it for ever, and a writer for about a quarter of an hour.
`"keepalive"` covers a silent connection, `"user_timeout"` one with
unacknowledged data; both end all waits of the stream with ETIMEDOUT.
`stream:timeout` differs: it limits each single wait and leaves the stream as it
is.]],
    params = {
      { "name",
        '"nodelay"|"keepalive"|"user_timeout"|"send_buffer"|"receive_buffer"',
        "the option" },
      { "value", "(boolean|number)?", "without it, the present value is "
        .. "returned" },
    },
    returns = { { "boolean|number|luaconc.stream", "value",
      "the present value, or the stream if it was set" } },
    fails = { { "ENOTSUP", "this kind of socket lacks the option" },
      stream_closed },
    waits = false,
    example = with_ends [[
print(here:option("nodelay"))  --> true
print(here:option("keepalive", 60):option("keepalive"))  --> 60
here:option("user_timeout", 30)]],
  },
  {
    name = "timeout",
    call = "stream:timeout([seconds])",
    text = "Limits how long each wait of this stream may take from now on.",
    params = { { "seconds", "number?", "default no limit" } },
    returns = { { "luaconc.stream", "stream", "itself" } },
    waits = false,
    example = with_ends [[
print(here:timeout(0.01):read("l"))  --> nil	timed out	ETIMEDOUT]],
  },
  {
    name = "peer",
    call = "stream:peer()",
    text = "The address of the other end.",
    params = {},
    returns = { address },
    fails = { { "ENOTCONN", "the other end is gone" }, stream_closed },
    waits = false,
    example = with_ends "print(here:peer().host)  --> 127.0.0.1",
  },
  {
    name = "sock",
    call = "stream:sock()",
    text = "The address of this end.",
    params = {},
    returns = { address },
    fails = { stream_closed },
    waits = false,
    example = with_ends
      "print(here:sock().port == there:peer().port)  --> true",
  },
  {
    name = "reset",
    call = "stream:reset()",
    text = [[
Closes at once and drops what is queued, without waiting for the other end. Over
TCP and in memory, the other end's read fails with ECONNRESET; otherwise it sees
the end. A second call does nothing.]],
    params = {},
    returns = { { "true", "closed", "" } },
    waits = false,
    example = with_ends [[
there:reset()
print(select(3, here:read()))  --> ECONNRESET]],
  },
  {
    name = "close",
    call = "stream:close()",
    text = [[
Sends what is queued and closes. Tasks that wait in the stream get the code
ECANCELED. In a cancelled task, which can't wait, it closes at once and drops
what is queued. A second call does nothing.]],
    params = {},
    returns = { { "true", "closed", "" } },
    fails = { { "ECANCELED", "it was closed before everything was sent" },
      stream_pipe, stream_timeout, stream_reset },
    waits = "while something is queued",
    example = with_ends [[
print(here:close())  --> true
print(here:read())  --> nil	closed	EBADF]],
  },
}

local listener = {
  title = "Listener",
  text = "Made by `conc.tcp.listen` and `conc.unix.listen`.",
  type = {
    class = "luaconc.listener",
    name = "listener",
    sample = "return conc.tcp.listen('127.0.0.1', 0)",
    closes = true,
  },
  {
    name = "accept",
    call = "listener:accept()",
    text = [[
Waits for the next connection. Several tasks may accept from one listener; a
cancelled `accept` takes none. The last descriptors of the process (an eighth of
its limit, 8 to 64) are kept for other uses: when only these are left,
connections wait in the backlog until more are free.]],
    params = {},
    returns = { { "luaconc.stream", "stream", "" } },
    fails = {
      { "ETIMEDOUT", "`listener:timeout` has passed" },
      { "EBADF", "the listener is closed" },
      { "ECANCELED", "it was closed during the call" },
    },
    waits = "unless a connection is there",
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
local client = conc.spawn(function()
  local port = listener:sock().port
  local stream <close> = assert(conc.tcp.connect("127.0.0.1", port))
  return stream:read("l")
end)
do
  local stream <close> = assert(listener:accept())
  stream:write("welcome\n")
end
print(client:await())  --> welcome]],
  },
  {
    name = "dup",
    call = "listener:dup()",
    text = [[
Makes another listener on the same socket and the same queue of connections, to
send to another state, so that several workers accept connections. Each is
closed by itself; the file of a Unix socket is removed with the first.]],
    params = {},
    returns = { { "luaconc.listener", "listener", "" } },
    fails = { { "EMFILE", "no descriptor is left" },
      { "EBADF", "the listener is closed" } },
    waits = false,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
local another <close> = assert(listener:dup())
print(another:sock().port == listener:sock().port)  --> true]],
  },
  {
    name = "closed",
    call = "listener:closed()",
    text = "Waits until the listener is closed.",
    params = {},
    returns = { { "true", "closed", "" } },
    waits = true,
    example = [[
local listener = assert(conc.tcp.listen("127.0.0.1", 0))
local job = conc.spawn(listener.closed, listener)
conc.yield()
listener:close()
print(job:await())  --> true]],
  },
  {
    name = "timeout",
    call = "listener:timeout([seconds])",
    text = "Limits how long each `accept` may take from now on.",
    params = { { "seconds", "number?", "default no limit" } },
    returns = { { "luaconc.listener", "listener", "itself" } },
    waits = false,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
print(listener:timeout(0.01):accept())  --> nil	timed out	ETIMEDOUT]],
  },
  {
    name = "sock",
    call = "listener:sock()",
    text = "The address at which it listens.",
    params = {},
    returns = { address },
    fails = { { "EBADF", "the listener is closed" } },
    waits = false,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
print(listener:sock().host)  --> 127.0.0.1]],
  },
  {
    name = "close",
    call = "listener:close()",
    text = [[
Stops listening. Tasks that wait in `accept` get the code ECANCELED, and the
system refuses connections that nobody has accepted. A second call does
nothing.]],
    params = {},
    returns = { { "true", "closed", "" } },
    waits = false,
    example = [[
local listener = assert(conc.tcp.listen("127.0.0.1", 0))
local job = conc.spawn(listener.accept, listener)
conc.yield()
print(listener:close())  --> true
print(select(3, job:await()))  --> ECANCELED]],
  },
}

local pool_options = {
  { "engine", '("task"|"thread"|"process")?', 'default `"task"`' },
  { "workers", "integer?", "how many jobs run at a time; default 64 for tasks, "
    .. "else the number of cores that this process may use" },
  { "name", "string?", "the name of its jobs and workers in `conc.tree` and "
    .. "tracebacks" },
  { "init", "function?", "called in each worker before its first job; if it "
    .. "fails, the job fails" },
  { "initargs", "any[]?", "the arguments of `init`" },
  { "max_jobs", "integer?", "how many jobs a worker runs before it is "
    .. "replaced; default no limit" },
  { "idle", "number?", "seconds after which a worker without a job ends; "
    .. "another one is started when there is a job; default never" },
  { "job_timeout", "number?", "seconds after which a job is cancelled and "
    .. "fails with the code `ETIMEDOUT`; default no limit" },
  { "retries", "integer?", "how often a job is run again, with fresh copies of "
    .. "its arguments, if its worker dies; default 0" },
  { "memory", "integer?", "of each worker: see `conc.thread`" },
  { "rlimit", "luaconc.rlimit?", "of each process: see `conc.process`" },
  { "start", "string?", "how processes are started: see `conc.process`" },
}

local function chunk_option(name)
  return { name, "integer?", "how many items a worker gets at a time; "
    .. "default 1 for tasks and with a timeout or retries, else chosen to keep "
    .. "the workers busy" }
end

local map_options = {
  chunk_option "chunk",
  { "on_progress", "fun(done: integer, total: integer)?", "called when items "
    .. "have been done" },
  { "timeout", "number?", "seconds for each chunk, instead of the pool's "
    .. "`job_timeout`" },
  { "retries", "integer?", "of each chunk, instead of the pool's" },
  { "priority", "integer?", "-100 to 100, default 0; higher ones go first" },
}

local map_text = [[
Calls `f(item)` for each item of a list and returns the first result of each, in
order.]]

local pools = {
  title = "Pools",
  text = [[
A pool has a number of workers (tasks, threads or processes) that share its
jobs. To change the engine, change one word, provided that the values that the
jobs use can cross between states.]],
  {
    name = "conc.pool",
    call = "conc.pool([options])",
    text = [[
Makes a pool. Use it as `local pool <close> = conc.pool()`: leaving the block
waits for its jobs; leaving it by an error cancels them first. Workers start
when they are first needed and end with the pool.]],
    params = { { "options", "luaconc.pooloptions?", "" } },
    options = pool_options,
    optionclass = "luaconc.pooloptions",
    returns = { { "luaconc.pool", "pool", "" } },
    waits = false,
    example = [[
local function count(n)
  local sum = 0
  for i = 1, n do sum = sum + i end
  return sum
end
local pool <close> = conc.pool { engine = "thread", workers = 2 }
local job = pool:submit(count, 1000)
local sums = pool:map({ 10, 20, 30 }, count)
print(job:await(), table.concat(sums, " "))  --> 500500	55 210 465]],
  },
  {
    name = "conc.map",
    call = "conc.map(list, f [, options])",
    text = map_text .. " Makes a pool for this one call: see\n`pool:map`.",
    params = {
      { "list", "any[]", "the items" },
      { "f", "function", "called with each item" },
      { "options", "luaconc.mapoptions?", "" },
    },
    options = {
      pool_options[1],
      { "limit", "integer?", "how many run at a time: see `workers` of "
        .. "`conc.pool`" },
      table.unpack(map_options),
    },
    optionclass = "luaconc.mapoptions",
    returns = { { "any[]", "results", "" } },
    raises = "the first failure, unchanged, once the rest is cancelled and has "
      .. "ended.",
    waits = true,
    example = [[
local function square(n) return n * n end
local squares = conc.map({ 1, 2, 3 }, square, { engine = "thread" })
print(table.concat(squares, " "))  --> 1 4 9]],
  },
}

local pool = {
  title = "Pool",
  text = "Workers that share jobs, made by `conc.pool`.",
  type = {
    class = "luaconc.pool",
    name = "pool",
    sample = "return conc.pool()",
    closes = true,
  },
  {
    name = "submit",
    call = { "pool:submit(f, ...)",
      "pool:submit{f, ..., name=, priority=, timeout=, retries=}" },
    text = [[
Runs `f(...)` as soon as a worker is free: jobs of higher priority first,
otherwise in the order of submission. `await` raises its failure, or the end of
the pool if nobody called `await`. Cancelling a job that runs in a thread or
process ends its worker, which is replaced. A job whose worker dies fails with
the code `EWORKER`, or is run again by another worker if it has `retries`.]],
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments; threads and processes get copies" },
    },
    options = {
      { "name", "string?", "the name of the job" },
      map_options[5],
      { "timeout", "number?", "seconds, instead of the pool's `job_timeout`" },
      { "retries", "integer?", "instead of the pool's" },
    },
    optionclass = "luaconc.submitoptions",
    overload = "fun(self: luaconc.pool, job: luaconc.submitoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    raises = "an error if the pool is closed, or if a value can't be sent.",
    waits = false,
    example = [[
local pool <close> = conc.pool { engine = "thread" }
print(pool:submit(string.rep, "ab", 3):await())  --> ababab]],
  },
  {
    name = "map",
    call = "pool:map(list, f [, options])",
    text = map_text .. [[
 The traceback of a failure names the item.]],
    params = {
      { "list", "any[]", "the items" },
      { "f", "function", "called with each item" },
      { "options", "luaconc.poolmapoptions?", "" },
    },
    options = map_options,
    optionclass = "luaconc.poolmapoptions",
    returns = { { "any[]", "results", "" } },
    raises = "the first failure, unchanged, once the rest of this map is "
      .. "cancelled and has ended; an error if the pool is closed.",
    waits = true,
    example = [[
local pool <close> = conc.pool { engine = "thread", workers = 2 }
local lengths = pool:map({ "one", "three" }, string.len)
print(table.concat(lengths, " "))  --> 3 5
print(pcall(pool.map, pool, { "no" }, error))  --> false	no]],
  },
  {
    name = "starmap",
    call = "pool:starmap(list, f [, options])",
    text = [[
Like `map`, but each item is a list of arguments: calls
`f(table.unpack(item))`.]],
    params = {
      { "list", "any[][]", "the lists of arguments" },
      { "f", "function", "called with each of them" },
      { "options", "luaconc.poolmapoptions?", "those of `map`" },
    },
    returns = { { "any[]", "results", "" } },
    raises = "the first failure, unchanged, once the rest of this map is "
      .. "cancelled and has ended; an error if the pool is closed.",
    waits = true,
    example = [[
local pool <close> = conc.pool { engine = "thread", workers = 2 }
local powers = pool:starmap({ { 2, 3 }, { 3, 2 } }, function(a, b)
  return a ^ b // 1
end)
print(table.concat(powers, " "))  --> 8.0 9.0]],
  },
  {
    name = "imap",
    call = "pool:imap(source, f [, options])",
    text = [[
Iterates over `i, f(item)`, with all results of `f`. The source is a list, a
queue or channel, or a function that is called until it returns nil; it may be
endless, and may wait. An item is taken only when there is room in the window,
so slow use of the results slows down the source. A failure of `f` or of the
source is raised when its turn comes. A failure, or leaving the loop, cancels
the calls on their way and waits for them.]],
    params = {
      { "source", "any", "a list, a queue or channel, an iterator function" },
      { "f", "function", "called with each item" },
      { "options", "luaconc.imapoptions?", "" },
    },
    options = {
      { "ordered", "boolean?", "false: results as they come; default true, "
        .. "in the order of the items" },
      { "window", "integer?", "how many items may be taken whose results are "
        .. "not used yet; default twice the workers" },
      { "timeout", "number?", "seconds for each item, instead of the pool's "
        .. "`job_timeout`" },
      { "retries", "integer?", "of each item, instead of the pool's" },
      map_options[5],
    },
    optionclass = "luaconc.imapoptions",
    returns = {
      { "function", "next", "for a generic `for`, each step of which waits" },
      { "table", "state", "" },
      { "nil", "", "" },
      { "table", "closing", "closed when the loop is left" },
    },
    raises = "an error if the pool is closed.",
    waits = false,
    example = [[
local pool <close> = conc.pool { engine = "thread", workers = 2 }
local n = 0
local function forever() n = n + 1 return n end
for i, square in pool:imap(forever, function(x) return x * x end) do
  if i == 4 then break end
  print(square)
end
--> 1
--> 4
--> 9]],
  },
  {
    name = "stats",
    call = "pool:stats()",
    text = [[
Counts of calls (for a map, of items) and a list of the workers: `{id=, pid=,
state="idle" or "busy", jobs=}` for each, where `jobs` is how many it has done
and `pid` is for processes only. The list is empty for tasks. `retried` is how
often a job was run again, `lost` how many workers died.]],
    params = {},
    returns = { { "luaconc.poolstats", "stats", "`{engine=, queued=, running=, "
      .. "done=, failed=, cancelled=, retried=, lost=, workers=}`" } },
    waits = false,
    example = [[
local pool <close> = conc.pool { engine = "thread", workers = 1 }
pool:map({ 1, 2, 3 }, tostring)
local stats = pool:stats()
print(stats.done, stats.queued, #stats.workers, stats.workers[1].state)
--> 3	0	1	idle]],
  },
  {
    name = "close",
    call = "pool:close()",
    text = [[
Waits for all jobs of the pool, then ends the workers. The pool accepts no more
jobs. A second call does nothing.]],
    params = {},
    returns = {},
    raises = "the first failure of a job of `submit` that nobody looked at.",
    waits = true,
    example = [[
local pool = conc.pool()
local job = pool:submit(string.upper, "done")
pool:close()
print(job:status(), job:await())  --> done	DONE]],
  },
  {
    name = "terminate",
    call = "pool:terminate()",
    text = [[
Cancels all jobs, queued or running, and ends the workers. Failures that nobody
has looked at are dropped.]],
    params = {},
    returns = {},
    waits = true,
    example = [[
local pool = conc.pool { engine = "thread" }
local job = pool:submit(function() while true do end end)
pool:terminate()
print(job:status())  --> cancelled]],
  },
}

local codec = {
  title = "Values as bytes",
  text = [[
Values cross between Lua states as bytes. The same encoding can be used for a
file or a socket. It takes nil, booleans, integers, floats and strings; tables,
with shared parts and cycles; Lua functions, with copies of their upvalues;
loaded modules and the C functions in them, found again by `require`; `_G`,
which becomes the receiver's; instances of registered classes; and userdata with
a `__transfer` metamethod, which returns a function and its arguments for the
receiver to call (or is written in C: see `src/luaconc.h`). Anything else is
refused, with the path to it.]],
  {
    name = "conc.codec.encode",
    call = "conc.codec.encode(...)",
    text = [[
Returns the values as bytes, which begin with the version of the format.
Channels and other shared objects can't be encoded; send them to a job or
through a channel.]],
    params = { { "...", "any", "the values" } },
    returns = { { "string", "bytes", "" } },
    raises = "an error with the path to it if a value can't be encoded.",
    waits = false,
    example = [[
local bytes = conc.codec.encode({ 1, 2.0 }, "three")
local list, three = conc.codec.decode(bytes)
print(list[1], list[2], three)  --> 1	2.0	three
print(pcall(conc.codec.encode, { { f = io.stdout } }))
--> false	cannot send argument #1[1].f: userdata 'FILE*' has no __transfer]],
  },
  {
    name = "conc.codec.decode",
    call = "conc.codec.decode(bytes [, options])",
    text = [[
Returns the values. The bytes may come from anywhere: bad ones raise an error
and do no harm. Functions and modules are refused by default, as bytecode can do
anything.]],
    params = {
      { "bytes", "string", "from `encode`" },
      { "options", "table?", "" },
    },
    options = {
      { "functions", "boolean?", "true: accept functions and modules, because "
        .. "the bytes come from a program that you trust as much as this one; "
        .. "default false" },
    },
    returns = { { "any", "...", "the values" } },
    raises = "an error with the code EPROTO if the bytes are damaged or no "
      .. "encoding, EPERM if they hold functions that are not accepted, ENOENT "
      .. "if a class or module is not found.",
    waits = false,
    example = [[
local bytes = conc.codec.encode(function(x) return x + 1 end)
print(conc.codec.decode(bytes, { functions = true })(41))  --> 42
local ok, err = pcall(conc.codec.decode, bytes)
print(err.code)  --> EPERM]],
  },
  {
    name = "conc.codec.register",
    call = "conc.codec.register(name, metatable)",
    text = [[
Lets instances of a class cross: tables with this metatable keep it. The
receiver looks the metatable up by the name. If it is not registered there, it
loads the module of that name, which registers the class or is the metatable
itself.]],
    params = {
      { "name", "string", "of the class, and of the module that it is in" },
      { "metatable", "table", "of its instances" },
    },
    returns = {},
    waits = false,
    example = [[
local Point = { __index = { sum = function(p) return p.x + p.y end } }
conc.codec.register("point", Point)
local bytes = conc.codec.encode(setmetatable({ x = 1, y = 2 }, Point))
print(conc.codec.decode(bytes):sum())  --> 3]],
  },
  {
    name = "conc.codec.limit",
    call = "conc.codec.limit([bytes])",
    text = [[
Sets the length of the longest message that this state may encode, and returns
the previous one. It is 2 GiB at first.]],
    params = { { "bytes", "integer?", "default unchanged" } },
    returns = { { "integer", "before", "the previous limit in bytes" } },
    waits = false,
    example = [[
local before = conc.codec.limit(100)
print(pcall(conc.codec.encode, ("x"):rep(200)))
--> false	cannot send argument #1: the message would be longer than 100 bytes
conc.codec.limit(before)]],
  },
}

local files = require "docs.api_fs"
local shared = require "docs.api_shared"
local net = require "docs.api_net"
local programs = require "docs.api_exec"
local debugging = require "docs.api_debug"
local tests = require "docs.api_testing"

return {
  running, several, job, groups, group, scopes, scope, pools, pool,
  coordinating, queue, channel, lock, semaphore, event, timer, condition,
  barrier,
  shared[1], shared[2], shared[3], shared[4], shared[5], shared[6], shared[7],
  shared[8],
  codec, tcp, net[1], stream, listener,
  net[5], net[2], net[3], net[4],
  files[1], files[2],
  files[3],
  programs[1], programs[2], programs[3], programs[4], programs[5], programs[6],
  debugging[1], debugging[2], debugging[3],
  tests[1],
}
