-- A crawler, and the small site that it reads: real sockets, on this machine.
-- Each page takes 50 ms; eight pages are read at a time.
--
--   lua5.4 examples/crawl.lua

local conc = require "luaconc"

-- The site: a page is a line of names of other pages.

local PAGES = 31

local function page(name)
  local n = tonumber(name)
  local links = {}
  for i = 2 * n, 2 * n + 1 do
    if i <= PAGES then links[#links + 1] = tostring(i) end
  end
  return table.concat(links, " ")
end

local function answer(stream)
  local name = stream:read("l")
  if not name then return end
  conc.sleep(0.05)
  stream:write(page(name), "\n")
end

-- The crawler.

local function fetch(port, name)
  local stream <close> = assert(conc.tcp.connect("127.0.0.1", port))
  stream:timeout(5)
  assert(stream:write(name, "\n"))
  return assert(stream:read("l"))
end

local function crawl(port)
  local seen, count = { ["1"] = true }, 1
  local readers <close> = conc.group { limit = 8, current = false }
  local function visit(name)
    for link in fetch(port, name):gmatch("%S+") do
      if not seen[link] then
        seen[link], count = true, count + 1
        readers:spawn(visit, link)
      end
    end
  end
  readers:spawn(visit, "1")
  readers:await()
  return count
end

conc.run(function()
  local listener <close> = assert(conc.tcp.listen("127.0.0.1", 0))
  -- A daemon: it is cancelled once the rest has ended.
  conc.spawn { conc.tcp.serve, listener, answer, name = "site", daemon = true }
  local start = conc.now()
  local count = crawl(listener:sock().port)
  print(("read %d pages in %.2f s, one by one it takes %.2f s")
    :format(count, conc.now() - start, count * 0.05))
end)
