-- The part of docs/api.lua about files. See there.

local path = { "path", "string", "absolute or relative" }
local done = { { "true", "done", "" } }
local missing = { "ENOENT", "there is no such file or folder" }
local forbidden = { "EACCES", "this user may not do that" }
local rest = { "...", "other codes of the system; the message names the path" }

-- What most examples start with: a folder, gone at the end.
local function in_folder(text)
  return [[
local dir = assert(conc.fs.mkdtemp())
]] .. text .. [[

conc.fs.remove(dir, { tree = true })]]
end

local function with_file(text)
  return in_folder([[
local file = assert(conc.fs.open(dir .. "/notes", "w+"))
]] .. text .. [[

file:close()]])
end

local function simple(name, text, example, more)
  local entry = {
    name = "conc.fs." .. name, text = text, example = in_folder(example),
    call = "conc.fs." .. name .. "(path)", params = { path },
    returns = done, fails = { missing, forbidden, rest }, waits = true,
  }
  for key, value in pairs(more or {}) do entry[key] = value end
  return entry
end

local two_paths = { { "from", "string", "" }, { "to", "string", "" } }

local fs = {
  title = "Files and folders",
  text = [[
Every call suspends only its task, so a slow disk does not block the others.
The work is done by libuv's pool of threads (four by default;
`UV_THREADPOOL_SIZE` sets another number). A task that is cancelled during a
call continues at once; the operation may still be completed, or stop half-way
(`remove` of a tree, `copy`), and its result is discarded. Failures return
nil, a message that names the path, and libuv's code. Paths are strings
without zero bytes.]],
  simple("read_file", "Reads a whole file.", [[
conc.fs.write_file(dir .. "/f", "some text")
print(conc.fs.read_file(dir .. "/f"))  --> some text
print(select(3, conc.fs.read_file(dir .. "/g")))  --> ENOENT]], {
    returns = { { "string", "data", "" } },
    fails = { missing, forbidden, { "EISDIR", "it is a folder" }, rest },
  }),
  simple("write_file", [[
Writes a whole file. Readers see the old contents or the new, never a part:
the data is written to another file in the same folder, which then takes the
name. An existing file keeps its mode. Symbolic links are followed. What is
not a plain file, such as `/dev/null`, is written to directly.]], [[
print(conc.fs.write_file(dir .. "/f", "some text", { sync = true }))  --> true
]], {
    call = "conc.fs.write_file(path, data [, options])",
    params = { path, { "data", "string|number", "the contents" },
      { "options", "luaconc.writeoptions?", "" } },
    optionclass = "luaconc.writeoptions",
    options = {
      { "atomic", "boolean?", "false: truncate and write the file itself; "
        .. "default true" },
      { "sync", "boolean?", "true: wait until the data is on the disk" },
      { "mode", "integer?", "permissions, such as `tonumber(\"640\", 8)`; "
        .. "default unchanged, or for a new file as the umask says" },
    },
    fails = { missing, forbidden, { "ENOSPC", "the disk is full" },
      { "EROFS", "the file system is read-only" }, rest },
  }),
  simple("open", [[
Opens a file. The modes are those of `io.open`: `"r"`, `"w"`, `"a"`, each with
`+` for both directions, and `"wx"`, which fails if the file exists. Reading
what would block, such as an empty named pipe, fails with EAGAIN.]], [[
local file <close> = assert(conc.fs.open(dir .. "/f", "w"))
print(file:write("a line\n") == file)  --> true]], {
    call = "conc.fs.open(path [, mode [, options]])",
    params = { path, { "mode", "string?", 'default `"r"`' },
      { "options", "luaconc.openoptions?", "" } },
    optionclass = "luaconc.openoptions",
    options = { { "mode", "integer?", "permissions of a new file, before "
      .. "the umask; default `tonumber(\"666\", 8)`" } },
    returns = { { "luaconc.file", "file", "" } },
    fails = { missing, forbidden, { "EISDIR", "it is a folder" },
      { "EMFILE", "too many files are open" }, rest },
  }),
  simple("stat", [[
Information about a file: `type` (`"file"`, `"directory"`, `"link"`, `"fifo"`,
`"socket"`, `"char"`, `"block"`), `size` in bytes, `mode` (the last 12 bits),
`uid`, `gid`, `dev`, `ino`, `nlink`, `rdev`, `blksize`, `blocks`, and the times
`atime`, `mtime`, `ctime` in seconds since 1970. Symbolic links are
followed.]], [[
conc.fs.write_file(dir .. "/f", "12345")
print(conc.fs.stat(dir .. "/f").size, conc.fs.stat(dir).type)
--> 5	directory]], { returns = { { "luaconc.stat", "stat", "" } } }),
  simple("lstat", "Like `stat`, but a symbolic link is described itself.", [[
conc.fs.symlink("nowhere", dir .. "/l")
print(conc.fs.lstat(dir .. "/l").type)  --> link]],
    { returns = { { "luaconc.stat", "stat", "" } } }),
  simple("exists", "Whether a path leads to something.", [[
print(conc.fs.exists(dir), conc.fs.exists(dir .. "/f"))  --> true	false]], {
    returns = { { "boolean", "exists", "" } },
    fails = { forbidden, rest },
  }),
  simple("scandir", "The entries of a folder, sorted by name.", [[
conc.fs.write_file(dir .. "/f", "")
for _, entry in ipairs(conc.fs.scandir(dir)) do
  print(entry.name, entry.type)
end
--> f	file]], {
    returns = { { "{name: string, type: string}[]", "entries",
      "types are those of `stat`" } },
  }),
  simple("walk", [[
Iterates over everything below a folder: path and type, each folder before its
contents. A folder is read when the loop gets to it. Entries that vanish in
the meantime are left out. A folder that can't be read raises an error, or is
reported to `on_error`. The iterator is closed by the end of the `for`, or by
its `close`.]], [[
conc.fs.mkdir(dir .. "/a/b", { parents = true })
conc.fs.write_file(dir .. "/a/f", "")
for path, kind in conc.fs.walk(dir) do print(path:sub(#dir + 1), kind) end
--> /a	directory
--> /a/b	directory
--> /a/f	file]], {
    call = "conc.fs.walk(path [, options])",
    params = { path, { "options", "luaconc.walkoptions?", "" } },
    optionclass = "luaconc.walkoptions",
    options = {
      { "contents_first", "boolean?", "true: each folder after its contents" },
      { "follow", "boolean?", "true: also enter folders that links lead to, "
        .. "each once" },
      { "enter", "(fun(path: string): boolean)?", "called before a folder is "
        .. "read; false skips it" },
      { "on_error", "fun(path: string, message: string, code: string)?",
        "called for a folder that can't be read" },
    },
    returns = { { "fun(): string?, string?", "next",
      "for the generic `for`, with what closes it as the fourth value" } },
    fails = false, waits = "in each step that reads a folder",
  }),
  simple("mkdir", "Makes a folder.", [[
print(conc.fs.mkdir(dir .. "/a/b", { parents = true }))  --> true
print(select(3, conc.fs.mkdir(dir .. "/a")))  --> EEXIST]], {
    call = "conc.fs.mkdir(path [, options])",
    params = { path, { "options", "luaconc.mkdiroptions?", "" } },
    optionclass = "luaconc.mkdiroptions",
    options = {
      { "parents", "boolean?", "true: also make missing folders above it, and "
        .. "accept one that exists" },
      { "mode", "integer?", "permissions, before the umask; default "
        .. "`tonumber(\"777\", 8)`" },
    },
    fails = { missing, { "EEXIST", "the path exists" }, forbidden, rest },
  }),
  simple("remove", [[
Removes a file, a symbolic link (not its target) or an empty folder; with
`tree`, also everything in the folder, without following links. It stops at
the first failure, whose message names the path.]], [[
conc.fs.mkdir(dir .. "/a/b", { parents = true })
print(select(3, conc.fs.remove(dir .. "/a")))  --> ENOTEMPTY
print(conc.fs.remove(dir .. "/a", { tree = true }))  --> true]], {
    call = "conc.fs.remove(path [, options])",
    params = { path, { "options", "luaconc.removeoptions?", "" } },
    optionclass = "luaconc.removeoptions",
    options = { { "tree", "boolean?", "true: also everything in the folder" } },
    fails = { missing, forbidden, { "ENOTEMPTY", "the folder is not empty" },
      rest },
  }),
  simple("rename", "Renames a file or folder. An existing file of that name "
    .. "is replaced.",
    [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.rename(dir .. "/f", dir .. "/g"))  --> true]], {
    call = "conc.fs.rename(from, to)", params = two_paths,
    fails = { missing, forbidden, { "EXDEV", "the new path is on another "
      .. "file system" },
      rest },
  }),
  simple("copy", [[
Copies a file: its contents and its mode. Holes stay holes.]], [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.copy(dir .. "/f", dir .. "/g"))  --> true
print(select(3, conc.fs.copy(dir .. "/f", dir .. "/g", { overwrite = false })))
--> EEXIST]], {
    call = "conc.fs.copy(from, to [, options])",
    params = { two_paths[1], two_paths[2],
      { "options", "luaconc.copyoptions?", "" } },
    optionclass = "luaconc.copyoptions",
    options = { { "overwrite", "boolean?", "false: fail if `to` exists; "
      .. "default true" } },
    fails = { missing, forbidden, { "EEXIST", "`to` exists and is not to be "
      .. "overwritten" },
      { "EISDIR", "one is a folder" }, { "EINVAL", "both are the same file" },
      rest },
  }),
  simple("link", "Gives a file a second name (a hard link).", [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.link(dir .. "/f", dir .. "/g"))  --> true
print(conc.fs.stat(dir .. "/g").nlink)  --> 2]], {
    call = "conc.fs.link(from, to)", params = two_paths,
  }),
  simple("symlink", "Makes a symbolic link at `path` that leads to "
    .. "`target`.", [[
print(conc.fs.symlink("anything", dir .. "/l"))  --> true]], {
    call = "conc.fs.symlink(target, path)",
    params = { { "target", "string", "the target, relative to the folder of "
      .. "the link" }, path },
  }),
  simple("readlink", "Where a symbolic link leads.", [[
conc.fs.symlink("anything", dir .. "/l")
print(conc.fs.readlink(dir .. "/l"))  --> anything]], {
    returns = { { "string", "target", "" } },
    fails = { missing, { "EINVAL", "it is not a symbolic link" }, rest },
  }),
  simple("realpath", "The absolute path, without links, `.` and `..`.", [[
print(conc.fs.realpath("/dev/../dev/null"))  --> /dev/null]], {
    returns = { { "string", "path", "" } },
  }),
  simple("chmod", "Sets the permissions of a file.", [[
print(conc.fs.chmod(dir, tonumber("700", 8)))  --> true]], {
    call = "conc.fs.chmod(path, mode)",
    params = { path, { "mode", "integer", "permissions, such as "
      .. "`tonumber(\"640\", 8)`" } },
    fails = { missing, { "EPERM", "the file belongs to another user" }, rest },
  }),
  simple("utime", "Sets the times of the last access and the last change of "
    .. "a file.", [[
print(conc.fs.utime(dir, 0, 1.5), conc.fs.stat(dir).mtime)  --> true	1.5]], {
    call = "conc.fs.utime(path [, atime [, mtime]])",
    params = { path, { "atime", "number?", "seconds since 1970; default "
      .. "now" }, { "mtime", "number?", "the same" } },
  }),
  simple("truncate", "Sets the length of a file: cuts it, or appends zeros.", [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.truncate(dir .. "/f", 2), conc.fs.read_file(dir .. "/f"))
--> true	te]], {
    call = "conc.fs.truncate(path, size)",
    params = { path, { "size", "integer", "bytes" } },
  }),
  {
    name = "conc.fs.mkdtemp",
    call = "conc.fs.mkdtemp([prefix])",
    text = [[
Makes a folder with a new name that only this user may use: the prefix and six
letters, in `$TMPDIR` (or /tmp) unless the prefix contains a slash.]],
    params = { { "prefix", "string?", 'default `"luaconc-"`' } },
    returns = { { "string", "path", "" } },
    fails = { missing, forbidden, rest },
    waits = true,
    example = [[
local dir = assert(conc.fs.mkdtemp())
print(#conc.fs.scandir(dir))  --> 0
conc.fs.remove(dir)]],
  },
  {
    name = "conc.fs.mkstemp",
    call = "conc.fs.mkstemp([prefix])",
    text = "Makes a file in the same way, and opens it for reading and "
      .. "writing.",
    params = { { "prefix", "string?", 'default `"luaconc-"`' } },
    returns = { { "luaconc.file", "file", "" }, { "string", "path", "" } },
    fails = { missing, forbidden, rest },
    waits = true,
    example = [[
local file <close>, path = assert(conc.fs.mkstemp())
print(file:write("draft") == file)  --> true
conc.fs.remove(path)]],
  },
  simple("watch", [[
Watches a file, or the entries of a folder (not those of folders in it), for
changes. Looking the path up does not wait.]], [[
local watcher <close> = assert(conc.fs.watch(dir))
conc.fs.write_file(dir .. "/f", "text", { atomic = false })
print(watcher:wait().name)  --> f]], {
    returns = { { "luaconc.watcher", "watcher", "" } },
    fails = { missing, forbidden, { "EMFILE", "too many files are open, or "
      .. "no inotify instance is left" },
      { "ENOSPC", "no inotify watch is left" }, rest },
    waits = false,
  }),
}

