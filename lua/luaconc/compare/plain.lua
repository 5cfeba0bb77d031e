-- Plain data as a Lua expression, and back: how the context of a scenario
-- reaches the measured process, and how results return.
--
-- Plain are nil, booleans, numbers, strings and tables of them. Numbers come
-- back exactly as they were (integers as integers, floats to the last bit,
-- infinities and nan too). A table that is met twice becomes two tables; one
-- that contains itself is refused, like everything else that is not plain,
-- with the path to it; so is one that is nested deeper than Lua's parser goes.

local M = {}

-- Lua's parser goes 200 deep, less what is on the stack already.
M.DEEPEST = 150

local format = string.format

local function number(value)
  if math.type(value) == "integer" then
    -- The lowest integer has no decimal literal.
    return value == math.mininteger and "math.mininteger"
      or format("%d", value)
  elseif value ~= value then return "(0/0)"
  elseif value == math.huge then return "math.huge"
  elseif value == -math.huge then return "(-math.huge)"
  end
  return format("%a", value)
end

local function step(path, key)
  if type(key) == "string" and key:match("^[%a_][%w_]*$") then
    return path .. "." .. key
  elseif type(key) == "string" then
    return format("%s[%q]", path, key)
  end
  return format("%s[%s]", path, tostring(key))
end

local write -- (out, value, path, open, depth)

local function write_table(out, value, path, open, depth)
  if depth > M.DEEPEST then
    local short = #path > 60 and path:sub(1, 60) .. "..." or path
    error({ path = short, what = "nested too deeply" }, 0)
  elseif open[value] then
    error({ path = path, what = "a table that contains itself" }, 0)
  elseif getmetatable(value) ~= nil then
    error({ path = path, what = "a table with a metatable" }, 0)
  end
  open[value] = true
  out[#out + 1] = "{"
  local length = #value
  for i = 1, length do
    write(out, value[i], step(path, i), open, depth)
    out[#out + 1] = ","
  end
  for key, item in next, value do
    if not (math.type(key) == "integer" and key >= 1 and key <= length) then
      if type(key) == "table" then
        error({ path = "a key of " .. path, what = "a table" }, 0)
      end
      out[#out + 1] = "["
      write(out, key, "a key of " .. path, open, depth)
      out[#out + 1] = "]="
      write(out, item, step(path, key), open, depth)
      out[#out + 1] = ","
    end
  end
  out[#out + 1] = "}"
  open[value] = nil
end

function write(out, value, path, open, depth)
  local kind = type(value)
  if kind == "number" then
    out[#out + 1] = number(value)
  elseif kind == "string" then
    out[#out + 1] = format("%q", value)
  elseif kind == "boolean" or kind == "nil" then
    out[#out + 1] = tostring(value)
  elseif kind == "table" then
    write_table(out, value, path, open, depth + 1)
  else
    error({ path = path,
      what = kind == "thread" and "a coroutine" or "a " .. kind }, 0)
  end
end

--- The value as text that `decode` reads, or nil and what stands in the way
--- ("ctx.server is a userdata").
---@param value any
---@param name string what to call the value in the message
---@return string? text, string? message
function M.encode(value, name)
  local out = {}
  local ok, err = pcall(write, out, value, name, {}, 0)
  if ok then return table.concat(out) end
  if type(err) ~= "table" then return nil, name .. ": " .. tostring(err) end
  return nil, format("%s is %s", err.path, err.what)
end

--- The value of a text that `encode` made. Other text gives nil and a
--- message; it sees no functions, so it can't do anything else.
---@param text string
---@return any value, string? message
function M.decode(text)
  local world = { math = { huge = math.huge, mininteger = math.mininteger } }
  local chunk, message = load("return " .. text, "=data", "t", world)
  if not chunk then return nil, message end
  local ok, value = pcall(chunk)
  if not ok then return nil, tostring(value) end
  return value
end

-- Equal, numbers by value; nan equals nan, as both are the same result.
local function same(a, b)
  return a == b or (a ~= a and b ~= b)
end

local function show(value)
  if type(value) == "string" then
    if #value > 40 then value = value:sub(1, 37) .. "..." end
    return (format("%q", value):gsub("\\\n", "\\n"))
  end
  return type(value) == "table" and "a table" or tostring(value)
end

--- Where two plain values differ: the path, and both as short text. Nothing
--- where they are equal.
---@param a any
---@param b any
---@param path string? of both values
---@return string? path, string? shown_a, string? shown_b
function M.difference(a, b, path)
  path = path or ""
  if type(a) ~= "table" or type(b) ~= "table" then
    if same(a, b) then return nil end
    return path, show(a), show(b)
  end
  for key, item in next, a do
    local where, x, y = M.difference(item, b[key], step(path, key))
    if where then return where, x, y end
  end
  for key, item in next, b do
    if a[key] == nil then return step(path, key), "nil", show(item) end
  end
end

return M
