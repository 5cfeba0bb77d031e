-- `luaconc claims`: the book of claims.

local claims = require "luaconc.claims"
local output = require "luaconc.compare.output"
local values = require "luaconc.cli.values"

local write = output.write

local function complain(message)
  io.stderr:write("luaconc claims: ", message, "\n")
end

local function style_of()
  local core = require "luaconc.core"
  return require("luaconc.compare.text").new(core.terminal(1))
end

-- The ids that words name: each one, or a group by its first word.
local function chosen(words)
  if #words == 0 then return claims.ids() end
  local list, all, seen = {}, claims.ids(), {}
  for _, word in ipairs(words) do
    local known = false
    for _, id in ipairs(all) do
      if id == word or id:match "^[^-]*" == word then
        if not seen[id] then list[#list + 1] = id end
        seen[id], known = true, true
      end
    end
    if not known then
      return nil, ("there is no claim '%s'%s (--list shows them)"):format(word,
        require("luaconc.compare.suggest").hint(word, all))
    end
  end
  return list
end

local function run_trials(lab, ids, trials, progress)
  local report = require "luaconc.lab.report"
  local trial = require "luaconc.lab.trial"
  local style = style_of()
  for i, id in ipairs(ids) do
    lab.progress = function(text)
      progress:set(("%d of %d, %s: %s"):format(i, #ids, id, text))
    end
    lab.progress "begins"
    trials[i] = trial.run(lab, claims.get(id))
    progress:erase()
    if i > 1 then write "\n" end
    write(report.trial(style, trials[i]))
  end
end

local function run_book(given, ids, files)
  local _ <close> = files
  local core = require "luaconc.core"
  local start = core.clock()
  local progress <close> = require("luaconc.compare.progress").start()
  local lab = require("luaconc.lab").new { full = given.full,
    limit = given.limit }
  local trials = {}
  local book = { full = lab.full, asked = #ids }
  -- Ctrl-C ends it; what was measured so far is in the summary and the files.
  local ok, err = pcall(run_trials, lab, ids, trials, progress)
  book.seconds = core.clock() - start
  progress:erase()
  if #trials > 0 then
    write("\n" .. require("luaconc.lab.report").summary(style_of(), trials,
      book))
    if not files:write(complain, trials, book) then return 1 end
  end
  if not ok then error(err, 0) end
  for _, trial in ipairs(trials) do
    if trial.failure then return 1 end
  end
  return 0
end

local function run(given)
  local ids, message = chosen(given.words)
  if not ids then return nil, message end
  if given.quick and given.full then
    return nil, "--quick and --full exclude each other"
  end
  if given.list then
    write(require("luaconc.lab.report").list(style_of(), ids))
    return 0
  end
  local files
  files, message = require("luaconc.cli.files").open {
    { given.json, function(...)
      return require("luaconc.lab.record").text(...)
    end },
    { given.html, function(...)
      return require("luaconc.lab.book").text(...)
    end },
  }
  if not files then return nil, message end
  return require("luaconc").run(run_book, given, ids, files)
end

return {
  name = "claims",
  about = "test common statements about the three models",
  usage = "[options] [ID...]",
  text = [[
Five documents compare threading, multiprocessing and asyncio. Each of their
statements is tested by an experiment, with a rule that turns its figures into
a verdict: holds, holds in part, does not hold, not about Lua, can't be
decided. Verdicts come from the figures of this run alone. An ID names one
claim, or a group: choose, proc, thread, async. Without IDs, the whole book is
run.
]],
  options = {
    { "--list", false, "list the claims and run none" },
    { "--quick", false, [[
small sizes, one unit of time is 50 ms (the default):
the whole book takes less than 5 minutes on two free
cores]] },
    { "--full", false, "the documents' own sizes, one unit is a second" },
    { "--limit", "SECONDS", [[
time after which a process of an experiment is ended, and
its claims could not be run (120; 600 with --full)]],
      parse = values.seconds },
    { "--json", "FILE", "write figures and verdicts to FILE",
      parse = values.file, complete = "file" },
    { "--html", "FILE", "write the book as one page to FILE",
      parse = values.file, complete = "file" },
  },
  notes = [[
Where a claim does not plainly hold, the answer to each part of its rule stands
behind the figure, with what it needs: [no: needs at least 1.30].
For claims about Python's interpreter lock, the same experiment is run in
python3, if that is installed. docs/claims.md has the rules, and the reason for
each border.
]],
  fails = "an experiment couldn't be run",
  complete = claims.ids,
  run = run,
}
