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
  { "name", "string?", "what `conc.tree` and tracebacks call it; of a thread "
    .. "or process the system shows 15 bytes" },
  { "keep", "boolean?", "its failure does not fail the group: it is raised "
    .. "by `await`, or by the group's end where nobody looked at it" },
  { "daemon", "boolean?", "nobody waits for it: it is cancelled once the "
    .. "other jobs of its group have ended" },
}

local thread_options = {
  spawn_options[1], spawn_options[2], spawn_options[3],
  { "memory", "number?", "the most that its Lua state may allocate, in bytes; "
    .. "none unless said" },
  { "stack", "integer?", "of the thread, in bytes, 512 KiB or more; 1 MiB "
    .. "unless said" },
  { "libs", "string[]?", "the standard libraries that its state has beside "
    .. "the basic one; all unless said. (luaconc itself needs `package`, "
    .. "`coroutine`, `string`, `table` and `debug`.)" },
  { "init", "function?", "is called there before `f`, without arguments; it "
    .. "may wait, and shares its variables with `f`" },
}

local process_options = {
  spawn_options[1], spawn_options[2], spawn_options[3], thread_options[4],
  thread_options[7],
  { "start", "string?", '"forkserver" (the default): forked from a small '
    .. 'process that is started for this; "spawn": a fresh program; "fork": '
    .. 'forked from this one, as it is (see processes.md)' },
  { "rlimit", "luaconc.rlimit?", "of the process: `memory`, bytes of its own; "
    .. "`cpu`, seconds of computing, then SIGXCPU; `files`, descriptors; "
    .. "`nice`, its priority" },
}

local reason = { "reason", "any?",
  "stands in the message and in `err.reason`" }

