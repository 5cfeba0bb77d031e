-- Counts words: each file is a job, on the engine that is asked for.
--
--   lua5.4 examples/words.lua ENGINE FILE...
--   lua5.4 examples/words.lua thread README.md docs/*.md
--
-- Prints the ten most frequent words of four letters or more.

local conc = require "luaconc"

local usage = "usage: lua5.4 words.lua task|thread|process FILE...\n"
local engines = { task = true, thread = true, process = true }

local function stop(message)
  io.stderr:write("words.lua: ", message, "\n")
  os.exit(1)
end

-- What a job does. It may run in another Lua state: all it needs comes with
-- it, and what it returns goes back as a copy.
local function count_words(path)
  local file <close> = assert(io.open(path))
  local counts = {}
  for word in assert(file:read("a")):lower():gmatch("%a%a%a%a+") do
    counts[word] = (counts[word] or 0) + 1
  end
  return counts
end

local function sum(list)
  local total = {}
  for _, counts in ipairs(list) do
    for word, n in pairs(counts) do total[word] = (total[word] or 0) + n end
  end
  return total
end

-- The words, most frequent first; equally frequent ones by the alphabet.
local function ranking(counts)
  local words = {}
  for word in pairs(counts) do words[#words + 1] = word end
  table.sort(words, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  return words
end

local engine, paths = arg[1], table.move(arg, 2, #arg, 1, {})
if not engines[engine] or #paths == 0 then
  io.stderr:write(usage)
  os.exit(2)
end

-- A file that can't be read is the failure of its job, and so of the whole.
local ok, result = pcall(conc.map, paths, count_words, { engine = engine })
if not ok then stop(tostring(result)) end

local counts = sum(result)
for i, word in ipairs(ranking(counts)) do
  if i > 10 then break end
  print(("%6d %s"):format(counts[word], word))
end
