-- Looks for a pattern of Lua in all files below some folders, by as many
-- processes as there are cores.
--
--   lua5.4 examples/grep.lua PATTERN [FOLDER...]
--
-- Lines come in the order of the files, as if one had read them. It ends with
-- status 1 where nothing was found.

local conc = require "luaconc"

local pattern = arg and arg[1]
if not pattern or not pcall(string.find, "", pattern) then
  io.stderr:write("usage: lua5.4 grep.lua PATTERN [FOLDER...]\n")
  os.exit(2)
end

-- All files below, in order of their names.
local function walk(path, list)
  local entries = conc.fs.scandir(path)
  if not entries then
    list[#list + 1] = path
    return list
  end
  table.sort(entries, function(a, b) return a.name < b.name end)
  for _, entry in ipairs(entries) do
    local inner = path .. "/" .. entry.name
    if entry.type == "directory" then walk(inner, list)
    elseif entry.type == "file" then list[#list + 1] = inner end
  end
  return list
end

-- In a worker: the lines of a file that match, ready to be printed.
local function search(path, wanted)
  local file, message = io.open(path, "rb")
  if not file then return nil, message end
  local found, number = {}, 0
  for line in file:lines() do
    number = number + 1
    if line:find(wanted) and not line:find "\0" then
      found[#found + 1] = ("%s:%d:%s\n"):format(path, number, line)
    end
  end
  file:close()
  return table.concat(found)
end

local function main()
  local folders, items = { table.unpack(arg, 2) }, {}
  if #folders == 0 then folders[1] = "." end
  for _, folder in ipairs(folders) do
    for _, path in ipairs(walk(folder, {})) do
      items[#items + 1] = { path, pattern }
    end
  end
  local pool <close> = conc.pool { engine = "process" }
  local any = false
  for _, text in ipairs(pool:starmap(items, function(path, wanted)
    return search(path, wanted) or ""
  end)) do
    any = any or text ~= ""
    io.write(text)
  end
  return any
end

if not conc.run(main) then os.exit(1) end
