-- Writes the library's files in Lua as a list in C, for the archive:
--
--   lua5.4 src/builtin.lua FILE...  > builtin.c
--
-- Names are relative to lua/: luaconc/tcp.lua is the module luaconc.tcp.

local function contents(path)
  local file = assert(io.open("lua/" .. path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function module_name(path)
  return (path:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", "."))
end

-- As numbers: compilers need not take strings of more than 4,095 bytes.
local function write_bytes(text)
  for line = 1, #text, 20 do
    local bytes = { text:byte(line, line + 19) }
    io.write("  ", table.concat(bytes, ","), ",\n")
  end
end

io.write('#include "host/modules.h"\n\n',
  "extern const lc_builtin lc_builtin_files[];\n\n")
for i, path in ipairs(arg) do
  io.write(("static const unsigned char file%d[] = {\n"):format(i))
  write_bytes(contents(path))
  io.write("};\n\n")
end

io.write "const lc_builtin lc_builtin_files[] = {\n"
for i, path in ipairs(arg) do
  io.write(('  {"%s", "@%s", (const char *)file%d, sizeof(file%d)},\n')
    :format(module_name(path), path, i, i))
end
io.write "  {NULL, NULL, NULL, 0}\n};\n"
