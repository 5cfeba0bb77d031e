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

return M
