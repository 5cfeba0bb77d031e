-- The files of a command: those it reads, and those it writes at its end.

local M = {}

local function exists(path)
  local file, message, code = io.open(path, "r")
  if not file then return nil, message, code end
  -- A directory opens, and can't be read.
  local ok
  ok, message = file:read(0)
  local empty = ok == nil and message == nil
  file:close()
  if ok or empty then return true end
  return nil, path .. ": " .. message
end

-- The same name with what is often left out.
local function near_file(path)
  local tail = path:match "[^/]*$"
  for _, try in ipairs { path .. ".lua", "examples/scenarios/" .. tail,
    "examples/scenarios/" .. tail .. ".lua", "examples/" .. tail,
    "examples/" .. tail .. ".lua" } do
    if try ~= path and exists(try) then
      return ("; did you mean '%s'?"):format(try)
    end
  end
  return ""
end

--- Whether these can be read; else nil and which one can't.
---@param paths string[]
---@param what string what one of them is
---@return boolean? ok, string? message
function M.check(paths, what)
  if #paths == 0 then return nil, ("no %s file is given"):format(what) end
  for _, path in ipairs(paths) do
    local ok, message = exists(path)
    if not ok then
      return nil, "cannot read " .. message .. near_file(path)
    end
  end
  return true
end

-- Files for results: tried at once, written at the end. Closing before that
-- leaves what was there before.
local Out = {}
Out.__index = Out

function Out:__close()
  for _, out in ipairs(self) do
    if out.new and not out.written then os.remove(out.path) end
  end
end

local function write_one(out, ...)
  local file, message = io.open(out.path, "wb")
  local ok = file
  if file then
    ok, message = file:write(out.form(...))
    if ok then ok, message = file:close() end
  end
  out.written = true
  if ok then return true end
  return nil, ("cannot write '%s': %s"):format(out.path, message)
end

--- Writes each of them by its own form; false where one can't be written,
--- which is complained of.
---@param complain fun(message: string)
---@param ... any for the forms
---@return boolean
function Out:write(complain, ...)
  local all = true
  for _, out in ipairs(self) do
    local ok, message = write_one(out, ...)
    if not ok then
      complain(message)
      all = false
    end
  end
  return all
end

--- Opens files for results. Each of the list is `{ path or nil, form }`, where
--- `form(...)` returns the text of the file.
---@param list table[]
---@return table? out to be closed, string? message
function M.open(list)
  local out, seen = setmetatable({}, Out), {}
  for i = 1, #list do
    local path, form = list[i][1], list[i][2]
    if path then
      if seen[path] then
        Out.__close(out)
        return nil, ("two options name the file '%s'"):format(path)
      end
      seen[path] = true
      local before = io.open(path, "r")
      if before then before:close() end
      local try, message = io.open(path, "a")
      if not try then
        Out.__close(out)
        return nil, "cannot write " .. message
      end
      try:close()
      out[#out + 1] = { path = path, form = form, new = before == nil }
    end
  end
  return out
end

return M
