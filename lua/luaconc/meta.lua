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
---@field name? string its name in `conc.tree` and tracebacks; of a thread or process the system shows the first 15 bytes
---@field keep? boolean its failure does not cancel the group: `await` raises it, or the end of the group if nobody called `await`
---@field daemon? boolean its group does not wait for it, but cancels it once the other jobs have ended
---@field [integer] any the function, then its arguments

---@class luaconc.threadoptions
---@field name? string its name in `conc.tree` and tracebacks; of a thread or process the system shows the first 15 bytes
---@field keep? boolean its failure does not cancel the group: `await` raises it, or the end of the group if nobody called `await`
---@field daemon? boolean its group does not wait for it, but cancels it once the other jobs have ended
---@field memory? number the most that its Lua state may allocate, in bytes; no limit by default
---@field stack? integer the size of its stack, in bytes, 512 KiB or more; default 1 MiB
---@field libs? string[] the standard libraries in its state besides the basic one; default all. (luaconc itself needs `package`, `coroutine`, `string`, `table` and `debug`.)
---@field init? function called there before `f`, without arguments; it may wait, and upvalues that it shares with `f` stay shared

---@class luaconc.processoptions
---@field name? string its name in `conc.tree` and tracebacks; of a thread or process the system shows the first 15 bytes
---@field keep? boolean its failure does not cancel the group: `await` raises it, or the end of the group if nobody called `await`
---@field daemon? boolean its group does not wait for it, but cancels it once the other jobs have ended
---@field memory? number the most that its Lua state may allocate, in bytes; no limit by default
---@field init? function called there before `f`, without arguments; it may wait, and upvalues that it shares with `f` stay shared
---@field start? string `"forkserver"` (the default): forked from a small process started for this; `"spawn"`: a fresh interpreter; `"fork"`: a copy of this process (see [processes](processes.md))
---@field rlimit? luaconc.rlimit limits of the process: `memory` in bytes; `cpu` in seconds of computing, then SIGXCPU; `files`, the number of descriptors; `nice`, its priority

---@class luaconc.forkserveroptions
---@field preload? string[] the names of the modules, found as `require` finds them here and now
---@field lua? string the Lua interpreter that worker processes run, if this program is none; only before the first process

---@class luaconc.groupoptions
---@field limit? integer how many of its jobs run at once; default no limit
---@field keep? boolean start its jobs with `keep = true`
---@field current? boolean false: `conc.spawn` does not join it, only `group:spawn`; for groups kept in objects
---@field timeout? number seconds until it is cancelled
---@field deadline? number the time, as of `conc.now`, when it is cancelled

---@class luaconc.scopeoptions
---@field timeout? number seconds until it is cancelled
---@field deadline? number the time, as of `conc.now`, when it is cancelled

---@class luaconc.pooloptions
---@field engine? ("task"|"thread"|"process") default `"task"`
---@field workers? integer how many jobs run at a time; default 64 for tasks, else the number of cores that this process may use
---@field name? string the name of its jobs and workers in `conc.tree` and tracebacks
---@field init? function called in each worker before its first job; if it fails, the job fails
---@field initargs? any[] the arguments of `init`
---@field max_jobs? integer how many jobs a worker runs before it is replaced; default no limit
---@field idle? number seconds after which a worker without a job ends; another one is started when there is a job; default never
---@field job_timeout? number seconds after which a job is cancelled and fails with the code `ETIMEDOUT`; default no limit
---@field retries? integer how often a job is run again, with fresh copies of its arguments, if its worker dies; default 0
---@field memory? integer of each worker: see `conc.thread`
---@field rlimit? luaconc.rlimit of each process: see `conc.process`
---@field start? string how processes are started: see `conc.process`

---@class luaconc.mapoptions
---@field engine? ("task"|"thread"|"process") default `"task"`
---@field limit? integer how many run at a time: see `workers` of `conc.pool`
---@field chunk? integer how many items a worker gets at a time; default 1 for tasks and with a timeout or retries, else chosen to keep the workers busy
---@field on_progress? fun(done: integer, total: integer) called when items have been done
---@field timeout? number seconds for each chunk, instead of the pool's `job_timeout`
---@field retries? integer of each chunk, instead of the pool's
---@field priority? integer -100 to 100, default 0; higher ones go first

---@class luaconc.submitoptions
---@field name? string the name of the job
---@field priority? integer -100 to 100, default 0; higher ones go first
---@field timeout? number seconds, instead of the pool's `job_timeout`
---@field retries? integer instead of the pool's

---@class luaconc.poolmapoptions
---@field chunk? integer how many items a worker gets at a time; default 1 for tasks and with a timeout or retries, else chosen to keep the workers busy
---@field on_progress? fun(done: integer, total: integer) called when items have been done
---@field timeout? number seconds for each chunk, instead of the pool's `job_timeout`
---@field retries? integer of each chunk, instead of the pool's
---@field priority? integer -100 to 100, default 0; higher ones go first

---@class luaconc.imapoptions
---@field ordered? boolean false: results as they come; default true, in the order of the items
---@field window? integer how many items may be taken whose results are not used yet; default twice the workers
---@field timeout? number seconds for each item, instead of the pool's `job_timeout`
---@field retries? integer of each item, instead of the pool's
---@field priority? integer -100 to 100, default 0; higher ones go first

---@class luaconc.connectoptions
---@field timeout? number seconds for the whole call, look-up included; default no limit
---@field nodelay? boolean small writes are sent at once; default true
---@field from? string the numeric address of this machine to connect from

---@class luaconc.listenoptions
---@field backlog? integer how many connections may wait to be accepted; default 511
---@field nodelay? boolean of the accepted streams; default true
---@field reuseport? boolean lets several listeners share the port; default false
---@field v6only? boolean of `::`: no connections over IPv4; default false

---@class luaconc.serveoptions: luaconc.listenoptions
---@field limit? integer how many connections at a time; more wait to be accepted; default no limit
---@field ready? fun(listener: luaconc.listener) called before the first connection is accepted
---@field on_error? fun(err: any, job: luaconc.job) called with the error of a handler and its job, shielded from a cancellation of the server
---@field grace? number seconds that handlers get after the listener is closed, before they are cancelled; default no limit

---@class luaconc.unixconnectoptions
---@field timeout? number seconds; default no limit

---@class luaconc.unixlistenoptions
---@field backlog? integer how many connections may wait to be accepted; default 511
---@field mode? integer permissions of the file: who may write to it may connect; default as the umask says

---@class luaconc.udpbindoptions
---@field reuseaddr? boolean lets several sockets share the port, for listeners to one multicast group; default false
---@field reuseport? boolean lets several sockets share the port, each sender always reaching the same one, for several workers; default false
---@field v6only? boolean of `::`: no datagrams over IPv4; default false
---@field keep? integer bytes of datagrams that are kept while nobody receives; default 262144
---@field broadcast? boolean whether it may send to a broadcast address; default false
---@field ttl? integer through how many routers a datagram may pass, 1 to 255

---@class luaconc.udpoptions
---@field keep? integer bytes of datagrams that are kept while nobody receives; default 262144
---@field broadcast? boolean whether it may send to a broadcast address; default false
---@field ttl? integer through how many routers a datagram may pass, 1 to 255

---@class luaconc.writeoptions
---@field atomic? boolean false: truncate and write the file itself; default true
---@field sync? boolean true: wait until the data is on the disk
---@field mode? integer permissions, such as `tonumber("640", 8)`; default unchanged, or for a new file as the umask says

---@class luaconc.openoptions
---@field mode? integer permissions of a new file, before the umask; default `tonumber("666", 8)`

---@class luaconc.walkoptions
---@field contents_first? boolean true: each folder after its contents
---@field follow? boolean true: also enter folders that links lead to, each once
---@field enter? (fun(path: string): boolean) called before a folder is read; false skips it
---@field on_error? fun(path: string, message: string, code: string) called for a folder that can't be read

---@class luaconc.mkdiroptions
---@field parents? boolean true: also make missing folders above it, and accept one that exists
---@field mode? integer permissions, before the umask; default `tonumber("777", 8)`

---@class luaconc.removeoptions
---@field tree? boolean true: also everything in the folder

---@class luaconc.copyoptions
---@field overwrite? boolean false: fail if `to` exists; default true

---@class luaconc.execoptions
---@field input? string the text that it reads from standard input
---@field stdin? ("inherit"|"null"|file*|luaconc.stream) or where it reads from; default `"null"`, which is empty
---@field stdout? ("pipe"|"inherit"|"null"|file*|luaconc.stream) where its output goes; default `"pipe"`, the field `stdout` of the result
---@field stderr? ("pipe"|"inherit"|"null"|"stdout"|file*|luaconc.stream) the same for its standard error; `"stdout"`: where its output goes
---@field timeout? number seconds after which it is stopped; default no limit
---@field limit? number bytes of output after which it is stopped; default no limit
---@field cwd? string the folder that it runs in; default that of this process
---@field env? table<string, string|number|false> variables to add to, or replace in, its copy of our environment; `false` removes one
---@field clearenv? boolean true: its environment is `env` alone
---@field grace? number seconds between SIGTERM and SIGKILL when it is stopped; default 1
---@field [integer] string|number|(string|number)[] # command and arguments

---@class luaconc.popenoptions
---@field stdin? ("pipe"|"inherit"|"null"|file*) default `"pipe"`, the stream `program.stdin`
---@field stdout? ("pipe"|"inherit"|"null"|file*) default `"pipe"`, the stream `program.stdout`
---@field stderr? ("pipe"|"inherit"|"null"|"stdout"|file*) default `"inherit"`, that of this process
---@field cwd? string the folder that it runs in; default that of this process
---@field env? table<string, string|number|false> variables to add to, or replace in, its copy of our environment; `false` removes one
---@field clearenv? boolean true: its environment is `env` alone
---@field grace? number seconds between SIGTERM and SIGKILL when it is stopped; default 1
---@field [integer] string|number|(string|number)[] # command and arguments

---@class luaconc.debugoptions
---@field block? number seconds; 0 switches it off

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

