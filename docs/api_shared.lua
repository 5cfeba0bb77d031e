-- The part of docs/api.lua about memory that states share. See there.

local failing = {
  { "EMFILE", "no descriptor is left; or another code of the system" },
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
Objects that tasks, threads and processes use at the same time. Each has the
methods of its namesake for one state. A handle that is sent to another job (as
an argument, upvalue or result, or through a channel) gives access to the same
object and copies nothing. The object is freed with its last handle.

If a state ends or a process is killed, its waits end and the locks that it
held pass on (see `lock:acquire`). A wait for a shared object is a wait for
other jobs: if all threads and processes of the program wait, the deadlock is
reported (see [debugging](debugging.md#nothing-can-go-on)). luaconc holds no
lock of its own while Lua code runs.]],
  maker("array", {
    { "type", "string", "of the elements: `i8` `i16` `i32` `i64` `u8` `u16` "
      .. "`u32` `f32` `f64`" },
    { "n", "integer", "the number of elements, all 0 at first" },
  }, [[
Makes an array of numbers. Reading or writing an element is atomic and
relaxed: a reader sees the old value or the new one, but the order in which it
sees changes of several elements is undefined, unless atomic methods, a lock
or a message order them.]], [[
local array = conc.shared.array("f64", 1000)
local job = conc.thread(function() array:fill(0.5) end)
job:await()
print(array:sum())  --> 500.0]], {
    call = "type, n", fails = { { "ENOMEM", "the system has not that much "
      .. "memory" }, failing[1] },
  }),
  maker("counter", { { "n", "integer?", "its first value; default 0" } },
    "Makes a counter: one integer with atomic methods.", [[
local counter = conc.shared.counter()
local function count() for _ = 1, 1000 do counter:add() end end
conc.gather(conc.thread(count), conc.thread(count))
print(counter:get())  --> 2000]], { call = "[n]" }),
  maker("lock", {}, "Makes a lock, which one task of all states can hold at "
    .. "a time.", [[
local lock, array = conc.shared.lock(), conc.shared.array("i64", 1)
local function count()
  for _ = 1, 100 do
    lock:with(function() array[1] = array[1] + 1 end)
  end
end
conc.gather(conc.thread(count), conc.thread(count))
print(array[1])  --> 200]]),
  maker("semaphore", { { "n", "integer", "0 or more" } }, [[
Makes a semaphore with `n` permits for all states together. Permits that a
state or process held when it ended are given back, up to `n` in total.]], [[
local s = conc.shared.semaphore(1)
conc.thread(function() s:acquire() end):await()
print(s:acquire() == s)  --> true]], { call = "n" }),
  maker("event", {}, "Makes an event: a flag that tasks of all states wait "
    .. "for.", [[
local ready = conc.shared.event()
local job = conc.thread(function()
  ready:wait()
  return "went on"
end)
ready:set()
print(job:await())  --> went on]]),
  maker("barrier", { { "n", "integer", "1 or more" } },
    "Makes a barrier, which holds tasks of all states until `n` have "
      .. "arrived.", [[
local barrier = conc.shared.barrier(2)
local job = conc.thread(function() return barrier:wait() end)
print(barrier:wait() + job:await())  --> 3]], { call = "n" }),
}

table.insert(shared, maker("map", { { "options", "table?",
    "`memory`: how many bytes the map may take in all; default 64 MiB. Memory "
    .. "is allocated only as it is used" } }, [[
Makes a map. Keys are numbers, booleans and strings; values are copies of
anything that can cross between states except shared objects. It never grows
beyond its bound.]], [[
local map = conc.shared.map()
local function count(word) map:incr(word) end
conc.gather(conc.thread(count, "a"), conc.thread(count, "a"))
print(map:get "a")  --> 2]], { call = "[options]", fails = {
      { "ENOMEM", "the system has not that much memory" }, failing[1] } }))

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
Made by `conc.shared.counter`. Each method is one atomic step, in one order
for all states. Integers wrap around.]], false,
  methods("counter", "counter(5)", {
    { "get", "", "The present value.", "print(counter:get())  --> 5",
      { returns = value } },
    { "set", "n", "Sets the value.", [[
counter:set(7)
print(counter:get())  --> 7]], { params = { { "n", "integer", "" } } } },
    { "add", "[n]", "Adds to the value and returns the new one.",
      "print(counter:add(2), counter:add())  --> 7	8",
      { params = { { "n", "integer?", "default 1; may be negative" } },
        returns = value } },
    { "exchange", "n", "Sets the value and returns the old one.",
      "print(counter:exchange(9), counter:get())  --> 5	9",
      { params = { { "n", "integer", "" } }, returns = value } },
    { "cas", "old, new", "Sets the value to `new` if it is `old`.", [[
print(counter:cas(5, 6))  --> true
print(counter:cas(5, 7))  --> false	6]], {
      params = { { "old", "integer", "" }, { "new", "integer", "" } },
      returns = { { "boolean", "done", "" },
        { "integer?", "value", "the present value, if it was not `old`" } },
    } },
  }))

