-- Programs that do the same thing in several ways, to be compared line by
-- line. The Lua ones are run by the experiment `fetch`, the Python ones stand
-- beside them as evidence.

local M = {}

M.FETCH = [[
local function fetch(port)
  local connection <close> = assert(conc.tcp.connect("127.0.0.1", port))
  assert(connection:write "GET\n")
  return assert(connection:read "l")
end
]]

local HEAD = [[
local conc = require "luaconc"

]] .. M.FETCH .. [[

local pages = {}
for i, port in ipairs(ports) do
]]

M.SERIAL = HEAD .. [[
  pages[i] = fetch(port)
end
return pages
]]

local function with(start)
  return HEAD .. "  pages[i] = " .. start .. [[
(fetch, port)
end
for i, job in ipairs(pages) do
  pages[i] = job:await()
end
return pages
]]
end

M.TASK, M.THREAD, M.PROCESS = with "conc.spawn", with "conc.thread",
  with "conc.process"

M.PYTHON_FETCH = [[
def fetch(port):
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"GET\n")
        return s.makefile().readline()
]]

M.PYTHON_ASYNC_FETCH = [[
async def fetch(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET\n")
    await writer.drain()
    page = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return page
]]

local function lines(text)
  local list = {}
  for line in text:gmatch "[^\n]*" do list[#list + 1] = line end
  return list
end

-- The length of the longest common subsequence.
local function common(a, b)
  local last = {}
  for j = 0, #b do last[j] = 0 end
  for i = 1, #a do
    local row = { [0] = 0 }
    for j = 1, #b do
      row[j] = a[i] == b[j] and last[j - 1] + 1
        or math.max(last[j], row[j - 1])
    end
    last = row
  end
  return last[#b]
end

--- How many lines of the second text are not in the first.
---@param before string
---@param after string
---@return integer
function M.changed(before, after)
  local a, b = lines(before), lines(after)
  return #b - common(a, b)
end

--- How often a word stands in a text.
---@param text string
---@param word string
---@return integer
function M.words(text, word)
  local _, n = text:gsub("%f[%w_]" .. word .. "%f[^%w_]", "")
  return n
end

return M