---Runs `f(...)` as the root task and returns its results once every job started in
---it has ended. Daemons are cancelled at that point. Without a function, it runs
---the jobs started so far. Inside a task, it is a new group and waits for the jobs
---of `f` only.
---Waits.
---Raises the error of `f`, or the first failure of a job (an error that is a string gets the tracebacks appended); an error with the code `EDEADLK` if all tasks wait and nothing can wake them.
---@param f? function the body
---@param ... any its arguments
---@return any ... the results of `f`
function conc.run(f, ...) end

---Starts a task that runs `f(...)`, in the current group. The task begins when the
---running code waits next, not at once. If it fails, its group is cancelled and
---raises the failure at its end.
---Never waits.
---Raises an error if the group is closed.
---@param f function the body
---@param ... any its arguments, by reference
---@return luaconc.job job the handle
---@overload fun(job: luaconc.spawnoptions): luaconc.job
function conc.spawn(f, ...) end

---Calls `f(...)` on a thread kept for this purpose and returns its results, so
---that a call that blocks (`os.execute`, a C library) does not block the other
---tasks. The function, its arguments and its results are copied, as with
---`conc.thread`. At most 32 calls run at a time; more wait for their turn. A
---cancelled call is interrupted, or abandoned after 1 s if it is stuck in C
---code.
---Waits.
---Raises the error of `f`, or an error if a value can't be sent.
---@param f function the function that blocks
---@param ... any its arguments, by copy
---@return any ... the results of `f`
function conc.offload(f, ...) end

---Starts a thread that runs `f(...)` in a Lua state of its own, in parallel with
---this one. It belongs to the current group, as a task does. `f`, its upvalues and
---its arguments are copied there, and its results are copied back; a value that
---can't be copied is refused here, with the path to it. In the thread, `require`
---finds the same modules, `coroutine` is `conc.coroutine`, and all of luaconc
---works. A cancelled thread is interrupted while it waits or runs Lua code; one
---stuck in C code is abandoned after 1 s and fails with `ETIMEDOUT`.
---Never waits.
---Raises an error if a value can't be sent, or if the group is closed.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return ("EAGAIN"|"ENOMEM")? code
---@overload fun(job: luaconc.threadoptions): luaconc.job
function conc.thread(f, ...) end

---Starts a process that runs `f(...)`. Copies and modules work as described for
---`conc.thread`. The process shares the working directory, standard output and
---standard error of this program; its standard input is empty.
---
---It never outlives this program. If it crashes, is killed or calls `os.exit`, its
---job fails with the code `EWORKER`; the error has the name of the signal in
---`signal` or the exit code in `exit`, and the last lines written to standard
---error in `stderr`. A cancelled process gets SIGTERM, which cancels its job, and
---SIGKILL 1 s later if it still runs. It ignores Ctrl-C.
---Never waits.
---Raises an error if a value can't be sent, if the group is closed, or if this program is not a Lua interpreter and `LUACONC_LUA` names none.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return ("EAGAIN"|"EMFILE"|"ENOMEM")? code
---@overload fun(job: luaconc.processoptions): luaconc.job
function conc.process(f, ...) end

---Starts the forkserver, the small process from which worker processes are forked,
---and makes it load modules. Each process forked from then on has these modules
---already. Without this call, the first `conc.process` starts the forkserver. The
---call blocks its thread, and so all tasks of this state, until the modules are
---loaded. Processes that other threads start or kill meanwhile start or end when
---that is done.
---Never waits.
---Raises an error if `lua` is given and the forkserver already runs.
---@param options? luaconc.forkserveroptions
---@return integer? pid the id of its process
---@return string? message
---@return ("EWORKER"|"ENOENT")? code
function conc.forkserver(options) end

---Waits for a time. 0 lets the other tasks run, like `conc.yield`.
---Waits.
---@param seconds number 0 or more; `math.huge` waits for ever
function conc.sleep(seconds) end

---Lets every other task that is ready run once, then continues.
---Waits.
function conc.yield() end

---The time of a clock that never goes back. Only differences between its values
---have a meaning. Deadlines are times of this clock.
---Never waits.
---@return number seconds of a monotonic clock
function conc.now() end

---Runs `f(...)` in this task, with a deadline after that many seconds: from then
---on every wait in it raises. Jobs started in `f` belong to this call, which waits
---for them and cancels them at the deadline. If `f` returns after all, its results
---are returned, even just after the deadline.
---Waits.
---Raises the error of `f`, or the failure of a job started in it.
---@param seconds number 0 or more
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function conc.timeout(seconds, f, ...) end

