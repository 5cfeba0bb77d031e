---@meta _
-- Annotations of the public functions, for editors; no program loads this.
-- Made by `make docs` from docs/api.lua: change that file.
-- luacheck: ignore

---@alias luaconc.status
---| "ready" # not begun, or about to go on
---| "running"
---| "waiting"
---| "done"
---| "failed"
---| "cancelled"

---An error of the library itself; `tostring` gives the message.
---@class luaconc.error
---@field message string
---@field code string? # "ECANCELED", ...
---@field reason any # what `cancel` was given
---@field signal string? # EWORKER: what killed the process, "SIGKILL", ...
---@field exit integer? # EWORKER: what the process ended with

---@class luaconc.address
---@field host string
---@field port integer
---@field family string # "inet" or "inet6"

---@class luaconc.stat
---@field type string # "file", "directory", "link", ...
---@field size integer # bytes
---@field mode integer # who may use it: the last 12 bits
---@field uid integer
---@field gid integer
---@field dev integer
---@field ino integer
---@field nlink integer
---@field rdev integer
---@field blksize integer
---@field blocks integer
---@field atime number # seconds since 1970
---@field mtime number
---@field ctime number

---@class luaconc.change
---@field name string?
---@field renamed boolean? # made, removed, or another name
---@field changed boolean? # contents, mode or times
---@field lost boolean? # there were more than could be kept


---@class luaconc.rawmode
---@field close fun(self): true

---How a program ended.
---@class luaconc.fate
---@field code integer?
---@field signal string?
---@field stages luaconc.fate[]? # of a pipeline

---@class luaconc.execresult: luaconc.fate
---@field stdout string?
---@field stderr string?

---How a job ended: its first result or its error at 1.
---@class luaconc.outcome
---@field ok boolean
---@field [1] any

---@class luaconc.poolworker
---@field id integer # of its job, as in conc.tree
---@field pid integer? # of a process
---@field state "idle"|"busy"
---@field jobs integer # calls and chunks that it was handed

---@class luaconc.rlimit
---@field memory? integer
---@field cpu? number
---@field files? integer
---@field nice? integer

---Numbers are of calls; of a map, of items.
---@class luaconc.poolstats
---@field engine "task"|"thread"|"process"
---@field queued integer
---@field running integer
---@field done integer
---@field failed integer
---@field cancelled integer
---@field retried integer
---@field lost integer
---@field workers luaconc.poolworker[] # none of tasks

---@class luaconc.stats
---@field turns integer
---@field wakeups integer
---@field ready integer
---@field deadlines integer
---@field handles integer
---@field started integer
---@field jobs table<string, integer> # by state
---@field bytes integer
---@field busy number # seconds
---@field longest number # seconds
---@field latency [number, integer][] # seconds, turns

---@class luaconc.spawnoptions
---@field name? string what `conc.tree` and tracebacks call it; of a thread or process the system shows 15 bytes
---@field keep? boolean its failure does not fail the group: it is raised by `await`, or by the group's end where nobody looked at it
---@field daemon? boolean nobody waits for it: it is cancelled once the other jobs of its group have ended
---@field [integer] any the function, then its arguments

---@class luaconc.threadoptions
---@field name? string what `conc.tree` and tracebacks call it; of a thread or process the system shows 15 bytes
---@field keep? boolean its failure does not fail the group: it is raised by `await`, or by the group's end where nobody looked at it
---@field daemon? boolean nobody waits for it: it is cancelled once the other jobs of its group have ended
---@field memory? number the most that its Lua state may allocate, in bytes; none unless said
---@field stack? integer of the thread, in bytes, 512 KiB or more; 1 MiB unless said
---@field libs? string[] the standard libraries that its state has beside the basic one; all unless said. (luaconc itself needs `package`, `coroutine`, `string`, `table` and `debug`.)
---@field init? function is called there before `f`, without arguments; it may wait, and shares its variables with `f`

---@class luaconc.processoptions
---@field name? string what `conc.tree` and tracebacks call it; of a thread or process the system shows 15 bytes
---@field keep? boolean its failure does not fail the group: it is raised by `await`, or by the group's end where nobody looked at it
---@field daemon? boolean nobody waits for it: it is cancelled once the other jobs of its group have ended
---@field memory? number the most that its Lua state may allocate, in bytes; none unless said
---@field init? function is called there before `f`, without arguments; it may wait, and shares its variables with `f`
---@field start? string "forkserver" (the default): forked from a small process that is started for this; "spawn": a fresh program; "fork": forked from this one, as it is (see processes.md)
---@field rlimit? luaconc.rlimit of the process: `memory`, bytes of its own; `cpu`, seconds of computing, then SIGXCPU; `files`, descriptors; `nice`, its priority

---@class luaconc.forkserveroptions
---@field preload? string[] the names of the modules, which are found as `require` finds them here, now
---@field lua? string the program that worker processes run, where this one is no `lua`; before the first of them

---@class luaconc.groupoptions
---@field limit? integer how many of its jobs run at once
---@field keep? boolean its jobs are started with `keep`
---@field current? boolean false: `conc.spawn` does not join it; for groups kept in objects
---@field timeout? number seconds until it is cancelled
---@field deadline? number the time of `conc.now` when it is cancelled

---@class luaconc.scopeoptions
---@field timeout? number seconds until it is cancelled
---@field deadline? number the time of `conc.now` when it is cancelled

---@class luaconc.pooloptions
---@field engine? ("task"|"thread"|"process") `"task"` unless said
---@field workers? integer how many jobs run at a time: as many as this process may use cores, unless said; of tasks, 64
---@field name? string what `conc.tree` and tracebacks call its jobs and workers
---@field init? function called in each worker before its first job; its error is that of the job
---@field initargs? any[] its arguments
---@field max_jobs? integer after so many a worker is replaced
---@field idle? number seconds after which a worker that has no job ends; another is started when there is one. None do unless said
---@field job_timeout? number seconds that a job may take: it is cancelled then, and fails with the code `ETIMEDOUT`
---@field retries? integer how often a job is run again whose worker died: its arguments are copied again then
---@field memory? integer of each worker: see `conc.thread`
---@field rlimit? luaconc.rlimit of each process: see `conc.process`
---@field start? string how processes are started: see `conc.process`

---@class luaconc.mapoptions
---@field engine? ("task"|"thread"|"process") `"task"` unless said
---@field limit? integer how many run at a time: `workers` of the pool
---@field chunk? integer how many items a worker gets at a time; tasks get one, threads and processes what keeps them busy, unless said, or one where there is a timeout, or retries
---@field on_progress? fun(done: integer, total: integer) called when items are done
---@field timeout? number seconds for each chunk, instead of `job_timeout`
---@field retries? integer of a chunk, instead of the pool's
---@field priority? integer -100 to 100, 0 unless said: high ones go first

---@class luaconc.submitoptions
---@field name? string of the job
---@field priority? integer -100 to 100, 0 unless said: high ones go first
---@field timeout? number seconds, instead of the pool's `job_timeout`
---@field retries? integer instead of the pool's

---@class luaconc.poolmapoptions
---@field chunk? integer how many items a worker gets at a time; tasks get one, threads and processes what keeps them busy, unless said, or one where there is a timeout, or retries
---@field on_progress? fun(done: integer, total: integer) called when items are done
---@field timeout? number seconds for each chunk, instead of `job_timeout`
---@field retries? integer of a chunk, instead of the pool's
---@field priority? integer -100 to 100, 0 unless said: high ones go first

---@class luaconc.imapoptions
---@field ordered? boolean false: as they come; else in the order of the items
---@field window? integer the most items that were taken and not handed out; twice the workers unless said
---@field timeout? number seconds for each item, instead of `job_timeout`
---@field retries? integer of an item, instead of the pool's
---@field priority? integer -100 to 100, 0 unless said: high ones go first

---@class luaconc.connectoptions
---@field timeout? number seconds for the whole, the look-up included
---@field nodelay? boolean true unless said: small writes go out at once
---@field from? string the numeric address of this machine to connect from

---@class luaconc.listenoptions
---@field backlog? integer how many may wait to be accepted; 511 unless said
---@field nodelay? boolean for the accepted streams; true unless said
---@field reuseport? boolean several listeners share the port
---@field v6only? boolean of `::`, no connections over IPv4

---@class luaconc.serveoptions: luaconc.listenoptions
---@field limit? integer how many connections at one time; others wait to be accepted
---@field ready? fun(listener: luaconc.listener) called before the first connection is accepted
---@field on_error? fun(err: any, job: luaconc.job) called with the error of a handler and its job, also while the server is being cancelled: no cancellation reaches it
---@field grace? number seconds that handlers have once the listener is closed, before they are cancelled; for ever unless said

---@class luaconc.unixconnectoptions
---@field timeout? number seconds; for ever unless said

---@class luaconc.unixlistenoptions
---@field backlog? integer how many may wait to be accepted; 511 unless said
---@field mode? integer the permissions of the file; as the process makes files, unless said. Who may write to it may connect

---@class luaconc.udpbindoptions
---@field reuseaddr? boolean several sockets share the port, as listeners to one group do
---@field reuseport? boolean several sockets share the port, and each sender always reaches the same one: for several workers
---@field v6only? boolean of `::`, no datagrams over IPv4
---@field keep? integer bytes that are kept while nobody receives; 262144 unless said
---@field broadcast? boolean may it send to all of a network?
---@field ttl? integer through how many routers a datagram may go

---@class luaconc.udpoptions
---@field keep? integer bytes that are kept while nobody receives; 262144 unless said
---@field broadcast? boolean may it send to all of a network?
---@field ttl? integer through how many routers a datagram may go

---@class luaconc.writeoptions
---@field atomic? boolean false: empties and writes the file itself
---@field sync? boolean waits until it is on the disk
---@field mode? integer who may use it, such as `tonumber("640", 8)`; as it was, or as the umask says

---@class luaconc.openoptions
---@field mode? integer of a file that is made: who may use it, less the umask