local running = {
  title = "Running and waiting",
  text = [[
A *task* is a Lua function that runs as a coroutine on the loop of its Lua
state. A call that waits suspends its task only; the others go on. Outside
tasks, at the top of a script, the same call drives the loop until it is done.
Times are seconds, as floats.]],
  {
    name = "conc.run",
    call = { "conc.run(f, ...)", "conc.run()" },
    text = [[
Runs `f(...)` as the root task and returns its results once every job started
in it has ended. Daemons are cancelled then. Without a function: runs what was
started so far. Inside a task, `run` is a new group: it waits for the jobs of
`f` only.]],
    params = {
      { "f", "function?", "the body" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`, or the first failure of a job; a string "
      .. "carries the tracebacks in it. Where all tasks wait and nothing can "
      .. "wake them: an error that lists them.",
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
Starts a task that runs `f(...)`, in the current group. It starts in turn, not
at once. If it fails, its group is cancelled and raises the failure at its
end.]],
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by reference" },
    },
    options = spawn_options,
    optionclass = "luaconc.spawnoptions",
    overload = "fun(job: luaconc.spawnoptions): luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    raises = "where the group is closed.",
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
Calls `f(...)` on a thread that the library keeps for this, so that a call that
blocks (`os.execute`, a C library) stops nobody else, and returns its results.
Function, arguments and results are copies, as with `conc.thread`. At most 32
calls are made at a time; the others wait for their turn. A call that is
cancelled is interrupted, or left to itself after 1 s.]],
    params = {
      { "f", "function", "what blocks" },
      { "...", "any", "its arguments, by copy" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`, and where a value can't be sent.",
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
Starts a thread that runs `f(...)` in a Lua state of its own, truly beside this
one, and belongs to the current group as a task does. `f`, its upvalues and its
arguments go there as copies, and its results come back so; what can't be
copied is refused here, with the path to it. There `require` finds the same
modules, `coroutine` is `conc.coroutine`, and all of luaconc works. A cancelled
thread is interrupted, in a wait or in Lua code; one that is stuck in C code is
abandoned after 1 s and fails with `ETIMEDOUT`.]],
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
      { "ENOMEM", "there is no memory for one" },
    },
    raises = "where a value can't be sent, and where the group is closed.",
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
Starts a process that runs `f(...)`: what `conc.thread` says of copies and
modules holds here, too. It has this program's folder, standard output and
standard error, an empty standard input, random numbers of its own, and nothing
else of it. It never outlives this program, and a crash stays inside: its job
fails with the code `EWORKER` and the name of the signal in `signal`, or the
exit code in `exit`, and the last lines that it wrote to its standard error in
`stderr`. A cancelled process gets SIGTERM, which cancels its job
there, and SIGKILL where it goes on for 1 s. It ignores Ctrl-C, which is for its
starter to deal with.]],
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
      { "EMFILE", "or another descriptor" },
      { "ENOMEM", "there is no memory for one" },
    },
    raises = "where a value can't be sent, where the group is closed, and in a "
      .. "program that is no Lua interpreter (see `LUACONC_LUA` in errors.md).",
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
Starts the forkserver, unless it runs, and has it load modules: they are there
in each worker that is forked from it from now on, and loaded but once. It is
the small process that worker processes are forked from; without this, the first
of them starts it. Stops this thread meanwhile, for other tasks too.]],
    params = { { "options", "luaconc.forkserveroptions?", "" } },
    options = {
      { "preload", "string[]?", "the names of the modules, which are found as "
        .. "`require` finds them here, now" },
      { "lua", "string?", "the program that worker processes run, where this "
        .. "one is no `lua`; before the first of them" },
    },
    optionclass = "luaconc.forkserveroptions",
    returns = { { "integer", "pid", "its process" } },
    fails = {
      { "EWORKER", "a module can't be loaded there; the message says why" },
      { "ENOENT", "there is no such program" },
    },
    raises = "for a `lua` where it runs already.",
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
    text = "Waits that long. 0 lets the other tasks run, as `conc.yield` does.",
    params = { { "seconds", "number", "0 or more; `math.huge` is for ever" } },
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
    text = "Lets every other task that is ready run once, then goes on.",
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
The time of a clock that never goes back. Only differences mean something;
deadlines are times of this clock.]],
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
Runs `f(...)` in this task, for so many seconds at most: at the deadline every
wait in it raises. Jobs started in it belong to it; they are waited for, and
cancelled at the deadline. What `f` returned counts, also when it returned just
after the deadline.]],
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
Runs `f(...)` where no cancellation from outside reaches it, for clean-ups that
must wait. The cancellation is raised by the first wait after it. A shield
without a `conc.timeout` in it can hold up the end of a program.]],
    params = {
      { "f", "function", "what to run" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`.",
    waits = "where `f` does",
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
    text = "The job that runs.",
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
A text with a line for each live job of this state, below the job that started
it: what it does, what it waits for, where and since when, and where and when
it was started. Nothing is printed. (`conc.debug.dump` asks threads and
processes, too.)]],
    params = {},
    returns = { { "string", "text", '`"no live jobs"` where there is none' } },
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
The table of this job, for what belongs to a request and should not be passed
through every function. A job inherits a copy from the one that starts it.]],
    params = {},
    returns = { { "table", "locals", "the same each time in one job" } },
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
Where an error came from and where its job was started. Tables keep theirs for
as long as they live; of strings the latest are remembered. Of a live job: where
it waits.]],
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
Whether a value is the error of a cancellation. Code that catches errors passes
these on; a task that swallows its cancellation 100 times is closed.]],
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
Lua's `coroutine` library with coroutines that may wait inside a task: `create`,
`wrap`, `resume`, `yield`, `status`, `close`, `running`, `isyieldable`. Waiting
in one suspends the task; the one who resumed it sees nothing of that. In a
plain coroutine a wait raises and says so. `close` can't wait: what a `<close>`
variable of the coroutine closes then must not either, or it fails.]],
    type = "coroutinelib",
    waits = "(`resume`, `close`, functions made by `wrap`) where the "
      .. "coroutine does",
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
The version of the library: three numbers, as semver.org counts them. The core
in C, `luaconc.h` and the command `luaconc --version` have the same.]],
    type = "string",
    waits = false,
    example = [[print(conc.version:match("^%d+%.%d+%.%d+$") ~= nil)  --> true]],
  },
  {
    name = "conc._VERSION",
    call = "conc._VERSION",
    text = "The name and the version, as other modules of Lua have it.",
    type = "string",
    waits = false,
    example = [[print(conc._VERSION:match("^luaconc %d") ~= nil)  --> true]],
  },
}

local item = "function|luaconc.job"

local several = {
  title = "Waiting for several",
  text = [[
Each of these takes functions, which it starts, and handles of jobs that run
already. What it starts, it waits for: however the call ends, none of these jobs
outlives it.]],
  {
    name = "conc.gather",
    call = { "conc.gather(f1, f2, ...)", "conc.gather(list)" },
    text = [[
Runs all together and returns the first result of each, in order of asking:
several values for several arguments, one list for a list (a job without a
result leaves nil there). The first failure cancels the rest and is raised.
Handles are cancelled too then; their own groups wait for them.]],
    params = { { "...", item .. "|(" .. item .. ")[]",
      "what to run or wait for" } },
    returns = { { "any", "...", "the first result of each; or one list" } },
    raises = "the first failure, unchanged; `ECANCELED` where a handle was "
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
    text = "Runs all to the end, whatever fails, and tells how each ended.",
    params = { { "list", "(" .. item .. ")[]", "what to run or wait for" } },
    returns = { { "luaconc.outcome[]", "outcomes",
      "`{ok=true, value}` or `{ok=false, err}`, in order of asking" } },
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
Runs all together and returns the results of the first that succeeds. A failure
doesn't win; its error is dropped unless all fail. What the race has started is
cancelled and waited for; handles are cancelled where they belong to the group
of the caller.]],
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
Iterates over the handles in order of completion, for the generic `for`. Leaving
the loop early cancels what was started here and waits for it.]],
    params = { { "list", "(" .. item .. ")[]", "what to run or wait for" } },
    returns = {
      { "fun(): luaconc.job?", "next", "the next handle whose job has ended" },
      { "nil", "state", "" },
      { "nil", "initial", "" },
      { "table", "closing", "what the loop closes when it is left" },
    },
    raises = "at the end of the loop: a failure that nobody looked at.",
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
The handle of a job, whatever engine runs it. It may be kept, passed on and
asked after the end.]],
  type = {
    class = "luaconc.job",
    name = "job",
    sample = "return conc.spawn(function() end)",
    fields = {
      { "id", "integer", "1, 2, ... in each Lua state" },
      { "name", "string", "the one given, or `task 1`" },
      { "engine", "string", '`"task"`, `"thread"` or `"process"`' },
      { "pid", "integer?", "the id of its process, once it has begun" },
    },
  },
  {
    name = "await",
    call = "job:await()",
    text = "Waits for the end. It may be asked any number of times.",
    params = {},
    returns = { { "any", "...", "the results of the job" } },
    raises = "the job's own error, unchanged; an error with the code "
      .. "`ECANCELED` for a cancelled job.",
    waits = "unless the job has ended",
    example = [[
local job = conc.spawn(function() return 1, nil, 3 end)
print(job:await())  --> 1	nil	3]],
  },
  {
    name = "cancel",
    call = "job:cancel([reason])",
    text = [[
Asks the job to end: its next wait raises, and every further one, until it has
ended. One that hasn't started never does.]],
    params = { reason },
    returns = { { "boolean", "asked", "false where it had ended" } },
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
    text = "What the job does.",
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
Sends a signal to the process of the job, `"SIGTERM"` unless said: to nobody
else, as its id is not used again before its end is known. SIGTERM cancels the
job; by SIGKILL it fails with the code `EWORKER`. `job.pid` is the id.]],
    params = { { "signal", "string|integer?", "its name, or its number" } },
    returns = { { "true", "sent", "" } },
    fails = { { "ESRCH", "the process has ended, or has not begun" } },
    raises = "where the job is no process.",
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
Jobs belong to a group, and a group ends when they have ended. Without one they
join the task that starts them. A failed job fails its group at once: the other
jobs and the body of the group are cancelled, and the end of the group raises
the failure. A group is current from here to its close, in the coroutine that
made it: `conc.spawn` there joins it.]],
  {
    name = "conc.group",
    call = "conc.group([options])",
    text = [[
Opens a group. Use it as `local g <close> = conc.group()`: leaving the block
waits for its jobs; leaving it by an error cancels them first.]],
    params = { { "options", "luaconc.groupoptions?", "" } },
    options = {
      { "limit", "integer?", "how many of its jobs run at once" },
      { "keep", "boolean?", "its jobs are started with `keep`" },
      { "current", "boolean?",
        "false: `conc.spawn` does not join it; for groups kept in objects" },
      { "timeout", "number?", "seconds until it is cancelled" },
      { "deadline", "number?", "the time of `conc.now` when it is cancelled" },
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
  text = "What `conc.group` returns.",
  type = {
    class = "luaconc.group",
    name = "group",
    sample = "return conc.group()",
    closes = true,
    fields = {
      { "cancelled", "boolean", "whether it, or a scope around it, is" },
      { "expired", "boolean", "whether its deadline cancelled it" },
      { "deadline", "number?", "a time of `conc.now`" },
    },
  },
  {
    name = "spawn",
    call = { "group:spawn(f, ...)",
      "group:spawn{f, ..., name=, keep=, daemon=}" },
    text = "Starts a task in this group, from anywhere.",
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments" },
    },
    overload = "fun(self: luaconc.group, job: luaconc.spawnoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    raises = "where the group is closed.",
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
    text = "Starts a thread in this group, from anywhere: see `conc.thread`.",
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by copy" },
    },
    overload = "fun(self: luaconc.group, job: luaconc.threadoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    fails = { { "EAGAIN", "the system refuses another thread" } },
    raises = "where a value can't be sent, and where the group is closed.",
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
    text = "Starts a process in this group, from anywhere: see `conc.process`.",
    params = {
      { "f", "function", "the body" },
      { "...", "any", "its arguments, by copy" },
    },
    overload = "fun(self: luaconc.group, job: luaconc.processoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    fails = { { "EAGAIN", "the system refuses another process" } },
    raises = "where a value can't be sent, and where the group is closed.",
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
Cancels its jobs, and the waits of its body until it is left. The end of the
group raises nothing for that.]],
    params = { reason },
    returns = { { "boolean", "first", "false where it was so already" } },
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
    text = "Waits until the jobs that it has have ended. It stays open.",
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
What leaving the block of a `<close>` variable does: waits for all jobs and ends
the group. With an error it cancels them first. Groups are closed in reverse
order. A second time it does nothing.]],
    params = { { "err", "any?", "the error by which the block is left" } },
    returns = {},
    raises = "the first failure of a job, unless `err` is an error of the "
      .. "body itself (and no cancellation).",
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
  text = "What is cancelled together, without jobs of its own.",
  {
    name = "conc.scope",
    call = "conc.scope([options])",
    text = [[
Opens a scope that can be cancelled, from anywhere or by the clock. Use it as
`local s <close> = conc.scope()`. Once cancelled, every wait inside it raises
until it is left; what is around it is not touched.]],
    params = { { "options", "luaconc.scopeoptions?", "" } },
    options = {
      { "timeout", "number?", "seconds until it is cancelled" },
      { "deadline", "number?", "the time of `conc.now` when it is cancelled" },
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
  text = "What `conc.scope` returns.",
  type = {
    class = "luaconc.scope",
    name = "scope",
    sample = "return conc.scope()",
    closes = true,
    fields = {
      { "cancelled", "boolean", "whether it, or a scope around it, is" },
      { "expired", "boolean", "whether its deadline cancelled it" },
      { "deadline", "number?", "a time of `conc.now`" },
    },
  },
  {
    name = "cancel",
    call = "scope:cancel([reason])",
    text = "Ends the wait inside it, and every further one, until it is left.",
    params = { reason },
    returns = { { "boolean", "first", "false where it was so already" } },
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
Leaves the scope, as the end of a `<close>` variable does. Scopes and groups are
closed in reverse order. A second time it does nothing.]],
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
Inside one Lua state, by reference. Every waiter is served first come, first
served. A waiter that is cancelled keeps no permit and swallows no item.]],
  {
    name = "conc.queue",
    call = "conc.queue([n])",
    text = [[
A queue of at most `n` items, 64 unless said. With 0 each item is handed over,
sender to receiver; with `math.huge` there is no bound.]],
    params = { { "n", "(integer|number)?", "0 or more, or `math.huge`" } },
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
What a queue is inside a state, a channel is across states: tasks, threads and
processes send copies of values through it, `n` at most on the way, 64 unless
said; with 0
each is handed over. It can itself be sent, to a job or through a channel, and
is the same one there. Every waiter, in whichever state, is served first come,
first served; each value comes once.

It knows the states that hold it, and counts a message on its way that holds it
as one. Once a second state has held it and one alone is left, no value can come
from elsewhere and none is wanted: an empty one reads as closed, and sending
tells so. A state that ends, however, holds nothing any more.

A channel that is sent to another process moves to memory that processes share,
with what is in it and with who waits; it is slower than between threads, keeps
65,536 values at most, and two `conc.select` don't meet there where it keeps
none. If what is in it can't leave this process (functions, other channels), it
can't either: `EBUSY`; from then on it takes both. Channels between processes
that hold each other, and that nobody else holds, stay until the program ends.
A process that is killed loses what it had received, and
what it had not sent yet; everybody else goes on.]],
    params = { { "n", "integer?", "0 or more" } },
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
    text = "A lock, held by one task at a time.",
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
    text = "`n` permits.",
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
    text = "A flag that tasks wait for. It is clear at first.",
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
    text = "Where tasks that hold a lock wait for a change.",
    params = { { "lock", "luaconc.lock", "" } },
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
Waits for the first of several things and returns its key in the table and the
results of the operation, as the method of the same name gives them. Exactly
one takes effect. A case is an object alone (a queue or channel: `recv`; an
event
timer: `wait`; a job: `await`; a stream: `read`; a listener: `accept`; a UDP
socket: `recv`) or `{object, "verb", value}`, such as `{queue, "send", value}`
or `{stream, "read", "l"}`. A job that failed gives its key, nil, and its error.
Where several are ready at once, any one of them is taken. What was not taken
stays where it is: no byte is read, and no connection accepted, for a case that
another has beaten.]],
    params = { { "cases", "table", "key to case" } },
    returns = {
      { "any", "key", "of the case that took effect" },
      { "any", "...", "its results" },
    },
    raises = "where a case is nothing to wait for; the key is named.",
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
    text = "A timer: it is over that long from now, for all who wait for it.",
    params = { { "seconds", "number", "0 or more; `math.huge` is never" } },
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
    text = "Holds tasks until `n` of them have come; then it starts anew.",
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

local closed_receiving = { "EOF", "it is closed and empty" }
local closed_sending = { "EPIPE", "it is closed" }

local queue = {
  title = "Queue",
  text = "What `conc.queue` returns. nil can't be sent.",
  type = {
    class = "luaconc.queue",
    name = "queue",
    sample = "return conc.queue(1)",
  },
  {
    name = "send",
    call = "queue:send(value)",
    text = "Puts an item in.",
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
    text = "Takes an item out.",
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
Puts all items of a list in, in order. Cancelled in the midst,
some have gone.]],
    params = { { "list", "any[]", "without nil" } },
    returns = { { "integer?", "n", "how many have gone: all of them" } },
    fails = { { "EPIPE", "it is closed; the number of those that have gone is "
      .. "the fourth result" } },
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
Takes what is there, in order: one item at least, `max` at most.]],
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
    text = "Puts an item in if there is room now.",
    params = { { "value", "any", "anything but nil" } },
    returns = { { "true?", "sent", "" } },
    fails = { closed_sending, { "EAGAIN", "it is full" } },
    waits = false,
    example = [[
local q = conc.queue(1)
print(q:try_send(1))  --> true
print(q:try_send(2))  --> nil	full	EAGAIN]],
  },
  {
    name = "try_recv",
    call = "queue:try_recv()",
    text = "Takes an item out if there is one now.",
    params = {},
    returns = { { "any", "value", "" } },
    fails = { closed_receiving, { "EAGAIN", "it is empty" } },
    waits = false,
    example = [[print(conc.queue(1):try_recv())  --> nil	empty	EAGAIN]],
  },
  {
    name = "close",
    call = "queue:close()",
    text = [[
Ends it: what is in it can still be taken out, nothing more be put in. Wakes
every waiter. A second time it does nothing.]],
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
    text = "How many items are in it; `#queue` tells the same.",
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
    text = "Iterates over the items, until it is closed and empty.",
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

local left_receiving = { "EOF", "it is empty, and closed or held by no other "
  .. "state any more" }
local left_sending = { "EPIPE", "it is closed, or held by no other state any "
  .. "more" }

local channel = {
  title = "Channel",
  text = "What `conc.channel` returns. nil can't be sent.",
  type = {
    class = "luaconc.channel",
    name = "channel",
    sample = "return conc.channel(1)",
  },
  {
    name = "send",
    call = "channel:send(value)",
    text = [[
Puts a copy of the value in. What can't cross between states is refused before
anything happens, with the path to it. Cancelled while it waits, it takes the
value back; cancelled as the value was taken, it returns true.]],
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
Takes an item out. Cancelled while it waits, it takes nothing; cancelled as a
value was given to it, it returns that.]],
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
Puts all items of a list in, in order. Where one of them can't be
sent, none is. Cancelled in the midst, some have gone.]],
    params = { { "list", "any[]", "without nil" } },
    returns = { { "integer?", "n", "how many have gone: all of them" } },
    fails = { { "EPIPE", "it is closed; the number of those that have gone is "
      .. "the fourth result" } },
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
Takes what is there, in order: one item at least, `max` at most.]],
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
    text = "Puts an item in if there is room now.",
    params = { { "value", "any", "anything but nil" } },
    returns = { { "true?", "sent", "" } },
    fails = { left_sending, { "EAGAIN", "it is full" } },
    waits = false,
    example = [[
local ch = conc.channel(1)
print(ch:try_send(1))  --> true
print(ch:try_send(2))  --> nil	full	EAGAIN]],
  },
  {
    name = "try_recv",
    call = "channel:try_recv()",
    text = "Takes an item out if there is one now.",
    params = {},
    returns = { { "any", "value", "" } },
    fails = { left_receiving, { "EAGAIN", "it is empty" } },
    waits = false,
    example = [[print(conc.channel(1):try_recv())  --> nil	empty	EAGAIN]],
  },
  {
    name = "close",
    call = "channel:close()",
    text = [[
Ends it: what is in it can still be taken out, nothing more be put in. Wakes
every waiter. A second time it does nothing.]],
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
    text = "How many items are in it; `#channel` tells the same.",
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
    text = "Iterates over the items, until it is closed and empty.",
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
    text = text .. " Kept in a `<close>` variable, it is released with that.",
    params = {},
    returns = { { class, kind, "itself" } },
    raises = kind == "lock" and "where the task holds it already." or nil,
    waits = "until it can be had",
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
    text = "The same, if it can be had now.",
    params = {},
    returns = { { class, kind, "itself" } },
    fails = { { "EAGAIN", "it can't be had now" } },
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
    text = "Runs `f(...)` between `acquire` and `release`, however it ends.",
    params = {
      { "f", "function", "what to run" },
      { "...", "any", "its arguments" },
    },
    returns = { { "any", "...", "the results of `f`" } },
    raises = "the error of `f`.",
    waits = "until it can be had, and where `f` does",
    example = ([[print(%s:with(math.max, 1, 2))  --> 2]]):format(sample),
  }