---Runs `f(...)` protected from cancellation from outside, for clean-ups that have
---to wait. The first wait after the call raises the cancellation. A shield without
---a `conc.timeout` inside can delay the end of a program.
---Waits if `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function conc.shield(f, ...) end

---The handle of the running job.
---Never waits.
---@return luaconc.job? job nil outside tasks
function conc.current() end

---All live jobs of this Lua state.
---Never waits.
---@return luaconc.job[] list their handles
function conc.jobs() end

---A text with a line for each live job of this state, indented below the job that
---started it: its status, what it waits for, where and since when, and where and
---when it was started. Nothing is printed. (`conc.debug.dump` includes threads and
---processes.)
---Never waits.
---@return string text `"no live jobs"` if there are none
function conc.tree() end

---The table of this job, for values that belong to a request and should not have
---to be passed through every function. A job starts with a copy of the table of
---the job that starts it.
---Never waits.
---@return table locals the same table each time in one job
function conc.locals() end

---Where an error was raised and where its job was started. For a live job: where
---it waits. Errors that are tables keep their traceback as long as they live; for
---strings only the latest are remembered.
---Never waits.
---@param err any an error that was raised, or a handle
---@return string text what is known: at least the error
function conc.traceback(err) end

---Whether a value is the error of a cancellation. Code that catches errors should
---raise these again; a task that swallows its cancellation 100 times is closed.
---Never waits.
---@param err any what pcall returned
---@return boolean yes
function conc.is_cancelled(err) end

---Lua's `coroutine` library for coroutines that may wait inside a task: `create`,
---`wrap`, `resume`, `yield`, `status`, `close`, `running`, `isyieldable`. A wait
---in such a coroutine suspends the whole task; the code that resumed it does not
---notice. (In a coroutine of Lua's own library a wait raises an error.) `close`
---can't wait, so a `<close>` variable that it closes must not wait either.
---@type coroutinelib
conc.coroutine = nil

---The version of the library, as in semantic versioning: `"1.2.3"`. The C core,
---`luaconc.h` and `luaconc --version` have the same.
---@type string
conc.version = nil

---The name and the version, as in other Lua modules.
---@type string
conc._VERSION = nil

---Runs all at once and returns the first result of each, in the order of the
---arguments: several values for several arguments, one list for a list (with nil
---for a job without a result). The first failure cancels the rest, also jobs that
---were passed as handles, and is raised.
---Waits.
---Raises the first failure, unchanged; `ECANCELED` if a handle was cancelled.
---@param ... function|luaconc.job|(function|luaconc.job)[] what to run or wait for
---@return any ... the first result of each; or one list
function conc.gather(...) end

---Runs all to the end, whatever fails, and returns each outcome.
---Waits.
---@param list (function|luaconc.job)[] what to run or wait for
---@return luaconc.outcome[] outcomes `{ok=true, value}` or `{ok=false, err}`, in the order of the list
function conc.settle(list) end

---Runs all at once and returns the results of the first that succeeds. Failures
---are dropped unless all fail. The jobs that the call started are then cancelled
---and waited for; jobs passed as handles are cancelled only if they belong to the
---caller's group.
---Waits.
---Raises the last error if all fail.
---@param ... function|luaconc.job|(function|luaconc.job)[] what to run or wait for; at least one
---@return any ... all results of the winner
function conc.race(...) end

---Iterates over the handles in order of completion, in a generic `for`. Leaving
---the loop early cancels the jobs that the call started and waits for them.
---Waits in each round.
---Raises at the end of the loop, a failure that nobody looked at.
---@param list (function|luaconc.job)[] what to run or wait for
---@return fun(): luaconc.job? next the next handle whose job has ended
---@return nil state
---@return nil initial
---@return table closing closed when the loop is left
function conc.completed(list) end

---@class luaconc.job
---@field id integer 1, 2, ... in each Lua state
---@field name string the one given, or `task 1`
---@field engine string `"task"`, `"thread"` or `"process"`
---@field pid? integer of a process: its process id, once it has begun
local job = {}

---Waits for the job to end. Each call gives the same again.
---Waits unless the job has ended.
---Raises the job's own error, unchanged; an error with the code `ECANCELED` if it was cancelled.
---@return any ... the results of the job
function job:await() end

---Asks the job to end: its next wait and every further one raise an error with the
---code `ECANCELED`. A thread or process is interrupted while it computes in Lua,
---too. A job that has not started never does.
---Never waits.
---@param reason? any appears in the message of the error and in `err.reason`
---@return boolean asked false if it had already ended
function job:cancel(reason) end

---The state of the job.
---Never waits.
---@return luaconc.status status `"ready"`, `"running"`, `"waiting"`, `"done"`, `"failed"` or `"cancelled"`
function job:status() end

---Sends a signal to the process of the job. SIGTERM cancels the job; with SIGKILL
---it fails with the code `EWORKER`. The signal can't reach another process, as the
---process id is not reused before its end is known.
---Never waits.
---Raises an error if the job is not a process.
---@param signal? string|integer its name or number; default `"SIGTERM"`
---@return true? sent
---@return string? message
---@return "ESRCH"? code
function job:kill(signal) end

---Opens a group. Use it as `local g <close> = conc.group()`: leaving the block
---waits for the jobs; leaving it by an error cancels them first.
---Waits when it is closed.
---@param options? luaconc.groupoptions
---@return luaconc.group group
function conc.group(options) end

---@class luaconc.group
---@field cancelled boolean whether it, or a scope around it, is cancelled
---@field expired boolean whether its deadline cancelled it
---@field deadline? number a time of `conc.now`
local group = {}

---Starts a task in this group, from any task: see `conc.spawn`.
---Never waits.
---Raises an error if the group is closed.
---@param f function the body
---@param ... any its arguments
---@return luaconc.job job the handle
---@overload fun(self: luaconc.group, job: luaconc.spawnoptions): luaconc.job
function group:spawn(f, ...) end

---Starts a thread in this group, from any task: see `conc.thread`.
---Never waits.
---Raises an error if a value can't be sent, or if the group is closed.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return "EAGAIN"? code
---@overload fun(self: luaconc.group, job: luaconc.threadoptions): luaconc.job
function group:thread(f, ...) end

---Starts a process in this group, from any task: see `conc.process`.
---Never waits.
---Raises an error if a value can't be sent, or if the group is closed.
---@param f function the body
---@param ... any its arguments, by copy
---@return luaconc.job? job the handle
---@return string? message
---@return "EAGAIN"? code
---@overload fun(self: luaconc.group, job: luaconc.processoptions): luaconc.job
function group:process(f, ...) end

---Cancels the jobs of the group, and every wait in its body until the group is
---left. The end of the group raises nothing because of that.
---Never waits.
---@param reason? any appears in the message of the error and in `err.reason`
---@return boolean first false if it was already cancelled
function group:cancel(reason) end

---Waits until the present jobs of the group have ended. It stays open.
---Waits.
---Raises the first failure.
function group:await() end

---Waits for all jobs and ends the group, as leaving the block of a `<close>`
---variable does. With an error it cancels the jobs first. Groups must be closed in
---the reverse order of their opening. A second call does nothing.
---Waits.
---Raises the first failure of a job, unless `err` is an error of the body itself other than a cancellation.
---@param err? any the error by which the block is left
function group:close(err) end

---Opens a scope that can be cancelled, by any task or by the clock. Use it as
---`local s <close> = conc.scope()`. Once it is cancelled, every wait inside it
---raises until it is left; code around it is not affected.
---Never waits.
---@param options? luaconc.scopeoptions
---@return luaconc.scope scope
function conc.scope(options) end

---@class luaconc.scope
---@field cancelled boolean whether it, or a scope around it, is cancelled
---@field expired boolean whether its deadline cancelled it
---@field deadline? number a time of `conc.now`
local scope = {}

---Makes every wait inside the scope raise until the scope is left.
---Never waits.
---@param reason? any appears in the message of the error and in `err.reason`
---@return boolean first false if it was already cancelled
function scope:cancel(reason) end

---Leaves the scope, as leaving the block of a `<close>` variable does. Scopes and
---groups must be closed in the reverse order of their opening. A second call does
---nothing.
---Never waits.
function scope:close() end

---Makes a pool. Use it as `local pool <close> = conc.pool()`: leaving the block
---waits for its jobs; leaving it by an error cancels them first. Workers start
---when they are first needed and end with the pool.
---Never waits.
---@param options? luaconc.pooloptions
---@return luaconc.pool pool
function conc.pool(options) end

---Calls `f(item)` for each item of a list and returns the first result of each, in
---order. Makes a pool for this one call: see
---`pool:map`.
---Waits.
---Raises the first failure, unchanged, once the rest is cancelled and has ended.
---@param list any[] the items
---@param f function called with each item
---@param options? luaconc.mapoptions
---@return any[] results
function conc.map(list, f, options) end

---@class luaconc.pool
local pool = {}

---Runs `f(...)` as soon as a worker is free: jobs of higher priority first,
---otherwise in the order of submission. `await` raises its failure, or the end of
---the pool if nobody called `await`. Cancelling a job that runs in a thread or
---process ends its worker, which is replaced. A job whose worker dies fails with
---the code `EWORKER`, or is run again by another worker if it has `retries`.
---Never waits.
---Raises an error if the pool is closed, or if a value can't be sent.
---@param f function the body
---@param ... any its arguments; threads and processes get copies
---@return luaconc.job job the handle
---@overload fun(self: luaconc.pool, job: luaconc.submitoptions): luaconc.job
function pool:submit(f, ...) end

---Calls `f(item)` for each item of a list and returns the first result of each, in
---order. The traceback of a failure names the item.
---Waits.
---Raises the first failure, unchanged, once the rest of this map is cancelled and has ended; an error if the pool is closed.
---@param list any[] the items
---@param f function called with each item
---@param options? luaconc.poolmapoptions
---@return any[] results
function pool:map(list, f, options) end

---Like `map`, but each item is a list of arguments: calls
---`f(table.unpack(item))`.
---Waits.
---Raises the first failure, unchanged, once the rest of this map is cancelled and has ended; an error if the pool is closed.
---@param list any[][] the lists of arguments
---@param f function called with each of them
---@param options? luaconc.poolmapoptions those of `map`
---@return any[] results
function pool:starmap(list, f, options) end

---Iterates over `i, f(item)`, with all results of `f`. The source is a list, a
---queue or channel, or a function that is called until it returns nil; it may be
---endless, and may wait. An item is taken only when there is room in the window,
---so slow use of the results slows down the source. A failure of `f` or of the
---source is raised when its turn comes. A failure, or leaving the loop, cancels
---the calls on their way and waits for them.
---Never waits.
---Raises an error if the pool is closed.
---@param source any a list, a queue or channel, an iterator function
---@param f function called with each item
---@param options? luaconc.imapoptions
---@return function next for a generic `for`, each step of which waits
---@return table state
---@return nil 
---@return table closing closed when the loop is left
function pool:imap(source, f, options) end

---Counts of calls (for a map, of items) and a list of the workers: `{id=, pid=,
---state="idle" or "busy", jobs=}` for each, where `jobs` is how many it has done
---and `pid` is for processes only. The list is empty for tasks. `retried` is how
---often a job was run again, `lost` how many workers died.
---Never waits.
---@return luaconc.poolstats stats `{engine=, queued=, running=, done=, failed=, cancelled=, retried=, lost=, workers=}`
function pool:stats() end

---Waits for all jobs of the pool, then ends the workers. The pool accepts no more
---jobs. A second call does nothing.
---Waits.
---Raises the first failure of a job of `submit` that nobody looked at.
function pool:close() end

---Cancels all jobs, queued or running, and ends the workers. Failures that nobody
---has looked at are dropped.
---Waits.
function pool:terminate() end

---Makes a queue of at most `n` items. With 0 each item is handed from sender to
---receiver; with `math.huge` there is no bound.
---Never waits.
---@param n? (integer|number) 0 or more, or `math.huge`; default 64
---@return luaconc.queue queue
function conc.queue(n) end

---Makes a channel: a queue between states. Tasks, threads and processes send
---copies of values through it, at most `n` at a time; with 0 each value is handed
---from sender to receiver. A channel can itself be sent, to a job or through
---another channel, and is the same channel there. Waiters of all states are served
---first come, first served, and each value arrives once.
---
---A channel counts the states that hold it, and a message on its way that contains
---it as one. Once a second state has held it and only one is left, no value can
---arrive from elsewhere and nobody else wants one: receiving from it when it is
---empty returns EOF, and sending returns EPIPE. A state that ends gives up its
---hold.
---
---A channel that is sent to another process moves to memory shared by processes,
---with its contents and its waiters. There it is slower than between threads and
---keeps 65,536 values at most; with `n` 0, a `conc.select` that sends and one that
---receives do not meet. If it contains something that can't leave this process
---(functions, other channels), it can't be sent either, with the code EBUSY; once
---it has moved it takes both. Channels between processes that contain each other,
---and that nobody else holds, stay until the program ends. A process that is
---killed loses the values that it had received and those that it had not sent yet;
---all others go on.
---Never waits.
---@param n? integer 0 or more; default 64
---@return luaconc.channel channel
function conc.channel(n) end

---Makes a lock, which one task at a time can hold.
---Never waits.
---@return luaconc.lock lock
function conc.lock() end

---Makes a semaphore with `n` permits.
---Never waits.
---@param n integer 0 or more
---@return luaconc.semaphore semaphore
function conc.semaphore(n) end

---Makes an event: a flag that tasks wait for, clear at first.
---Never waits.
---@return luaconc.event event
function conc.event() end

---Makes a condition, on which tasks that hold a lock wait for a change.
---Never waits.
---@param lock luaconc.lock the lock that guards the change
---@return luaconc.condition condition
function conc.condition(lock) end

---Waits for the first of several things. Returns its key in the table and the
---results of the operation, as its method returns them. Exactly one case takes
---effect; where several are ready at once, any of them is taken. Nothing is lost
---of the others: no byte is read and no connection accepted for them.
---
---A case is an object alone (a queue or channel: `recv`; an event or timer:
---`wait`; a job: `await`; a stream: `read`; a listener: `accept`; a UDP socket:
---`recv`; a signal: `wait`) or `{object, "verb", value}`, such as `{queue, "send",
---value}` or `{stream, "read", "l"}`. A job that failed gives its key, nil, and
---its error.
---Waits.
---Raises an error that names the key if a case is nothing to wait for.
---@param cases table key to case
---@return any key of the case that took effect
---@return any ... its results
function conc.select(cases) end

---Makes a timer that is over that many seconds from now, for all who wait.
---Never waits.
---@param seconds number 0 or more; `math.huge` for never
---@return luaconc.timer timer
function conc.after(seconds) end

---Makes a barrier, which holds tasks until `n` have arrived, then starts anew.
---Never waits.
---@param n integer 1 or more
---@return luaconc.barrier barrier
function conc.barrier(n) end

---@class luaconc.queue
local queue = {}

---Adds an item at the end.
---Waits while it is full.
---@param value any anything but nil
---@return true? sent
---@return string? message
---@return "EPIPE"? code
function queue:send(value) end

---Takes the first item.
---Waits while it is empty.
---@return any value
---@return string? message
---@return "EOF"? code
function queue:recv() end

---Adds all items of a list, in order; where it has to wait, items of other senders
---may come between. If it is cancelled while it waits, some of them have been
---sent.
---Waits while it is full.
---@param list any[] without nil
---@return integer? n how many items were sent: all of them
---@return string? message
---@return "EPIPE"? code
function queue:send_many(list) end

---Takes all items that are there, in order: at least one, at most `max`.
---Waits while it is empty.
---@param max integer 1 or more
---@return any[]? list
---@return string? message
---@return "EOF"? code
function queue:recv_many(max) end

---Adds an item if there is room now.
---Never waits.
---@param value any anything but nil
---@return true? sent
---@return string? message
---@return ("EPIPE"|"EAGAIN")? code
function queue:try_send(value) end

---Takes the first item if there is one now.
---Never waits.
---@return any value
---@return string? message
---@return ("EOF"|"EAGAIN")? code
function queue:try_recv() end

---Closes it: items in it can still be taken, but none can be added. Wakes all
---waiters. A second call does nothing.
---Never waits.
function queue:close() end

---How many items are in it. `#queue` is the same.
---Never waits.
---@return integer n
function queue:len() end

