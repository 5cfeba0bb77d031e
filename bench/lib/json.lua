---Writes plain data as JSON: tables with a first element (or marked with
---`M.list`) are arrays, others objects with sorted keys.
local M = {}

local list_mark = {}

---Marks a table as an array, so that an empty one is `[]`.
function M.list(t) return setmetatable(t, list_mark) end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n" }

local function quote(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return escapes[c] or string.format("\\u%04x", c:byte())
  end) .. '"'
end

local function number(v)
  if v ~= v or v == math.huge or v == -math.huge then return "null" end
  if math.type(v) == "integer" then return tostring(v) end
  return string.format("%.10g", v)
end

local write

local function write_list(t, indent)
  local out = {}
  for i, v in ipairs(t) do out[i] = write(v, indent) end
  return "[" .. table.concat(out, ", ") .. "]"
end

local function write_object(t, indent)
  local keys, out, deeper = {}, {}, indent .. "  "
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys)
  for i, k in ipairs(keys) do
    out[i] = deeper .. quote(k) .. ": " .. write(t[k], deeper)
  end
  if #out == 0 then return "{}" end
  return "{\n" .. table.concat(out, ",\n") .. "\n" .. indent .. "}"
end

function write(v, indent)
  local kind = type(v)
  if kind == "number" then return number(v) end
  if kind == "boolean" then return tostring(v) end
  if kind ~= "table" then return quote(tostring(v)) end
  if getmetatable(v) == list_mark or v[1] ~= nil then
    return write_list(v, indent)
  end
  return write_object(v, indent)
end

---@param value any
---@return string
function M.encode(value) return write(value, "") .. "\n" end

return M