end

local lock_acquire, lock_try = acquiring("luaconc.lock", "Takes the lock.",
  "locked", "conc.lock()")

local lock = {
  title = "Lock",
  text = "What `conc.lock` returns. It belongs to the task that acquired it.",
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
    text = "Gives it back; the one who has waited longest gets it.",
    params = {},
    returns = {},
    raises = "where the task doesn't hold it.",
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
  text = "What `conc.semaphore` returns. Anyone may release a permit.",
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
Gives a permit, also one that was never taken; the one who has waited longest
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
  text = "What `conc.event` returns.",
  type = {
    class = "luaconc.event",
    name = "event",
    sample = "return conc.event()",
  },
  {
    name = "set",
    call = "event:set()",
    text = "Sets it and wakes all who wait.",
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
    text = "Clears it: who comes from now on waits.",
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
    text = "Whether it is set.",
    params = {},
    returns = { { "boolean", "set", "" } },
    waits = false,
    example = [[print(conc.event():is_set())  --> false]],
  },
  {
    name = "wait",
    call = "event:wait()",
    text = "Waits until it is set. Who waited then is woken even if it is "
      .. "cleared at once.",
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
  text = "What `conc.after` returns. It needs no closing.",
  type = {
    class = "luaconc.timer",
    name = "timer",
    sample = "return conc.after(1)",
  },
  {
    name = "wait",
    call = "timer:wait()",
    text = "Waits until it is over.",
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
  text = "What `conc.condition` returns.",
  type = {
    class = "luaconc.condition",
    name = "condition",
    sample = "return conc.condition(conc.lock())",
  },
  {
    name = "wait",
    call = "condition:wait()",
    text = [[
Releases the lock, waits for a notify, and holds the lock again when it goes on,
also when it was cancelled. Ask for what you wait for in a loop around it.]],
    params = {},
    returns = {},
    raises = "where the task doesn't hold the lock.",
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
    text = "Wakes the `n` who have waited longest.",
    params = { { "n", "integer?", "1 unless said" } },
    returns = {},
    raises = "where the task doesn't hold the lock.",
    waits = false,
    example = [[
local lock = conc.lock()
local c = conc.condition(lock)
lock:with(c.notify, c)]],
  },
  {
    name = "notify_all",
    call = "condition:notify_all()",
    text = "Wakes all who wait.",
    params = {},
    returns = {},
    raises = "where the task doesn't hold the lock.",
    waits = false,
    example = [[
local lock = conc.lock()
local c = conc.condition(lock)
lock:with(c.notify_all, c)]],
  },
}

local barrier = {
  title = "Barrier",
  text = "What `conc.barrier` returns.",
  type = {
    class = "luaconc.barrier",
    name = "barrier",
    sample = "return conc.barrier(1)",
  },
  {
    name = "wait",
    call = "barrier:wait()",
    text = "Waits until as many tasks wait here as the barrier counts.",
    params = {},
    returns = { { "integer", "order", "1 for the first to come, and so on" } },
    waits = "unless it is the last to come",
    example = [[print(conc.barrier(1):wait())  --> 1]],
  },
}

local connect_options = {
  { "timeout", "number?", "seconds for the whole, the look-up included" },
  { "nodelay", "boolean?", "true unless said: small writes go out at once" },
  { "from", "string?", "the numeric address of this machine to connect from" },
}

local listen_options = {
  { "backlog", "integer?",
    "how many may wait to be accepted; 511 unless said" },
  { "nodelay", "boolean?", "for the accepted streams; true unless said" },
  { "reuseport", "boolean?", "several listeners share the port" },
  { "v6only", "boolean?", "of `::`, no connections over IPv4" },
}

local host_and_port = {
  { "host", "string", "a name, or a numeric address" },
  { "port", "integer", "" },
}

local no_host = { "EAI_NONAME", "there is no such host" }

local tcp = {
  title = "TCP",
  text = [[
Real sockets; each call waits its task only. A host name is looked up without
holding up anybody. `connect` tries its addresses in turn: the next one when one
has failed, or has not answered within 0.25 s, and takes the first that answers
(RFC 8305).]],
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
        "it took longer than `timeout`, or than the system waits" },
      no_host,
      { "...", "and whatever else the system says, by libuv's names" },
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
Listens. `"0.0.0.0"` and `"::"` are all addresses of this machine; for port 0
the system chooses one, which `listener:sock()` tells.]],
    params = {
      host_and_port[1], host_and_port[2],
      { "options", "luaconc.listenoptions?", "" },
    },
    options = listen_options,
    optionclass = "luaconc.listenoptions",
    returns = { { "luaconc.listener", "listener", "" } },
    fails = {
      { "EADDRINUSE", "somebody listens there" },
      { "EACCES", "the port is not for this user" },
      no_host,
      { "...", "and whatever else the system says, by libuv's names" },
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
stream when it returns. Returns when the listener is closed and all handlers
have ended. A handler that fails ends its own connection only. Without
`on_error`, the first such error is raised at the end.]],
    params = {
      { "host", "string|luaconc.listener", "a name, a numeric address, or "
        .. "a listener instead of host and port" },
      { "port", "integer|fun(stream: luaconc.stream)", "" },
      { "handler", "(fun(stream: luaconc.stream)|luaconc.serveoptions)?",
        "" },
      { "options", "luaconc.serveoptions?",
        "those of `conc.tcp.listen` too, where host and port are given" },
    },
    options = {
      { "limit", "integer?", "how many connections at one time; others wait "
        .. "to be accepted" },
      { "ready", "fun(listener: luaconc.listener)?",
        "called before the first connection is accepted" },
      { "on_error", "fun(err: any, job: luaconc.job)?",
        "called with the error of a handler and its job, also while the "
        .. "server is being cancelled: no cancellation reaches it" },
      { "grace", "number?", "seconds that handlers have once the listener is "
        .. "closed, before they are cancelled; for ever unless said" },
    },
    optionclass = "luaconc.serveoptions: luaconc.listenoptions",
    returns = { { "true", "stopped", "the listener was closed" } },
    fails = { { "EADDRINUSE", "and what else `conc.tcp.listen` tells" } },
    raises = "the first error of a handler, where there is no `on_error`.",
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