---@class luaconc.walkoptions
---@field contents_first? boolean a folder after what is in it
---@field follow? boolean goes into what links lead to
---@field enter? (fun(path: string): boolean) asked before a folder is read: false leaves it out
---@field on_error? fun(path: string, message: string, code: string) told of a folder that can't be read

---@class luaconc.mkdiroptions
---@field parents? boolean those above too; and one that is there will do
---@field mode? integer less the umask; `tonumber("777", 8)` unless said

---@class luaconc.removeoptions
---@field tree? boolean and all that is in it

---@class luaconc.copyoptions
---@field overwrite? boolean false: fails where `to` is there

---@class luaconc.execoptions
---@field input? string what it reads
---@field stdin? ("inherit"|"null"|file*|luaconc.stream) or where it reads from; `"null"`, which is empty, unless said
---@field stdout? ("pipe"|"inherit"|"null"|file*|luaconc.stream) where it writes to; `"pipe"`, the result, unless said
---@field stderr? ("pipe"|"inherit"|"null"|"stdout"|file*|luaconc.stream) the same for its errors; `"stdout"`: where its output goes
---@field timeout? number seconds after which it is stopped
---@field limit? number of its output, in bytes: it is stopped where it writes more; none unless said
---@field cwd? string the folder that it runs in; ours unless said
---@field env? table<string, string|number|false> variables that are added to our environment, or replace some of it; `false` takes one away
---@field clearenv? boolean it gets those of `env` alone
---@field grace? number seconds between SIGTERM and SIGKILL where it is stopped; 1 unless said
---@field [integer] string|number|(string|number)[] # command and arguments

---@class luaconc.popenoptions
---@field stdin? ("pipe"|"inherit"|"null"|file*) `"pipe"`, the stream `program.stdin`, unless said
---@field stdout? ("pipe"|"inherit"|"null"|file*) `"pipe"`, the stream `program.stdout`, unless said
---@field stderr? ("pipe"|"inherit"|"null"|"stdout"|file*) `"inherit"`, ours, unless said
---@field cwd? string the folder that it runs in; ours unless said
---@field env? table<string, string|number|false> variables that are added to our environment, or replace some of it; `false` takes one away
---@field clearenv? boolean it gets those of `env` alone
---@field grace? number seconds between SIGTERM and SIGKILL where it is stopped; 1 unless said
---@field [integer] string|number|(string|number)[] # command and arguments

---@class luaconc.debugoptions
---@field block? number seconds; 0 ends the watch

---@class luaconc
local conc = {}

conc.shared = {}

conc.codec = {}

conc.tcp = {}

conc.unix = {}

conc.udp = {}

conc.dns = {}

conc.fs = {}

conc.tty = {}

conc.stats = {}

conc.debug = {}

conc.trace = {}

---Runs `f(...)` as the root task and returns its results once every job started
---in it has ended. Daemons are cancelled then. Without a function: runs what was
---started so far. Inside a task, `run` is a new group: it waits for the jobs of
---`f` only.
---Waits.
---Raises the error of `f`, or the first failure of a job; a string carries the tracebacks in it. Where all tasks wait and nothing can wake them: an error that lists them.
---@param f? function the body
---@param ... any its arguments
---@return any ... the results of `f`
function conc.run(f, ...) end

---Starts a task that runs `f(...)`, in the current group. It starts in turn, not
---at once. If it fails, its group is cancelled and raises the failure at its
---end.
---Never waits.
---Raises where the group is closed.
---@param f function the body
---@param ... any its arguments, by reference
---@return luaconc.job job the handle
---@overload fun(job: luaconc.spawnoptions): luaconc.job
function conc.spawn(f, ...) end

---Calls `f(...)` on a thread that the library keeps for this, so that a call that
---blocks (`os.execute`, a C library) stops nobody else, and returns its results.
---Function, arguments and results are copies, as with `conc.thread`. At most 32
---calls are made at a time; the others wait for their turn. A call that is
---cancelled is interrupted, or left to itself after 1 s.
---Waits.
---Raises the error of `f`, and where a value can't be sent.
---@param f function what blocks
---@param ... any its arguments, by copy
---@return any ... the results of `f`
function conc.offload(f, ...) end

---Starts a thread that runs `f(...)` in a Lua state of its own, truly beside this
---one, and belongs to the current group as a task does. `f`, its upvalues and its
---arguments go there as copies, and its results come back so; what can't be
---copied is refused here, with the path to it. There `require` finds the same
---modules, `coroutine` is `conc.coroutine`, and all of luaconc works. A cancelled
---thread is interrupted, in a wait or in Lua code; one that is stuck in C code is
---abandoned after 1 s and fails with `ETIMEDOUT`.
---Never waits.
---Raises where a value can't be sent, and where the group is closed.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return ("EAGAIN"|"ENOMEM")? code
---@overload fun(job: luaconc.threadoptions): luaconc.job
function conc.thread(f, ...) end

---Starts a process that runs `f(...)`: what `conc.thread` says of copies and
---modules holds here, too. It has this program's folder, standard output and
---standard error, an empty standard input, random numbers of its own, and nothing
---else of it. It never outlives this program, and a crash stays inside: its job
---fails with the code `EWORKER` and the name of the signal in `signal`, or the
---exit code in `exit`, and the last lines that it wrote to its standard error in
---`stderr`. A cancelled process gets SIGTERM, which cancels its job
---there, and SIGKILL where it goes on for 1 s. It ignores Ctrl-C, which is for its
---starter to deal with.
---Never waits.
---Raises where a value can't be sent, where the group is closed, and in a program that is no Lua interpreter (see `LUACONC_LUA` in errors.md).
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return ("EAGAIN"|"EMFILE"|"ENOMEM")? code
---@overload fun(job: luaconc.processoptions): luaconc.job
function conc.process(f, ...) end

---Starts the forkserver, unless it runs, and has it load modules: they are there
---in each worker that is forked from it from now on, and loaded but once. It is
---the small process that worker processes are forked from; without this, the first
---of them starts it. Stops this thread meanwhile, for other tasks too.
---Never waits.
---Raises for a `lua` where it runs already.
---@param options? luaconc.forkserveroptions
---@return integer? pid its process
---@return string? message
---@return ("EWORKER"|"ENOENT")? code
function conc.forkserver(options) end

---Waits that long. 0 lets the other tasks run, as `conc.yield` does.
---Waits.
---@param seconds number 0 or more; `math.huge` is for ever
function conc.sleep(seconds) end

---Lets every other task that is ready run once, then goes on.
---Waits.
function conc.yield() end

---The time of a clock that never goes back. Only differences mean something;
---deadlines are times of this clock.
---Never waits.
---@return number seconds of a monotonic clock
function conc.now() end

---Runs `f(...)` in this task, for so many seconds at most: at the deadline every
---wait in it raises. Jobs started in it belong to it; they are waited for, and
---cancelled at the deadline. What `f` returned counts, also when it returned just
---after the deadline.
---Waits.
---Raises the error of `f`, or the failure of a job started in it.
---@param seconds number 0 or more
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function conc.timeout(seconds, f, ...) end

