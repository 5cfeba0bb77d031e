-- The part of docs/api.lua about memory that states share. See there.

local failing = {
  { "EMFILE", "no descriptor is left for it; other codes as the system says" },
}

local function maker(name, params, text, example, more)
  local entry = {
    name = "conc.shared." .. name, text = text, example = example,
    call = ("conc.shared.%s(%s)"):format(name, more and more.call or ""),
    params = params, waits = false, fails = failing,
    returns = { { "luaconc.shared." .. name, name, "" } },
  }
  for key, value in pairs(more or {}) do
    if key ~= "call" then entry[key] = value end
  end
  return entry
end

local shared = {
  title = "Shared memory",
  text = [[
Objects that tasks, threads and processes use at once, each with the methods
of its local namesake. Sent to another job (as an argument, upvalue, result,
letter, through a channel) a handle gives access, and copies nothing. The
object is gone with the last handle.

A state that ends, or a process that is killed, takes nothing with it: its
waits end, and what it held goes to the next (`lock:acquire` says how).
Waiting here is waiting for others: a deadlock is told when those of all
threads and processes of the program wait (see docs/debugging.md). No lock is
held while Lua code runs, except those that the code takes.]],
  maker("array", {
    { "type", "string", "`i8` `i16` `i32` `i64` `u8` `u16` `u32` `f32` `f64`" },
    { "n", "integer", "how many elements; all are 0" },
  }, [[
Numbers in memory. Reading and writing an element is atomic, and relaxed: one
sees the old value or the new one, but in what order those of several elements
are seen is not said, unless the atomic methods, a lock, or a message says
so.]], [[
local array = conc.shared.array("f64", 1000)
local job = conc.thread(function() array:fill(0.5) end)
job:await()
print(array:sum())  --> 500.0]], {
    call = "type, n", fails = { { "ENOMEM", "it is too large" }, failing[1] },
  }),
  maker("counter", { { "n", "integer?", "0 unless said" } },
    "An integer to count in.", [[
local counter = conc.shared.counter()
local function count() for _ = 1, 1000 do counter:add() end end
conc.gather(conc.thread(count), conc.thread(count))
print(counter:get())  --> 2000]], { call = "[n]" }),
  maker("lock", {}, "A lock, held by one task of all states at a time.", [[
local lock, array = conc.shared.lock(), conc.shared.array("i64", 1)
local function count()
  for _ = 1, 100 do
    lock:with(function() array[1] = array[1] + 1 end)
  end
end
conc.gather(conc.thread(count), conc.thread(count))
print(array[1])  --> 200]]),
  maker("semaphore", { { "n", "integer", "0 or more" } }, [[
`n` permits for all states together. What a state or process had taken when it
ended, and nobody gave back, is given back, as far as there are then no more
than `n`.]], [[
local s = conc.shared.semaphore(1)
conc.thread(function() s:acquire() end):await()
print(s:acquire() == s)  --> true]], { call = "n" }),
  maker("event", {}, "A flag that tasks of all states wait for.", [[
local ready = conc.shared.event()
local job = conc.thread(function()
  ready:wait()
  return "went on"
end)
ready:set()
print(job:await())  --> went on]]),
  maker("barrier", { { "n", "integer", "1 or more" } },
    "Holds tasks of all states until `n` of them have come.", [[
local barrier = conc.shared.barrier(2)
local job = conc.thread(function() return barrier:wait() end)
print(barrier:wait() + job:await())  --> 3]], { call = "n" }),
}

table.insert(shared, maker("map", { { "options", "table?",
    "`memory`: how many bytes keys and values may take, with what it needs for "
    .. "itself; 64 MiB unless said. Memory is taken as it is used" } }, [[
A table of copies: numbers, booleans and strings are keys; values are all that
can be sent but shared objects. It never grows beyond its bound.]], [[
local map = conc.shared.map()
local function count(word) map:incr(word) end
conc.gather(conc.thread(count, "a"), conc.thread(count, "a"))
print(map:get "a")  --> 2]], { call = "[options]", fails = {
      { "ENOMEM", "it is too large" }, failing[1] } }))

