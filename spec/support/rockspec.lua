-- The lists of the rockspec, from the tree. As a script (`make rockspec`) it
-- writes them into the file; install_spec.lua fails where they differ.

local M = { path = "rockspec/luaconc-scm-1.rockspec" }

local function lines(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  table.sort(list)
  return list
end

--- The text of `build.modules`, indented as it stands in the file.
function M.modules()
  local text = { '    ["luaconc.core"] = {', "      sources = {" }
  for _, source in ipairs(lines "find src -name '*.c'") do
    if not source:find "^src/host/test" and source ~= "src/host/preload.c" then
      text[#text + 1] = ('        "%s",'):format(source)
    end
  end
  text[#text + 1] = "      },"
  text[#text + 1] = '      incdirs = { "src", "$(LIBUV_INCDIR)" },'
  text[#text + 1] = '      libraries = { "uv", "pthread" },'
  text[#text + 1] = "    },"
  for _, file in ipairs(lines "find lua -name '*.lua'") do
    local name = file:match "^lua/(.*)%.lua$":gsub("/init$", "")
      :gsub("/", ".")
    text[#text + 1] = ('    ["%s"] = "%s",'):format(name, file)
  end
  return table.concat(text, "\n") .. "\n"
end

--- What the rockspec is, and what it should be.
function M.contents()
  local file = assert(io.open(M.path, "rb"))
  local is = file:read "a"
  file:close()
  local first, last = is:match "()    %-%- The lists below[^\n]*\n()"
  local rest = is:match "\n  },\n}\n()$"
  assert(first and rest, M.path .. " has lost its markers")
  local should = is:sub(1, last - 1) .. M.modules() .. "  },\n}\n"
  return is, should
end

--- Writes the lists into the file.
function M.update()
  local _, should = M.contents()
  local file = assert(io.open(M.path, "wb"))
  file:write(should)
  assert(file:close())
end

if arg and arg[0] and arg[0]:find "spec/support/rockspec%.lua$" then
  M.update()
end

return M