---Iterates over the items until it is closed and empty.
---Waits in each round, while it is empty.
---@return fun(): any next for the generic `for`
function queue:iter() end

---@class luaconc.channel
local channel = {}

---Adds a copy of the value. A value that can't cross between states raises an
---error with the path to it, and nothing is sent. If the call is cancelled while
---it waits, the value is not sent; if it was taken at that moment, the call
---returns true.
---Waits while it is full.
---@param value any anything but nil that can cross
---@return true? sent
---@return string? message
---@return "EPIPE"? code
function channel:send(value) end

---Takes the first item. If the call is cancelled while it waits, it takes nothing;
---if an item was handed to it at that moment, it returns the item.
---Waits while it is empty.
---@return any value
---@return string? message
---@return "EOF"? code
function channel:recv() end

---Adds all items of a list, in order; where it has to wait, items of other senders
---may come between. If one of them can't cross between states, none is sent. If it
---is cancelled while it waits, some have been sent.
---Waits while it is full.
---@param list any[] without nil
---@return integer? n how many items were sent: all of them
---@return string? message
---@return "EPIPE"? code
function channel:send_many(list) end

---Takes all items that are there, in order: at least one, at most `max`.
---Waits while it is empty.
---@param max integer 1 or more
---@return any[]? list
---@return string? message
---@return "EOF"? code
function channel:recv_many(max) end

---Adds an item if there is room now.
---Never waits.
---@param value any anything but nil
---@return true? sent
---@return string? message
---@return ("EPIPE"|"EAGAIN")? code
function channel:try_send(value) end

---Takes the first item if there is one now.
---Never waits.
---@return any value
---@return string? message
---@return ("EOF"|"EAGAIN")? code
function channel:try_recv() end

---Closes it: items in it can still be taken, but none can be added. Wakes all
---waiters. A second call does nothing.
---Never waits.
function channel:close() end

---How many items are in it. `#channel` is the same.
---Never waits.
---@return integer n
function channel:len() end

---Iterates over the items until it is closed and empty.
---Waits in each round, while it is empty.
---@return fun(): any next for the generic `for`
function channel:iter() end

---@class luaconc.lock
local lock = {}

---Takes the lock. In a `<close>` variable, it is released at the end.
---Waits until it is free.
---Raises an error if the task holds it already.
---@return luaconc.lock lock itself
function lock:acquire() end

---The same, but only if it is free now.
---Never waits.
---@return luaconc.lock? lock itself
---@return string? message
---@return "EAGAIN"? code
function lock:try_acquire() end

---Releases the lock; the task that has waited longest gets it.
---Never waits.
---Raises an error if the task does not hold it.
function lock:release() end

---Acquires it, runs `f(...)` and releases it, also after an error.
---Waits until it is free, and if `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function lock:with(f, ...) end

---@class luaconc.semaphore
local semaphore = {}

---Takes a permit. In a `<close>` variable, it is released at the end.
---Waits until it is free.
---@return luaconc.semaphore semaphore itself
function semaphore:acquire() end

---The same, but only if it is free now.
---Never waits.
---@return luaconc.semaphore? semaphore itself
---@return string? message
---@return "EAGAIN"? code
function semaphore:try_acquire() end

---Adds a permit, even if none was taken before; the task that has waited longest
---gets it.
---Never waits.
function semaphore:release() end

---Acquires it, runs `f(...)` and releases it, also after an error.
---Waits until it is free, and if `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function semaphore:with(f, ...) end

---@class luaconc.event
local event = {}

---Sets the event and wakes all waiters.
---Never waits.
function event:set() end

---Clears the event: whoever waits from now on waits for the next `set`.
---Never waits.
function event:clear() end

---Whether the event is set.
---Never waits.
---@return boolean set
function event:is_set() end

---Waits until the event is set. Everybody who waits at a `set` is woken, even if the event is cleared at once.
---Waits unless it is set.
function event:wait() end

---@class luaconc.timer
local timer = {}

---Waits until the timer is over.
---Waits unless it is over.
function timer:wait() end

---@class luaconc.condition
local condition = {}

---Releases the lock, waits for a notify, and acquires the lock again before it
---returns, also if it was cancelled. Check what you wait for in a loop around
---it.
---Waits.
---Raises an error if the task does not hold the lock.
function condition:wait() end

---Wakes the `n` tasks that have waited longest.
---Never waits.
---Raises an error if the task does not hold the lock.
---@param n? integer default 1
function condition:notify(n) end

---Wakes all waiters.
---Never waits.
---Raises an error if the task does not hold the lock.
function condition:notify_all() end

---@class luaconc.barrier
local barrier = {}

---Waits until `n` tasks wait here; then all of them continue.
---Waits unless it is the last to arrive.
---@return integer order 1 for the first to arrive, and so on
function barrier:wait() end

---Makes an array of numbers. Reading or writing an element is atomic and
---relaxed: a reader sees the old value or the new one, but the order in which it
---sees changes of several elements is undefined, unless atomic methods, a lock
---or a message order them.
---Never waits.
---@param type string of the elements: `i8` `i16` `i32` `i64` `u8` `u16` `u32` `f32` `f64`
---@param n integer the number of elements, all 0 at first
---@return luaconc.shared.array? array
---@return string? message
---@return ("ENOMEM"|"EMFILE")? code
function conc.shared.array(type, n) end

---Makes a counter: one integer with atomic methods.
---Never waits.
---@param n? integer its first value; default 0
---@return luaconc.shared.counter? counter
---@return string? message
---@return "EMFILE"? code
function conc.shared.counter(n) end

---Makes a lock, which one task of all states can hold at a time.
---Never waits.
---@return luaconc.shared.lock? lock
---@return string? message
---@return "EMFILE"? code
function conc.shared.lock() end

---Makes a semaphore with `n` permits for all states together. Permits that a
---state or process held when it ended are given back, up to `n` in total.
---Never waits.
---@param n integer 0 or more
---@return luaconc.shared.semaphore? semaphore
---@return string? message
---@return "EMFILE"? code
function conc.shared.semaphore(n) end

---Makes an event: a flag that tasks of all states wait for.
---Never waits.
---@return luaconc.shared.event? event
---@return string? message
---@return "EMFILE"? code
function conc.shared.event() end

---Makes a barrier, which holds tasks of all states until `n` have arrived.
---Never waits.
---@param n integer 1 or more
---@return luaconc.shared.barrier? barrier
---@return string? message
---@return "EMFILE"? code
function conc.shared.barrier(n) end

---Makes a map. Keys are numbers, booleans and strings; values are copies of
---anything that can cross between states except shared objects. It never grows
---beyond its bound.
---Never waits.
---@param options? table `memory`: how many bytes the map may take in all; default 64 MiB. Memory is allocated only as it is used
---@return luaconc.shared.map? map
---@return string? message
---@return ("ENOMEM"|"EMFILE")? code
function conc.shared.map(options) end

---@class luaconc.shared.array
local shared_array = {}

---Writes one value to all elements of a range.
---Never waits.
---@param value number
---@param first? integer default 1
---@param last? integer default the last element
---@return luaconc.shared.array array itself
function shared_array:fill(value, first, last) end

---Copies a range to the elements from `to` on, of this array or another one of the
---same type, like `table.move`. The ranges may overlap.
---Never waits.
---@param first integer
---@param last integer
---@param to integer
---@param other? luaconc.shared.array default this array
---@return luaconc.shared.array other
function shared_array:copy(first, last, to, other) end

---The sum of a range. A sum of integers wraps around.
---Never waits.
---@param first? integer default 1
---@param last? integer default the last element
---@return number sum
function shared_array:sum(first, last) end

---The bytes of a range, as they lie in memory.
---Never waits.
---@param first? integer default 1
---@param last? integer default the last element
---@return string bytes
function shared_array:get_string(first, last) end

---Writes the bytes to the elements from `first` on.
---Never waits.
---@param first integer
---@param bytes string of a whole number of elements
---@return luaconc.shared.array array itself
function shared_array:set_string(first, bytes) end

---Reads an element, ordered with all other atomic methods (sequentially consistent).
---Never waits.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@return integer value
function shared_array:load(i) end

---Writes an element, ordered in the same way.
---Never waits.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@param n integer
function shared_array:store(i, n) end

---Adds to an element in one step and returns the new value, which wraps around.
---Never waits.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@param n integer
---@return integer value
function shared_array:add(i, n) end

---Writes an element and returns the old value.
---Never waits.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@param n integer
---@return integer value
function shared_array:exchange(i, n) end

---Writes an element if its value is `old`.
---Never waits.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@param old integer
---@param new integer
---@return boolean done
---@return integer? value the present value, if it was not `old`
function shared_array:cas(i, old, new) end

---Waits for a `notify` if the element has the expected value. Checking the value
---and starting to wait is one step, so a writer that first writes and then
---notifies always wakes this waiter.
---Waits if the value is the expected one.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@param expected integer
---@return boolean notified false if the element had another value
function shared_array:wait(i, expected) end

---Wakes the tasks that have waited longest for this element.
---Never waits.
---Raises an error if the elements are not integers.
---@param i integer 1 .. n
---@param n? integer how many; default 1
---@return integer woken
function shared_array:notify(i, n) end

