-- Reads a trace, and says what is wrong with it by the rules of the format:
-- https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

local M = {}

-- ---- JSON, as much of it as a line has ----

local value

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function string_at(s, at)
  local parts = {}
  at = at + 1
  while true do
    local plain, stop = s:match('^([^"\\%c]*)()', at)
    parts[#parts + 1] = plain
    local c = s:sub(stop, stop)
    if c == '"' then return table.concat(parts), stop + 1 end
    assert(c == "\\", "a string does not end")
    local e = s:sub(stop + 1, stop + 1)
    assert(e:find '["\\/bfnrt]', "unknown escape")
    parts[#parts + 1] = escapes[e] or e
    at = stop + 2
  end
end

local function object_at(s, at)
  local object = {}
  at = s:match("^{%s*()", at)
  while s:sub(at, at) ~= "}" do
    local key
    key, at = string_at(s, at)
    at = assert(s:match("^%s*:%s*()", at), "':' expected")
    object[key], at = value(s, at)
    at = s:match("^%s*,%s*()", at) or at
  end
  return object, at + 1
end

function value(s, at)
  local c = s:sub(at, at)
  if c == '"' then return string_at(s, at) end
  if c == "{" then return object_at(s, at) end
  local number, stop = s:match("^(-?%d+%.?%d*)()", at)
  return assert(tonumber(number), "no value at " .. s:sub(at, at + 20)), stop
end

-- ---- a trace ----

--- The events of a trace, which may end anywhere after a line.
---@param text string
---@return table[]
function M.read(text)
  local events, lines = {}, text:gmatch "(.-)\n"
  assert(lines() == "[", "a trace begins with '['")
  for line in lines do
    local event, stop = object_at(line, 1)
    assert(line:sub(stop) == ",", "',' expected at the end of a line")
    events[#events + 1] = event
  end
  assert(text:sub(-1) == "\n", "the last line is not whole")
  return events
end

--- The events so far of a trace that others still write: a reader may see the
-- half of what one call of write adds.
function M.read_so_far(text)
  return M.read((text:match "^.*\n"))
end

--- Those for which all fields are as given.
function M.select(events, fields)
  local found = {}
  for _, e in ipairs(events) do
    local same = true
    for key, v in pairs(fields) do
      if key == "has" then
        same = same and e.name:find(v, 1, true) ~= nil
      else
        same = same and e[key] == v
      end
    end
    if same then found[#found + 1] = e end
  end
  return found
end

local need = {
  M = { args = "table" }, X = { dur = "number" }, b = { id = "string" },
  e = { id = "string" }, s = { id = "number" }, f = { id = "number" },
  C = { args = "table" }, i = { s = "string" },
}

local function check_fields(e)
  for field, kind in pairs { name = "string", cat = "string", pid = "number",
    tid = "number", ts = "number", ph = "string" } do
    if type(e[field]) ~= kind then return "no " .. field end
  end
  if not need[e.ph] then return "unknown phase " .. e.ph end
  for field, kind in pairs(need[e.ph]) do
    if type(e[field]) ~= kind then return e.ph .. " without " .. field end
  end
  if e.dur and e.dur < 0 then return "ends before it begins" end
  for _, n in pairs(e.ph == "C" and e.args or {}) do
    if type(n) ~= "number" then return "a counter that is no number" end
  end
end

local function by_time(events)
  local list = table.move(events, 1, #events, 1, {})
  for i, e in ipairs(list) do e.at = i end
  table.sort(list, function(a, b)
    if a.ts ~= b.ts then return a.ts < b.ts end
    return a.at < b.at
  end)
  return list
end

local STEP = 0.0015   -- a time is cut to so many microseconds, and added

-- Slices of one thread lie beside each other or inside one another. Returns
-- whether a slice of the thread covers this time.
local function check_slices(say, events)
  local slices, open = {}, {}
  for _, e in ipairs(by_time(M.select(events, { ph = "X" }))) do
    local stack = open[e.tid] or {}
    open[e.tid] = stack
    while #stack > 0 and stack[#stack] <= e.ts + STEP do stack[#stack] = nil end
    if #stack > 0 and e.ts + e.dur > stack[#stack] + STEP then
      say("slices overlap: " .. e.name)
    end
    stack[#stack + 1] = e.ts + e.dur
    slices[e.tid] = slices[e.tid] or {}
    table.insert(slices[e.tid], e)
  end
  return function(tid, ts)
    for _, e in ipairs(slices[tid] or {}) do
      if e.ts - STEP <= ts and ts <= e.ts + e.dur + STEP then return true end
    end
    return false
  end
end

-- Each span that ends is the last that has begun, by its name: readers look
-- for both.
local function check_spans(say, events)
  local open, left = {}, 0
  for _, e in ipairs(by_time(events)) do
    local key = e.cat .. tostring(e.id)
    local stack = open[key] or {}
    open[key] = stack
    if e.ph == "b" then
      stack[#stack + 1] = e.name
      left = left + 1
    elseif e.ph == "e" and #stack == 0 then
      say("a span ends that has not begun: " .. key)
    elseif e.ph == "e" then
      local name = table.remove(stack)
      left = left - 1
      if name ~= e.name then
        say(("a span begins as '%s' and ends as '%s'"):format(name, e.name))
      end
    end
  end
  return left
end

-- Each flow that arrives has left, before that, once; and both ends are in a
-- slice, without which they are not drawn.
local function check_flows(say, events, is_covered)
  local sent = {}
  for _, e in ipairs(M.select(events, { ph = "s" })) do
    if sent[e.id] then say("a flow leaves twice: " .. e.id) end
    sent[e.id] = e
  end
  for _, e in ipairs(M.select(events, { ph = "f" })) do
    local from = sent[e.id]
    if not from then
      say("a flow arrives that has not left: " .. e.id)
    elseif not is_covered(e.tid, e.ts) then
      say("a flow arrives outside a slice: " .. e.id)
    else
      if e.ts < from.ts then say("a flow arrives before it leaves: " .. e.id) end
      if e.name ~= from.name or e.cat ~= from.cat then
        say("a flow whose ends are not of one name: " .. e.id)
      end
      if not is_covered(from.tid, from.ts) then
        say("a flow leaves outside a slice: " .. e.id)
      end
    end
    if e.bp ~= "e" then say("a flow that binds to no slice") end
  end
end

--- What is wrong with the events, as a list; how many spans are still open.
function M.check(events)
  local list = {}
  local function say(text) list[#list + 1] = text end
  for _, e in ipairs(events) do
    local problem = check_fields(e)
    if problem then say(problem) end
  end
  if #list > 0 then return list end
  local is_covered = check_slices(say, events)
  local open = check_spans(say, events)
  check_flows(say, events, is_covered)
  return list, open
end

return M