---Runs `f(...)` where no cancellation from outside reaches it, for clean-ups that
---must wait. The cancellation is raised by the first wait after it. A shield
---without a `conc.timeout` in it can hold up the end of a program.
---Waits where `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function conc.shield(f, ...) end

---The job that runs.
---Never waits.
---@return luaconc.job? job nil outside tasks
function conc.current() end

---All live jobs of this Lua state.
---Never waits.
---@return luaconc.job[] list their handles
function conc.jobs() end

---A text with a line for each live job of this state, below the job that started
---it: what it does, what it waits for, where and since when, and where and when
---it was started. Nothing is printed. (`conc.debug.dump` asks threads and
---processes, too.)
---Never waits.
---@return string text `"no live jobs"` where there is none
function conc.tree() end

---The table of this job, for what belongs to a request and should not be passed
---through every function. A job inherits a copy from the one that starts it.
---Never waits.
---@return table locals the same each time in one job
function conc.locals() end

---Where an error came from and where its job was started. Tables keep theirs for
---as long as they live; of strings the latest are remembered. Of a live job: where
---it waits.
---Never waits.
---@param err any an error that was raised, or a handle
---@return string text what is known: at least the error
function conc.traceback(err) end

---Whether a value is the error of a cancellation. Code that catches errors passes
---these on; a task that swallows its cancellation 100 times is closed.
---Never waits.
---@param err any what pcall returned
---@return boolean yes
function conc.is_cancelled(err) end

---Lua's `coroutine` library with coroutines that may wait inside a task: `create`,
---`wrap`, `resume`, `yield`, `status`, `close`, `running`, `isyieldable`. Waiting
---in one suspends the task; the one who resumed it sees nothing of that. In a
---plain coroutine a wait raises and says so. `close` can't wait: what a `<close>`
---variable of the coroutine closes then must not either, or it fails.
---@type coroutinelib
conc.coroutine = nil

---The version of the library: three numbers, as semver.org counts them. The core
---in C, `luaconc.h` and the command `luaconc --version` have the same.
---@type string
conc.version = nil

---The name and the version, as other modules of Lua have it.
---@type string
conc._VERSION = nil

---Runs all together and returns the first result of each, in order of asking:
---several values for several arguments, one list for a list (a job without a
---result leaves nil there). The first failure cancels the rest and is raised.
---Handles are cancelled too then; their own groups wait for them.
---Waits.
---Raises the first failure, unchanged; `ECANCELED` where a handle was cancelled.
---@param ... function|luaconc.job|(function|luaconc.job)[] what to run or wait for
---@return any ... the first result of each; or one list
function conc.gather(...) end

---Runs all to the end, whatever fails, and tells how each ended.
---Waits.
---@param list (function|luaconc.job)[] what to run or wait for
---@return luaconc.outcome[] outcomes `{ok=true, value}` or `{ok=false, err}`, in order of asking
function conc.settle(list) end

---Runs all together and returns the results of the first that succeeds. A failure
---doesn't win; its error is dropped unless all fail. What the race has started is
---cancelled and waited for; handles are cancelled where they belong to the group
---of the caller.
---Waits.
---Raises the last error if all fail.
---@param ... function|luaconc.job|(function|luaconc.job)[] what to run or wait for; at least one
---@return any ... all results of the winner
function conc.race(...) end

---Iterates over the handles in order of completion, for the generic `for`. Leaving
---the loop early cancels what was started here and waits for it.
---Waits in each round.
---Raises at the end of the loop: a failure that nobody looked at.
---@param list (function|luaconc.job)[] what to run or wait for
---@return fun(): luaconc.job? next the next handle whose job has ended
---@return nil state
---@return nil initial
---@return table closing what the loop closes when it is left
function conc.completed(list) end

---@class luaconc.job
---@field id integer 1, 2, ... in each Lua state
---@field name string the one given, or `task 1`
---@field engine string `"task"`, `"thread"` or `"process"`
---@field pid? integer the id of its process, once it has begun
local job = {}

---Waits for the end. It may be asked any number of times.
---Waits unless the job has ended.
---Raises the job's own error, unchanged; an error with the code `ECANCELED` for a cancelled job.
---@return any ... the results of the job
function job:await() end

---Asks the job to end: its next wait raises, and every further one, until it has
---ended. One that hasn't started never does.
---Never waits.
---@param reason? any stands in the message and in `err.reason`
---@return boolean asked false where it had ended
function job:cancel(reason) end

---What the job does.
---Never waits.
---@return luaconc.status status `"ready"`, `"running"`, `"waiting"`, `"done"`, `"failed"` or `"cancelled"`
function job:status() end

---Sends a signal to the process of the job, `"SIGTERM"` unless said: to nobody
---else, as its id is not used again before its end is known. SIGTERM cancels the
---job; by SIGKILL it fails with the code `EWORKER`. `job.pid` is the id.
---Never waits.
---Raises where the job is no process.
---@param signal? string|integer its name, or its number
---@return true? sent
---@return string? message
---@return "ESRCH"? code
function job:kill(signal) end

---Opens a group. Use it as `local g <close> = conc.group()`: leaving the block
---waits for its jobs; leaving it by an error cancels them first.
---Waits when it is closed.
---@param options? luaconc.groupoptions
---@return luaconc.group group
function conc.group(options) end

---@class luaconc.group
---@field cancelled boolean whether it, or a scope around it, is
---@field expired boolean whether its deadline cancelled it
---@field deadline? number a time of `conc.now`
local group = {}

---Starts a task in this group, from anywhere.
---Never waits.
---Raises where the group is closed.
---@param f function the body
---@param ... any its arguments
---@return luaconc.job job the handle
---@overload fun(self: luaconc.group, job: luaconc.spawnoptions): luaconc.job
function group:spawn(f, ...) end

---Starts a thread in this group, from anywhere: see `conc.thread`.
---Never waits.
---Raises where a value can't be sent, and where the group is closed.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return "EAGAIN"? code
---@overload fun(self: luaconc.group, job: luaconc.threadoptions): luaconc.job
function group:thread(f, ...) end

---Starts a process in this group, from anywhere: see `conc.process`.
---Never waits.
---Raises where a value can't be sent, and where the group is closed.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return "EAGAIN"? code
---@overload fun(self: luaconc.group, job: luaconc.processoptions): luaconc.job
function group:process(f, ...) end

---Cancels its jobs, and the waits of its body until it is left. The end of the
---group raises nothing for that.
---Never waits.
---@param reason? any stands in the message and in `err.reason`
---@return boolean first false where it was so already
function group:cancel(reason) end

---Waits until the jobs that it has have ended. It stays open.
---Waits.
---Raises the first failure.
function group:await() end

---What leaving the block of a `<close>` variable does: waits for all jobs and ends
---the group. With an error it cancels them first. Groups are closed in reverse
---order. A second time it does nothing.
---Waits.
---Raises the first failure of a job, unless `err` is an error of the body itself (and no cancellation).
---@param err? any the error by which the block is left
function group:close(err) end

---Opens a scope that can be cancelled, from anywhere or by the clock. Use it as
---`local s <close> = conc.scope()`. Once cancelled, every wait inside it raises
---until it is left; what is around it is not touched.
---Never waits.
---@param options? luaconc.scopeoptions
---@return luaconc.scope scope
function conc.scope(options) end

---@class luaconc.scope
---@field cancelled boolean whether it, or a scope around it, is
---@field expired boolean whether its deadline cancelled it
---@field deadline? number a time of `conc.now`
local scope = {}

---Ends the wait inside it, and every further one, until it is left.
---Never waits.
---@param reason? any stands in the message and in `err.reason`
---@return boolean first false where it was so already
function scope:cancel(reason) end

---Leaves the scope, as the end of a `<close>` variable does. Scopes and groups are
---closed in reverse order. A second time it does nothing.
---Never waits.
function scope:close() end

---Makes a pool: `local pool <close> = conc.pool()`. Its end waits for its jobs;
---left by an error, it cancels them first. Workers are started when they are first
---needed, and end with the pool.
---Never waits.
---@param options? luaconc.pooloptions
---@return luaconc.pool pool
function conc.pool(options) end

---Calls `f(item)` for each item of a list and returns the first result of each, in
---order. The work of a pool that is there for this one call:
---see `pool:map`.
---Waits.
---Raises the first failure, once the rest is cancelled and has ended.
---@param list any[]
---@param f function
---@param options? luaconc.mapoptions
---@return any[] results
function conc.map(list, f, options) end

---@class luaconc.pool
local pool = {}

---Runs `f(...)` as soon as a worker is free, those of high priority first, else in
---the order of the calls of `submit`. A failure is raised by `await`, or by the
---end of the pool where nobody
---looked at it. A cancelled job that runs in a thread or process costs its worker,
---which is replaced. One whose worker dies fails with the code `EWORKER`, unless
---it has `retries`: then it is run again by another.
---Never waits.
---Raises where the pool is closed, and where a value can't be sent.
---@param f function
---@param ... any its arguments; of threads and processes, copies
---@return luaconc.job job the handle
---@overload fun(self: luaconc.pool, job: luaconc.submitoptions): luaconc.job
function pool:submit(f, ...) end

---Calls `f(item)` for each item of a list and returns the first result of each, in
---order. The first failure is raised, unchanged, once the rest of this map is cancelled
---and has ended; its traceback names the item.
---Waits.
---Raises the first failure; where the pool is closed.
---@param list any[]
---@param f function
---@param options? luaconc.poolmapoptions
---@return any[] results
function pool:map(list, f, options) end

---The same for a list of lists of arguments: calls `f(table.unpack(item))`.
---Waits.
---Raises the first failure; where the pool is closed.
---@param list any[][]
---@param f function
---@param options? luaconc.poolmapoptions those of `map`
---@return any[] results
function pool:starmap(list, f, options) end

---Iterates over `i, f(item)`, with all results of `f`. The source is a list, a
---queue or channel, or a function that is called until it returns nil; it may be
---endless, and may wait. An item is taken when there is room in the window, so
---what is slow to use its results slows down what makes them. A failure, of `f` or
---of the source, is raised in its turn. That, and leaving the loop, cancels what
---is on its way and waits for it.
---Never waits.
---Raises where the pool is closed.
---@param source any a list, a queue or channel, an iterator function
---@param f function
---@param options? luaconc.imapoptions
---@return function next for the `for` loop, each step of which waits
---@return table state
---@return nil 
---@return table closing what the loop closes
function pool:imap(source, f, options) end

---What the pool does, in numbers of calls (items, of a map), and its workers: a
---list of `{id=, pid=, state="idle" or "busy", jobs=}`, which is empty for tasks;
---`jobs` counts what the worker has done, `pid` is that of a process. `retried` is
---how often a job was run again, `lost` how many workers died.
---Never waits.
---@return luaconc.poolstats stats `{engine=, queued=, running=, done=, failed=, cancelled=, retried=, lost=, workers=}`
function pool:stats() end

---Finishes what was accepted, then ends the workers. The pool takes no more jobs.
---A second time it does nothing.
---Waits.
---Raises the first failure of a job of `submit` that nobody looked at.
function pool:close() end

---Cancels what is queued and what runs, and ends the workers. Failures that nobody
---has looked at are dropped.
---Waits.
function pool:terminate() end

---A queue of at most `n` items, 64 unless said. With 0 each item is handed over,
---sender to receiver; with `math.huge` there is no bound.
---Never waits.
---@param n? (integer|number) 0 or more, or `math.huge`
---@return luaconc.queue queue
function conc.queue(n) end

---What a queue is inside a state, a channel is across states: tasks, threads and
---processes send copies of values through it, `n` at most on the way, 64 unless
---said; with 0
---each is handed over. It can itself be sent, to a job or through a channel, and
---is the same one there. Every waiter, in whichever state, is served first come,
---first served; each value comes once.
---
---It knows the states that hold it, and counts a message on its way that holds it
---as one. Once a second state has held it and one alone is left, no value can come
---from elsewhere and none is wanted: an empty one reads as closed, and sending
---tells so. A state that ends, however, holds nothing any more.
---
---A channel that is sent to another process moves to memory that processes share,
---with what is in it and with who waits; it is slower than between threads, keeps
---65,536 values at most, and two `conc.select` don't meet there where it keeps
---none. If what is in it can't leave this process (functions, other channels), it
---can't either: `EBUSY`; from then on it takes both. Channels between processes
---that hold each other, and that nobody else holds, stay until the program ends.
---A process that is killed loses what it had received, and
---what it had not sent yet; everybody else goes on.
---Never waits.
---@param n? integer 0 or more
---@return luaconc.channel channel
function conc.channel(n) end

---A lock, held by one task at a time.
---Never waits.
---@return luaconc.lock lock
function conc.lock() end

---`n` permits.
---Never waits.
---@param n integer 0 or more
---@return luaconc.semaphore semaphore
function conc.semaphore(n) end

---A flag that tasks wait for. It is clear at first.
---Never waits.
---@return luaconc.event event
function conc.event() end

---Where tasks that hold a lock wait for a change.
---Never waits.
---@param lock luaconc.lock
---@return luaconc.condition condition
function conc.condition(lock) end

---Waits for the first of several things and returns its key in the table and the
---results of the operation, as the method of the same name gives them. Exactly
---one takes effect. A case is an object alone (a queue or channel: `recv`; an
---event
---timer: `wait`; a job: `await`; a stream: `read`; a listener: `accept`; a UDP
---socket: `recv`) or `{object, "verb", value}`, such as `{queue, "send", value}`
---or `{stream, "read", "l"}`. A job that failed gives its key, nil, and its error.
---Where several are ready at once, any one of them is taken. What was not taken
---stays where it is: no byte is read, and no connection accepted, for a case that
---another has beaten.
---Waits.
---Raises where a case is nothing to wait for; the key is named.
---@param cases table key to case
---@return any key of the case that took effect
---@return any ... its results
function conc.select(cases) end

---A timer: it is over that long from now, for all who wait for it.
---Never waits.
---@param seconds number 0 or more; `math.huge` is never
---@return luaconc.timer timer
function conc.after(seconds) end

---Holds tasks until `n` of them have come; then it starts anew.
---Never waits.
---@param n integer 1 or more
---@return luaconc.barrier barrier
function conc.barrier(n) end

---@class luaconc.queue
local queue = {}

---Puts an item in.
---Waits while it is full.
---@param value any anything but nil
---@return true? sent
---@return string? message
---@return "EPIPE"? code
function queue:send(value) end

---Takes an item out.
---Waits while it is empty.
---@return any value
---@return string? message
---@return "EOF"? code
function queue:recv() end

---Puts all items of a list in, in order. Cancelled in the midst,
---some have gone.
---Waits while it is full.
---@param list any[] without nil
---@return integer? n how many have gone: all of them
---@return string? message
---@return "EPIPE"? code
function queue:send_many(list) end

---Takes what is there, in order: one item at least, `max` at most.
---Waits while it is empty.
---@param max integer 1 or more
---@return any[]? list
---@return string? message
---@return "EOF"? code
function queue:recv_many(max) end

---Puts an item in if there is room now.
---Never waits.
---@param value any anything but nil
---@return true? sent
---@return string? message
---@return ("EPIPE"|"EAGAIN")? code
function queue:try_send(value) end

---Takes an item out if there is one now.
---Never waits.
---@return any value
---@return string? message
---@return ("EOF"|"EAGAIN")? code
function queue:try_recv() end

---Ends it: what is in it can still be taken out, nothing more be put in. Wakes
---every waiter. A second time it does nothing.
---Never waits.
function queue:close() end

---How many items are in it; `#queue` tells the same.
---Never waits.
---@return integer n
function queue:len() end