---Gives up this state's hold on the array. Other states, and waits for it, are not affected.
---Never waits.
function shared_array:close() end

---@class luaconc.shared.map
local shared_map = {}

---The value of a key.
---Never waits.
---@param key string|number|boolean
---@return any value nil if there is none
function shared_map:get(key) end

---Sets the value of a key, which does not expire.
---Never waits.
---Raises an error if the value is nil, or can't cross.
---@param key string|number|boolean
---@param value any a copy is stored
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:set(key, value) end

---Removes a key.
---Never waits.
---@param key string|number|boolean
---@return boolean there whether the key was there
function shared_map:delete(key) end

---Adds to the integer of a key, 0 if the key is new, and returns the new value.
---Never waits.
---Raises an error if the value is not an integer.
---@param key string|number|boolean
---@param n? integer default 1
---@return integer? value
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:incr(key, n) end

---Sets the value of a key to `new` if it is `old`; nil stands for no value. Tables can't be compared: see `update`.
---Never waits.
---@param key string|number|boolean
---@param old any nil, boolean, number or string
---@param new any nil removes the key
---@return boolean? done
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:cas(key, old, new) end

---Sets the value of a key to `f(value, ...)`; nil removes the key. If another
---job has changed the value in the meantime, `f` is called again with the new
---one: it may run several times, and must not wait.
---Never waits.
---Raises the error of `f`; the value is then unchanged.
---@param key string|number|boolean
---@param f function gets the value, or nil
---@param ... any more arguments of `f`
---@return any value what `f` returned
---@return string? message
---@return ("ENOSPC"|"EMSGSIZE")? code
function shared_map:update(key, f, ...) end

---Removes a key after a time.
---Never waits.
---@param key string|number|boolean
---@param seconds? number default never: it no longer expires
---@return boolean there whether the key was there
function shared_map:expire(key, seconds) end

---The number of keys, which may include some that have expired.
---Never waits.
---@return integer count
function shared_map:len() end

---Iterates over all keys and values as of now; later changes are not seen. `pairs` does the same.
---Never waits.
---@return fun(): any, any next for the generic `for`
function shared_map:iter() end

---Gives up this state's hold on the map. Other states are not affected.
---Never waits.
function shared_map:close() end

---@class luaconc.shared.counter
local shared_counter = {}

---The present value.
---Never waits.
---@return integer value
function shared_counter:get() end

---Sets the value.
---Never waits.
---@param n integer
function shared_counter:set(n) end

---Adds to the value and returns the new one.
---Never waits.
---@param n? integer default 1; may be negative
---@return integer value
function shared_counter:add(n) end

---Sets the value and returns the old one.
---Never waits.
---@param n integer
---@return integer value
function shared_counter:exchange(n) end

---Sets the value to `new` if it is `old`.
---Never waits.
---@param old integer
---@param new integer
---@return boolean done
---@return integer? value the present value, if it was not `old`
function shared_counter:cas(old, new) end

---@class luaconc.shared.lock
local shared_lock = {}

---Takes the lock. In a `<close>` variable, it is released at the end.
---Waits until it is free.
---Raises an error if the task holds it already.
---@return luaconc.shared.lock lock itself
---@return string? message if it was abandoned
---@return string? code `EOWNERDEAD` in that case
function shared_lock:acquire() end

---The same, but only if it is free now.
---Never waits.
---@return luaconc.shared.lock? lock itself
---@return string? message if it was abandoned
---@return string? code `EOWNERDEAD` in that case
---@return string? message
---@return "EAGAIN"? code
function shared_lock:try_acquire() end

---Releases the lock; the task that has waited longest gets it.
---Never waits.
---Raises an error if the task does not hold it.
function shared_lock:release() end

---Acquires the lock, runs `f(...)` and releases the lock, also after an error. `f` may call `abandoned`.
---Waits until it is free, and if `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function shared_lock:with(f, ...) end

---Whether a holder ended without releasing the lock, and nobody has released it since.
---Never waits.
---@return boolean abandoned
function shared_lock:abandoned() end

---@class luaconc.shared.semaphore
local shared_semaphore = {}

---Takes a permit. In a `<close>` variable, it is released at the end.
---Waits until a permit is free.
---@return luaconc.shared.semaphore semaphore itself
function shared_semaphore:acquire() end

---The same, but only if a permit is free now.
---Never waits.
---@return luaconc.shared.semaphore? semaphore itself
---@return string? message
---@return "EAGAIN"? code
function shared_semaphore:try_acquire() end

---Adds a permit, even if none was taken before; the task that has waited longest gets it.
---Never waits.
function shared_semaphore:release() end

---Takes a permit, runs `f(...)` and releases the permit, also after an error.
---Waits until it is free, and if `f` does.
---Raises the error of `f`.
---@param f function what to run
---@param ... any its arguments
---@return any ... the results of `f`
function shared_semaphore:with(f, ...) end

---@class luaconc.shared.event
local shared_event = {}

---Sets the event and wakes all waiters, in all states.
---Never waits.
function shared_event:set() end

---Clears the event: later waiters wait for the next `set`.
---Never waits.
function shared_event:clear() end

---Whether the event is set.
---Never waits.
---@return boolean set
function shared_event:is_set() end

---Waits until the event is set.
---Waits while it is clear.
function shared_event:wait() end

---@class luaconc.shared.barrier
local shared_barrier = {}

---Waits until `n` tasks wait here; then all of them continue, and the barrier starts anew.
---Waits unless it is the last to arrive.
---@return integer? order 1 for the first to arrive, and so on
---@return string? message
---@return "EOWNERDEAD"? code
function shared_barrier:wait() end

---Returns the values as bytes, which begin with the version of the format.
---Channels and other shared objects can't be encoded; send them to a job or
---through a channel.
---Never waits.
---Raises an error with the path to it if a value can't be encoded.
---@param ... any the values
---@return string bytes
function conc.codec.encode(...) end

---Returns the values. The bytes may come from anywhere: bad ones raise an error
---and do no harm. Functions and modules are refused by default, as bytecode can do
---anything.
---Never waits.
---Raises an error with the code EPROTO if the bytes are damaged or no encoding, EPERM if they hold functions that are not accepted, ENOENT if a class or module is not found.
---@param bytes string from `encode`
---@param options? table
---@return any ... the values
function conc.codec.decode(bytes, options) end

---Lets instances of a class cross: tables with this metatable keep it. The
---receiver looks the metatable up by the name. If it is not registered there, it
---loads the module of that name, which registers the class or is the metatable
---itself.
---Never waits.
---@param name string of the class, and of the module that it is in
---@param metatable table of its instances
function conc.codec.register(name, metatable) end

---Sets the length of the longest message that this state may encode, and returns
---the previous one. It is 2 GiB at first.
---Never waits.
---@param bytes? integer default unchanged
---@return integer before the previous limit in bytes
function conc.codec.limit(bytes) end

---Connects to a server.
---Waits.
---@param host string a name, or a numeric address
---@param port integer 0 to 65535
---@param options? luaconc.connectoptions
---@return luaconc.stream? stream
---@return string? message
---@return ("ECONNREFUSED"|"ETIMEDOUT"|"EAI_NONAME"|string)? code
function conc.tcp.connect(host, port, options) end

---Listens for connections. `"0.0.0.0"` and `"::"` stand for all addresses of this
---machine. With port 0 the system picks a free one; `listener:sock().port` is its
---number.
---Waits while a name is looked up.
---@param host string a name, or a numeric address
---@param port integer 0 to 65535
---@param options? luaconc.listenoptions
---@return luaconc.listener? listener
---@return string? message
---@return ("EADDRINUSE"|"EACCES"|"EAI_NONAME"|string)? code
function conc.tcp.listen(host, port, options) end

---Runs `handler(stream)` in a task of its own for each connection, and closes the
---stream when the handler returns. The call returns when the listener is closed
---and all handlers have ended. A handler that fails ends its own connection only;
---without `on_error`, the first such error is raised at the end.
---Waits until it is stopped.
---Raises the first error of a handler, if there is no `on_error`.
---@param host string|luaconc.listener a name or a numeric address; or a listener, instead of host and port
---@param port integer|fun(stream: luaconc.stream) 0 to 65535
---@param handler? (fun(stream: luaconc.stream)|luaconc.serveoptions) called for each connection
---@param options? luaconc.serveoptions with host and port, also those of `conc.tcp.listen`
---@return true? stopped the listener was closed
---@return string? message
---@return "EADDRINUSE"? code
function conc.tcp.serve(host, port, handler, options) end

---Connects to a server.
---Waits while the server's backlog is full.
---@param path string of the socket
---@param options? luaconc.unixconnectoptions
---@return luaconc.stream? stream
---@return string? message
---@return ("ENOENT"|"ECONNREFUSED"|"EACCES"|"ETIMEDOUT"|"ENAMETOOLONG"|string)? code
function conc.unix.connect(path, options) end

---Listens at a path. The socket file is made, and removed when the listener is
---closed. A socket left behind by a listener that was killed is replaced; any
---other file is not.
---Never waits.
---@param path string of the socket
---@param options? luaconc.unixlistenoptions
---@return luaconc.listener? listener
---@return string? message
---@return ("EADDRINUSE"|"EACCES"|"ENAMETOOLONG"|string)? code
function conc.unix.listen(path, options) end

---Runs `handler(stream)` in a task of its own for each connection, like
---`conc.tcp.serve`.
---Waits until it is stopped.
---Raises the first error of a handler, if there is no `on_error`.
---@param path string|luaconc.listener of the socket, or a listener
---@param handler fun(stream: luaconc.stream) called for each connection
---@param options? luaconc.serveoptions those of `conc.tcp.serve`; with a path, also those of `conc.unix.listen`
---@return true? stopped the listener was closed
---@return string? message
---@return "EADDRINUSE"? code
function conc.unix.serve(path, handler, options) end

---@class luaconc.stream
local stream = {}

---Reads by format: `"l"` a line without its end, `"L"` a line with it, `"a"`
---everything up to the end of the input, a number that many bytes, nothing
---whatever has arrived. At the end of the input the last part may be shorter. A
---read that is cancelled or timed out leaves the bytes that have arrived for the
---next one.
---Waits unless enough has arrived.
---Raises an error if another task reads from it already.
---@param format? ("l"|"L"|"a"|integer) default: whatever has arrived
---@param limit? integer the most to read, in bytes, including the end of a line; default 1 MiB for a line, no limit for `"a"`; `math.huge` for no limit
---@return string? data
---@return string? message
---@return ("EOF"|"EMSGSIZE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF"|"ECANCELED")? code
function stream:read(format, limit) end

---Reads up to the delimiter, which is removed and not returned. If the input ends
---without one, the rest stays for `read`.
---Waits unless enough has arrived.
---Raises an error if another task reads from it already.
---@param delimiter string one byte or more
---@param limit? integer the most to read, in bytes, including the delimiter; default 1 MiB; `math.huge` for no limit
---@return string? data
---@return string? message
---@return ("EOF"|"EMSGSIZE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF"|"ECANCELED")? code
function stream:read_until(delimiter, limit) end

---Iterates over the results of `read`, up to the end of the input.
---Waits in each round, unless enough has arrived.
---Raises in a step of the loop, any failure but the end, as `io.lines` does.
---@param format? ("l"|"L"|integer) default `"l"`
---@param limit? integer the most to read, in bytes, including the end of a line; default 1 MiB for a line, no limit for `"a"`; `math.huge` for no limit
---@return fun(): string? next for the generic `for`
function stream:lines(format, limit) end

---Sends strings and numbers in one piece. It returns once they are accepted: data
---that the other end is too slow for is queued here, and a write waits while more
---than 64 KiB are queued. By then its own data has been accepted: if it is
---cancelled or timed out in that wait, the data is still sent, so don't write it
---again. Closing the stream sends what is queued. An error of sending in the
---background is returned by the next `write`, `flush` or `close`.
---Waits while more than 64 KiB are queued.
---@param ... string|number what to send
---@return luaconc.stream? stream itself
---@return string? message
---@return ("EPIPE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF")? code
function stream:write(...) end

---Waits until the system has taken everything that was written.
---Waits while something is queued.
---@return true? sent
---@return string? message
---@return ("EPIPE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF")? code
function stream:flush() end

---Sends what is queued, then ends this direction: the other end reads EOF. Reading
---here still works.
---Waits.
---@return true? ended
---@return string? message
---@return ("EPIPE"|"ETIMEDOUT"|"ECONNRESET"|"EBADF")? code
function stream:shutdown() end

---Returns or sets an option of the socket:
---
---- `"nodelay"` (boolean): small writes are sent at once;
---- `"keepalive"` (seconds, or false): after this time of silence the system asks
---  whether the other end is still there, and gives up if it has not answered
---  after the same time again;
---- `"user_timeout"` (seconds, or false; Linux only): how long sent data may stay
---  unacknowledged;
---- `"send_buffer"`, `"receive_buffer"` (bytes): what the system buffers. Linux
---  keeps twice what it is asked for, and returns that.
---
---A machine that loses its power or its network says nothing. By default a reader
---waits for it for ever, and a writer for about a quarter of an hour.
---`"keepalive"` covers a silent connection, `"user_timeout"` one with
---unacknowledged data; both end all waits of the stream with ETIMEDOUT.
---`stream:timeout` differs: it limits each single wait and leaves the stream as it
---is.
---Never waits.
---@param name "nodelay"|"keepalive"|"user_timeout"|"send_buffer"|"receive_buffer" the option
---@param value? (boolean|number) without it, the present value is returned
---@return boolean|number|luaconc.stream? value the present value, or the stream if it was set
---@return string? message
---@return ("ENOTSUP"|"EBADF")? code
function stream:option(name, value) end

---Limits how long each wait of this stream may take from now on.
---Never waits.
---@param seconds? number default no limit
---@return luaconc.stream stream itself
function stream:timeout(seconds) end

---The address of the other end.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`; of a Unix socket `{path=, family="unix"}`, without `path` if the socket has no name, and for a peer also with `pid`, `uid` and `gid`
---@return string? message
---@return ("ENOTCONN"|"EBADF")? code
function stream:peer() end

