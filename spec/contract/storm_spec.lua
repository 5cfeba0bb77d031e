-- Threads and tasks at the same channels, at random, cancelled at any moment:
-- nothing is lost and nothing doubled. One seed gives the same steps, though
-- threads never meet twice in the same way. Of many that were being sent when
-- the wait was cancelled, nobody knows how many have gone: each of them is
-- there once, or not at all.

local conc = require "luaconc"

-- Jobs get the plain globals, not those that busted gives to its files.
local describe, it, expect = describe, it, assert
local _ENV = _G  -- luacheck: ignore

local ROUNDS, JOBS, STEPS = 30, 6, 60

-- A generator of our own, the same in each state.
local function drawing(seed)
  local state = seed * 2654435761 % 0x7fffffff + 1
  return function(n)
    state = state * 48271 % 0x7fffffff
    return state % n + 1
  end
end

-- What a job does, and the books that it keeps: what it has sent for certain,
-- and what it has got.
local function work(seed, channels, steps)
  local draw = drawing(seed)
  local sent, got, maybe = {}, {}, {}
  local made = 0

  local function item()
    made = made + 1
    return seed .. ":" .. made
  end

  local function keep(value)
    if value ~= nil then got[#got + 1] = value end
  end

  local function briefly(f, ...)
    return conc.timeout(draw(4) / 4000, f, ...)
  end

  local function add(list, values)
    for _, value in ipairs(values) do list[#list + 1] = value end
  end

  -- Waits at several channels at once, to receive and to send.
  local function choose()
    local cases, out = { late = conc.after(draw(4) / 4000) }, {}
    for i = 1, draw(#channels) do
      local ch = channels[draw(#channels)]
      if draw(2) == 1 then cases[i] = ch
      else
        out[i] = item()
        cases[i] = { ch, "send", out[i] }
      end
    end
    local key, value = conc.select(cases)
    if not out[key] then
      if key ~= "late" then keep(value) end
    elseif value then sent[#sent + 1] = out[key]
    end
  end

  local actions = {
    choose,
    choose,
    function(ch)
      local values = {}
      for i = 1, draw(8) do values[i] = item() end
      local ok, n = pcall(briefly, ch.send_many, ch, values)
      add(ok and n and sent or maybe, values)
      if not ok then error(n, 0) end
    end,
    function(ch) add(got, briefly(ch.recv_many, ch, draw(8)) or {}) end,
    function(ch)
      local value = item()
      if briefly(ch.send, ch, value) then sent[#sent + 1] = value end
    end,
    function(ch) keep((briefly(ch.recv, ch))) end,
    function(ch)
      local value = item()
      if ch:try_send(value) then sent[#sent + 1] = value end
    end,
    function(ch) keep((ch:try_recv())) end,
    function() conc.yield() end,
    function() conc.sleep(draw(3) / 10000) end,
  }

  -- A cancellation ends the work, not the report.
  local ok, err = pcall(function()
    for _ = 1, steps do actions[draw(#actions)](channels[draw(#channels)]) end
  end)
  if not ok and not conc.is_cancelled(err) then error(err, 0) end
  return sent, got, maybe
end

-- Books of all jobs: value -> how often it was sent less how often received.
local function enter(books, list, by)
  for _, value in ipairs(list) do books[value] = (books[value] or 0) + by end
end

local function audit(books, jobs, channels)
  local unsure = {}
  for _, job in ipairs(jobs) do
    local ok, sent, got, maybe = pcall(job.await, job)
    -- One that was cancelled before it had begun has done nothing.
    assert(ok or conc.is_cancelled(sent), tostring(sent))
    if ok then
      enter(books, sent, 1)
      enter(books, got, -1)
      for _, value in ipairs(maybe) do unsure[value] = true end
    end
  end
  for _, ch in ipairs(channels) do
    local value = ch:try_recv()
    while value ~= nil do
      enter(books, { value }, -1)
      value = ch:try_recv()
    end
  end
  for value, n in pairs(books) do
    assert(n == 0 or (n == -1 and unsure[value]),
      value .. (n > 0 and " is lost" or " is there twice"))
  end
end

local function round(seed, starters)
  conc.run(function()
    local draw = drawing(seed)
    -- The main state holds them all the time: none of them ends early.
    local channels = { conc.channel(0), conc.channel(1), conc.channel(5) }
    local jobs = {}
    for i = 1, JOBS do
      jobs[i] = starters[(i - 1) % #starters + 1] { work, seed * 100 + i, channels,
        STEPS, keep = true }
    end
    while draw(3) > 1 do
      conc.sleep(draw(20) / 4000)
      jobs[draw(JOBS)]:cancel "at random"
    end
    audit({}, jobs, channels)
  end)
end

describe("in a storm of", function()
  for name, starters in pairs {
    ["tasks"] = { conc.spawn },
    ["threads"] = { conc.thread },
    ["tasks and threads"] = { conc.spawn, conc.thread },
  } do
    it(name .. ", channels lose nothing and double nothing", function()
      for seed = 1, ROUNDS do
        local ok, err = pcall(round, seed, starters)
        if not ok then error("seed " .. seed .. ": " .. tostring(err), 0) end
      end
      expect.equal(0, #conc.jobs())
    end)
  end
end)