-- ---- methods ----

local function method(kind, sample, name, args, text, example, more)
  local entry = {
    name = name, call = ("%s:%s(%s)"):format(kind, name, args), text = text,
    params = {}, returns = {}, waits = false,
    example = ("local %s = conc.shared.%s\n%s"):format(kind, sample, example),
  }
  for key, value in pairs(more or {}) do entry[key] = value end
  return entry
end

local function methods(kind, sample, list)
  for i, m in ipairs(list) do
    list[i] = method(kind, sample, table.unpack(m))
  end
  return list
end

local function section(kind, sample, title, text, closes, list)
  list.title, list.text = title, text
  list.type = {
    class = "luaconc.shared." .. kind, name = "shared_" .. kind,
    sample = "return conc.shared." .. sample, closes = closes,
  }
  return list
end

local value = { { "integer", "value", "" } }

local counter = section("counter", "counter()", "Shared counter", [[
What `conc.shared.counter` returns. Each method is one atomic step, in one
order for all states. Integers wrap around.]], false,
  methods("counter", "counter(5)", {
    { "get", "", "The value that it has now.", "print(counter:get())  --> 5",
      { returns = value } },
    { "set", "n", "Gives it another value.", [[
counter:set(7)
print(counter:get())  --> 7]], { params = { { "n", "integer", "" } } } },
    { "add", "[n]", "Adds to it; the new value.",
      "print(counter:add(2), counter:add())  --> 7	8",
      { params = { { "n", "integer?", "1 unless said; may be negative" } },
        returns = value } },
    { "exchange", "n", "Gives it another value; the old one.",
      "print(counter:exchange(9), counter:get())  --> 5	9",
      { params = { { "n", "integer", "" } }, returns = value } },
    { "cas", "old, new", "Gives it a new value where it has the old one.", [[
print(counter:cas(5, 6))  --> true
print(counter:cas(5, 7))  --> false	6]], {
      params = { { "old", "integer", "" }, { "new", "integer", "" } },
      returns = { { "boolean", "done", "" },
        { "integer?", "value", "what it has, where it was not the old one" } },
    } },
  }))

local lock_results = {
  { "luaconc.shared.lock", "lock", "itself" },
  { "string?", "message", "where it was abandoned" },
  { "string?", "code", "then `EOWNERDEAD`" },
}

local lock = section("lock", "lock():acquire()", "Shared lock", [[
What `conc.shared.lock` returns. It belongs to the task that acquired it. Where
a task, a state or a process ends without having released it, it is *abandoned*
and goes to the next; who gets it has it, and is told by two more results: what
the lock guards may be half done, and is to be looked at. That is over with the
next `release`.]], true, methods("lock", "lock()", {
    { "acquire", "", "Takes the lock. Kept in a `<close>` variable, it is "
      .. "released with that.", [[
local job = conc.thread(function() lock:acquire() end)
job:await()
local held, message, code = lock:acquire()
print(held == lock, code)  --> true	EOWNERDEAD
lock:release()
print(select("#", lock:acquire()))  --> 1]], {
      returns = lock_results, waits = "until it can be had",
      raises = "where the task holds it already." } },
    { "try_acquire", "", "The same, if it can be had now.", [[
print(lock:try_acquire() == lock)  --> true
print(lock:try_acquire())  --> nil	locked	EAGAIN]], {
      returns = lock_results, fails = { { "EAGAIN", "it is held" } } } },
    { "release", "", "Gives it back; the one who has waited longest gets it.",
      "print((pcall(lock.release, lock)))  --> false",
      { raises = "where the task doesn't hold it." } },
    { "with", "f, ...", "Runs `f(...)` between `acquire` and `release`, "
      .. "however it ends. `f` may ask `abandoned`.",
      "print(lock:with(math.max, 1, 2))  --> 2", {
        params = { { "f", "function", "what to run" },
          { "...", "any", "its arguments" } },
        returns = { { "any", "...", "the results of `f`" } },
        raises = "the error of `f`.",
        waits = "until it can be had, and where `f` does" } },
    { "abandoned", "", "Whether somebody has ended with it, and nobody has "
      .. "released it since.", [[
conc.thread(function() lock:acquire() end):await()
print(lock:abandoned())  --> true
lock:acquire()
lock:release()
print(lock:abandoned())  --> false]],
      { returns = { { "boolean", "abandoned", "" } } } },
  }))