---The address of this end.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`; of a Unix socket `{path=, family="unix"}`, without `path` if the socket has no name, and for a peer also with `pid`, `uid` and `gid`
---@return string? message
---@return "EBADF"? code
function stream:sock() end

---Closes at once and drops what is queued, without waiting for the other end. Over
---TCP and in memory, the other end's read fails with ECONNRESET; otherwise it sees
---the end. A second call does nothing.
---Never waits.
---@return true closed
function stream:reset() end

---Sends what is queued and closes. Tasks that wait in the stream get the code
---ECANCELED. In a cancelled task, which can't wait, it closes at once and drops
---what is queued. A second call does nothing.
---Waits while something is queued.
---@return true? closed
---@return string? message
---@return ("ECANCELED"|"EPIPE"|"ETIMEDOUT"|"ECONNRESET")? code
function stream:close() end

---@class luaconc.listener
local listener = {}

---Waits for the next connection. Several tasks may accept from one listener; a
---cancelled `accept` takes none. The last descriptors of the process (an eighth of
---its limit, 8 to 64) are kept for other uses: when only these are left,
---connections wait in the backlog until more are free.
---Waits unless a connection is there.
---@return luaconc.stream? stream
---@return string? message
---@return ("ETIMEDOUT"|"EBADF"|"ECANCELED")? code
function listener:accept() end

---Makes another listener on the same socket and the same queue of connections, to
---send to another state, so that several workers accept connections. Each is
---closed by itself; the file of a Unix socket is removed with the first.
---Never waits.
---@return luaconc.listener? listener
---@return string? message
---@return ("EMFILE"|"EBADF")? code
function listener:dup() end

---Waits until the listener is closed.
---Waits.
---@return true closed
function listener:closed() end

---Limits how long each `accept` may take from now on.
---Never waits.
---@param seconds? number default no limit
---@return luaconc.listener listener itself
function listener:timeout(seconds) end

---The address at which it listens.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`; of a Unix socket `{path=, family="unix"}`, without `path` if the socket has no name, and for a peer also with `pid`, `uid` and `gid`
---@return string? message
---@return "EBADF"? code
function listener:sock() end

---Stops listening. Tasks that wait in `accept` get the code ECANCELED, and the
---system refuses connections that nobody has accepted. A second call does
---nothing.
---Never waits.
---@return true closed
function listener:close() end

---Returns two streams: what is written to one is read from the other, both ways.
---An end keeps up to `capacity` bytes that nobody has read; more is queued as
---with any stream, so a writer waits for a slow reader. Closing an end before
---everything was read resets the other, as `stream:reset` does. The ends have no
---addresses and no options.
---Never waits.
---@param capacity? integer bytes; default 65536
---@return luaconc.stream? first
---@return luaconc.stream? second
---@return string? message
---@return "ENOMEM"? code
function conc.pair(capacity) end

---Makes a socket with an address of its own, which sends to and receives from any
---address. With port 0 the system picks a free one; `socket:sock().port` is its
---number.
---Waits while a name is looked up.
---@param host string a name, or a numeric address
---@param port integer 0 to 65535
---@param options? luaconc.udpbindoptions
---@return luaconc.udpsocket? socket
---@return string? message
---@return ("EADDRINUSE"|"EAI_NONAME"|string)? code
function conc.udp.bind(host, port, options) end

---Makes a socket that sends to and receives from one address only. Nothing is sent
---yet, and nobody needs to be there.
---Waits while a name is looked up.
---@param host string a name, or a numeric address
---@param port integer 0 to 65535
---@param options? luaconc.udpoptions
---@return luaconc.udpsocket? socket
---@return string? message
---@return ("EAI_NONAME"|string)? code
function conc.udp.connect(host, port, options) end

---@class luaconc.udpsocket
local socket = {}

---Sends a datagram to a numeric address (`conc.dns.lookup` finds that of a
---name), or without an address to the peer of a connected socket. It may still
---get lost.
---Never waits.
---@param data string one datagram
---@param host? string a numeric address
---@param port? integer 1 to 65535
---@return true? done
---@return string? message
---@return ("EMSGSIZE"|"EDESTADDRREQ"|"EAGAIN"|"EBADF"|string)? code
function socket:send(data, host, port) end

---Receives the next datagram and the address of its sender. Several tasks may
---receive; each datagram goes to one of them. Before the first `recv` the system
---keeps what arrives; afterwards datagrams that nobody receives are kept up to a
---bound (see `keep`), then dropped and counted.
---Waits unless a datagram is there.
---@return string? data the datagram
---@return luaconc.address? address `{host=, port=, family=}`
---@return string? message
---@return ("ECONNREFUSED"|"ETIMEDOUT"|"EBADF"|"ECANCELED")? code
function socket:recv() end

---Limits how long each `recv` may take from now on.
---Never waits.
---@param seconds? number default no limit
---@return luaconc.udpsocket socket itself
function socket:timeout(seconds) end

---Limits how much is kept from now on while nobody receives. One datagram is
---always kept.
---Never waits.
---@param bytes integer including some overhead for each datagram
---@return luaconc.udpsocket socket itself
function socket:keep(bytes) end

---How many datagrams arrived and could not be kept, not counting those that the
---system dropped.
---Never waits.
---@return integer? n
---@return string? message
---@return "EBADF"? code
function socket:dropped() end

---Joins a multicast group: from now on the socket receives what is sent to it.
---Never waits.
---@param group string a numeric address
---@param interface? string the address of one of this machine's interfaces; by default the system chooses
---@return true? done
---@return string? message
---@return ("ENODEV"|"EBADF"|string)? code
function socket:join(group, interface) end

---Leaves a multicast group: call it with the arguments of `join`.
---Never waits.
---@param group string as for `join`
---@param interface? string as for `join`
---@return true? done
---@return string? message
---@return ("EADDRNOTAVAIL"|"EBADF"|string)? code
function socket:leave(group, interface) end

