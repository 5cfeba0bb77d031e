-- Arrows point down only: no file includes or requires one of a higher layer.
-- The table below is the map; src/README.md explains it. A new file needs a
-- room in it.

local sources = require "spec.support.sources"

-- From the bottom up. Files of a layer may use each other only where `peers`
-- is set: resources never know of one another.
local C_LAYERS = {
  { name = "ground", files = "base" },
  { name = "plain C", peers = true,
    files = "tracefile tracing alloc bytes chain claim clock commons store conduit element "
      .. "fault forker "
      .. "forkserver "
      .. "guest heap inbuf nearest "
      .. "fscall fsdata fsio fsnow fsnow_linux fsnumber fstree fswhole "
      .. "interpreter list mapping parcel port program ptrmap relay pump road sighold "
      .. "stats system system_linux terminal things "
      .. "uvpool wake wake_linux wire" },
  { name = "on Lua", peers = true,
    files = "address arena cargo census closure code codec decode encode encoder errors "
      .. "dock exchange factory item luax memory message modules names startoptions "
      .. "passage path proxy shared slot strait stub "
      .. "codecache shell transfer" },
  { name = "kernel", peers = true,
    files = "account epitaph races trace tracegc pulse deadlock still debug tree inquiry end "
      .. "frame group "
      .. "handle holdings interrupt job starter "
      .. "loop mailbox op "
      .. "reason remote afterfork forkchild scope select slots spawn task traceback "
      .. "trouble waiter "
      .. "within worker" },
  { name = "base of streams", peers = true, files = "listener pipe read sockopt stream "
      .. "transport write" },
  { name = "base of shared objects", peers = true, files = "handled sharedarray sharedbulk" },
  { name = "base of files", peers = true,
    files = "fsfile fsjob fsmove fsread fsseek fsstat fswork fswrite" },
  { name = "base of channels", peers = true, files = "chcase chfar chrecv chsend chwait" },
  { name = "resources",
    files = "counts fs fswatch channel coroutine dns exec measure offspring pair pool "
      .. "process queue "
      .. "sharedcounter sharedevent sharedlock sharedmap "
      .. "lock signals standard sync tcp thread timer tty udp unix watch" },
  { name = "top", peers = true, files = "host hostwait hostwork luaconc preload "
      .. "simulation testing testworker" },
}

-- Below lua/luaconc, by path; `compare/` stands for all files in it.
local LUA_LAYERS = {
  { name = "core", files = "core" },
  { name = "arguments", files = "check" },
  { name = "inside modules", peers = true, files = "deadlock hint lockorder dial option server "
      .. "timeout tree" },
  { name = "inside programs", peers = true, files = "execplan execprogram" },
  { name = "inside pools", peers = true, files = "poolcrew poolhand poolimap poolmap "
      .. "poolstate "
      .. "poolworker" },
  { name = "modules", files = "trace debug batch dns exec forkserver fs meta offload "
      .. "pool stats "
      .. "tcp testing "
      .. "udp unix" },
  { name = "face", files = "init" },
  { name = "tests", peers = true, files = "testing/" },
  { name = "instrument", peers = true,
    files = "compare/ lab/ claims/ page/ advise/" },
  { name = "commands", peers = true, files = "cli cli/" },
}

-- The one file of src/ that may call it.
local ONLY_IN = {
  lua_resume = "src/kernel/task.c",
}

-- room name -> layer, and its number from below.
local function rooms(layers)
  local map = {}
  for level, layer in ipairs(layers) do
    for name in layer.files:gmatch "%S+" do
      assert(not map[name], name .. " has two rooms")
      map[name] = { level = level, layer = layer }
    end
  end
  return map
end

-- `compare/stats` lives in `compare/` unless it has a room of its own.
local function room_of(map, name)
  return map[name] or map[name:match "^(.-/)" or ""]
end

-- May `from` use `to`? Both have rooms.
local function allowed(map, from, to)
  local a, b = room_of(map, from), room_of(map, to)
  if from == to then return true end
  if b.level == a.level then return a.layer.peers end
  return b.level < a.level
end

