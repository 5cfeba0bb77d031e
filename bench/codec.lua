-- The codec on a nested table whose JSON text has 1 MB: MB a second, by the
-- length of that text whatever the format, so that figures compare.
-- `codec.lua [records|texts|string] [N]`: N times there and back, each time
-- with a heap that was just collected. `string` is one string of 1 MiB. The
-- figure is the median. `cjson_` in front: by lua-cjson; `floor_`: no codec at
-- all, but Lua's interface; `show_`: the JSON text.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local measure = require "lib.measure"
local stats = require "lib.stats"

local SIZE = 1e6

local state = 7
local function random(n)
  state = state * 48271 % 2147483647
  return state % n
end

local words = {}
for word in ([[the quick brown fox jumps over a lazy dog while many other
  animals look on in quiet wonder]]):gmatch "%a+" do
  words[#words + 1] = word
end

local function text(n)
  local list = {}
  for i = 1, n do list[i] = words[random(#words) + 1] end
  return table.concat(list, " ")
end

local make = {}

-- Records as programs have them: the same few names, numbers, words.
function make.records(id)
  local name = ("item %d of %d"):format(id, random(1000000))
  local r = { id = id, name = name, price = random(100000) / 100,
              sold = id % 3 == 0, tags = { text(1), text(1) },
              at = { x = random(1000), y = random(1000) } }
  return r, ([[{"id":%d,"name":"%s","price":%.14g,"sold":%s,]]
    .. [["tags":["%s","%s"],"at":{"x":%d,"y":%d}},]]):format(id, name,
    r.price, r.sold, r.tags[1], r.tags[2], r.at.x, r.at.y)
end

-- Articles: most of it is text.
function make.texts(id)
  local r = { id = id, title = text(6), body = text(80),
              tags = { text(1), text(1) },
              by = { name = text(2), score = random(1000) / 8 } }
  return r, ([[{"id":%d,"title":"%s","body":"%s","tags":["%s","%s"],]]
    .. [["by":{"name":"%s","score":%.14g}},]]):format(id, r.title, r.body,
    r.tags[1], r.tags[2], r.by.name, r.by.score)
end

-- The table, and its JSON text.
local function table_of(kind)
  local list, parts, size = {}, {}, 2
  while size < SIZE do
    local record, json = make[kind](#list + 1)
    list[#list + 1], parts[#parts + 1] = record, json
    size = size + #json
  end
  return list, "[" .. table.concat(parts):sub(1, -2) .. "]"
end

local function same(a, b)
  if type(a) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  return true
end

local function time(n, f, value)
  local samples, last = {}, {}
  for i = 0, n do
    last.result = nil
    measure.collect()
    local start = measure.cpu()
    last.result = f(value)
    samples[i] = measure.cpu() - start
  end
  return stats.median(samples), last.result
end

local function there_and_back(n, encode, decode, value, json)
  local size = #json
  local seconds, bytes = time(n, encode, value)
  measure.print("encode", size / seconds / 1e6)
  local copy
  seconds, copy = time(n, decode, bytes)
  measure.print("decode", size / seconds / 1e6)
  measure.print("bytes", #bytes)
  assert(same(value, copy))
end

local function ours(n, value, json)
  local codec = require("luaconc.core").codec
  there_and_back(n, codec.encode, codec.decode, value, json)
end

local function cjson(n, value, json)
  local codec = require "cjson"
  there_and_back(n, codec.encode, codec.decode, value, json)
end

-- What Lua's C interface costs without any codec: see codec_floor.c.
local function floor(n, value, json)
  package.cpath = here .. "/../build/bench/?.so;" .. package.cpath
  local codec = require "codec_floor"
  local walk, go = time(n, codec.walk, value), time(n, codec.go, value)
  local copy, result = time(n, codec.copy, value)
  assert(same(value, result))
  measure.print("encode", #json / walk / 1e6)
  measure.print("decode", #json / (copy - 2 * go) / 1e6)
end

-- The JSON text, for peers that are no Lua.
local function show(_, _, json) io.write(json) end

local cases = {}
function cases.records(n) ours(n, table_of "records") end
function cases.texts(n) ours(n, table_of "texts") end
function cases.cjson_records(n) cjson(n, table_of "records") end
function cases.cjson_texts(n) cjson(n, table_of "texts") end
function cases.floor_records(n) floor(n, table_of "records") end
function cases.floor_texts(n) floor(n, table_of "texts") end
function cases.show_records(n) show(n, table_of "records") end
function cases.show_texts(n) show(n, table_of "texts") end
function cases.string(n)
  local long = ("0123456789abcdef"):rep(65536)
  ours(n, long, long)
end

measure.main(cases, "records", 50)
