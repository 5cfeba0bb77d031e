-- The inputs that reach different code of the decoder: corpus.txt, one a line,
-- in hexadecimal, short ones first.
--
--   lua5.4 spec/fuzz/corpus.lua unpack FOLDER   writes each to a file there
--   lua5.4 spec/fuzz/corpus.lua pack FOLDER     prints the list of the files
local M = {}

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

--- The inputs.
---@return string[]
function M.inputs()
  local list = {}
  for line in io.lines "spec/fuzz/corpus.txt" do
    list[#list + 1] = line:gsub("%x%x", function(byte)
      return string.char(tonumber(byte, 16))
    end)
  end
  return list
end

local function unpack_to(folder)
  for i, input in ipairs(M.inputs()) do
    local file <close> = assert(io.open(("%s/%03d"):format(folder, i), "wb"))
    assert(file:write(input))
  end
end

local function pack(folder)
  local lines = {}
  for name in require("lfs").dir(folder) do
    if name:sub(1, 1) ~= "." then
      local file <close> = assert(io.open(folder .. "/" .. name, "rb"))
      lines[#lines + 1] = hex(file:read "a")
    end
  end
  table.sort(lines, function(a, b)
    if #a ~= #b then return #a < #b end
    return a < b
  end)
  print(table.concat(lines, "\n"))
end

local commands = { unpack = unpack_to, pack = pack }

if arg and arg[0] and arg[0]:find "corpus%.lua$" then
  local command = commands[arg[1]]
  if not command or not arg[2] then error("unpack FOLDER, or pack FOLDER", 0) end
  command(arg[2])
end

return M