local stream_closed = { "EBADF", "it was closed here" }
local stream_woken = { "ECANCELED", "it was closed here in the meantime" }
local stream_long = { "EMSGSIZE", "it is longer than the limit; what has "
  .. "arrived stays" }
local read_limit = { "limit", "integer?", "the longest that is read, in bytes, "
  .. "with the end of the line: 1 MiB for a line, none for `\"a\"` unless "
  .. "said; `math.huge` is none" }
local stream_reset = { "ECONNRESET", "the other end broke the connection" }
local stream_timeout = { "ETIMEDOUT", "it took longer than `stream:timeout`, "
  .. "or the other end has vanished: see `stream:option`" }
local stream_pipe = { "EPIPE", "the other end is closed, or `shutdown` was "
  .. "called here" }

local address = { "luaconc.address", "address", "`{host=, port=, family=}`; "
  .. "of a Unix socket `{path=, family=\"unix\"}`, without `path` where the "
  .. "socket has no name, and of a peer with its `pid`, `uid` and `gid`" }

local stream = {
  title = "Stream",
  text = [[
What `conc.tcp.connect`, `conc.unix.connect` and `listener:accept` return. It
follows Lua's files.
One task at a time may read; a second one raises. Any number may write beside
it: the bytes of each write stay together, in the order of the calls, however
many they are and whatever becomes of the task, so tasks may share a log or a
connection without a lock. (What takes several writes needs one.) Sent to
another thread or process it moves there, while nobody uses it here; what nobody
receives is closed.]],
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
Reads: `"l"` a line without its end, `"L"` with it, `"a"` everything up to the
end, a number that many bytes, nothing whatever is there. At the end of the
input the last part may be shorter than asked for. A read that is cancelled or
timed out leaves what has arrived for the next one.]],
    params = { { "format", '("l"|"L"|"a"|integer)?', "" }, read_limit },
    returns = { { "string", "data", "" } },
    fails = { { "EOF", "the other end has ended its side" }, stream_long,
      stream_timeout, stream_reset, stream_closed, stream_woken },
    raises = "where another task reads from it already.",
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
Reads up to the delimiter, which is taken and not returned. Where the input
ends without one, what is there stays for `read`.]],
    params = {
      { "delimiter", "string", "one byte or more" },
      { "limit", "integer?", "the longest that is read, in bytes, with the "
        .. "delimiter: 1 MiB unless said; `math.huge` is none" },
    },
    returns = { { "string", "data", "" } },
    fails = { { "EOF", "the input has ended without a delimiter" },
      stream_long, stream_timeout, stream_reset, stream_closed,
      stream_woken },
    raises = "where another task reads from it already.",
    waits = "unless enough has arrived",
    example = with_ends [[
there:write("name: value\r\n\r\nbody")
print(here:read_until("\r\n\r\n"))  --> name: value
print(here:read())  --> body]],
  },
  {
    name = "lines",
    call = "stream:lines([format [, limit]])",
    text = "Iterates over what `read` gives, up to the end of the input.",
    params = { { "format", '("l"|"L"|integer)?', '`"l"` unless said' },
      read_limit },
    returns = { { "fun(): string?", "next", "for the generic `for`" } },
    raises = "in a round: every failure but the end, as `io.lines` does.",
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
Sends strings and numbers, all of them, in one piece. Returns once they are
accepted: what the other end is too slow for is queued here; above 64 KiB a
write waits, so each of the tasks that write may have one more queued. It has
been accepted whole by then: cancelled or timed out in that wait, it is still
sent while the stream is open, so don't write it again.
Closing the stream sends what is queued. An error of sending in the background
comes out of the next `write`, `flush` or `close`.]],
    params = { { "...", "string|number", "" } },
    returns = { { "luaconc.stream", "stream", "itself" } },
    fails = { stream_pipe, stream_timeout, stream_reset, stream_closed },
    waits = "while too much is queued",
    example = with_ends [[
print(there:write("n = ", 42, "\n") == there)  --> true
print(here:read("l"))  --> n = 42]],
  },
  {
    name = "flush",
    call = "stream:flush()",
    text = "Waits until all that was written is with the system.",
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
Sends what is queued, then ends this side: the other end reads EOF. Reading
goes on.]],
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
An option of the socket, or sets it: `"nodelay"`, a boolean, whether small
writes go out at once; `"keepalive"` and `"user_timeout"`, for a peer that
vanishes; `"send_buffer"` and `"receive_buffer"`, the bytes that the system
keeps (Linux keeps twice what it is asked for, and says so).
A machine that loses its power, or its network, says nothing: unless told
otherwise a reader waits for it for ever, a writer for a quarter of an hour or
so. `"keepalive"` is the seconds of silence after which the system asks whether
the other end is still there, or false; where it has not answered after as many
again, it is gone. While something sent is not acknowledged, nothing is asked:
`"user_timeout"` is the seconds that this may last, or false (on Linux only).
Both then end all waits of the stream with ETIMEDOUT, as does `timeout`, which
bounds each wait and leaves the stream as it is.]],
    params = {
      { "name",
        '"nodelay"|"keepalive"|"user_timeout"|"send_buffer"|"receive_buffer"',
        "" },
      { "value", "(boolean|number)?", "the value is returned unless said" },
    },
    returns = { { "boolean|number|luaconc.stream", "value",
      "itself, where it was set" } },
    fails = { { "ENOTSUP", "such sockets have no such option" },
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
    text = "How long each of its waits may take from now on.",
    params = { { "seconds", "number?", "for ever unless said" } },
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
    fails = { { "ENOTCONN", "it is gone" }, stream_closed },
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
Closes at once and drops what is queued: for a peer that is not to be waited
for. Over TCP, and in memory, the peer's read fails with ECONNRESET; otherwise
it sees the end. A second time it does nothing.]],
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
Sends what is queued and closes. Whoever waits in it gets the code ECANCELED. A
second time it does nothing. In a cancelled task, where it can't wait, it
closes at once and drops what is queued.]],
    params = {},
    returns = { { "true", "closed", "" } },
    fails = { { "ECANCELED", "it was closed before all was sent" },
      stream_pipe, stream_timeout, stream_reset },
    waits = "while something is queued",
    example = with_ends [[
print(here:close())  --> true
print(here:read())  --> nil	closed	EBADF]],
  },
}

