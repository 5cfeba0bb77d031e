-- Makes docs/reference.md and lua/luaconc/meta.lua from docs/api.lua.
--
--   lua5.4 docs/generate.lua           writes both
--   require("docs.generate").files()   -> { [path] = text }

local M = {}

local function as_list(value)
  return type(value) == "table" and value or { value }
end

-- Text that grows line by line.
local function new_text()
  local lines = {}
  local function add(format, ...)
    local line = select("#", ...) > 0 and format:format(...) or format
    lines[#lines + 1] = line or ""
  end
  return add, function() return table.concat(lines, "\n") .. "\n" end
end

-- ---- docs/reference.md ----

local function anchor(title)
  return (title:lower():gsub("[^%w %-_]", ""):gsub(" ", "-"))
end

local function waits(entry)
  if entry.waits == true then return "Waits." end
  if not entry.waits then return "Never waits." end
  return "Waits " .. entry.waits .. "."
end

local function bullet(name, kind, meaning)
  local line = ("- `%s` (%s)"):format(name, (kind:gsub("|", " or ")))
  return meaning ~= "" and line .. ": " .. meaning or line
end

local function add_list(add, title, list)
  if not list or #list == 0 then return end
  add("")
  add("%s:", title)
  add("")
  for _, item in ipairs(list) do add("%s", item) end
end

local function bullets(list, order)
  local lines = {}
  for i, item in ipairs(list or {}) do
    lines[i] = bullet(item[order[1]], item[order[2]], item[3])
  end
  return lines
end

local function add_entry(add, entry)
  add("")
  add("```lua")
  for _, form in ipairs(as_list(entry.call)) do add("%s", form) end
  add("```")
  add("")
  add("%s", entry.text)
  add("")
  add("*%s*", waits(entry))
  add_list(add, "Arguments", bullets(entry.params, { 1, 2 }))
  add_list(add, "Options", bullets(entry.options, { 1, 2 }))
  add_list(add, "Returns", bullets(entry.returns, { 2, 1 }))
  local fails = {}
  for i, fail in ipairs(entry.fails or {}) do
    local code = fail[1] == "..." and "" or ("`%s`: "):format(fail[1])
    fails[i] = "- " .. code .. fail[2]
  end
  add_list(add, "On failure: nil, a message and one of these codes", fails)
  if entry.raises then
    add("")
    add("Raises %s", entry.raises)
  end
  add("")
  add("```lua")
  add("%s", entry.example)
  add("```")
end

local function add_type(add, kind)
  if kind.closes then
    add("")
    add("It may be the value of a `<close>` variable.")
  end
  add_list(add, "Fields", bullets(kind.fields, { 1, 2 }))
end

local function full_name(section, entry)
  if not section.type then return entry.name end
  return section.type.name .. ":" .. entry.name
end

local function reference(api)
  local add, text = new_text()
  add("# Reference")
  add("")
  add("<!-- Made by `make docs` from docs/api*.lua: change those files. -->")
  add("")
  add("Every example begins with `local conc = require \"luaconc\"`, and a")
  add("line that it prints stands after `-->`. Types are in the notation of")
  add("LuaCATS; `?` marks what may be missing or nil.")
  add("")
  for _, section in ipairs(api) do
    add("- [%s](#%s)", section.title, anchor(section.title))
  end
  for _, section in ipairs(api) do
    add("")
    add("## %s", section.title)
    add("")
    add("%s", section.text)
    if section.type then add_type(add, section.type) end
    for _, entry in ipairs(section) do
      add("")
      add("### %s", full_name(section, entry))
      add_entry(add, entry)
    end
  end
  return text()
end

-- ---- lua/luaconc/meta.lua ----

local function comment(add, text)
  for line in (text .. "\n"):gmatch "(.-)\n" do add("---%s", line) end
end

local function joined(kind, name, meaning)
  local line = kind .. " " .. name
  return meaning ~= "" and line .. " " .. meaning or line
end

-- The tags of a function, and the names of its parameters.
local function add_tags(add, entry)
  comment(add, entry.text .. "\n" .. waits(entry))
  if entry.raises then comment(add, "Raises " .. entry.raises) end
  local names = {}
  for i, param in ipairs(entry.params) do
    local name, kind, meaning = param[1], param[2], param[3]
    local optional = kind:find "%?$" and name ~= "..."
    names[i] = name
    add("---@param %s", joined(name .. (optional and "?" or ""),
      optional and kind:sub(1, -2) or kind, meaning))
  end
  for _, result in ipairs(entry.returns) do
    local kind = entry.fails and not result[1]:find "%?$" and result[1] ~= "any"
      and result[1] .. "?" or result[1]
    add("---@return %s", joined(kind, result[2] == "..." and "..." or result[2],
      result[3]))
  end
  if entry.fails and entry.returns[1][2] ~= "..." then
    local codes = {}
    for i, fail in ipairs(entry.fails) do
      codes[i] = fail[1] == "..." and "string" or '"' .. fail[1] .. '"'
    end
    add("---@return string? message")
    add("---@return %s? code", #codes > 1
      and "(" .. table.concat(codes, "|") .. ")" or codes[1])
  end
  if entry.overload then add("---@overload %s", entry.overload) end
  return table.concat(names, ", ")
end

local function add_class(add, class, fields, extra)
  add("")
  add("---@class %s", class)
  for _, field in ipairs(fields or {}) do
    local optional = field[2]:find "%?$"
    add("---@field %s", joined(field[1] .. (optional and "?" or ""),
      optional and field[2]:sub(1, -2) or field[2], field[3]))
  end
  if extra then add("%s", extra) end
end

-- Tables inside `conc`, such as conc.tcp, in order of appearance.
local function add_inner_tables(add, api, done)
  for _, section in ipairs(api) do
    for _, entry in ipairs(section) do
      local inner = not section.type and entry.name:match "^conc%.(%w+)%."
      if inner and not done[inner] then
        done[inner] = true
        add("")
        add("conc.%s = {}", inner)
      end
    end
  end
end

local function add_definition(add, section, entry)
  add("")
  if entry.type then
    comment(add, entry.text)
    add("---@type %s", entry.type)
    add("%s = nil", entry.name)
    return
  end
  local names = add_tags(add, entry)
  add("function %s(%s) end", full_name(section, entry), names)
end

local function add_option_classes(add, api, done)
  for _, section in ipairs(api) do
    for _, entry in ipairs(section) do
      if entry.optionclass and not done[entry.optionclass] then
        done[entry.optionclass] = true
        local extra = entry.optionclass == "luaconc.spawnoptions"
          and "---@field [integer] any the function, then its arguments"
          or entry.optionlist and "---@field [integer] " .. entry.optionlist
          or nil
        add_class(add, entry.optionclass, entry.options, extra)
      end
    end
  end
end

local head = [[
---@meta _
-- Annotations of the public functions, for editors; no program loads this.
-- Made by `make docs` from docs/api.lua: change that file.
-- luacheck: ignore

---@alias luaconc.status
---| "ready" # not begun, or about to go on
---| "running"
---| "waiting"
---| "done"
---| "failed"
---| "cancelled"

---An error of the library itself; `tostring` gives the message.
---@class luaconc.error
---@field message string
---@field code string? # "ECANCELED", ...
---@field reason any # what `cancel` was given
---@field signal string? # EWORKER: what killed the process, "SIGKILL", ...
---@field exit integer? # EWORKER: what the process ended with

---@class luaconc.address
---@field host string
---@field port integer
---@field family string # "inet" or "inet6"

---@class luaconc.stat
---@field type string # "file", "directory", "link", ...
---@field size integer # bytes
---@field mode integer # who may use it: the last 12 bits
---@field uid integer
---@field gid integer
---@field dev integer
---@field ino integer
---@field nlink integer
---@field rdev integer
---@field blksize integer
---@field blocks integer
---@field atime number # seconds since 1970
---@field mtime number
---@field ctime number

---@class luaconc.change
---@field name string?
---@field renamed boolean? # made, removed, or another name
---@field changed boolean? # contents, mode or times
---@field lost boolean? # there were more than could be kept


---@class luaconc.rawmode
---@field close fun(self): true

---How a program ended.
---@class luaconc.fate
---@field code integer?
---@field signal string?
---@field stages luaconc.fate[]? # of a pipeline

---@class luaconc.execresult: luaconc.fate
---@field stdout string?
---@field stderr string?

---How a job ended: its first result or its error at 1.
---@class luaconc.outcome
---@field ok boolean
---@field [1] any

---@class luaconc.poolworker
---@field id integer # of its job, as in conc.tree
---@field pid integer? # of a process
---@field state "idle"|"busy"
---@field jobs integer # calls and chunks that it was handed

---@class luaconc.rlimit
---@field memory? integer
---@field cpu? number
---@field files? integer
---@field nice? integer

---Numbers are of calls; of a map, of items.
---@class luaconc.poolstats
---@field engine "task"|"thread"|"process"
---@field queued integer
---@field running integer
---@field done integer
---@field failed integer
---@field cancelled integer
---@field retried integer
---@field lost integer
---@field workers luaconc.poolworker[] # none of tasks

---@class luaconc.stats
---@field turns integer
---@field wakeups integer
---@field ready integer
---@field deadlines integer
---@field handles integer
---@field started integer
---@field jobs table<string, integer> # by state
---@field bytes integer
---@field busy number # seconds
---@field longest number # seconds
---@field latency [number, integer][] # seconds, turns]]

local function annotations(api)
  local add, text = new_text()
  add("%s", head)
  add_option_classes(add, api, {})
  add("")
  add("---@class luaconc")
  add("local conc = {}")
  add_inner_tables(add, api, {})
  for _, section in ipairs(api) do
    local kind = section.type
    if kind then
      add_class(add, kind.class, kind.fields)
      add("local %s = {}", kind.name)
    end
    for _, entry in ipairs(section) do add_definition(add, section, entry) end
  end
  return text()
end

-- ---- both ----

---What the files must hold, by path.
---@return table<string, string>
function M.files()
  local api = require "docs.api"
  return {
    ["docs/reference.md"] = reference(api),
    ["lua/luaconc/meta.lua"] = annotations(api),
  }
end

local function write_all()
  for path, text in pairs(M.files()) do
    local file = assert(io.open(path, "w"))
    assert(file:write(text))
    assert(file:close())
  end
end

if arg and arg[0] and arg[0]:find "docs/generate%.lua$" then
  package.path = "./?.lua;" .. package.path
  write_all()
end

return M
