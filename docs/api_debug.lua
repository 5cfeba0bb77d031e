-- The part of docs/api.lua about seeing what happens. See there.

local stats = {
  title = "Metrics",
  text = [[
Every loop counts what it does: nothing by switch, two looks at the clock by
turn. It can't be switched off, and costs nothing that could be measured (see
`bench/README.md`). A thread or process has a loop and figures of its own.]],
  {
    name = "conc.stats",
    call = "conc.stats()",
    text = [[
What the loop of this state has counted since it was made. Live jobs are
counted one by one when it is called; all else is there.]],
    params = {},
    returns = {
      { "luaconc.stats", "stats", "`turns`: polls; `wakeups`: tasks made "
        .. "ready; `ready`: length of the ready list; `deadlines`; `handles`; "
        .. "`started`: jobs; `jobs`: `{ready=, running=, waiting=}` of the "
        .. "live ones, `{done=, failed=, cancelled=}` of all that have ended; "
        .. "`bytes` of messages, of the whole process; `busy`: seconds that "
        .. "tasks have run, `longest`: in one turn; `latency`: a list of "
        .. "`{seconds, turns}`: how many turns took at most so long, and "
        .. "longer than the one before" },
    },
    waits = false,
    example = [[
conc.run(function()
  conc.spawn(conc.sleep, 0.001):await()
  local stats = conc.stats()
  print(stats.jobs.running, stats.jobs.done, stats.started)  --> 1	1	2
end)]],
  },
  {
    name = "conc.stats.openmetrics",
    call = "conc.stats.openmetrics([labels])",
    text = [[
The same as a page of text in the OpenMetrics format, which Prometheus and
others read. The labels are added to each sample.]],
    params = { { "labels", "table<string, any>?", "names and values" } },
    returns = { { "string", "page", "ends in `# EOF`" } },
    raises = "where a label's name is none.",
    waits = false,
    example = [[
local page = conc.stats.openmetrics { job = "example" }
print(page:match "(luaconc_loop_ready.-)\n")
--> luaconc_loop_ready gauge
print(page:match "\n(luaconc_loop_ready{.-)\n")
--> luaconc_loop_ready{job="example"} 0]],
  },
}

return { stats }