---Iterates over the items, until it is closed and empty.
---Waits in each round, while it is empty.
---@return fun(): any next for the generic `for`
function queue:iter() end

---@class luaconc.channel
local channel = {}

---Puts a copy of the value in. What can't cross between states is refused before
---anything happens, with the path to it. Cancelled while it waits, it takes the
---value back; cancelled as the value was taken, it returns true.
---Waits while it is full.
---@param value any anything but nil that can cross
---@return true? sent
---@return string? message
---@return "EPIPE"? code
function channel:send(value) end

---Takes an item out. Cancelled while it waits, it takes nothing; cancelled as a
---value was given to it, it returns that.
---Waits while it is empty.
---@return any value
---@return string? message
---@return "EOF"? code
function channel:recv() end

---Puts all items of a list in, in order. Where one of them can't be
---sent, none is. Cancelled in the midst, some have gone.
---Waits while it is full.
---@param list any[] without nil
---@return integer? n how many have gone: all of them
---@return string? message
---@return "EPIPE"? code
function channel:send_many(list) end

---Takes what is there, in order: one item at least, `max` at most.
---Waits while it is empty.
---@param max integer 1 or more
---@return any[]? list
---@return string? message
---@return "EOF"? code
function channel:recv_many(max) end

---Puts an item in if there is room now.
---Never waits.
---@param value any anything but nil
---@return true? sent
---@return string? message
---@return ("EPIPE"|"EAGAIN")? code
function channel:try_send(value) end

---Takes an item out if there is one now.
---Never waits.
---@return any value
---@return string? message
---@return ("EOF"|"EAGAIN")? code
function channel:try_recv() end

---Ends it: what is in it can still be taken out, nothing more be put in. Wakes
---every waiter. A second time it does nothing.
---Never waits.
function channel:close() end

---How many items are in it; `#channel` tells the same.
---Never waits.
---@return integer n
function channel:len() end

---Iterates over the items, until it is closed and empty.
---Waits in each round, while it is empty.
---@return fun(): any next for the generic `for`
function channel:iter() end

---@class luaconc.lock
local lock = {}

---Takes the lock. Kept in a `<close>` variable, it is released with that.
---Waits until it can be had.
---Raises where the task holds it already.
---@return luaconc.lock lock itself
function lock:acquire() end

---The same, if it can be had now.
---Never waits.
---@return luaconc.lock? lock itself
---@return string? message
---@return "EAGAIN"? code
function lock:try_acquire() end

---Gives it back; the one who has waited longest gets it.
---Never waits.
---Raises where the task doesn't hold it.
function lock:release() end

---Runs `f(...)` between `acquire` and `release`, however it ends.
---Waits until it can be had, and where `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function lock:with(f, ...) end

---@class luaconc.semaphore
local semaphore = {}

---Takes a permit. Kept in a `<close>` variable, it is released with that.
---Waits until it can be had.
---@return luaconc.semaphore semaphore itself
function semaphore:acquire() end

---The same, if it can be had now.
---Never waits.
---@return luaconc.semaphore? semaphore itself
---@return string? message
---@return "EAGAIN"? code
function semaphore:try_acquire() end

---Gives a permit, also one that was never taken; the one who has waited longest
---gets it.
---Never waits.
function semaphore:release() end

---Runs `f(...)` between `acquire` and `release`, however it ends.
---Waits until it can be had, and where `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function semaphore:with(f, ...) end

---@class luaconc.event
local event = {}

---Sets it and wakes all who wait.
---Never waits.
function event:set() end

---Clears it: who comes from now on waits.
---Never waits.
function event:clear() end

---Whether it is set.
---Never waits.
---@return boolean set
function event:is_set() end

---Waits until it is set. Who waited then is woken even if it is cleared at once.
---Waits unless it is set.
function event:wait() end

---@class luaconc.timer
local timer = {}

---Waits until it is over.
---Waits unless it is over.
function timer:wait() end

---@class luaconc.condition
local condition = {}

---Releases the lock, waits for a notify, and holds the lock again when it goes on,
---also when it was cancelled. Ask for what you wait for in a loop around it.
---Waits.
---Raises where the task doesn't hold the lock.
function condition:wait() end

---Wakes the `n` who have waited longest.
---Never waits.
---Raises where the task doesn't hold the lock.
---@param n? integer 1 unless said
function condition:notify(n) end

---Wakes all who wait.
---Never waits.
---Raises where the task doesn't hold the lock.
function condition:notify_all() end

---@class luaconc.barrier
local barrier = {}

---Waits until as many tasks wait here as the barrier counts.
---Waits unless it is the last to come.
---@return integer order 1 for the first to come, and so on
function barrier:wait() end

---Numbers in memory. Reading and writing an element is atomic, and relaxed: one
---sees the old value or the new one, but in what order those of several elements
---are seen is not said, unless the atomic methods, a lock, or a message says
---so.
---Never waits.
---@param type string `i8` `i16` `i32` `i64` `u8` `u16` `u32` `f32` `f64`
---@param n integer how many elements; all are 0
---@return luaconc.shared.array? array
---@return string? message
---@return ("ENOMEM"|"EMFILE")? code
function conc.shared.array(type, n) end

---An integer to count in.
---Never waits.
---@param n? integer 0 unless said
---@return luaconc.shared.counter? counter
---@return string? message
---@return "EMFILE"? code
function conc.shared.counter(n) end

---A lock, held by one task of all states at a time.
---Never waits.
---@return luaconc.shared.lock? lock
---@return string? message
---@return "EMFILE"? code
function conc.shared.lock() end

---`n` permits for all states together. What a state or process had taken when it
---ended, and nobody gave back, is given back, as far as there are then no more
---than `n`.
---Never waits.
---@param n integer 0 or more
---@return luaconc.shared.semaphore? semaphore
---@return string? message
---@return "EMFILE"? code
function conc.shared.semaphore(n) end

---A flag that tasks of all states wait for.
---Never waits.
---@return luaconc.shared.event? event
---@return string? message
---@return "EMFILE"? code
function conc.shared.event() end

---Holds tasks of all states until `n` of them have come.
---Never waits.
---@param n integer 1 or more
---@return luaconc.shared.barrier? barrier
---@return string? message
---@return "EMFILE"? code
function conc.shared.barrier(n) end

---A table of copies: numbers, booleans and strings are keys; values are all that
---can be sent but shared objects. It never grows beyond its bound.
---Never waits.
---@param options? table `memory`: how many bytes keys and values may take, with what it needs for itself; 64 MiB unless said. Memory is taken as it is used
---@return luaconc.shared.map? map
---@return string? message
---@return ("ENOMEM"|"EMFILE")? code
function conc.shared.map(options) end

---@class luaconc.shared.array
local shared_array = {}

---Writes one value to a range.
---Never waits.
---@param value number
---@param first? integer 1 unless said
---@param last? integer the last element unless said
---@return luaconc.shared.array array itself
function shared_array:fill(value, first, last) end

---Copies a range to the elements from `to` on, of this array or another one whose
---elements are of the same type, as `table.move` does; also where both
---overlap.
---Never waits.
---@param first integer
---@param last integer
---@param to integer
---@param other? luaconc.shared.array itself unless said
---@return luaconc.shared.array other
function shared_array:copy(first, last, to, other) end