local closed = { "EBADF", "it is closed, or not opened for this (ECANCELED "
  .. "if it was closed during the call)" }
local full = { "ENOSPC", "the disk is full" }
local busy = "an error if another task is using the position."

local file = {
  title = "File",
  text = [[
An open file, made by `conc.fs.open`. It follows Lua's own files: one position
for reading and writing, up to 64 KiB read ahead, up to 64 KiB of writes held
back. One task at a time may use the position; `pread` and `pwrite` work
beside it, in any number of tasks. A read that is cancelled leaves the
position where it was. Data that `write` has accepted is written even if a
task is cancelled: by the next call that needs it, by `close`, or when the
file is collected as garbage. If that fails, the next `write`, `read`, `seek`,
`flush` or `close` returns the failure, and the data is lost.]],
  type = {
    class = "luaconc.file",
    name = "file",
    sample = "return conc.fs.open('/dev/null', 'r+')",
    closes = true,
  },
  {
    name = "read",
    call = "file:read(...)",
    text = [[
Reads by formats, one result for each: `"l"` a line without its end, `"L"`
with it, `"a"` everything up to the end (`""` there), `"n"` a number, an
integer that many bytes. Unlike in Lua's files, the first result that fails is
followed by a message and a code; unlike in a stream, a read without a format
reads a line.]],
    params = { { "...", '"l"|"L"|"a"|"n"|integer', 'default `"l"`' } },
    returns = { { "string|number", "data", "" } },
    fails = { { "EOF", "the file ends at the position" },
      { "EINVAL", 'there is no number for `"n"`' }, closed,
      { "EAGAIN", "of a pipe: there is no data yet" }, rest },
    raises = busy,
    waits = "unless the data is in memory",
    example = with_file [[
file:write("one\n2 three")
file:seek("set")
print(file:read("l", "n", "a"))  --> one	2	 three
print(select(3, file:read()))  --> EOF]],
  },
  {
    name = "lines",
    call = "file:lines(...)",
    text = [[
Iterates over the results of `read`, up to the end of the file. The file stays
open.]],
    params = { { "...", '"l"|"L"|"n"|integer', 'default `"l"`' } },
    returns = { { "fun(): (string|number)?", "next",
      "for the generic `for`" } },
    raises = "in a step of the loop, any failure but the end, as `io.lines` "
      .. "does.",
    waits = "in a step, unless the data is in memory",
    example = with_file [[
file:write("one\ntwo\n")
file:seek("set")
for line in file:lines() do print(line) end
--> one
--> two]],
  },
  {
    name = "write",
    call = "file:write(...)",
    text = [[
Writes strings and numbers at the position. They are held back until there are
64 KiB of them, or until another call needs them written.]],
    params = { { "...", "string|number", "" } },
    returns = { { "luaconc.file", "file", "itself" } },
    fails = { full, closed, rest },
    raises = busy,
    waits = "when 64 KiB are written",
    example = with_file [[
print(file:write("n = ", 42, "\n") == file)  --> true]],
  },
  {
    name = "seek",
    call = "file:seek([whence [, offset]])",
    text = [[
Moves the position and returns it. The offset counts from the start (`"set"`),
from the position (`"cur"`) or from the end of the file (`"end"`).]],
    params = { { "whence", '("set"|"cur"|"end")?', 'default `"cur"`' },
      { "offset", "integer?", "bytes; default 0" } },
    returns = { { "integer", "position", "bytes from the start" } },
    fails = { { "EINVAL", "the position would be before the start" },
      { "ESPIPE", "it has no position, like a pipe" }, full, closed },
    raises = busy,
    waits = 'for `"end"`, and if data is held back',
    example = with_file [[
file:write("12345")
print(file:seek("set", 1), file:read(2), file:seek())  --> 1	23	3]],
  },
  {
    name = "pread",
    call = "file:pread(n, offset)",
    text = [[
Reads at an offset and leaves the position alone. At the end of the file the
result is shorter. Data that `write` still holds back is not seen.]],
    params = { { "n", "integer", "bytes" },
      { "offset", "integer", "bytes from the start" } },
    returns = { { "string", "data", "" } },
    fails = { { "EOF", "the file ends before the offset" }, closed, rest },
    waits = true,
    example = with_file [[
file:pwrite("12345", 0)
print(file:pread(2, 3))  --> 45]],
  },
  {
    name = "pwrite",
    call = "file:pwrite(data, offset)",
    text = [[
Writes at an offset, without buffering, and leaves the position alone. (Linux
appends instead if the file was opened for appending.)]],
    params = { { "data", "string|number", "what to write" },
      { "offset", "integer", "bytes from the start" } },
    returns = done,
    fails = { full, closed, rest },
    waits = true,
    example = with_file [[
print(file:pwrite("12345", 0), file:read("a"))  --> true	12345]],
  },
  {
    name = "flush",
    call = "file:flush()",
    text = "Waits until the system has everything that was written.",
    params = {},
    returns = done,
    fails = { full, closed, rest },
    raises = busy,
    waits = "if data is held back",
    example = with_file [[
file:write("text")
print(file:flush(), conc.fs.read_file(dir .. "/notes"))  --> true	text]],
  },
  {
    name = "sync",
    call = "file:sync()",
    text = "Waits until the disk has everything that was written.",
    params = {},
    returns = done,
    fails = { full, { "EINVAL", "the file is not on a disk" }, closed, rest },
    raises = busy,
    waits = true,
    example = with_file [[
file:write("text")
print(file:sync())  --> true]],
  },
  {
    name = "truncate",
    call = "file:truncate([size])",
    text = "Sets the length of the file: cuts it, or appends zeros.",
    params = { { "size", "integer?", "bytes; default the position" } },
    returns = done,
    fails = { { "EINVAL", "it was not opened for writing" }, full, closed,
      rest },
    raises = busy,
    waits = true,
    example = with_file [[
file:write("12345")
print(file:truncate(2), file:stat().size)  --> true	2]],
  },
  {
    name = "stat",
    call = "file:stat()",
    text = "Like `conc.fs.stat`, for this open file.",
    params = {},
    returns = { { "luaconc.stat", "stat", "" } },
    fails = { full, closed, rest },
    raises = busy,
    waits = true,
    example = with_file [[
file:write("12345")
print(file:stat().size)  --> 5]],
  },
  {
    name = "close",
    call = "file:close()",
    text = [[
Writes what is held back and closes the file. Tasks that wait in it get the
code ECANCELED. In a cancelled task, which can't wait, this goes on in the
background. A second call does nothing.]],
    params = {},
    returns = done,
    fails = { full, rest },
    waits = true,
    example = with_file [[
print(file:close(), select(3, file:read()))  --> true	EBADF]],
  },
}

