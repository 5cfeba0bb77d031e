-- What luaconc takes up. `footprint.lua [face|bare] [N]`: `require_ms` is CPU
-- time of the first `require` (beside luv's in `start.lua`); `state_kb` is what
-- each of N idle threads with a Lua state adds to the resident memory of the
-- process, with luaconc's face loaded in it or without; `library_kb` and
-- `archive_kb` are the sizes of the files.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"

local before_it = measure.cpu()
local conc = require "luaconc"
local run = conc.run            -- the face loads the core when it is asked
measure.print("require_ms", (measure.cpu() - before_it) * 1e3)

local function size_of(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:seek "end" / 1024
end

-- N threads that have done `prepare` and wait.
local function weigh(n, prepare)
  local ready, never = conc.channel(n), conc.channel(0)
  local function idle()
    prepare()
    ready:send(true)
    never:recv()
  end
  local threads <close> = conc.group()
  local function start() threads:thread { idle, daemon = true } ready:recv() end
  start()
  measure.collect()
  local before = measure.rss()
  for _ = 1, n do start() end
  measure.print("state_kb", (measure.rss() - before) / 1024 / n)
  threads:cancel()
end

local function report(n, prepare)
  local core = package.searchpath("luaconc.core", package.cpath)
  measure.print("library_kb", size_of(core))
  measure.print("archive_kb", size_of((core:gsub("luaconc/core.so$",
    "libluaconc.a"))))
  run(weigh, n, prepare)
end

local cases = {}

function cases.face(n)
  report(n, function() return require "luaconc".now() end)
end

function cases.bare(n)
  report(n, function() end)
end

measure.main(cases, "face", 200)