local listener = {
  title = "Listener",
  text = "What `conc.tcp.listen` and `conc.unix.listen` return.",
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
The next connection. Several tasks may accept from one listener. One that is
cancelled takes none. Where the process has hardly any descriptor left (of its
limit, an eighth, 8 to 64 of them, is not for accepted streams), a connection
waits in the backlog until there are some again.]],
    params = {},
    returns = { { "luaconc.stream", "stream", "" } },
    fails = {
      { "ETIMEDOUT", "it took longer than `listener:timeout`" },
      { "EBADF", "it was closed" },
    },
    waits = "unless one is there",
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
Another listener on the same socket, with the same queue of connections: to be
sent to another state, so that several workers accept. Each is closed by itself;
the file of a Unix socket goes with the first.]],
    params = {},
    returns = { { "luaconc.listener", "listener", "" } },
    fails = { { "EMFILE", "no descriptor is left" },
      { "EBADF", "it was closed" } },
    waits = false,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
local another <close> = assert(listener:dup())
print(another:sock().port == listener:sock().port)  --> true]],
  },
  {
    name = "closed",
    call = "listener:closed()",
    text = "Waits until somebody has closed it.",
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
    text = "How long each accept may take from now on.",
    params = { { "seconds", "number?", "for ever unless said" } },
    returns = { { "luaconc.listener", "listener", "itself" } },
    waits = false,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
print(listener:timeout(0.01):accept())  --> nil	timed out	ETIMEDOUT]],
  },
  {
    name = "sock",
    call = "listener:sock()",
    text = "The address that it listens at.",
    params = {},
    returns = { address },
    fails = { { "EBADF", "it was closed" } },
    waits = false,
    example = [[
local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
print(listener:sock().host)  --> 127.0.0.1]],
  },
  {
    name = "close",
    call = "listener:close()",
    text = [[
Stops listening. Who waits in `accept` gets the code ECANCELED; connections that
nobody accepted are refused by the system. A second time it does nothing.]],
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
  { "engine", '("task"|"thread"|"process")?', '`"task"` unless said' },
  { "workers", "integer?", "how many jobs run at a time: as many as this "
    .. "process may use cores, unless said; of tasks, 64" },
  { "name", "string?", "what `conc.tree` and tracebacks call its jobs and "
    .. "workers" },
  { "init", "function?", "called in each worker before its first job; its "
    .. "error is that of the job" },
  { "initargs", "any[]?", "its arguments" },
  { "max_jobs", "integer?", "after so many a worker is replaced" },
  { "idle", "number?", "seconds after which a worker that has no job ends; "
    .. "another is started when there is one. None do unless said" },
  { "job_timeout", "number?", "seconds that a job may take: it is cancelled "
    .. "then, and fails with the code `ETIMEDOUT`" },
  { "retries", "integer?", "how often a job is run again whose worker died: "
    .. "its arguments are copied again then" },
  { "memory", "integer?", "of each worker: see `conc.thread`" },
  { "rlimit", "luaconc.rlimit?", "of each process: see `conc.process`" },
  { "start", "string?", "how processes are started: see `conc.process`" },
}

