-- The part of docs/api.lua about files. See there.

local path = { "path", "string", "" }
local done = { { "true", "done", "" } }
local missing = { "ENOENT", "there is none" }
local forbidden = { "EACCES", "it is not allowed" }
local rest = { "...", "what else the system says; the message names the path" }

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
Every function waits its task only: a disk that sleeps holds up nobody else.
The work is done by libuv's pool of threads (four, unless `UV_THREADPOOL_SIZE`
says otherwise). A task that is cancelled in such a wait goes on at once; what
is under way then may still happen, or stop half-way (`remove` of a tree,
`copy`), and what it would have given is freed. A failure is nil, a message
that names the path, and libuv's code. A path is a string of bytes without a
zero.]],
  simple("read_file", "Reads a whole file.", [[
conc.fs.write_file(dir .. "/f", "some text")
print(conc.fs.read_file(dir .. "/f"))  --> some text
print(select(3, conc.fs.read_file(dir .. "/g")))  --> ENOENT]], {
    returns = { { "string", "data", "" } },
    fails = { missing, forbidden, { "EISDIR", "it is a folder" }, rest },
  }),
  simple("write_file", [[
Writes a whole file. Others see the old contents or the new, never a part: the
data goes to another file in the same folder, which then takes the name. A file
that was there keeps its mode. A link is followed. What is no plain file
(`/dev/null`) is written as it is.]], [[
print(conc.fs.write_file(dir .. "/f", "some text", { sync = true }))  --> true
]], {
    call = "conc.fs.write_file(path, data [, options])",
    params = { path, { "data", "string|number", "" },
      { "options", "luaconc.writeoptions?", "" } },
    optionclass = "luaconc.writeoptions",
    options = {
      { "atomic", "boolean?", "false: empties and writes the file itself" },
      { "sync", "boolean?", "waits until it is on the disk" },
      { "mode", "integer?", "who may use it, such as `tonumber(\"640\", 8)`; "
        .. "as it was, or as the umask says" },
    },
    fails = { missing, forbidden, { "ENOSPC", "the disk is full" },
      { "EROFS", "it can only be read" }, rest },
  }),
  simple("open", [[
Opens a file: see "File" below. Modes are those of `io.open`: `"r"` unless
said, `"w"`, `"a"`, with `+` for both directions; `"wx"` fails where the file is
there. What would keep a reader waiting, such as a named pipe, gives EAGAIN
instead.]], [[
local file <close> = assert(conc.fs.open(dir .. "/f", "w"))
print(file:write("a line\n") == file)  --> true]], {
    call = "conc.fs.open(path [, mode [, options]])",
    params = { path, { "mode", "string?", "" },
      { "options", "luaconc.openoptions?", "" } },
    optionclass = "luaconc.openoptions",
    options = { { "mode", "integer?", "of a file that is made: who may use "
      .. "it, less the umask" } },
    returns = { { "luaconc.file", "file", "" } },
    fails = { missing, forbidden, { "EISDIR", "it is a folder" },
      { "EMFILE", "too many files are open" }, rest },
  }),
  simple("stat", [[
What the system knows of a file: `type` (`"file"`, `"directory"`, `"link"`,
`"fifo"`, `"socket"`, `"char"`, `"block"`), `size`, `mode` (the last 12 bits),
`uid`, `gid`, `dev`, `ino`, `nlink`, `rdev`, `blksize`, `blocks`, and the times
`atime`, `mtime`, `ctime` in seconds since 1970. Of a link: what it leads
to.]], [[
conc.fs.write_file(dir .. "/f", "12345")
print(conc.fs.stat(dir .. "/f").size, conc.fs.stat(dir).type)
--> 5	directory]], { returns = { { "luaconc.stat", "stat", "" } } }),
  simple("lstat", "The same; of a link: the link itself.", [[
conc.fs.symlink("nowhere", dir .. "/l")
print(conc.fs.lstat(dir .. "/l").type)  --> link]],
    { returns = { { "luaconc.stat", "stat", "" } } }),
  simple("exists", "Whether a path leads to something.", [[
print(conc.fs.exists(dir), conc.fs.exists(dir .. "/f"))  --> true	false]], {
    returns = { { "boolean", "exists", "" } },
    fails = { forbidden, rest },
  }),
  simple("scandir", "What is in a folder, in the order of the names.", [[
conc.fs.write_file(dir .. "/f", "")
for _, entry in ipairs(conc.fs.scandir(dir)) do
  print(entry.name, entry.type)
end
--> f	file]], {
    returns = { { "{name: string, type: string}[]", "entries",
      "types are those of `stat`" } },
  }),
  simple("walk", [[
Iterates over all that is below a folder: path and type, a folder before what is
in it. One folder is read at a time, when the loop gets there. What vanishes
meanwhile is left out. A folder that can't be read raises, or goes to
`on_error`. Links are not followed unless said; a circle is not walked twice.
The iterator is closed by `for`, or by its `close`.]], [[
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
      { "contents_first", "boolean?", "a folder after what is in it" },
      { "follow", "boolean?", "goes into what links lead to" },
      { "enter", "(fun(path: string): boolean)?", "asked before a folder is "
        .. "read: false leaves it out" },
      { "on_error", "fun(path: string, message: string, code: string)?",
        "told of a folder that can't be read" },
    },
    returns = { { "fun(): string?, string?", "next",
      "for the generic `for`, with what closes it as the fourth value" } },
    fails = false, waits = "in each round that reads a folder",
  }),
  simple("mkdir", "Makes a folder.", [[
print(conc.fs.mkdir(dir .. "/a/b", { parents = true }))  --> true
print(select(3, conc.fs.mkdir(dir .. "/a")))  --> EEXIST]], {
    call = "conc.fs.mkdir(path [, options])",
    params = { path, { "options", "luaconc.mkdiroptions?", "" } },
    optionclass = "luaconc.mkdiroptions",
    options = {
      { "parents", "boolean?", "those above too; and one that is there will "
        .. "do" },
      { "mode", "integer?", "less the umask; `tonumber(\"777\", 8)` unless "
        .. "said" },
    },
    fails = { missing, { "EEXIST", "there is something" }, forbidden, rest },
  }),
  simple("remove", [[
Removes a file, a link (not what it leads to) or an empty folder; with `tree`
also what is in the folder. That stops at the first failure, which names its
path; links in the tree are never followed.]], [[
conc.fs.mkdir(dir .. "/a/b", { parents = true })
print(select(3, conc.fs.remove(dir .. "/a")))  --> ENOTEMPTY
print(conc.fs.remove(dir .. "/a", { tree = true }))  --> true]], {
    call = "conc.fs.remove(path [, options])",
    params = { path, { "options", "luaconc.removeoptions?", "" } },
    optionclass = "luaconc.removeoptions",
    options = { { "tree", "boolean?", "and all that is in it" } },
    fails = { missing, forbidden, { "ENOTEMPTY", "a folder that is not" },
      rest },
  }),
  simple("rename", "Gives a file or folder another name, which may be there.",
    [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.rename(dir .. "/f", dir .. "/g"))  --> true]], {
    call = "conc.fs.rename(from, to)", params = two_paths,
    fails = { missing, forbidden, { "EXDEV", "that is on another disk" },
      rest },
  }),
  simple("copy", [[
Copies a file: what is in it, its mode, and its holes as holes.]], [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.copy(dir .. "/f", dir .. "/g"))  --> true
print(select(3, conc.fs.copy(dir .. "/f", dir .. "/g", { overwrite = false })))
--> EEXIST]], {
    call = "conc.fs.copy(from, to [, options])",
    params = { two_paths[1], two_paths[2],
      { "options", "luaconc.copyoptions?", "" } },
    optionclass = "luaconc.copyoptions",
    options = { { "overwrite", "boolean?", "false: fails where `to` is "
      .. "there" } },
    fails = { missing, forbidden, { "EEXIST", "it may not overwrite" },
      { "EISDIR", "one is a folder" }, { "EINVAL", "they are one file" },
      rest },
  }),
  simple("link", "Gives a file a second name (a hard link).", [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.link(dir .. "/f", dir .. "/g"))  --> true
print(conc.fs.stat(dir .. "/g").nlink)  --> 2]], {
    call = "conc.fs.link(from, to)", params = two_paths,
  }),
  simple("symlink", "Makes a symbolic link `path` to `target`.", [[
print(conc.fs.symlink("anything", dir .. "/l"))  --> true]], {
    call = "conc.fs.symlink(target, path)",
    params = { { "target", "string", "seen from the link's folder" }, path },
  }),
  simple("readlink", "Where a symbolic link leads.", [[
conc.fs.symlink("anything", dir .. "/l")
print(conc.fs.readlink(dir .. "/l"))  --> anything]], {
    returns = { { "string", "target", "" } },
    fails = { missing, { "EINVAL", "it is no link" }, rest },
  }),
  simple("realpath", "The absolute path, without links and dots.", [[
print(conc.fs.realpath("/dev/../dev/null"))  --> /dev/null]], {
    returns = { { "string", "path", "" } },
  }),
  simple("chmod", "Sets who may use a file.", [[
print(conc.fs.chmod(dir, tonumber("700", 8)))  --> true]], {
    call = "conc.fs.chmod(path, mode)",
    params = { path, { "mode", "integer", "the last 12 bits" } },
    fails = { missing, { "EPERM", "it is not yours" }, rest },
  }),
  simple("utime", "Sets when a file was last read and changed.", [[
print(conc.fs.utime(dir, 0, 1.5), conc.fs.stat(dir).mtime)  --> true	1.5]], {
    call = "conc.fs.utime(path [, atime [, mtime]])",
    params = { path, { "atime", "number?", "seconds since 1970; now unless "
      .. "said" }, { "mtime", "number?", "the same" } },
  }),
  simple("truncate", "Makes a file so many bytes long: cut, or with zeros.", [[
conc.fs.write_file(dir .. "/f", "text")
print(conc.fs.truncate(dir .. "/f", 2), conc.fs.read_file(dir .. "/f"))
--> true	te]], {
    call = "conc.fs.truncate(path, size)",
    params = { path, { "size", "integer", "" } },
  }),
  {
    name = "conc.fs.mkdtemp",
    call = "conc.fs.mkdtemp([prefix])",
    text = [[
Makes a folder with a new name: the prefix and six letters, in `$TMPDIR` (or
/tmp) unless the prefix has a slash. Only this user may use it.]],
    params = { { "prefix", "string?", '`"luaconc-"` unless said' } },
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
    text = "The same for a file, which is open for reading and writing.",
    params = { { "prefix", "string?", '`"luaconc-"` unless said' } },
    returns = { { "luaconc.file", "file", "" }, { "string", "path", "" } },
    fails = { missing, forbidden, rest },
    waits = true,
    example = [[
local file <close>, path = assert(conc.fs.mkstemp())
print(file:write("draft") == file)  --> true
conc.fs.remove(path)]],
  },
  simple("watch", [[
Watches a file, or what is directly in a folder, for changes: see "Watcher"
below. It waits nowhere, but looks the path up.]], [[
local watcher <close> = assert(conc.fs.watch(dir))
conc.fs.write_file(dir .. "/f", "text", { atomic = false })
print(watcher:wait().name)  --> f]], {
    returns = { { "luaconc.watcher", "watcher", "" } },
    fails = { missing, forbidden, { "EMFILE", "too many files are open, or "
      .. "inotify has no more instances" },
      { "ENOSPC", "inotify has no more watches" }, rest },
    waits = false,
  }),
}