---Sets whether it may send to the broadcast address of a network.
---Never waits.
---@param on boolean false at first
---@return true? done
---@return string? message
---@return ("EBADF"|string)? code
function socket:broadcast(on) end

---Sets through how many routers its datagrams may pass.
---Never waits.
---@param hops integer 1 to 255
---@return true? done
---@return string? message
---@return ("EBADF"|string)? code
function socket:ttl(hops) end

---Sets whether its own datagrams to a group come back to this machine.
---Never waits.
---@param on boolean true at first
---@return true? done
---@return string? message
---@return ("EBADF"|string)? code
function socket:loopback(on) end

---The address of this socket.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`
---@return string? message
---@return "EBADF"? code
function socket:sock() end

---The address to which it is connected.
---Never waits.
---@return luaconc.address? address `{host=, port=, family=}`
---@return string? message
---@return ("ENOTCONN"|"EBADF")? code
function socket:peer() end

---Closes the socket. Tasks that wait in `recv` get the code ECANCELED. A second
---call does nothing.
---Never waits.
---@return true closed
function socket:close() end

---Returns the numeric addresses of a host, in the system's order, each once.
---Waits.
---@param host string a name; a numeric address is returned as it is
---@return string[]? addresses
---@return string? message
---@return ("EAI_NONAME"|"EAI_AGAIN"|"EAGAIN")? code
function conc.dns.lookup(host) end

---Returns the host name of a numeric address.
---Waits.
---@param address string a numeric address
---@return string? name
---@return string? message
---@return ("EAI_NONAME"|"EAI_AGAIN"|"EAGAIN")? code
function conc.dns.reverse(address) end

---Reads a whole file.
---Waits.
---@param path string absolute or relative
---@return string? data
---@return string? message
---@return ("ENOENT"|"EACCES"|"EISDIR"|string)? code
function conc.fs.read_file(path) end

---Writes a whole file. Readers see the old contents or the new, never a part:
---the data is written to another file in the same folder, which then takes the
---name. An existing file keeps its mode. Symbolic links are followed. What is
---not a plain file, such as `/dev/null`, is written to directly.
---Waits.
---@param path string absolute or relative
---@param data string|number the contents
---@param options? luaconc.writeoptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"ENOSPC"|"EROFS"|string)? code
function conc.fs.write_file(path, data, options) end

---Opens a file. The modes are those of `io.open`: `"r"`, `"w"`, `"a"`, each with
---`+` for both directions, and `"wx"`, which fails if the file exists. Reading
---what would block, such as an empty named pipe, fails with EAGAIN.
---Waits.
---@param path string absolute or relative
---@param mode? string default `"r"`
---@param options? luaconc.openoptions
---@return luaconc.file? file
---@return string? message
---@return ("ENOENT"|"EACCES"|"EISDIR"|"EMFILE"|string)? code
function conc.fs.open(path, mode, options) end

---Information about a file: `type` (`"file"`, `"directory"`, `"link"`, `"fifo"`,
---`"socket"`, `"char"`, `"block"`), `size` in bytes, `mode` (the last 12 bits),
---`uid`, `gid`, `dev`, `ino`, `nlink`, `rdev`, `blksize`, `blocks`, and the times
---`atime`, `mtime`, `ctime` in seconds since 1970. Symbolic links are
---followed.
---Waits.
---@param path string absolute or relative
---@return luaconc.stat? stat
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.stat(path) end

---Like `stat`, but a symbolic link is described itself.
---Waits.
---@param path string absolute or relative
---@return luaconc.stat? stat
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.lstat(path) end

---Whether a path leads to something.
---Waits.
---@param path string absolute or relative
---@return boolean? exists
---@return string? message
---@return ("EACCES"|string)? code
function conc.fs.exists(path) end

---The entries of a folder, sorted by name.
---Waits.
---@param path string absolute or relative
---@return {name: string, type: string}[]? entries types are those of `stat`
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.scandir(path) end

---Iterates over everything below a folder: path and type, each folder before its
---contents. A folder is read when the loop gets to it. Entries that vanish in
---the meantime are left out. A folder that can't be read raises an error, or is
---reported to `on_error`. The iterator is closed by the end of the `for`, or by
---its `close`.
---Waits in each step that reads a folder.
---@param path string absolute or relative
---@param options? luaconc.walkoptions
---@return fun(): string?, string? next for the generic `for`, with what closes it as the fourth value
function conc.fs.walk(path, options) end

---Makes a folder.
---Waits.
---@param path string absolute or relative
---@param options? luaconc.mkdiroptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EEXIST"|"EACCES"|string)? code
function conc.fs.mkdir(path, options) end

---Removes a file, a symbolic link (not its target) or an empty folder; with
---`tree`, also everything in the folder, without following links. It stops at
---the first failure, whose message names the path.
---Waits.
---@param path string absolute or relative
---@param options? luaconc.removeoptions
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"ENOTEMPTY"|string)? code
function conc.fs.remove(path, options) end

---Renames a file or folder. An existing file of that name is replaced.
---Waits.
---@param from string
---@param to string
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|"EXDEV"|string)? code
function conc.fs.rename(from, to) end

---Copies a file: its contents and its mode. Holes stay holes.
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

---Makes a symbolic link at `path` that leads to `target`.
---Waits.
---@param target string the target, relative to the folder of the link
---@param path string absolute or relative
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.symlink(target, path) end

---Where a symbolic link leads.
---Waits.
---@param path string absolute or relative
---@return string? target
---@return string? message
---@return ("ENOENT"|"EINVAL"|string)? code
function conc.fs.readlink(path) end

---The absolute path, without links, `.` and `..`.
---Waits.
---@param path string absolute or relative
---@return string? path
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.realpath(path) end

---Sets the permissions of a file.
---Waits.
---@param path string absolute or relative
---@param mode integer permissions, such as `tonumber("640", 8)`
---@return true? done
---@return string? message
---@return ("ENOENT"|"EPERM"|string)? code
function conc.fs.chmod(path, mode) end

---Sets the times of the last access and the last change of a file.
---Waits.
---@param path string absolute or relative
---@param atime? number seconds since 1970; default now
---@param mtime? number the same
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.utime(path, atime, mtime) end

---Sets the length of a file: cuts it, or appends zeros.
---Waits.
---@param path string absolute or relative
---@param size integer bytes
---@return true? done
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.truncate(path, size) end

---Makes a folder with a new name that only this user may use: the prefix and six
---letters, in `$TMPDIR` (or /tmp) unless the prefix contains a slash.
---Waits.
---@param prefix? string default `"luaconc-"`
---@return string? path
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.mkdtemp(prefix) end

---Makes a file in the same way, and opens it for reading and writing.
---Waits.
---@param prefix? string default `"luaconc-"`
---@return luaconc.file? file
---@return string? path
---@return string? message
---@return ("ENOENT"|"EACCES"|string)? code
function conc.fs.mkstemp(prefix) end

---Watches a file, or the entries of a folder (not those of folders in it), for
---changes. Looking the path up does not wait.
---Never waits.
---@param path string absolute or relative
---@return luaconc.watcher? watcher
---@return string? message
---@return ("ENOENT"|"EACCES"|"EMFILE"|"ENOSPC"|string)? code
function conc.fs.watch(path) end

---@class luaconc.file
local file = {}

---Reads by formats, one result for each: `"l"` a line without its end, `"L"`
---with it, `"a"` everything up to the end (`""` there), `"n"` a number, an
---integer that many bytes. Unlike in Lua's files, the first result that fails is
---followed by a message and a code; unlike in a stream, a read without a format
---reads a line.
---Waits unless the data is in memory.
---Raises an error if another task is using the position.
---@param ... "l"|"L"|"a"|"n"|integer default `"l"`
---@return string|number? data
---@return string? message
---@return ("EOF"|"EINVAL"|"EBADF"|"EAGAIN"|string)? code
function file:read(...) end

---Iterates over the results of `read`, up to the end of the file. The file stays
---open.
---Waits in a step, unless the data is in memory.
---Raises in a step of the loop, any failure but the end, as `io.lines` does.
---@param ... "l"|"L"|"n"|integer default `"l"`
---@return fun(): (string|number)? next for the generic `for`
function file:lines(...) end

---Writes strings and numbers at the position. They are held back until there are
---64 KiB of them, or until another call needs them written.
---Waits when 64 KiB are written.
---Raises an error if another task is using the position.
---@param ... string|number
---@return luaconc.file? file itself
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:write(...) end

---Moves the position and returns it. The offset counts from the start (`"set"`),
---from the position (`"cur"`) or from the end of the file (`"end"`).
---Waits for `"end"`, and if data is held back.
---Raises an error if another task is using the position.
---@param whence? ("set"|"cur"|"end") default `"cur"`
---@param offset? integer bytes; default 0
---@return integer? position bytes from the start
---@return string? message
---@return ("EINVAL"|"ESPIPE"|"ENOSPC"|"EBADF")? code
function file:seek(whence, offset) end

---Reads at an offset and leaves the position alone. At the end of the file the
---result is shorter. Data that `write` still holds back is not seen.
---Waits.
---@param n integer bytes
---@param offset integer bytes from the start
---@return string? data
---@return string? message
---@return ("EOF"|"EBADF"|string)? code
function file:pread(n, offset) end

---Writes at an offset, without buffering, and leaves the position alone. (Linux
---appends instead if the file was opened for appending.)
---Waits.
---@param data string|number what to write
---@param offset integer bytes from the start
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:pwrite(data, offset) end

---Waits until the system has everything that was written.
---Waits if data is held back.
---Raises an error if another task is using the position.
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:flush() end

---Waits until the disk has everything that was written.
---Waits.
---Raises an error if another task is using the position.
---@return true? done
---@return string? message
---@return ("ENOSPC"|"EINVAL"|"EBADF"|string)? code
function file:sync() end

---Sets the length of the file: cuts it, or appends zeros.
---Waits.
---Raises an error if another task is using the position.
---@param size? integer bytes; default the position
---@return true? done
---@return string? message
---@return ("EINVAL"|"ENOSPC"|"EBADF"|string)? code
function file:truncate(size) end

---Like `conc.fs.stat`, for this open file.
---Waits.
---Raises an error if another task is using the position.
---@return luaconc.stat? stat
---@return string? message
---@return ("ENOSPC"|"EBADF"|string)? code
function file:stat() end

---Writes what is held back and closes the file. Tasks that wait in it get the
---code ECANCELED. In a cancelled task, which can't wait, this goes on in the
---background. A second call does nothing.
---Waits.
---@return true? done
---@return string? message
---@return ("ENOSPC"|string)? code
function file:close() end

---@class luaconc.watcher
local watcher = {}

---Waits for the next change: a table with the `name` of the file, `renamed` (the
---file was made, removed, or given this name or another) and `changed` (its
---contents, mode or times). With `lost` instead, changes were missed: look at
---everything. To tell made from removed, call `conc.fs.exists`.
---Waits unless there is one.
---Raises an error if another task waits in it.
---@return luaconc.change? change
---@return string? message
---@return ("EBADF"|"ECANCELED"|string)? code
function watcher:wait() end

---Iterates over the changes until the watcher is closed.
---Waits in each step.
---Raises in a step of the loop, any other failure.
---@return fun(): luaconc.change? next for the generic `for`
function watcher:iter() end

---Closes the watcher. A task that waits in it gets the code ECANCELED.
---Never waits.
---@return true closed
function watcher:close() end

---Runs a program to its end and returns its exit status and its output. Any exit
---status is a result, not a failure. The call also waits for the end of the
---output, which a program left running in the background may hold open. If the
---program was stopped by `timeout` or `limit`, the fourth value after the
---failure is the result so far.
---Waits.
---@param options luaconc.execoptions the command and its arguments as a list, or a list of such lists for a pipeline, and these options:
---@return luaconc.execresult? result `code`, its exit status, or `signal`, the name of the signal that ended it; for a pipeline, `stages` is a list of the same for each program; `stdout` and `stderr`, strings, if they are captured
---@return string? message
---@return ("ENOENT"|"EACCES"|"ETIMEDOUT"|"ENOBUFS"|"EMFILE")? code
function conc.exec(options) end

---Starts a program, or a pipeline, that runs beside this one: like `io.popen`, but
---with a list of arguments, and with streams for its input and output.
---Never waits.
---@param options luaconc.popenoptions the command and its arguments as for `conc.exec`, and these options:
---@return luaconc.program? program
---@return string? message
---@return "ENOENT"? code
function conc.popen(options) end

---@class luaconc.program
---@field pid integer its process id; for a pipeline, that of its last program
---@field stdin? luaconc.stream its standard input, to write to
---@field stdout? luaconc.stream its standard output, to read from
---@field stderr? luaconc.stream its standard error, to read from
local program = {}

---Waits for the program, or all of a pipeline, to end. Each call returns the same.
---Waits until it has ended.
---@return luaconc.fate? result `code`, its exit status, or `signal`, the name of the signal that ended it; for a pipeline, `stages` is a list of the same for each program
---@return string? message
---@return "ECHILD"? code
function program:wait() end

---Sends a signal to the program and to what it has started, that is, to its
---process group. The program may ignore it: see `stop`.
---Never waits.
---@param signal? (string|integer) such as `"SIGINT"`; default `"SIGTERM"`
---@return true? 
---@return string? message
---@return "ESRCH"? code
function program:kill(signal) end

---Ends the program and what it has started: with SIGTERM, then with SIGKILL after
---`grace` seconds. Works in a cancelled task, too.
---Waits until it has ended.
---@param grace? number seconds; default the option `grace` of `popen`, or 1
---@return luaconc.fate? result `code`, its exit status, or `signal`, the name of the signal that ended it; for a pipeline, `stages` is a list of the same for each program
---@return string? message
---@return "ECHILD"? code
function program:stop(grace) end

---Stops the program if it still runs, and closes its streams, dropping what is
---queued. If the program has already ended by itself, what it started is left
---running. A `<close>` variable does the same. Where waiting is impossible, the
---program is killed at once.
---Waits until it has ended.
---@return true 
function program:close() end

---Makes an object that waits for a signal. From now on the signal has no other effect.
---Never waits.
---Raises an error for a signal that is refused.
---@param name string such as `"SIGHUP"`
---@return luaconc.signal? signal
---@return string? message
---@return "EMFILE"? code
function conc.signal(name) end

---@class luaconc.signal
local signal = {}

---Waits for the signal. Each signal wakes one task, first come, first served.
---Waits unless one has come.
---@return string? name of the signal
---@return string? message
---@return ("EBADF"|"ECANCELED")? code
function signal:wait() end

---Iterates over signals until the object is closed.
---Waits in each step.
---@return fun(): string? iterator
function signal:iter() end

---Stops waiting for the signal. A second call does nothing.
---Never waits.
---@return true 
function signal:close() end

---Standard input: `read`, `lines` and the like.
---@type luaconc.stream
conc.stdin = nil

---Standard output: `write`, `flush` and the like.
---@type luaconc.stream
conc.stdout = nil

---Standard error: `write`, `flush` and the like.
---@type luaconc.stream
conc.stderr = nil

---Whether a standard stream is a terminal.
---Never waits.
---@param name "stdin"|"stdout"|"stderr"
---@return boolean is
function conc.tty.is(name) end

---The size of the terminal, in characters.
---Never waits.
---@return integer? columns
---@return integer? rows
---@return string? message
---@return "ENOTTY"? code
function conc.tty.size() end

---Enters raw mode: keys arrive one by one and are not echoed, and Ctrl-C is a
---byte. The mode is left when the returned object is closed, and whenever the
---program ends: by an error, by `os.exit`, or by any signal but SIGKILL. If it
---is entered several times, it is left when all objects are closed.
---Never waits.
---@return luaconc.rawmode? mode with `close` and `<close>`
---@return string? message
---@return "ENOTTY"? code
function conc.tty.raw() end

---Returns what the loop of this state has counted since it was made, and how
---long its turns have taken since the first use of `conc.stats`. Only the live
---jobs are counted one by one when it is called.
---Never waits.
---@return luaconc.stats stats counts: `turns` of the loop; `wakeups` of tasks; tasks that are `ready` now; `deadlines` set; open `handles`; jobs `started`; `jobs`, a table with the live ones by status (`ready`, `running`, `waiting`) and all that have ended (`done`, `failed`, `cancelled`); `bytes` of messages of the whole process; `busy`: seconds for which tasks ran; `longest`: seconds of the longest turn; `latency`: a histogram, a list of `{seconds, turns}` with the number of turns that took at most so long and longer than the entry before
function conc.stats() end

---Returns the same as a page of text in the OpenMetrics format, for Prometheus and
---others. The labels are added to each sample.
---Never waits.
---Raises an error if a label's name is not valid or used by the page itself (`state`, `outcome`, `le`), or its value is not UTF-8.
---@param labels? table<string, any> names and values of labels
---@return string page ends in `# EOF`
function conc.stats.openmetrics(labels) end