local watcher = {
  title = "Watcher",
  text = [[
Changes to a file or folder, made by `conc.fs.watch`. Changes that happen
while nobody waits are kept: those of one name become one, in the order of the
first, up to 4,096 names; beyond that they are lost, and a change says so. On
Linux this is inotify: it sees what programs on this machine do, not what
other machines do to a shared disk.]],
  type = {
    class = "luaconc.watcher",
    name = "watcher",
    sample = "return conc.fs.watch('/')",
    closes = true,
  },
  {
    name = "wait",
    call = "watcher:wait()",
    text = [[
Waits for the next change: a table with the `name` of the file, `renamed` (the
file was made, removed, or given this name or another) and `changed` (its
contents, mode or times). With `lost` instead, changes were missed: look at
everything. To tell made from removed, call `conc.fs.exists`.]],
    params = {},
    returns = { { "luaconc.change", "change", "" } },
    fails = { { "EBADF", "the watcher is closed" },
      { "ECANCELED", "it was closed during the call" }, rest },
    raises = "an error if another task waits in it.",
    waits = "unless there is one",
    example = in_folder [[
local watcher <close> = assert(conc.fs.watch(dir))
conc.fs.mkdir(dir .. "/new")
local change = watcher:wait()
print(change.name, change.renamed, change.changed)  --> new	true	nil]],
  },
  {
    name = "iter",
    call = "watcher:iter()",
    text = "Iterates over the changes until the watcher is closed.",
    params = {},
    returns = { { "fun(): luaconc.change?", "next",
      "for the generic `for`" } },
    raises = "in a step of the loop, any other failure.",
    waits = "in each step",
    example = in_folder [[
local watcher = assert(conc.fs.watch(dir))
conc.fs.mkdir(dir .. "/new")
for change in watcher:iter() do
  print(change.name)  --> new
  watcher:close()
end]],
  },
  {
    name = "close",
    call = "watcher:close()",
    text = "Closes the watcher. A task that waits in it gets the code "
      .. "ECANCELED.",
    params = {},
    returns = { { "true", "closed", "" } },
    waits = false,
    example = in_folder [[
local watcher = assert(conc.fs.watch(dir))
print(watcher:close())  --> true]],
  },
}

return { fs, file, watcher }