local function chunk_option(name)
  return { name, "integer?", "how many items a worker gets at a time; tasks "
    .. "get one, threads and processes what keeps them busy, unless said, or "
    .. "one where there is a timeout, or retries" }
end

local map_options = {
  chunk_option "chunk",
  { "on_progress", "fun(done: integer, total: integer)?", "called when items "
    .. "are done" },
  { "timeout", "number?", "seconds for each chunk, instead of `job_timeout`" },
  { "retries", "integer?", "of a chunk, instead of the pool's" },
  { "priority", "integer?", "-100 to 100, 0 unless said: high ones go first" },
}

local map_text = [[
Calls `f(item)` for each item of a list and returns the first result of each, in
order.]]

local pools = {
  title = "Pools",
  text = [[
A pool has a number of workers, which share its jobs: tasks, threads or
processes. Changing the engine is changing one word, where what the jobs use may
cross between states.]],
  {
    name = "conc.pool",
    call = "conc.pool([options])",
    text = [[
Makes a pool: `local pool <close> = conc.pool()`. Its end waits for its jobs;
left by an error, it cancels them first. Workers are started when they are first
needed, and end with the pool.]],
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
    text = map_text .. " The work of a pool that is there for this one call:\n"
      .. "see `pool:map`.",
    params = {
      { "list", "any[]", "" },
      { "f", "function", "" },
      { "options", "luaconc.mapoptions?", "" },
    },
    options = {
      pool_options[1],
      { "limit", "integer?", "how many run at a time: `workers` of the pool" },
      table.unpack(map_options),
    },
    optionclass = "luaconc.mapoptions",
    returns = { { "any[]", "results", "" } },
    raises = "the first failure, once the rest is cancelled and has ended.",
    waits = true,
    example = [[
local function square(n) return n * n end
local squares = conc.map({ 1, 2, 3 }, square, { engine = "thread" })
print(table.concat(squares, " "))  --> 1 4 9]],
  },
}