---The sum of a range; of integers it wraps around.
---Never waits.
---@param first? integer 1 unless said
---@param last? integer the last element unless said
---@return number sum
function shared_array:sum(first, last) end

---The bytes of a range, as they lie in memory.
---Never waits.
---@param first? integer 1 unless said
---@param last? integer the last element unless said
---@return string bytes
function shared_array:get_string(first, last) end

---Writes the bytes to the elements from `first` on.
---Never waits.
---@param first integer
---@param bytes string of a whole number of elements
---@return luaconc.shared.array array itself
function shared_array:set_string(first, bytes) end

---Reads an element, in one order with the other atomic methods.
---Never waits.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@return integer value
function shared_array:load(i) end

---Writes an element in that order.
---Never waits.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@param n integer
function shared_array:store(i, n) end

---Adds to an element in one step; the new value, which wraps around.
---Never waits.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@param n integer
---@return integer value
function shared_array:add(i, n) end

---Writes an element; the old value.
---Never waits.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@param n integer
---@return integer value
function shared_array:exchange(i, n) end

---Writes an element where it has the old value.
---Never waits.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@param old integer
---@param new integer
---@return boolean done
---@return integer? value what it has, where that is another
function shared_array:cas(i, old, new) end

---Waits for a `notify`, if the element has the expected value; that is looked at
---in one step with beginning to wait, so that who writes first and notifies then
---wakes this.
---Waits where the value is the expected one.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@param expected integer
---@return boolean notified false where the element had another value
function shared_array:wait(i, expected) end

---Wakes those who have waited longest for this element.
---Never waits.
---Raises where the elements are no integers.
---@param i integer 1 .. n
---@param n? integer how many; 1 unless said
---@return integer woken
function shared_array:notify(i, n) end

---This state has it no more; others are not affected. Waits for it go on.
---Never waits.
function shared_array:close() end

---@class luaconc.shared.map
local shared_map = {}

---The value of a key.
---Never waits.
---@param key string|number|boolean
---@return any value nil: none
function shared_map:get(key) end

---Gives a key a value, which does not expire.
---Never waits.
---Raises where the value is nil, or can't be sent.
---@param key string|number|boolean
---@param value any a copy goes there
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:set(key, value) end

---Takes a key away.
---Never waits.
---@param key string|number|boolean
---@return boolean there whether there was such a key
function shared_map:delete(key) end

---Adds to an integer; a key that is not there begins at 0.
---Never waits.
---Raises where the value is no integer.
---@param key string|number|boolean
---@param n? integer 1 unless said
---@return integer? value
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:incr(key, n) end

---Gives a key a new value where it has the old one; nil is none. Tables are not compared: see `update`.
---Never waits.
---@param key string|number|boolean
---@param old any nil, boolean, number or string
---@param new any nil: take the key away
---@return boolean? done
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:cas(key, old, new) end

---Gives a key the value `f(value, ...)`; nil takes it away. Where another has
---changed the value meanwhile, `f` is called again with the new one: it may run
---several times, and must not wait.
---Never waits.
---Raises the error of `f`; the value stays then.
---@param key string|number|boolean
---@param f function
---@param ... any
---@return any value what `f` gave
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:update(key, f, ...) end

---From then on it is not there.
---Never waits.
---@param key string|number|boolean
---@param seconds? number never, unless said
---@return boolean there whether there was such a key
function shared_map:expire(key, seconds) end

---How many keys there are; some that have expired may count.
---Never waits.
---@return integer count
function shared_map:len() end

---Iterates over all keys and values of this moment; what changes meanwhile is not seen. `pairs` does the same.
---Never waits.
---@return fun(): any, any next for a `for`
function shared_map:iter() end

---This state has it no more; others are not affected.
---Never waits.
function shared_map:close() end

---@class luaconc.shared.counter
local shared_counter = {}

---The value that it has now.
---Never waits.
---@return integer value
function shared_counter:get() end

---Gives it another value.
---Never waits.
---@param n integer
function shared_counter:set(n) end

---Adds to it; the new value.
---Never waits.
---@param n? integer 1 unless said; may be negative
---@return integer value
function shared_counter:add(n) end

---Gives it another value; the old one.
---Never waits.
---@param n integer
---@return integer value
function shared_counter:exchange(n) end

---Gives it a new value where it has the old one.
---Never waits.
---@param old integer
---@param new integer
---@return boolean done
---@return integer? value what it has, where it was not the old one
function shared_counter:cas(old, new) end

---@class luaconc.shared.lock
local shared_lock = {}

---Takes the lock. Kept in a `<close>` variable, it is released with that.
---Waits until it can be had.
---Raises where the task holds it already.
---@return luaconc.shared.lock lock itself
---@return string? message where it was abandoned
---@return string? code then `EOWNERDEAD`
function shared_lock:acquire() end

---The same, if it can be had now.
---Never waits.
---@return luaconc.shared.lock? lock itself
---@return string? message where it was abandoned
---@return string? code then `EOWNERDEAD`
---@return string? message
---@return "EAGAIN"? code
function shared_lock:try_acquire() end

---Gives it back; the one who has waited longest gets it.
---Never waits.
---Raises where the task doesn't hold it.
function shared_lock:release() end

---Runs `f(...)` between `acquire` and `release`, however it ends. `f` may ask `abandoned`.
---Waits until it can be had, and where `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function shared_lock:with(f, ...) end

---Whether somebody has ended with it, and nobody has released it since.
---Never waits.
---@return boolean abandoned
function shared_lock:abandoned() end

---@class luaconc.shared.semaphore
local shared_semaphore = {}

---Takes a permit. Kept in a `<close>` variable, it is released with that.
---Waits until there is one.
---@return luaconc.shared.semaphore semaphore itself
function shared_semaphore:acquire() end

---The same, if there is one now.
---Never waits.
---@return luaconc.shared.semaphore? semaphore itself
---@return string? message
---@return "EAGAIN"? code
function shared_semaphore:try_acquire() end

---Gives a permit, also one that was never taken; the one who has waited longest gets it.
---Never waits.
function shared_semaphore:release() end

---Runs `f(...)` between `acquire` and `release`, however it ends.
---Waits until it can be had, and where `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function shared_semaphore:with(f, ...) end

---@class luaconc.shared.event
local shared_event = {}

---Sets it and wakes all who wait, in all states.
---Never waits.
function shared_event:set() end

---Clears it: who comes from now on waits.
---Never waits.
function shared_event:clear() end

---Whether it is set.
---Never waits.
---@return boolean set
function shared_event:is_set() end

---Waits until it is set.
---Waits while it is clear.
function shared_event:wait() end

---@class luaconc.shared.barrier
local shared_barrier = {}

---Waits for the others. The last to come lets all go on, and it starts anew.
---Waits until all have come.
---@return integer? order 1 .. n, in which they came
---@return string? message
---@return "EOWNERDEAD"? code
function shared_barrier:wait() end

