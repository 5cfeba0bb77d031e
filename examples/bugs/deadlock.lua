-- Two tasks that wait for each other: one for an answer, one for a question
-- that was never sent.
local conc = require "luaconc"

conc.run(function()
  local questions, answers = conc.queue(1), conc.queue(1)
  conc.spawn { name = "teacher", function()
    local question = questions:recv()
    answers:send("about " .. question)
  end }
  conc.spawn { name = "pupil", function()
    print(answers:recv())
    questions:send "why?"
  end }
end)