local pool = {
  title = "Pool",
  text = "What `conc.pool` returns.",
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
Runs `f(...)` as soon as a worker is free, those of high priority first, else in
the order of the calls of `submit`. A failure is raised by `await`, or by the
end of the pool where nobody
looked at it. A cancelled job that runs in a thread or process costs its worker,
which is replaced. One whose worker dies fails with the code `EWORKER`, unless
it has `retries`: then it is run again by another.]],
    params = {
      { "f", "function", "" },
      { "...", "any", "its arguments; of threads and processes, copies" },
    },
    options = {
      { "name", "string?", "of the job" },
      map_options[5],
      { "timeout", "number?", "seconds, instead of the pool's `job_timeout`" },
      { "retries", "integer?", "instead of the pool's" },
    },
    optionclass = "luaconc.submitoptions",
    overload = "fun(self: luaconc.pool, job: luaconc.submitoptions): "
      .. "luaconc.job",
    returns = { { "luaconc.job", "job", "the handle" } },
    raises = "where the pool is closed, and where a value can't be sent.",
    waits = false,
    example = [[
local pool <close> = conc.pool { engine = "thread" }
print(pool:submit(string.rep, "ab", 3):await())  --> ababab]],
  },
  {
    name = "map",
    call = "pool:map(list, f [, options])",
    text = map_text .. [[
 The first failure is raised, unchanged, once the rest of this map is cancelled
and has ended; its traceback names the item.]],
    params = {
      { "list", "any[]", "" },
      { "f", "function", "" },
      { "options", "luaconc.poolmapoptions?", "" },
    },
    options = map_options,
    optionclass = "luaconc.poolmapoptions",
    returns = { { "any[]", "results", "" } },
    raises = "the first failure; where the pool is closed.",
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
The same for a list of lists of arguments: calls `f(table.unpack(item))`.]],
    params = {
      { "list", "any[][]", "" },
      { "f", "function", "" },
      { "options", "luaconc.poolmapoptions?", "those of `map`" },
    },
    returns = { { "any[]", "results", "" } },
    raises = "the first failure; where the pool is closed.",
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
endless, and may wait. An item is taken when there is room in the window, so
what is slow to use its results slows down what makes them. A failure, of `f` or
of the source, is raised in its turn. That, and leaving the loop, cancels what
is on its way and waits for it.]],
    params = {
      { "source", "any", "a list, a queue or channel, an iterator function" },
      { "f", "function", "" },
      { "options", "luaconc.imapoptions?", "" },
    },
    options = {
      { "ordered", "boolean?", "false: as they come; else in the order of the "
        .. "items" },
      { "window", "integer?", "the most items that were taken and not handed "
        .. "out; twice the workers unless said" },
      { "timeout", "number?", "seconds for each item, instead of "
        .. "`job_timeout`" },
      { "retries", "integer?", "of an item, instead of the pool's" },
      map_options[5],
    },
    optionclass = "luaconc.imapoptions",
    returns = {
      { "function", "next", "for the `for` loop, each step of which waits" },
      { "table", "state", "" },
      { "nil", "", "" },
      { "table", "closing", "what the loop closes" },
    },
    raises = "where the pool is closed.",
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
What the pool does, in numbers of calls (items, of a map), and its workers: a
list of `{id=, pid=, state="idle" or "busy", jobs=}`, which is empty for tasks;
`jobs` counts what the worker has done, `pid` is that of a process. `retried` is
how often a job was run again, `lost` how many workers died.]],
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
Finishes what was accepted, then ends the workers. The pool takes no more jobs.
A second time it does nothing.]],
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
Cancels what is queued and what runs, and ends the workers. Failures that nobody
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
What crosses from one Lua state to another crosses as bytes: for a thread or a
process, through a channel, and by hand for a file or a socket. nil, booleans,
integers, floats, strings; tables with their identity and cycles; Lua functions
with copies of their upvalues; loaded modules and the C functions in them, found
again by `require`; `_G`, which becomes the receiver's; instances of registered
classes; userdata with a `__transfer` metamethod, which returns a function and
its arguments for the receiver to call (or is in C: see `src/luaconc.h`).
Anything else is refused before anything is sent, with the path to it.]],
  {
    name = "conc.codec.encode",
    call = "conc.codec.encode(...)",
    text = [[
The values as bytes, which begin with the version of the format. (Channels and
other shared objects can't be kept as bytes: they are sent as themselves.)]],
    params = { { "...", "any", "what is encoded" } },
    returns = { { "string", "bytes", "" } },
    raises = "a value can't be sent: the message has its path",
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
The values back. The bytes may come from anywhere: whatever they are, the worst
is an error. Functions and modules are refused unless the caller vouches for the
bytes, as bytecode can do anything.]],
    params = {
      { "bytes", "string", "from `encode`" },
      { "options", "table?", "" },
    },
    options = {
      { "functions", "boolean?", "the bytes come from this program, or one "
        .. "that is trusted as much" },
    },
    returns = { { "any", "...", "the values" } },
    raises = "they are no message (code EPROTO), hold functions that are not "
      .. "allowed (EPERM), or a class or module is not found (ENOENT)",
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
receiver finds it under the name; where it is not registered there, the module
of that name is loaded, which registers it, or is the metatable itself.]],
    params = {
      { "name", "string", "of the class, and of the module it is in" },
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
The longest message that this state makes, and what it was before; a longer one
is refused. 2 GiB unless said.]],
    params = { { "bytes", "integer?", "as it is unless said" } },
    returns = { { "integer", "before", "" } },
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