local closed = { "EBADF", "it is closed, or was not opened for this; ECANCELED "
  .. "where it was closed meanwhile" }
local full = { "ENOSPC", "the disk is full" }
local busy = "where another task uses its place."

local file = {
  title = "File",
  text = [[
What `conc.fs.open` gives. It follows Lua's own files: one place for reading and
writing, 64 KiB read ahead, 64 KiB held back of what is written. One task at a
time uses the place; `pread` and `pwrite` go beside it, as many as like. A read
that is cancelled leaves the place where it was. What `write` has accepted is
written whatever is cancelled: by the next call that needs it, by `close`, or
when the file is garbage. Where it can't be written, the next `write`, `read`,
`seek`, `flush` or `close` says so, and it is lost.]],
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
Reads by formats, as Lua's files do: `"l"` (unless said) a line without its
end, `"L"` with it, `"a"` all up to the end (`""` there), `"n"` a number, an
integer that many bytes; one result for each. Unlike Lua's, the first that fails
is followed by a message and a code; and unlike a stream's, a read without a
format is a line, not whatever is there.]],
    params = { { "...", '"l"|"L"|"a"|"n"|integer', "" } },
    returns = { { "string|number", "data", "" } },
    fails = { { "EOF", "the file ends here" },
      { "EINVAL", '`"n"` found no number' }, closed,
      { "EAGAIN", "it would have to wait for somebody to write" }, rest },
    raises = busy,
    waits = "unless the system has it in memory",
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
Iterates over what `read` gives, up to the end of the file. The file stays
open.]],
    params = { { "...", '"l"|"L"|"n"|integer', '`"l"` unless said' } },
    returns = { { "fun(): (string|number)?", "next",
      "for the generic `for`" } },
    raises = "in a round: every failure but the end, as `io.lines` does.",
    waits = "in a round, unless the system has it in memory",
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
Writes strings and numbers. They are held back until there are 64 KiB, or
something else needs them written.]],
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
Moves the place, and returns it: `"set"` from the start, `"cur"` (unless said)
from where it is, `"end"` from the end of the file.]],
    params = { { "whence", '("set"|"cur"|"end")?', "" },
      { "offset", "integer?", "0 unless said" } },
    returns = { { "integer", "place", "bytes from the start" } },
    fails = { { "EINVAL", "that is before the start" },
      { "ESPIPE", "it has no place" }, full, closed },
    raises = busy,
    waits = 'for `"end"`, and where something is to be written first',
    example = with_file [[
file:write("12345")
print(file:seek("set", 1), file:read(2), file:seek())  --> 1	23	3]],
  },
  {
    name = "pread",
    call = "file:pread(n, offset)",
    text = [[
Reads at an offset, and leaves the place alone. Fewer bytes at the end of the
file. What `write` still holds back is not seen.]],
    params = { { "n", "integer", "" }, { "offset", "integer", "" } },
    returns = { { "string", "data", "" } },
    fails = { { "EOF", "the file ends before that" }, closed, rest },
    waits = true,
    example = with_file [[
file:pwrite("12345", 0)
print(file:pread(2, 3))  --> 45]],
  },
  {
    name = "pwrite",
    call = "file:pwrite(data, offset)",
    text = [[
Writes at an offset at once, and leaves the place alone. (A file that is open
for appending appends, as Linux does.)]],
    params = { { "data", "string|number", "" }, { "offset", "integer", "" } },
    returns = done,
    fails = { full, closed, rest },
    waits = true,
    example = with_file [[
print(file:pwrite("12345", 0), file:read("a"))  --> true	12345]],
  },
  {
    name = "flush",
    call = "file:flush()",
    text = "Waits until the system has all that was written.",
    params = {},
    returns = done,
    fails = { full, closed, rest },
    raises = busy,
    waits = "where something is held back",
    example = with_file [[
file:write("text")
print(file:flush(), conc.fs.read_file(dir .. "/notes"))  --> true	text]],
  },
  {
    name = "sync",
    call = "file:sync()",
    text = "Waits until the disk has all that was written.",
    params = {},
    returns = done,
    fails = { full, { "EINVAL", "it is on no disk" }, closed, rest },
    raises = busy,
    waits = true,
    example = with_file [[
file:write("text")
print(file:sync())  --> true]],
  },
  {
    name = "truncate",
    call = "file:truncate([size])",
    text = "Makes it so many bytes long: cut, or with zeros.",
    params = { { "size", "integer?", "up to its place unless said" } },
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
    text = "What `conc.fs.stat` tells, of this very file.",
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
Writes what is held back and closes. Whoever waits in it gets the code
ECANCELED. A second time it does nothing. In a cancelled task, where it can't
wait, this goes on in the background.]],
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
What `conc.fs.watch` gives. What happens while nobody waits is kept: changes of
one name become one, in the order of the first, up to 4,096 names; if more come,
the rest is lost and a change says so. On Linux it is inotify: it sees what
other programs of this machine do, not what other machines do to a shared
disk.]],
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
Waits for the next change: a table with the file's `name`, `renamed` (it was
made, removed, or given this name or another) and `changed` (its contents, mode
or times); or with `lost`: look at everything. To tell made from removed, ask
`conc.fs.exists`.]],
    params = {},
    returns = { { "luaconc.change", "change", "" } },
    fails = { { "EBADF", "it is closed" },
      { "ECANCELED", "it was closed meanwhile" }, rest },
    raises = "where another task waits in it.",
    waits = "unless there was one",
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
    raises = "in a round: every failure but that.",
    waits = "in each round",
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
    text = "Ends it. Whoever waits in it gets the code ECANCELED.",
    params = {},
    returns = { { "true", "closed", "" } },
    waits = false,
    example = in_folder [[
local watcher = assert(conc.fs.watch(dir))
print(watcher:close())  --> true]],
  },
}

return { fs, file, watcher }