---Returns a text with all live jobs of this state and, below them, of its
---threads and processes: name, status, what each waits for (how full it is, who
---holds it), since when and where, and where and when it was started. It also
---lists open handles, deadlines, pools, and queues and channels that contain
---something: at most 50 of each state, as far as its tasks and modules can reach
---them.
---Waits if there are threads or processes, for their answers.
---Raises an error if the limit is not a number.
---@param limit? number seconds to wait for the answers of threads and processes; default 1
---@return string text
function conc.debug.dump(limit) end

---From now on, the signal makes this program print the text of `dump` to its
---standard error. If the main state is computing, its part is printed at once
---and the rest when it returns to its loop. `LUACONC_DUMP=SIGUSR1` in the
---environment does the same for any program.
---Never waits.
---Raises an error for other signals.
---@param signal "SIGUSR1"|"SIGUSR2"|"SIGHUP"|"SIGQUIT"
---@return true? ok
---@return string? message
---@return "EBUSY"? code
function conc.debug.dump_on(signal) end

---From now on, reports likely mistakes on standard error, with the place to look
---at: locks taken in two orders, or by tasks that wait for each other; groups
---and scopes left open; handles and files collected while open; failures hidden
---by others; errors that a job returned and nobody looked at. This holds for
---this state and for threads and processes started later. With `block`, also a
---task that holds the loop for longer, with its traceback, while it does; in a
---thread or process only if it has other jobs and uses luaconc. `luaconc run
-----debug` does the same from the start, and so do `LUACONC_DEBUG=1` and
---`LUACONC_BLOCK_MS=100` in the environment.
---Never waits.
---@param options? table
---@return true? ok
---@return string? message
---@return "EBUSY"? code
function conc.debug.start(options) end

---Ends what `start` began. From now on nothing is reported for this state, nor
---for threads and processes started later, and everything noted is forgotten.
---The watch over the loop of this state ends, too. Threads and processes that
---already run are not affected.
---Never waits.
function conc.debug.stop() end

---Starts a trace into a new file: of this state, of the threads of this process,
---and of its worker processes and theirs. Those that already run join when they
---come to their loop: at once if they wait, after their next wait if they
---compute. Jobs and streams that exist already have spans from then on. A worker
---with a trace of its own keeps to that.
---Never waits.
---@param path string the file; it is overwritten
---@return true? ok
---@return string? message
---@return ("EBUSY"|"ENOENT, EACCES, ...")? code
function conc.trace.start(path) end

---Ends the trace. Everything from this state is then in the file; other states write their last events when they come to their loop.
---Never waits.
---@return true? ok
---@return string? message
---@return ("ENOENT"|"ENOSPC, ...")? code
function conc.trace.stop() end

---Makes a function for a test runner, such as the `it` of busted. It runs `f` as
---the root task under the virtual clock. It raises a failure of `f`, and an
---error if `f` leaves a job, an open handle or a descriptor behind.
---Never waits.
---@param f function the test; gets the arguments that the runner passes
---@param opts? { seeds: integer? } `seeds`: run `f` in that many orders
---@return function test
function conc.test(f, opts) end
