-- Ten thousand threads at once, with a Lua state each: every one gets a
-- message when all have begun, and answers it.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../?.lua;" .. package.path
local loadtest = require "lib.loadtest"
local conc = require "luaconc"

-- What each thread runs. It needs no luaconc of its own to use channels.
local function body(i, begun, questions, answers)
  begun:send(i)
  local n = questions:recv()
  answers:send { i, n, 2 * n }
end

local function start(size, ...)
  local jobs, refused = {}, nil
  for i = 1, size.threads do
    local job, message = conc.thread(body, i, ...)
    if not job then
      refused = message
      break
    end
    jobs[i] = job
  end
  return jobs, refused
end

-- Each number once, as answers have come.
local function take_answers(answers, n)
  local who, what, wrong = {}, {}, 0
  for _ = 1, n do
    local i, question, double = table.unpack(answers:recv())
    if who[i] or what[question] or double ~= 2 * question then
      wrong = wrong + 1
    end
    who[i], what[question] = true, true
  end
  return wrong
end

local function run(size, promise)
  local begun, questions, answers = conc.channel(64), conc.channel(64),
    conc.channel(64)
  local start_time = conc.now()
  local jobs, refused = start(size, begun, questions, answers)
  promise(not refused, "%d of %d threads were started: %s", #jobs,
    size.threads, tostring(refused))
  for _ = 1, #jobs do begun:recv() end
  local all = conc.now() - start_time
  local asking = conc.spawn(function()
    for n = 1, #jobs do questions:send(n) end
  end)
  local wrong = take_answers(answers, #jobs)
  promise(wrong == 0, "%d answers were wrong, or came twice", wrong)
  asking:await()
  local failed = 0
  for _, outcome in ipairs(conc.settle(jobs)) do
    if not outcome.ok then failed = failed + 1 end
  end
  promise(failed == 0, "%d threads failed", failed)
  return { { "threads", #jobs }, { "begun_s", all },
    { "all_s", conc.now() - start_time } }
end

loadtest.main {
  full = { threads = 10000 },
  small = { threads = 200 },
  run = run,
}
