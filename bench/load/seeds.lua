-- The chat server of the examples, in a network that is made up, in as many
-- orders as there are seeds; and an error of order that is planted in it must
-- be found, and again by its seed.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local chatroom = require "lib.chatroom"
local loadtest = require "lib.loadtest"
local testing = require "luaconc.testing"

local GUESTS = 5

-- The first seed that fails, and how.
local function find_plant(source, most)
  for seed = 1, most do
    local ok, err = testing.replay(seed, function()
      chatroom.evening(source, GUESTS)
    end)
    if not ok then return seed, tostring(err):match "^[^\n]*" end
  end
end

local function run(size, promise)
  local sound, planted = chatroom.source(), chatroom.source(true)
  local heard = 0
  testing.seeds(size.seeds, function()
    heard = heard + chatroom.evening(sound, GUESTS)
  end)
  promise(heard > size.seeds, "nobody heard anything: %d lines", heard)
  local seed, message = find_plant(planted, size.seeds)
  promise(seed, "the planted error is not found in %d seeds", size.seeds)
  local again, text = find_plant(planted, seed or 1)
  promise(again == seed and text == message,
    "seed %s does not replay: %s, then %s", seed, message, text)
  return { { "seeds", size.seeds }, { "lines", heard }, { "found_at", seed } }
end

loadtest.main {
  full = { seeds = 10000 },
  small = { seeds = 100 },
  run = run,
}
