-- JSON from Lua values, so that `--json` needs no library.
--
-- A table with a first element (or made by `M.list`) is an array, any other
-- an object whose keys come in order, so that equal values give equal text.
-- Strings must be UTF-8; bytes that are not become U+FFFD. Numbers that JSON
-- lacks (nan, infinities) become null.

local M = {}

local format = string.format
local ARRAY = {}

--- Marks a table as an array, for one that may be empty.
---@param list table
---@return table list
function M.list(list)
  return setmetatable(list, ARRAY)
end

local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f",
  ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t",
}

local function escape(c)
  return ESCAPES[c] or format("\\u%04x", c:byte())
end

-- Replaces what is no UTF-8.
local function valid(s)
  local out, from = {}, 1
  while from <= #s do
    local _, bad = utf8.len(s, from)
    if not bad then break end
    out[#out + 1] = s:sub(from, bad - 1) .. "\u{FFFD}"
    from = bad + 1
  end
  return table.concat(out) .. s:sub(from)
end

local function text(s)
  return '"' .. valid(s):gsub('[%c"\\\127]', escape) .. '"'
end

local function number(n)
  if n ~= n or n == math.huge or n == -math.huge then return "null" end
  if math.type(n) == "integer" then return format("%d", n) end
  if n == math.floor(n) and math.abs(n) < 1e15 then return format("%.0f", n) end
  return format("%.9g", n)
end

local write -- (value, indent) -> string

local function write_list(value, indent)
  if #value == 0 then return "[]" end
  local out, flat = {}, true
  for i, item in ipairs(value) do
    flat = flat and type(item) ~= "table"
    out[i] = write(item, indent .. "  ")
  end
  if flat then return "[" .. table.concat(out, ", ") .. "]" end
  return "[\n" .. indent .. "  "
    .. table.concat(out, ",\n" .. indent .. "  ") .. "\n" .. indent .. "]"
end

local function write_object(value, indent)
  local keys, out = {}, {}
  for key in pairs(value) do keys[#keys + 1] = tostring(key) end
  if #keys == 0 then return "{}" end
  table.sort(keys)
  for i, key in ipairs(keys) do
    out[i] = text(key) .. ": " .. write(value[key], indent .. "  ")
  end
  return "{\n" .. indent .. "  "
    .. table.concat(out, ",\n" .. indent .. "  ") .. "\n" .. indent .. "}"
end

function write(value, indent)
  local kind = type(value)
  if kind == "table" then
    if getmetatable(value) == ARRAY or value[1] ~= nil then
      return write_list(value, indent)
    end
    return write_object(value, indent)
  elseif kind == "string" then return text(value)
  elseif kind == "number" then return number(value)
  elseif kind == "boolean" then return tostring(value)
  elseif kind == "nil" then return "null"
  end
  error("a " .. kind .. " has no form in JSON", 0)
end

--- The value as JSON, indented, without a newline at the end.
---@param value any tables with strings as keys, or lists
---@return string
function M.encode(value)
  return write(value, "")
end

-- ---- reading ----

local UNESCAPED = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local DEEPEST = 100

local function wrong(at, what)
  error({ at = at, what = what }, 0)
end

local function skip(s, at)
  return s:find("[^ \t\r\n]", at) or #s + 1
end

local read -- (text, at, depth) -> value, at

local function code_point(s, at)
  local hex = s:match("^%x%x%x%x", at)
  if not hex then wrong(at, "four hexadecimal digits expected") end
  return tonumber(hex, 16), at + 4
end

local function read_escape(s, at)
  local c = s:sub(at, at)
  if UNESCAPED[c] then return UNESCAPED[c], at + 1 end
  if c ~= "u" then wrong(at, "no escape") end
  local code, after = code_point(s, at + 1)
  if code >= 0xD800 and code < 0xDC00 and s:sub(after, after + 1) == "\\u" then
    local low, last = code_point(s, after + 2)
    if low >= 0xDC00 and low < 0xE000 then
      return utf8.char(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), last
    end
  end
  if code >= 0xD800 and code < 0xE000 then code = 0xFFFD end
  return utf8.char(code), after
end

local function read_string(s, at)
  local out = {}
  while true do
    local stop = s:find('["\\%c]', at)
    if not stop then wrong(at, "an unfinished string") end
    out[#out + 1] = s:sub(at, stop - 1)
    local c = s:sub(stop, stop)
    if c == '"' then return table.concat(out), stop + 1 end
    if c ~= "\\" then wrong(stop, "a control character in a string") end
    out[#out + 1], at = read_escape(s, stop + 1)
  end
end

local function read_list(s, at, depth)
  local list = M.list {}
  at = skip(s, at)
  if s:sub(at, at) == "]" then return list, at + 1 end
  while true do
    list[#list + 1], at = read(s, at, depth)
    at = skip(s, at)
    local c = s:sub(at, at)
    if c == "]" then return list, at + 1 end
    if c ~= "," then wrong(at, "',' or ']' expected") end
    at = at + 1
  end
end

local function read_object(s, at, depth)
  local object = {}
  at = skip(s, at)
  if s:sub(at, at) == "}" then return object, at + 1 end
  while true do
    at = skip(s, at)
    if s:sub(at, at) ~= '"' then wrong(at, "a name expected") end
    local name
    name, at = read_string(s, at + 1)
    at = skip(s, at)
    if s:sub(at, at) ~= ":" then wrong(at, "':' expected") end
    object[name], at = read(s, at + 1, depth)
    at = skip(s, at)
    local c = s:sub(at, at)
    if c == "}" then return object, at + 1 end
    if c ~= "," then wrong(at, "',' or '}' expected") end
    at = at + 1
  end
end

local WORDS = { { "true", true }, { "false", false }, { "null", nil } }

function read(s, at, depth)
  if depth > DEEPEST then wrong(at, "nested too deeply") end
  at = skip(s, at)
  local c = s:sub(at, at)
  if c == "{" then return read_object(s, at + 1, depth + 1) end
  if c == "[" then return read_list(s, at + 1, depth + 1) end
  if c == '"' then return read_string(s, at + 1) end
  local digits = s:match("^-?%d+%.?%d*[eE]?[-+]?%d*", at)
  if digits and tonumber(digits) then
    return tonumber(digits), at + #digits
  end
  for _, word in ipairs(WORDS) do
    if s:sub(at, at + #word[1] - 1) == word[1] then
      return word[2], at + #word[1]
    end
  end
  wrong(at, "a value expected")
end

--- The value of a text; null is nil, and so leaves no trace in a table. Nil
--- and what is wrong where it is no JSON.
---@param s string
---@return any value, string? message
function M.decode(s)
  local ok, value, at = pcall(read, s, 1, 0)
  if ok and skip(s, at) > #s then return value end
  local err = ok and { at = at, what = "more than one value" } or value
  if type(err) ~= "table" then return nil, tostring(err) end
  local _, lines = s:sub(1, err.at - 1):gsub("\n", "")
  return nil, ("line %d: %s"):format(lines + 1, err.what)
end

return M