local semaphore_result = {
  { "luaconc.shared.semaphore", "semaphore", "itself" },
}

local semaphore = section("semaphore", "semaphore(1):acquire()",
  "Shared semaphore", "What `conc.shared.semaphore` returns. Anyone may "
  .. "release a permit.", true, methods("semaphore", "semaphore(1)", {
    { "acquire", "", "Takes a permit. Kept in a `<close>` variable, it is "
      .. "released with that.",
      "print(semaphore:acquire() == semaphore)  --> true",
      { returns = semaphore_result, waits = "until there is one" } },
    { "try_acquire", "", "The same, if there is one now.", [[
semaphore:acquire()
print(semaphore:try_acquire())  --> nil	no permit is free	EAGAIN]], {
      returns = semaphore_result, fails = { { "EAGAIN", "there is none" } } } },
    { "release", "", "Gives a permit, also one that was never taken; the one "
      .. "who has waited longest gets it.", [[
semaphore:release()
semaphore:acquire()
print(semaphore:try_acquire() == semaphore)  --> true]] },
    { "with", "f, ...", "Runs `f(...)` between `acquire` and `release`, "
      .. "however it ends.", "print(semaphore:with(math.max, 1, 2))  --> 2", {
        params = { { "f", "function", "what to run" },
          { "...", "any", "its arguments" } },
        returns = { { "any", "...", "the results of `f`" } },
        raises = "the error of `f`.",
        waits = "until it can be had, and where `f` does" } },
  }))

local event = section("event", "event()", "Shared event",
  "What `conc.shared.event` returns. `conc.select` waits for it, too.", false,
  methods("event", "event()", {
    { "set", "", "Sets it and wakes all who wait, in all states.", [[
event:set()
event:wait()]] },
    { "clear", "", "Clears it: who comes from now on waits.", [[
event:set()
event:clear()
print(event:is_set())  --> false]] },
    { "is_set", "", "Whether it is set.", "print(event:is_set())  --> false",
      { returns = { { "boolean", "set", "" } } } },
    { "wait", "", "Waits until it is set.", [[
print(conc.timeout(0, event.wait, event))  --> nil	timed out	ETIMEDOUT]],
      { waits = "while it is clear" } },
  }))

local barrier = section("barrier", "barrier(1)", "Shared barrier",
  "What `conc.shared.barrier` returns.", false, methods("barrier",
  "barrier(1)", {
    { "wait", "", "Waits for the others. The last to come lets all go on, and "
      .. "it starts anew.", "print(barrier:wait())  --> 1", {
        returns = { { "integer", "order", "1 .. n, in which they came" } },
        fails = { { "EOWNERDEAD", "a process that held the barrier has died "
          .. "meanwhile, and may never come" } },
        waits = "until all have come" } },
  }))

local index = { "i", "integer", "1 .. n" }
local first = { "first", "integer?", "1 unless said" }
local last = { "last", "integer?", "the last element unless said" }
local itself = { { "luaconc.shared.array", "array", "itself" } }
local floats = "where the elements are no integers."