-- What is wrong with the uses, a list of `{file, from, to}`.
local function complaints(map, uses)
  local list, said = {}, {}
  local function say(format, ...)
    local line = format:format(...)
    if not said[line] then list[#list + 1] = line end
    said[line] = true
  end
  for _, use in ipairs(uses) do
    local file, from, to = table.unpack(use)
    local a, b = room_of(map, from), room_of(map, to)
    if not a or not b then
      say("%s: %s has no room in the table of layers", file, a and to or from)
    elseif not allowed(map, from, to) then
      say("%s (%s) uses %s (%s)", file, a.layer.name, to, b.layer.name)
    end
  end
  return list
end

-- ---- the tree ----

local function stem(path) return path:match "([^/.]*)%.[ch]$" end

-- What hosts may use, luaconc.h, is declarations for everybody.
local PUBLIC = "luaconc.h"

local function includes()
  local uses = {}
  for _, path in ipairs(sources.c()) do
    local name, from = sources.name(path), stem(path)
    uses[#uses + 1] = { name, from, from }
    for to in sources.read(path):gmatch '#%s*include%s*"([^"]+)"' do
      if to ~= PUBLIC then uses[#uses + 1] = { name, from, stem(to) } end
    end
  end
  return uses
end

-- A module's path below lua/luaconc without its ending.
local function path_of(module, files)
  local path = module == "luaconc" and "init"
    or module:gsub("^luaconc%.", ""):gsub("%.", "/")
  return files[path .. "/init.lua"] and path .. "/init" or path
end

local function requires()
  local uses, files = {}, {}
  for _, name in ipairs(sources.lua()) do files[name] = true end
  for _, name in ipairs(sources.lua()) do
    local from = name:gsub("%.lua$", "")
    uses[#uses + 1] = { name, from, from }
    local text = sources.read("lua/luaconc/" .. name):gsub("%-%-[^\n]*", "")
    for to in text:gmatch "require%s*%(?%s*[\"'](luaconc[%w_.]*)[\"']" do
      uses[#uses + 1] = { name, from, path_of(to, files) }
    end
  end
  return uses
end

local function stale(layers, names)
  local list, there = {}, {}
  for _, name in ipairs(names) do there[name] = true end
  for room in pairs(rooms(layers)) do
    if not there[room] then list[#list + 1] = room end
  end
  table.sort(list)
  return list
end

describe("the layers of src", function()
  local map = rooms(C_LAYERS)

  it("are used downwards only, and every file has a room", function()
    local uses = includes()
    assert.is_true(#uses > 50)
    assert.same({}, complaints(map, uses))
  end)

  it("have no room without a file", function()
    local names = {}
    for _, path in ipairs(sources.c()) do names[#names + 1] = stem(path) end
    assert.same({}, stale(C_LAYERS, names))
  end)

  it("are told file by file in the tour of the source, by folder", function()
    local tour = sources.read("src/README.md")
      :match "\n## Where things are\n(.-)\n## "
    local told, there = {}, {}
    for part in (tour .. "\n\n"):gmatch "(.-)\n\n" do
      local folder = part:match "^%s*%*%*`(%l+)/`"
      for name in (folder and part or ""):gmatch "`([%l%d_]+)`" do
        told[folder .. "/" .. name] = true
      end
    end
    for _, path in ipairs(sources.c()) do
      local place = path:match "^src/(.+)%.[ch]$"
      if place ~= "luaconc" then there[place] = true end
    end
    assert.same(there, told)
  end)

  it("leave resuming coroutines to one file", function()
    for call, owner in pairs(ONLY_IN) do
      local others = {}
      for _, path in ipairs(sources.c()) do
        if path ~= owner and sources.read(path):find("%f[%w_]" .. call .. "%s*%(") then
          others[#others + 1] = path
        end
      end
      assert.same({}, others)
    end
  end)

  it("would show an arrow that points up, to a peer, or to nowhere", function()
    assert.same({
      "list.h (plain C) uses task (kernel)",
      "tcp.c (resources) uses queue (resources)",
      "new.c: new has no room in the table of layers",
    }, complaints(map, {
      { "list.h", "list", "task" },
      { "tcp.c", "tcp", "queue" },
      { "tcp.c", "tcp", "stream" },
      { "new.c", "new", "new" },
      { "job.c", "job", "task" },
    }))
  end)
end)

describe("the layers of lua/luaconc", function()
  local map = rooms(LUA_LAYERS)

  it("are used downwards only, and every file has a room", function()
    local uses = requires()
    assert.is_true(#uses > 20)
    assert.same({}, complaints(map, uses))
  end)

  it("have no room without a file", function()
    local names = { "core", "compare/", "lab/", "claims/", "page/", "advise/",
      "cli/", "testing/" }
    for _, name in ipairs(sources.lua()) do
      names[#names + 1] = name:gsub("%.lua$", "")
    end
    assert.same({}, stale(LUA_LAYERS, names))
  end)

  it("would show an arrow that points up", function()
    assert.same({ "batch.lua (modules) uses compare/stats (instrument)" },
      complaints(map, { { "batch.lua", "batch", "compare/stats" },
        { "compare/stats.lua", "compare/stats", "compare/json" } }))
  end)
end)