local lock_results = {
  { "luaconc.shared.lock", "lock", "itself" },
  { "string?", "message", "if it was abandoned" },
  { "string?", "code", "`EOWNERDEAD` in that case" },
}

local lock = section("lock", "lock():acquire()", "Shared lock", [[
Made by `conc.shared.lock`. It belongs to the task that acquired it. If a
task, a state or a process ends without releasing the lock, the lock is
*abandoned* and passes to the next waiter. That one holds the lock, and two
more results warn it that the data guarded by the lock may be half changed.
The next `release` ends that state.]], true, methods("lock", "lock()", {
    { "acquire", "", "Takes the lock. In a `<close>` variable, it is released "
      .. "at the end.", [[
local job = conc.thread(function() lock:acquire() end)
job:await()
local held, message, code = lock:acquire()
print(held == lock, code)  --> true	EOWNERDEAD
lock:release()
print(select("#", lock:acquire()))  --> 1]], {
      returns = lock_results, waits = "until it is free",
      raises = "an error if the task holds it already." } },
    { "try_acquire", "", "The same, but only if it is free now.", [[
print(lock:try_acquire() == lock)  --> true
print(lock:try_acquire())  --> nil	locked	EAGAIN]], {
      returns = lock_results, fails = { { "EAGAIN", "not free" } } } },
    { "release", "", "Releases the lock; the task that has waited longest "
      .. "gets it.",
      "print((pcall(lock.release, lock)))  --> false",
      { raises = "an error if the task does not hold it." } },
    { "with", "f, ...", "Acquires the lock, runs `f(...)` and releases the "
      .. "lock, also after an error. `f` may call `abandoned`.",
      "print(lock:with(math.max, 1, 2))  --> 2", {
        params = { { "f", "function", "what to run" },
          { "...", "any", "its arguments" } },
        returns = { { "any", "...", "the results of `f`" } },
        raises = "the error of `f`.",
        waits = "until it is free, and if `f` does" } },
    { "abandoned", "", "Whether a holder ended without releasing the lock, "
      .. "and nobody has released it since.", [[
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
  "Shared semaphore", "Made by `conc.shared.semaphore`. Any task may "
  .. "release a permit.", true, methods("semaphore", "semaphore(1)", {
    { "acquire", "", "Takes a permit. In a `<close>` variable, it is "
      .. "released at the end.",
      "print(semaphore:acquire() == semaphore)  --> true",
      { returns = semaphore_result, waits = "until a permit is free" } },
    { "try_acquire", "", "The same, but only if a permit is free now.", [[
semaphore:acquire()
print(semaphore:try_acquire())  --> nil	no permit is free	EAGAIN]], {
      returns = semaphore_result, fails = { { "EAGAIN", "no permit is "
        .. "free" } } } },
    { "release", "", "Adds a permit, even if none was taken before; the task "
      .. "that has waited longest gets it.", [[
semaphore:release()
semaphore:acquire()
print(semaphore:try_acquire() == semaphore)  --> true]] },
    { "with", "f, ...", "Takes a permit, runs `f(...)` and releases the "
      .. "permit, also after an error.", "print(semaphore:with(math.max, 1, "
      .. "2))  --> 2", {
        params = { { "f", "function", "what to run" },
          { "...", "any", "its arguments" } },
        returns = { { "any", "...", "the results of `f`" } },
        raises = "the error of `f`.",
        waits = "until it is free, and if `f` does" } },
  }))

local event = section("event", "event()", "Shared event",
  "Made by `conc.shared.event`. It can be a case of `conc.select`.", false,
  methods("event", "event()", {
    { "set", "", "Sets the event and wakes all waiters, in all states.", [[
event:set()
event:wait()]] },
    { "clear", "", "Clears the event: later waiters wait for the next "
      .. "`set`.", [[
event:set()
event:clear()
print(event:is_set())  --> false]] },
    { "is_set", "", "Whether the event is set.", "print(event:is_set())  --> "
      .. "false",
      { returns = { { "boolean", "set", "" } } } },
    { "wait", "", "Waits until the event is set.", [[
print(conc.timeout(0, event.wait, event))  --> nil	timed out	ETIMEDOUT]],
      { waits = "while it is clear" } },
  }))

local barrier = section("barrier", "barrier(1)", "Shared barrier",
  "Made by `conc.shared.barrier`.", false, methods("barrier",
  "barrier(1)", {
    { "wait", "", "Waits until `n` tasks wait here; then all of them continue, "
      .. "and the barrier starts anew.", "print(barrier:wait())  --> 1", {
        returns = { { "integer", "order", "1 for the first to arrive, and so "
          .. "on" } },
        fails = { { "EOWNERDEAD", "a process that held the barrier has died "
          .. "and may never arrive" } },
        waits = "unless it is the last to arrive" } },
  }))

local index = { "i", "integer", "1 .. n" }
local first = { "first", "integer?", "default 1" }
local last = { "last", "integer?", "default the last element" }
local itself = { { "luaconc.shared.array", "array", "itself" } }
local floats = "an error if the elements are not integers."

local array = section("array", [[array("u8", 1)]], "Shared array", [[
Made by `conc.shared.array`. `array[i]` and `array[i] = v` read and write an
element, `#array` is the number of elements, and `pairs(array)` iterates over
them. An index out of bounds, or a value that does not fit, raises an error
that names it and the bounds. Ranges go from `first` to `last`, both
included.]], true, methods("array", [[array("i32", 6)]], {
    { "fill", "value [, first [, last]]", "Writes one value to all elements "
      .. "of a range.",
      "print(array:fill(7, 2, 3):sum())  --> 14", {
        params = { { "value", "number", "" }, first, last },
        returns = itself } },
    { "copy", "first, last, to [, other]", [[
Copies a range to the elements from `to` on, of this array or another one of the
same type, like `table.move`. The ranges may overlap.]], [[
local other = conc.shared.array("i32", 9):fill(1)
print(array:copy(1, 6, 4, other):sum())  --> 3]], {
        params = { { "first", "integer", "" }, { "last", "integer", "" },
          { "to", "integer", "" },
          { "other", "luaconc.shared.array?", "default this array" } },
        returns = { { "luaconc.shared.array", "other", "" } } } },
    { "sum", "[first [, last]]", "The sum of a range. A sum of integers wraps "
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
    { "load", "i", "Reads an element, ordered with all other atomic "
      .. "methods (sequentially consistent).", "print(array:load(1))  --> 0",
      { params = { index }, returns = value, raises = floats } },
    { "store", "i, n", "Writes an element, ordered in the same way.", [[
array:store(1, 5)
print(array[1])  --> 5]], { params = { index, { "n", "integer", "" } },
        raises = floats } },
    { "add", "i, n", "Adds to an element in one step and returns the new "
      .. "value, which wraps around.", "print(array:add(1, 5), array:add(1, "
      .. "-2))  --> 5	3", {
        params = { index, { "n", "integer", "" } }, returns = value,
        raises = floats } },
    { "exchange", "i, n", "Writes an element and returns the old value.",
      "print(array:exchange(1, 5), array[1])  --> 0	5", {
        params = { index, { "n", "integer", "" } }, returns = value,
        raises = floats } },
    { "cas", "i, old, new", "Writes an element if its value is `old`.", [[
print(array:cas(1, 0, 5))  --> true
print(array:cas(1, 0, 6))  --> false	5]], {
        params = { index, { "old", "integer", "" }, { "new", "integer", "" } },
        returns = { { "boolean", "done", "" },
          { "integer?", "value", "the present value, if it was not `old`" } },
        raises = floats } },
    { "wait", "i, expected", [[
Waits for a `notify` if the element has the expected value. Checking the value
and starting to wait is one step, so a writer that first writes and then
notifies always wakes this waiter.]], [[
local job = conc.thread(function()
  while array:load(1) == 0 do array:wait(1, 0) end
  return array[1]
end)
array:store(1, 5)
array:notify(1)
print(job:await())  --> 5]], {
        params = { index, { "expected", "integer", "" } },
        returns = { { "boolean", "notified",
          "false if the element had another value" } },
        raises = floats, waits = "if the value is the expected one" } },
    { "notify", "i [, n]", "Wakes the tasks that have waited longest for this "
      .. "element.", "print(array:notify(1))  --> 0", {
        params = { index, { "n", "integer?", "how many; default 1" } },
        returns = { { "integer", "woken", "" } }, raises = floats } },
    { "close", "", "Gives up this state's hold on the array. Other states, "
      .. "and waits for it, are not affected.", [[
array:close()
print((pcall(function() return array[1] end)))  --> false]] },
  }))

local key = { "key", "string|number|boolean", "" }
local anything = { "value", "any", "a copy is stored" }
local full = { { "ENOSPC", "the map is full" },
  { "EMSGSIZE", "a key or value of 4 GiB or more" } }
local there = { { "boolean", "there", "whether the key was there" } }

local map = section("map", "map()", "Shared map", [[
Made by `conc.shared.map`. Each method is one atomic step. `pairs(map)` and
`#map` work, too. Each read makes a new copy of the value.]], true,
  methods("map", "map()", {
    { "get", "key", "The value of a key.", [[
map:set("a", { 1, 2 })
print(map:get("a")[2], map:get("b"))  --> 2	nil]],
      { params = { key }, returns = { { "any", "value", "nil if there is "
        .. "none" } } } },
    { "set", "key, value", "Sets the value of a key, which does not expire.", [[
local small = conc.shared.map { memory = 4096 }
print(small:set("a", 1))  --> true
print(select(3, small:set("b", ("x"):rep(5000))))  --> ENOSPC]], {
        params = { key, anything }, fails = full,
        returns = { { "true", "done", "" } },
        raises = "an error if the value is nil, or can't cross." } },
    { "delete", "key", "Removes a key.", [[
map:set("a", 1)
print(map:delete("a"), map:delete("a"))  --> true	false]],
      { params = { key }, returns = there } },
    { "incr", "key [, n]", "Adds to the integer of a key, 0 if the key is "
      .. "new, and returns the new value.", "print(map:incr(\"a\"), "
      .. "map:incr(\"a\", 5))  --> 1	6", {
        params = { key, { "n", "integer?", "default 1" } },
        returns = value, fails = full,
        raises = "an error if the value is not an integer." } },
    { "cas", "key, old, new", "Sets the value of a key to `new` if it is "
      .. "`old`; nil stands for no value. Tables can't be compared: see "
      .. "`update`.", [[
print(map:cas("a", nil, 1), map:cas("a", 2, 3))  --> true	false]], {
        params = { key, { "old", "any", "nil, boolean, number or string" },
          { "new", "any", "nil removes the key" } },
        returns = { { "boolean", "done", "" } }, fails = full } },
    { "update", "key, f, ...", [[
Sets the value of a key to `f(value, ...)`; nil removes the key. If another
job has changed the value in the meantime, `f` is called again with the new
one: it may run several times, and must not wait.]], [[
map:set("list", { 1 })
map:update("list", function(list, n)
  list[#list + 1] = n
  return list
end, 2)
print(#map:get "list")  --> 2]], {
        params = { key, { "f", "function", "gets the value, or nil" },
          { "...", "any", "more arguments of `f`" } },
        returns = { { "any", "value", "what `f` returned" } }, fails = full,
        raises = "the error of `f`; the value is then unchanged." } },
    { "expire", "key [, seconds]", "Removes a key after a time.", [[
map:set("a", 1)
print(map:expire("a", 0), map:get("a"))  --> true	nil]], {
        params = { key, { "seconds", "number?", "default never: it no longer "
          .. "expires" } },
        returns = there } },
    { "len", "", "The number of keys, which may include some that have "
      .. "expired.",
      [[
map:set("a", 1)
print(map:len(), #map)  --> 1	1]],
      { returns = { { "integer", "count", "" } } } },
    { "iter", "", "Iterates over all keys and values as of now; later changes "
      .. "are not seen. `pairs` does the same.", [[
map:set("a", 1)
for key, value in map:iter() do print(key, value) end  --> a	1]],
      { returns = { { "fun(): any, any", "next", "for the generic "
        .. "`for`" } } } },
    { "close", "", "Gives up this state's hold on the map. Other states are "
      .. "not affected.", [[
map:close()
print((pcall(map.get, map, 1)))  --> false]] },
  }))

return { shared, array, map, counter, lock, semaphore, event, barrier }