local array = section("array", [[array("u8", 1)]], "Shared array", [[
What `conc.shared.array` returns. `array[i]` and `array[i] = v` read and write
an element; `#array` is their number; `pairs(array)` goes through them. An
index that is none, or a value that does not fit, raises; an index and its
bound, or the value and the range, are named. Ranges are from `first` to
`last`, both included.]], true, methods("array", [[array("i32", 6)]], {
    { "fill", "value [, first [, last]]", "Writes one value to a range.",
      "print(array:fill(7, 2, 3):sum())  --> 14", {
        params = { { "value", "number", "" }, first, last },
        returns = itself } },
    { "copy", "first, last, to [, other]", [[
Copies a range to the elements from `to` on, of this array or another one whose
elements are of the same type, as `table.move` does; also where both
overlap.]], [[
local other = conc.shared.array("i32", 9):fill(1)
print(array:copy(1, 6, 4, other):sum())  --> 3]], {
        params = { { "first", "integer", "" }, { "last", "integer", "" },
          { "to", "integer", "" },
          { "other", "luaconc.shared.array?", "itself unless said" } },
        returns = { { "luaconc.shared.array", "other", "" } } } },
    { "sum", "[first [, last]]", "The sum of a range; of integers it wraps "
      .. "around.", "print(array:fill(2):sum(1, 3))  --> 6", {
        params = { first, last },
        returns = { { "number", "sum", "" } } } },
    { "get_string", "[first [, last]]", "The bytes of a range, as they lie in "
      .. "memory.", "print(#array:get_string(1, 2))  --> 8", {
        params = { first, last },
        returns = { { "string", "bytes", "" } } } },
    { "set_string", "first, bytes", "Writes the bytes to the elements from "
      .. "`first` on.", [[
array:set_string(5, string.pack("i4i4", 3, 4))
print(array[5], array[6])  --> 3	4]], {
        params = { { "first", "integer", "" },
          { "bytes", "string", "of a whole number of elements" } },
        returns = itself } },
    { "load", "i", "Reads an element, in one order with the other atomic "
      .. "methods.", "print(array:load(1))  --> 0",
      { params = { index }, returns = value, raises = floats } },
    { "store", "i, n", "Writes an element in that order.", [[
array:store(1, 5)
print(array[1])  --> 5]], { params = { index, { "n", "integer", "" } },
        raises = floats } },
    { "add", "i, n", "Adds to an element in one step; the new value, which "
      .. "wraps around.", "print(array:add(1, 5), array:add(1, -2))  --> 5	3", {
        params = { index, { "n", "integer", "" } }, returns = value,
        raises = floats } },
    { "exchange", "i, n", "Writes an element; the old value.",
      "print(array:exchange(1, 5), array[1])  --> 0	5", {
        params = { index, { "n", "integer", "" } }, returns = value,
        raises = floats } },
    { "cas", "i, old, new", "Writes an element where it has the old value.", [[
print(array:cas(1, 0, 5))  --> true
print(array:cas(1, 0, 6))  --> false	5]], {
        params = { index, { "old", "integer", "" }, { "new", "integer", "" } },
        returns = { { "boolean", "done", "" },
          { "integer?", "value", "what it has, where that is another" } },
        raises = floats } },
    { "wait", "i, expected", [[
Waits for a `notify`, if the element has the expected value; that is looked at
in one step with beginning to wait, so that who writes first and notifies then
wakes this.]], [[
local job = conc.thread(function()
  while array:load(1) == 0 do array:wait(1, 0) end
  return array[1]
end)
array:store(1, 5)
array:notify(1)
print(job:await())  --> 5]], {
        params = { index, { "expected", "integer", "" } },
        returns = { { "boolean", "notified",
          "false where the element had another value" } },
        raises = floats, waits = "where the value is the expected one" } },
    { "notify", "i [, n]", "Wakes those who have waited longest for this "
      .. "element.", "print(array:notify(1))  --> 0", {
        params = { index, { "n", "integer?", "how many; 1 unless said" } },
        returns = { { "integer", "woken", "" } }, raises = floats } },
    { "close", "", "This state has it no more; others are not affected. Waits "
      .. "for it go on.", [[
array:close()
print((pcall(function() return array[1] end)))  --> false]] },
  }))