---The values as bytes, which begin with the version of the format. (Channels and
---other shared objects can't be kept as bytes: they are sent as themselves.)
---Never waits.
---Raises a value can't be sent: the message has its path
---@param ... any what is encoded
---@return string bytes
function conc.codec.encode(...) end

---The values back. The bytes may come from anywhere: whatever they are, the worst
---is an error. Functions and modules are refused unless the caller vouches for the
---bytes, as bytecode can do anything.
---Never waits.
---Raises they are no message (code EPROTO), hold functions that are not allowed (EPERM), or a class or module is not found (ENOENT)
---@param bytes string from `encode`
---@param options? table
---@return any ... the values
function conc.codec.decode(bytes, options) end

---Lets instances of a class cross: tables with this metatable keep it. The
---receiver finds it under the name; where it is not registered there, the module
---of that name is loaded, which registers it, or is the metatable itself.
---Never waits.
---@param name string of the class, and of the module it is in
---@param metatable table of its instances
function conc.codec.register(name, metatable) end

---The longest message that this state makes, and what it was before; a longer one
---is refused. 2 GiB unless said.
---Never waits.
---@param bytes? integer as it is unless said
---@return integer before
function conc.codec.limit(bytes) end

---Connects to a server.
---Waits.
---@param host string a name, or a numeric address
---@param port integer
---@param options? luaconc.connectoptions
---@return luaconc.stream? stream
---@return string? message
---@return ("ECONNREFUSED"|"ETIMEDOUT"|"EAI_NONAME"|string)? code
function conc.tcp.connect(host, port, options) end

---Listens. `"0.0.0.0"` and `"::"` are all addresses of this machine; for port 0
---the system chooses one, which `listener:sock()` tells.
---Waits while a name is looked up.
---@param host string a name, or a numeric address
---@param port integer
---@param options? luaconc.listenoptions
---@return luaconc.listener? listener
---@return string? message
---@return ("EADDRINUSE"|"EACCES"|"EAI_NONAME"|string)? code
function conc.tcp.listen(host, port, options) end

---Runs `handler(stream)` in a task of its own for each connection, and closes the
---stream when it returns. Returns when the listener is closed and all handlers
---have ended. A handler that fails ends its own connection only. Without
---`on_error`, the first such error is raised at the end.
---Waits until it is stopped.
---Raises the first error of a handler, where there is no `on_error`.
---@param host string|luaconc.listener a name, a numeric address, or a listener instead of host and port
---@param port integer|fun(stream: luaconc.stream)
---@param handler? (fun(stream: luaconc.stream)|luaconc.serveoptions)
---@param options? luaconc.serveoptions those of `conc.tcp.listen` too, where host and port are given
---@return true? stopped the listener was closed
---@return string? message
---@return "EADDRINUSE"? code
function conc.tcp.serve(host, port, handler, options) end

---Connects to a server; waits while its backlog is full.
---Waits while the server's backlog is full.
---@param path string
---@param options? luaconc.unixconnectoptions
---@return luaconc.stream? stream
---@return string? message
---@return ("ENOENT"|"ECONNREFUSED"|"EACCES"|"ETIMEDOUT"|"ENAMETOOLONG"|string)? code
function conc.unix.connect(path, options) end

---Listens at `path`, which is made, and removed when the listener is closed. Where
---a listener that was killed has left its socket, that is replaced; any other file
---is not.
---Never waits.
---@param path string
---@param options? luaconc.unixlistenoptions
---@return luaconc.listener? listener
---@return string? message
---@return ("EADDRINUSE"|"EACCES"|"ENAMETOOLONG"|string)? code
function conc.unix.listen(path, options) end

---Runs `handler(stream)` in a task of its own for each connection, like
---`conc.tcp.serve`.
---Waits until it is stopped.
---Raises the first error of a handler, where there is no `on_error`.
---@param path string|luaconc.listener
---@param handler fun(stream: luaconc.stream)
---@param options? luaconc.serveoptions those of `conc.tcp.serve`, and where a path is given those of `conc.unix.listen`
---@return true? stopped the listener was closed
---@return string? message
---@return "EADDRINUSE"? code
function conc.unix.serve(path, handler, options) end

---@class luaconc.stream
local stream = {}

---Reads: `"l"` a line without its end, `"L"` with it, `"a"` everything up to the
---end, a number that many bytes, nothing whatever is there. At the end of the
---input the last part may be shorter than asked for. A read that is cancelled or
---timed out leaves what has arrived for the next one.
---Waits unless enough has arrived.
---Raises where another task reads from it already.
---@param format? ("l"|"L"|"a"|integer)
---@param limit? integer the longest that is read, in bytes, with the end of the line: 1 MiB for a line, none for `"a"` unless said; `math.huge` is none
---@return string? data
---@return string? message
---@return ("EOF"|"EMSGSIZE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF"|"ECANCELED")? code
function stream:read(format, limit) end

---Reads up to the delimiter, which is taken and not returned. Where the input
---ends without one, what is there stays for `read`.
---Waits unless enough has arrived.
---Raises where another task reads from it already.
---@param delimiter string one byte or more
---@param limit? integer the longest that is read, in bytes, with the delimiter: 1 MiB unless said; `math.huge` is none
---@return string? data
---@return string? message
---@return ("EOF"|"EMSGSIZE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF"|"ECANCELED")? code
function stream:read_until(delimiter, limit) end

---Iterates over what `read` gives, up to the end of the input.
---Waits in each round, unless enough has arrived.
---Raises in a round: every failure but the end, as `io.lines` does.
---@param format? ("l"|"L"|integer) `"l"` unless said
---@param limit? integer the longest that is read, in bytes, with the end of the line: 1 MiB for a line, none for `"a"` unless said; `math.huge` is none
---@return fun(): string? next for the generic `for`
function stream:lines(format, limit) end

---Sends strings and numbers, all of them, in one piece. Returns once they are
---accepted: what the other end is too slow for is queued here; above 64 KiB a
---write waits, so each of the tasks that write may have one more queued. It has
---been accepted whole by then: cancelled or timed out in that wait, it is still
---sent while the stream is open, so don't write it again.
---Closing the stream sends what is queued. An error of sending in the background
---comes out of the next `write`, `flush` or `close`.
---Waits while too much is queued.
---@param ... string|number
---@return luaconc.stream? stream itself
---@return string? message
---@return ("EPIPE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF")? code
function stream:write(...) end

---Waits until all that was written is with the system.
---Waits while something is queued.
---@return true? sent
---@return string? message
---@return ("EPIPE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF")? code
function stream:flush() end

---Sends what is queued, then ends this side: the other end reads EOF. Reading
---goes on.
---Waits.
---@return true? ended
---@return string? message
---@return ("EPIPE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF")? code
function stream:shutdown() end

---An option of the socket, or sets it: `"nodelay"`, a boolean, whether small
---writes go out at once; `"keepalive"` and `"user_timeout"`, for a peer that
---vanishes; `"send_buffer"` and `"receive_buffer"`, the bytes that the system
---keeps (Linux keeps twice what it is asked for, and says so).
---A machine that loses its power, or its network, says nothing: unless told
---otherwise a reader waits for it for ever, a writer for a quarter of an hour or
---so. `"keepalive"` is the seconds of silence after which the system asks whether
---the other end is still there, or false; where it has not answered after as many
---again, it is gone. While something sent is not acknowledged, nothing is asked:
---`"user_timeout"` is the seconds that this may last, or false (on Linux only).
---Both then end all waits of the stream with ETIMEDOUT, as does `timeout`, which
---bounds each wait and leaves the stream as it is.
---Never waits.
---@param name "nodelay"|"keepalive"|"user_timeout"|"send_buffer"|"receive_buffer"
---@param value? (boolean|number) the value is returned unless said
---@return boolean|number|luaconc.stream? value itself, where it was set
---@return string? message
---@return ("ENOTSUP"|"EBADF")? code
function stream:option(name, value) end

---How long each of its waits may take from now on.
---Never waits.
---@param seconds? number for ever unless said
---@return luaconc.stream stream itself
function stream:timeout(seconds) end

---The address of the other end.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`; of a Unix socket `{path=, family="unix"}`, without `path` where the socket has no name, and of a peer with its `pid`, `uid` and `gid`
---@return string? message
---@return ("ENOTCONN"|"EBADF")? code
function stream:peer() end

---The address of this end.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`; of a Unix socket `{path=, family="unix"}`, without `path` where the socket has no name, and of a peer with its `pid`, `uid` and `gid`
---@return string? message
---@return "EBADF"? code
function stream:sock() end

---Closes at once and drops what is queued: for a peer that is not to be waited
---for. Over TCP, and in memory, the peer's read fails with ECONNRESET; otherwise
---it sees the end. A second time it does nothing.
---Never waits.
---@return true closed
function stream:reset() end

---Sends what is queued and closes. Whoever waits in it gets the code ECANCELED. A
---second time it does nothing. In a cancelled task, where it can't wait, it
---closes at once and drops what is queued.
---Waits while something is queued.
---@return true? closed
---@return string? message
---@return ("ECANCELED"|"EPIPE"|"ETIMEDOUT"|"ECONNRESET")? code
function stream:close() end

---@class luaconc.listener
local listener = {}

---The next connection. Several tasks may accept from one listener. One that is
---cancelled takes none. Where the process has hardly any descriptor left (of its
---limit, an eighth, 8 to 64 of them, is not for accepted streams), a connection
---waits in the backlog until there are some again.
---Waits unless one is there.
---@return luaconc.stream? stream
---@return string? message
---@return ("ETIMEDOUT"|"EBADF")? code
function listener:accept() end

---Another listener on the same socket, with the same queue of connections: to be
---sent to another state, so that several workers accept. Each is closed by itself;
---the file of a Unix socket goes with the first.
---Never waits.
---@return luaconc.listener? listener
---@return string? message
---@return ("EMFILE"|"EBADF")? code
function listener:dup() end

---Waits until somebody has closed it.
---Waits.
---@return true closed
function listener:closed() end

---How long each accept may take from now on.
---Never waits.
---@param seconds? number for ever unless said
---@return luaconc.listener listener itself
function listener:timeout(seconds) end

---The address that it listens at.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`; of a Unix socket `{path=, family="unix"}`, without `path` where the socket has no name, and of a peer with its `pid`, `uid` and `gid`
---@return string? message
---@return "EBADF"? code
function listener:sock() end

---Stops listening. Who waits in `accept` gets the code ECANCELED; connections that
---nobody accepted are refused by the system. A second time it does nothing.
---Never waits.
---@return true closed
function listener:close() end

---Two streams: what is written to one is read from the other, both ways. An end
---keeps `capacity` bytes that nobody reads; what is written beyond them is queued
---as with any stream, so a writer waits for a slow reader. Closing an end before
---all was read resets the other, and so does `stream:reset`. The ends have no
---addresses and no options.
---Never waits.
---@param capacity? integer bytes, 65536 unless said
---@return luaconc.stream? first
---@return luaconc.stream? second
---@return string? message
---@return "ENOMEM"? code
function conc.pair(capacity) end

---A socket with an address of its own, which sends to and receives from anybody.
---For port 0 the system chooses one, which `socket:sock()` tells.
---Waits while a name is looked up.
---@param host string a name, or a numeric address
---@param port integer
---@param options? luaconc.udpbindoptions
---@return luaconc.udpsocket? socket
---@return string? message
---@return ("EADDRINUSE"|"EAI_NONAME"|string)? code
function conc.udp.bind(host, port, options) end

---A socket that sends to and receives from one address only. Nothing is sent by
---that: nobody need be there.
---Waits while a name is looked up.
---@param host string a name, or a numeric address
---@param port integer
---@param options? luaconc.udpoptions
---@return luaconc.udpsocket? socket
---@return string? message
---@return ("EAI_NONAME"|string)? code
function conc.udp.connect(host, port, options) end

---@class luaconc.udpsocket
local socket = {}

---Sends a datagram to a numeric address (`conc.dns.lookup` finds that of a name);
---without one, to the peer of a connected socket. It may still be lost.
---Never waits.
---@param data string
---@param host? string a numeric address
---@param port? integer
---@return true? done
---@return string? message
---@return ("EMSGSIZE"|"EDESTADDRREQ"|"EAGAIN"|"EBADF"|string)? code
function socket:send(data, host, port) end

---The next datagram, and where it is from. Several tasks may receive; each gets
---another one. Before the first `recv` the system keeps what comes; afterwards
---what nobody receives is kept up to a bound, then dropped and counted.
---Waits unless one is there.
---@return string? data
---@return luaconc.address? address `{host=, port=, family=}`
---@return string? message
---@return ("ECONNREFUSED"|"ETIMEDOUT"|"EBADF"|"ECANCELED")? code
function socket:recv() end

---How long each `recv` may take from now on.
---Never waits.
---@param seconds? number for ever unless said
---@return luaconc.udpsocket socket itself
function socket:timeout(seconds) end

---How much is kept from now on while nobody receives. One datagram always is.
---Never waits.
---@param bytes integer with what is noted about each
---@return luaconc.udpsocket socket itself
function socket:keep(bytes) end

---How many datagrams have come and could not be kept. (What the system has dropped
---is not among them.)
---Never waits.
---@return integer? n
---@return string? message
---@return "EBADF"? code
function socket:dropped() end

---From now on it gets what is sent to the group, a multicast address.
---Never waits.
---@param group string a numeric address
---@param interface? string the address of one of ours; the system chooses unless said
---@return true? done
---@return string? message
---@return ("ENODEV"|"EBADF"|string)? code
function socket:join(group, interface) end

---The end of `join`, with the same arguments.
---Never waits.
---@param group string
---@param interface? string
---@return true? done
---@return string? message
---@return ("EADDRNOTAVAIL"|"EBADF"|string)? code
function socket:leave(group, interface) end

---May it send to the broadcast address of a network?
---Never waits.
---@param on boolean
---@return true? done
---@return string? message
---@return ("EBADF"|string)? code
function socket:broadcast(on) end

---Through how many routers its datagrams may go.
---Never waits.
---@param hops integer 1 to 255
---@return true? done
---@return string? message
---@return ("EBADF"|string)? code
function socket:ttl(hops) end

---Do its own datagrams to a group come back to this machine?
---Never waits.
---@param on boolean they do unless said
---@return true? done
---@return string? message
---@return ("EBADF"|string)? code
function socket:loopback(on) end

---Its own address.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`
---@return string? message
---@return "EBADF"? code
function socket:sock() end

---The address that it is connected to.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`
---@return string? message
---@return ("ENOTCONN"|"EBADF")? code
function socket:peer() end

---Closes it. Who waits in `recv` gets the code ECANCELED. A second time it does
---nothing.
---Never waits.
---@return true closed
function socket:close() end

---The numeric addresses of a host, in the system's order, each once.
---Waits.
---@param host string a name; a numeric address is its own
---@return string[]? addresses
---@return string? message
---@return ("EAI_NONAME"|"EAI_AGAIN"|"EAGAIN")? code
function conc.dns.lookup(host) end

---The name of a numeric address.
---Waits.
---@param address string
---@return string? name
---@return string? message
---@return ("EAI_NONAME"|"EAI_AGAIN"|"EAGAIN")? code
function conc.dns.reverse(address) end

---Reads a whole file.
---Waits.
---@param path string
---@return string? data
---@return string? message
---@return ("ENOENT"|"EACCES"|"EISDIR"|string)? code
function conc.fs.read_file(path) end

---Writes a whole file. Others see the old contents or the new, never a part: the
---data goes to another file in the same folder, which then takes the name. A file
---that was there keeps its mode. A link is followed. What is no plain file
---(`/dev/null`) is written as it is.
---Waits.
---@param path string
---@param data string|number
---@param options? luaconc.writeoptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"ENOSPC"|"EROFS"|string)? code
function conc.fs.write_file(path, data, options) end

---Opens a file: see "File" below. Modes are those of `io.open`: `"r"` unless
---said, `"w"`, `"a"`, with `+` for both directions; `"wx"` fails where the file is
---there. What would keep a reader waiting, such as a named pipe, gives EAGAIN
---instead.
---Waits.
---@param path string
---@param mode? string
---@param options? luaconc.openoptions
---@return luaconc.file? file
---@return string? message
---@return ("ENOENT"|"EACCES"|"EISDIR"|"EMFILE"|string)? code
function conc.fs.open(path, mode, options) end

---What the system knows of a file: `type` (`"file"`, `"directory"`, `"link"`,
---`"fifo"`, `"socket"`, `"char"`, `"block"`), `size`, `mode` (the last 12 bits),
---`uid`, `gid`, `dev`, `ino`, `nlink`, `rdev`, `blksize`, `blocks`, and the times
---`atime`, `mtime`, `ctime` in seconds since 1970. Of a link: what it leads
---to.
---Waits.
---@param path string
---@return luaconc.stat? stat
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.stat(path) end

---The same; of a link: the link itself.
---Waits.
---@param path string
---@return luaconc.stat? stat
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.lstat(path) end

---Whether a path leads to something.
---Waits.
---@param path string
---@return boolean? exists
---@return string? message
---@return ("EACCES"|string)? code
function conc.fs.exists(path) end

---What is in a folder, in the order of the names.
---Waits.
---@param path string
---@return {name: string, type: string}[]? entries types are those of `stat`
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.scandir(path) end

---Iterates over all that is below a folder: path and type, a folder before what is
---in it. One folder is read at a time, when the loop gets there. What vanishes
---meanwhile is left out. A folder that can't be read raises, or goes to
---`on_error`. Links are not followed unless said; a circle is not walked twice.
---The iterator is closed by `for`, or by its `close`.
---Waits in each round that reads a folder.
---@param path string
---@param options? luaconc.walkoptions
---@return fun(): string?, string? next for the generic `for`, with what closes it as the fourth value
function conc.fs.walk(path, options) end

---Makes a folder.
---Waits.
---@param path string
---@param options? luaconc.mkdiroptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EEXIST"|"EACCES"|string)? code
function conc.fs.mkdir(path, options) end

---Removes a file, a link (not what it leads to) or an empty folder; with `tree`
---also what is in the folder. That stops at the first failure, which names its
---path; links in the tree are never followed.
---Waits.
---@param path string
---@param options? luaconc.removeoptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"ENOTEMPTY"|string)? code
function conc.fs.remove(path, options) end

---Gives a file or folder another name, which may be there.
---Waits.
---@param from string
---@param to string
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"EXDEV"|string)? code
function conc.fs.rename(from, to) end

---Copies a file: what is in it, its mode, and its holes as holes.
---Waits.
---@param from string
---@param to string
---@param options? luaconc.copyoptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"EEXIST"|"EISDIR"|"EINVAL"|string)? code
function conc.fs.copy(from, to, options) end

---Gives a file a second name (a hard link).
---Waits.
---@param from string
---@param to string
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.link(from, to) end

---Makes a symbolic link `path` to `target`.
---Waits.
---@param target string seen from the link's folder
---@param path string
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.symlink(target, path) end

---Where a symbolic link leads.
---Waits.
---@param path string
---@return string? target
---@return string? message
---@return ("ENOENT"|"EINVAL"|string)? code
function conc.fs.readlink(path) end

---The absolute path, without links and dots.
---Waits.
---@param path string
---@return string? path
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.realpath(path) end

---Sets who may use a file.
---Waits.
---@param path string
---@param mode integer the last 12 bits
---@return true? done
---@return string? message
---@return ("ENOENT"|"EPERM"|string)? code
function conc.fs.chmod(path, mode) end

---Sets when a file was last read and changed.
---Waits.
---@param path string
---@param atime? number seconds since 1970; now unless said
---@param mtime? number the same
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.utime(path, atime, mtime) end

---Makes a file so many bytes long: cut, or with zeros.
---Waits.
---@param path string
---@param size integer
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.truncate(path, size) end

---Makes a folder with a new name: the prefix and six letters, in `$TMPDIR` (or
---/tmp) unless the prefix has a slash. Only this user may use it.
---Waits.
---@param prefix? string `"luaconc-"` unless said
---@return string? path
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.mkdtemp(prefix) end

---The same for a file, which is open for reading and writing.
---Waits.
---@param prefix? string `"luaconc-"` unless said
---@return luaconc.file? file
---@return string? path
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.mkstemp(prefix) end

---Watches a file, or what is directly in a folder, for changes: see "Watcher"
---below. It waits nowhere, but looks the path up.
---Never waits.
---@param path string
---@return luaconc.watcher? watcher
---@return string? message
---@return ("ENOENT"|"EACCES"|"EMFILE"|"ENOSPC"|string)? code
function conc.fs.watch(path) end

---@class luaconc.file
local file = {}

---Reads by formats, as Lua's files do: `"l"` (unless said) a line without its
---end, `"L"` with it, `"a"` all up to the end (`""` there), `"n"` a number, an
---integer that many bytes; one result for each. Unlike Lua's, the first that fails
---is followed by a message and a code; and unlike a stream's, a read without a
---format is a line, not whatever is there.
---Waits unless the system has it in memory.
---Raises where another task uses its place.
---@param ... "l"|"L"|"a"|"n"|integer
---@return string|number? data
---@return string? message
---@return ("EOF"|"EINVAL"|"EBADF"|"EAGAIN"|string)? code
function file:read(...) end

---Iterates over what `read` gives, up to the end of the file. The file stays
---open.
---Waits in a round, unless the system has it in memory.
---Raises in a round: every failure but the end, as `io.lines` does.
---@param ... "l"|"L"|"n"|integer `"l"` unless said
---@return fun(): (string|number)? next for the generic `for`
function file:lines(...) end

---Writes strings and numbers. They are held back until there are 64 KiB, or
---something else needs them written.
---Waits when 64 KiB are written.
---Raises where another task uses its place.
---@param ... string|number
---@return luaconc.file? file itself
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:write(...) end

---Moves the place, and returns it: `"set"` from the start, `"cur"` (unless said)
---from where it is, `"end"` from the end of the file.
---Waits for `"end"`, and where something is to be written first.
---Raises where another task uses its place.
---@param whence? ("set"|"cur"|"end")
---@param offset? integer 0 unless said
---@return integer? place bytes from the start
---@return string? message
---@return ("EINVAL"|"ESPIPE"|"ENOSPC"|"EBADF")? code
function file:seek(whence, offset) end

---Reads at an offset, and leaves the place alone. Fewer bytes at the end of the
---file. What `write` still holds back is not seen.
---Waits.
---@param n integer
---@param offset integer
---@return string? data
---@return string? message
---@return ("EOF"|"EBADF"|string)? code
function file:pread(n, offset) end

---Writes at an offset at once, and leaves the place alone. (A file that is open
---for appending appends, as Linux does.)
---Waits.
---@param data string|number
---@param offset integer
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:pwrite(data, offset) end

---Waits until the system has all that was written.
---Waits where something is held back.
---Raises where another task uses its place.
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:flush() end

---Waits until the disk has all that was written.
---Waits.
---Raises where another task uses its place.
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EINVAL"|"EBADF"|string)? code
function file:sync() end

---Makes it so many bytes long: cut, or with zeros.
---Waits.
---Raises where another task uses its place.
---@param size? integer up to its place unless said
---@return true? done
---@return string? message
---@return ("EINVAL"|"ENOSPC"|"EBADF"|string)? code
function file:truncate(size) end

---What `conc.fs.stat` tells, of this very file.
---Waits.
---Raises where another task uses its place.
---@return luaconc.stat? stat
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:stat() end

---Writes what is held back and closes. Whoever waits in it gets the code
---ECANCELED. A second time it does nothing. In a cancelled task, where it can't
---wait, this goes on in the background.
---Waits.
---@return true? done
---@return string? message
---@return ("ENOSPC"|string)? code
function file:close() end

---@class luaconc.watcher
local watcher = {}

---Waits for the next change: a table with the file's `name`, `renamed` (it was
---made, removed, or given this name or another) and `changed` (its contents, mode
---or times); or with `lost`: look at everything. To tell made from removed, ask
---`conc.fs.exists`.
---Waits unless there was one.
---Raises where another task waits in it.
---@return luaconc.change? change
---@return string? message
---@return ("EBADF"|"ECANCELED"|string)? code
function watcher:wait() end

---Iterates over the changes until the watcher is closed.
---Waits in each round.
---Raises in a round: every failure but that.
---@return fun(): luaconc.change? next for the generic `for`
function watcher:iter() end

---Ends it. Whoever waits in it gets the code ECANCELED.
---Never waits.
---@return true closed
function watcher:close() end

---Runs a program to its end and returns how it ended, and what it wrote. Whatever
---exit status it has is a result, no failure. It waits for the end of its output
---too: what it has left running may hold that open. Where the program was ended,
---the failure comes with a fourth value: the result as far as it got.
---Waits.
---@param options luaconc.execoptions the command and its arguments as a list, or a list of such lists: a pipeline. And:
---@return luaconc.execresult? result `code`, its exit status, or `signal`, the name of the signal that has ended it; `stages` has the same for each program of a pipeline; `stdout` and `stderr`, where they are captured
---@return string? message
---@return ("ENOENT"|"EACCES"|"ETIMEDOUT"|"ENOBUFS"|"EMFILE")? code
function conc.exec(options) end

---Starts a program, or a pipeline, that runs beside ours: like `io.popen`, but
---with a list of arguments, and with its input and output as streams.
---Never waits.
---@param options luaconc.popenoptions the command and its arguments as for `conc.exec`. And:
---@return luaconc.program? program
---@return string? message
---@return "ENOENT"? code
function conc.popen(options) end

---@class luaconc.program
---@field pid integer its process id; of a pipeline: its last one's
---@field stdin? luaconc.stream to write to
---@field stdout? luaconc.stream to read from
---@field stderr? luaconc.stream to read from
local program = {}

---Waits for its end, of a pipeline for that of all. Again: the same.
---Waits until it has ended.
---@return luaconc.fate? result `code`, its exit status, or `signal`, the name of the signal that has ended it; `stages` has the same for each program of a pipeline
---@return string? message
---@return "ECHILD"? code
function program:wait() end

---Sends a signal to it and to what it has started: to its process group. SIGTERM
---unless said. It may go on nevertheless: see `stop`.
---Never waits.
---@param signal? (string|integer) "SIGHUP", "SIGINT" ...
---@return true? 
---@return string? message
---@return "ESRCH"? code
function program:kill(signal) end

---Ends it and what it has started: by SIGTERM, and by SIGKILL after `grace`
---seconds. Also in a cancelled task.
---Waits until it has ended.
---@param grace? number 1 unless said, or as for `popen`
---@return luaconc.fate? result `code`, its exit status, or `signal`, the name of the signal that has ended it; `stages` has the same for each program of a pipeline
---@return string? message
---@return "ECHILD"? code
function program:stop(grace) end

---Stops it where it still runs, and closes its streams, dropping what is queued
---for it. What the program has started by then goes on if the program has ended by
---itself. Done also as a `<close>` variable is left, by an error or otherwise.
---Where waiting can't be, it is killed at once.
---Waits until it has ended.
---@return true 
function program:close() end

---An object that waits for a signal, which from now on does nothing else.
---Never waits.
---@param name string "SIGHUP", "SIGINT", "SIGWINCH" ...
---@return luaconc.signal? signal
---@return string? message
---@return "EMFILE"? code
function conc.signal(name) end

---@class luaconc.signal
local signal = {}

---Waits for the signal. Each one wakes one task, in order of asking.
---Waits unless one has come.
---@return string? name of the signal
---@return string? message
---@return ("EBADF"|"ECANCELED")? code
function signal:wait() end

---An iterator that waits, until the object is closed.
---Waits in each step.
---@return fun(): string? iterator
function signal:iter() end

---Waits for it no more; again: the same.
---Never waits.
---@return true 
function signal:close() end

---Standard input: `read`, `lines` and the like.
---@type luaconc.stream
conc.stdin = nil

---Standard output: `write`, `flush` and the like.
---@type luaconc.stream
conc.stdout = nil

---Standard error, in the same way.
---@type luaconc.stream
conc.stderr = nil

---Is this standard stream a terminal?
---Never waits.
---@param name "stdin"|"stdout"|"stderr"
---@return boolean is
function conc.tty.is(name) end

---How many characters go into a line, and how many lines there are.
---Never waits.
---@return integer? columns
---@return integer? rows
---@return string? message
---@return "ENOTTY"? code
function conc.tty.size() end

---Raw mode: keys come one by one, unseen, Ctrl-C as a byte. It is left when the
---object is closed, and whenever the program ends: by an error, by `os.exit`, by a
---signal other than SIGKILL. Entered again, it is left when all are closed.
---Never waits.
---@return luaconc.rawmode? mode with `close` and `<close>`
---@return string? message
---@return "ENOTTY"? code
function conc.tty.raw() end

---What the loop of this state has counted since it was made. Live jobs are
---counted one by one when it is called; all else is there.
---Never waits.
---@return luaconc.stats stats `turns`: polls; `wakeups`: tasks made ready; `ready`: length of the ready list; `deadlines`; `handles`; `started`: jobs; `jobs`: `{ready=, running=, waiting=}` of the live ones, `{done=, failed=, cancelled=}` of all that have ended; `bytes` of messages, of the whole process; `busy`: seconds that tasks have run, `longest`: in one turn; `latency`: a list of `{seconds, turns}`: how many turns took at most so long, and longer than the one before
function conc.stats() end

---The same as a page of text in the OpenMetrics format, which Prometheus and
---others read. The labels are added to each sample.
---Never waits.
---Raises where a label's name is none.
---@param labels? table<string, any> names and values
---@return string page ends in `# EOF`
function conc.stats.openmetrics(labels) end

---What goes on, as text: all live jobs of this state and, below them, of its
---threads and processes: name, state, what each waits for (how full it is, who
---holds it), since when and where, and where and when it was started; open
---handles, deadlines, pools; and queues and channels with something in them, 50 at
---most of each state, that its tasks and modules can reach.
---Waits for the answers, if there are threads or processes.
---Raises where the limit is no number.
---@param limit? number seconds that others have for their answer; 1 unless said
---@return string text
function conc.debug.dump(limit) end

---From now on the signal makes this program print that text to its standard
---error. Where its main state computes, what that says is printed at once, the
---rest when it comes back to its loop. `LUACONC_DUMP=SIGUSR1` in the environment
---does the same for a program that says nothing of it.
---Never waits.
---Raises for other signals.
---@param signal "SIGUSR1"|"SIGUSR2"|"SIGHUP"|"SIGQUIT"
---@return true? ok
---@return string? message
---@return "EBUSY"? code
function conc.debug.dump_on(signal) end

---Says on standard error, from now on, what is likely to be a mistake, and where
---its thing was made: locks taken in two orders, or by tasks that wait for each
---other; groups and scopes left open; handles collected while open; failures that
---others hide; errors that a job has returned and nobody has looked at. For this
---state and for threads and processes that are started later. With `block`, also
---which task holds the loop of the main program for longer, with its traceback
---and while it does. `luaconc run --debug` does it from the begin on, and so do
---`LUACONC_DEBUG=1` and `LUACONC_BLOCK_MS=100` in the environment.
---Never waits.
---@param options? table
---@return true? ok
---@return string? message
---@return "EBUSY"? code
function conc.debug.start(options) end

---Ends what `start` began: from now on nothing is said of this state, nor of
---threads and processes that are started later, and what was noted is forgotten.
---In the main program's state the watch over its loop ends, too. Threads and
---processes that run already are not told.
---Never waits.
function conc.debug.stop() end

---Writes from now on what happens when into the file, which is made anew: of this
---state, of the threads of this process, and of its worker processes and theirs.
---Those that run already join when they come to their loop: at once where they
---wait, after their next wait where they compute. What there is already has spans
---from then on. A worker that has a trace of its own keeps to that.
---Never waits.
---@param path string the file
---@return true? ok
---@return string? message
---@return ("EBUSY"|"ENOENT, EACCES, ...")? code
function conc.trace.start(path) end

---Ends it; what this state has seen is in the file. Other states write the last of theirs when they come to their loop.
---Never waits.
---@return true? ok
---@return string? message
---@return ("ENOENT"|"ENOSPC, ...")? code
function conc.trace.stop() end

---A function for a test runner, as for `it` of busted: it runs `f` as the root
---task under the virtual clock. A failure is raised, and so is it where `f` leaves
---a job, an open handle or a descriptor behind. With `opts.seeds` it runs in so
---many orders.
---Never waits.
---@param f function gets what the runner passes
---@param opts? { seeds: integer? }
---@return function test
function conc.test(f, opts) end