local key = { "key", "string|number|boolean", "" }
local anything = { "value", "any", "a copy goes there" }
local full = { { "ENOSPC", "the map is full" },
  { "EMSGSIZE", "a key or value of 4 GiB or more" } }
local there = { { "boolean", "there", "whether there was such a key" } }

local map = section("map", "map()", "Shared map", [[
What `conc.shared.map` returns. Each method is one step. `pairs(map)` and
`#map` work, too. A value is another copy each time it is read.]], true,
  methods("map", "map()", {
    { "get", "key", "The value of a key.", [[
map:set("a", { 1, 2 })
print(map:get("a")[2], map:get("b"))  --> 2	nil]],
      { params = { key }, returns = { { "any", "value", "nil: none" } } } },
    { "set", "key, value", "Gives a key a value, which does not expire.", [[
local small = conc.shared.map { memory = 4096 }
print(small:set("a", 1))  --> true
print(select(3, small:set("b", ("x"):rep(5000))))  --> ENOSPC]], {
        params = { key, anything }, fails = full,
        returns = { { "true", "done", "" } },
        raises = "where the value is nil, or can't be sent." } },
    { "delete", "key", "Takes a key away.", [[
map:set("a", 1)
print(map:delete("a"), map:delete("a"))  --> true	false]],
      { params = { key }, returns = there } },
    { "incr", "key [, n]", "Adds to an integer; a key that is not there begins "
      .. "at 0.", "print(map:incr(\"a\"), map:incr(\"a\", 5))  --> 1	6", {
        params = { key, { "n", "integer?", "1 unless said" } },
        returns = value, fails = full,
        raises = "where the value is no integer." } },
    { "cas", "key, old, new", "Gives a key a new value where it has the old "
      .. "one; nil is none. Tables are not compared: see `update`.", [[
print(map:cas("a", nil, 1), map:cas("a", 2, 3))  --> true	false]], {
        params = { key, { "old", "any", "nil, boolean, number or string" },
          { "new", "any", "nil: take the key away" } },
        returns = { { "boolean", "done", "" } }, fails = full } },
    { "update", "key, f, ...", [[
Gives a key the value `f(value, ...)`; nil takes it away. Where another has
changed the value meanwhile, `f` is called again with the new one: it may run
several times, and must not wait.]], [[
map:set("list", { 1 })
map:update("list", function(list, n)
  list[#list + 1] = n
  return list
end, 2)
print(#map:get "list")  --> 2]], {
        params = { key, { "f", "function", "" }, { "...", "any", "" } },
        returns = { { "any", "value", "what `f` gave" } }, fails = full,
        raises = "the error of `f`; the value stays then." } },
    { "expire", "key [, seconds]", "From then on it is not there.", [[
map:set("a", 1)
print(map:expire("a", 0), map:get("a"))  --> true	nil]], {
        params = { key, { "seconds", "number?", "never, unless said" } },
        returns = there } },
    { "len", "", "How many keys there are; some that have expired may count.",
      [[
map:set("a", 1)
print(map:len(), #map)  --> 1	1]],
      { returns = { { "integer", "count", "" } } } },
    { "iter", "", "Iterates over all keys and values of this moment; what "
      .. "changes meanwhile is not seen. `pairs` does the same.", [[
map:set("a", 1)
for key, value in map:iter() do print(key, value) end  --> a	1]],
      { returns = { { "fun(): any, any", "next", "for a `for`" } } } },
    { "close", "", "This state has it no more; others are not affected.", [[
map:close()
print((pcall(map.get, map, 1)))  --> false]] },
  }))

return { shared, array, map, counter, lock, semaphore, event, barrier }
