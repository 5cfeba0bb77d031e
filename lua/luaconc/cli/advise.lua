-- `luaconc advise`: which engine a script's jobs should run on.

local output = require "luaconc.compare.output"
local values = require "luaconc.cli.values"

local write = output.write

local LIMIT = 300 -- seconds for the script, unless said

local function complain(message)
  io.stderr:write("luaconc advise: ", message, "\n")
end

local function quoted(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- The words of a process that runs this call of luaconc.advise.child.
local function argv(call, words, force)
  local plain = require "luaconc.compare.plain"
  local program = require "luaconc.compare.program"
  return program.lua(("require('luaconc.advise.child').%s(%s%s)"):format(call,
    plain.encode(words, "arguments"),
    force and ", " .. plain.encode(force, "force") or ""))
end

local function observe(given)
  local program = require "luaconc.compare.program"
  local ended, failure = program.run(argv("main", given.words), "",
    given.limit or LIMIT)
  if not ended then return nil, failure end
  local report = ended.report ~= ""
    and require("luaconc.compare.plain").decode(ended.report)
  if not report then return nil, program.broken(ended) end
  if report.failure then
    return nil, { message = "the script failed", printed = ended.printed }
  end
  return report
end

-- The script as it is, and with each engine at one place, as programs that
-- are compared.
local function variants(given, plan)
  local commands, site = {}, plan.site
  local function add(name, call, force)
    local words = argv(call, given.words, force)
    for i, word in ipairs(words) do words[i] = quoted(word) end
    commands[#commands + 1] = { name = name,
      command = "exec " .. table.concat(words, " ") }
  end
  add("as it is", "forced", { where = "", kind = "", engine = site.engine })
  for _, e in ipairs(plan.list) do
    if e.engine ~= "serial" and (e.engine ~= site.engine or e == plan.best)
      and (e.engine == "task" or not site.refusal) then
      add("on " .. e.engine, "forced", { where = site.where,
        kind = site.kind, made = site.made, engine = e.engine,
        workers = e.workers, chunk = plan.jobs.pooled and e.chunk or nil })
    end
  end
  return commands
end

-- Compares the variants. Second: the script prints something else each time.
local function run_variants(given, plan, style, progress, loose)
  local compare = require "luaconc.compare"
  local differs = false
  local result = compare.scenario(nil, { runs = given.runs or 5,
    commands = variants(given, plan), limit = given.limit, loose = loose,
    progress = function(text) progress:set(text) end,
    done = function(size, r)
      progress:erase()
      local base = compare.row(size.rows, "as it is")
      differs = base and base.failure and base.failure.differs or false
      if differs then return end
      write(require("luaconc.compare.report").size(style, size, r))
      local said = require("luaconc.advise.report").verified(size.rows,
        plan.best, plan.list.now)
      if said then write(style:paragraph(said)) end
    end })
  return not compare.failed(result), differs
end

local function verify(given, plan, style, progress)
  if not require("luaconc.advise.force").can(plan.site) then
    write(style:paragraph("Not verified: these jobs can't be told from outside "
      .. "where to run.", "  "))
    return true
  end
  write(style:paragraph("Verified by running the script itself, with its jobs "
    .. "on each engine (start-up included):", "  "))
  local ok, differs = run_variants(given, plan, style, progress, false)
  if not differs then return ok end
  write(style:paragraph("It prints something else each time, so that what it "
    .. "prints can't be compared.", "  "))
  return (run_variants(given, plan, style, progress, true))
end

-- The places that have something to choose, and those with a single job.
local function sort_out(all)
  local sites, single = {}, {}
  for _, site in ipairs(all) do
    if site.jobs == 1 then
      single[#single + 1] = site
    elseif site.jobs > 1 then
      sites[#sites + 1] = site
    end
  end
  return sites, single
end

local function advise_on(given, report, style, progress)
  local core = require "luaconc.core"
  local estimate = require "luaconc.advise.estimate"
  local workers = require "luaconc.compare.workers"
  local words = require "luaconc.advise.report"
  local costs = require("luaconc.advise.costs").measure()
  local cores, most = core.machine().cores,
    workers.most(workers.descriptors())
  local ok, changes = true, 0
  progress:erase()
  for i, site in ipairs(report.sites) do
    if i > 1 then write "\n" end
    local jobs = estimate.jobs(site, cores)
    local list = estimate.all(jobs, costs, cores, most, site.engine)
    local best, now = estimate.choose(list, site.refusal)
    write(words.site(style, site, jobs, list, best, now))
    if best ~= now then changes = changes + 1 end
    if given.verify then
      ok = verify(given, { site = site, jobs = jobs, list = list,
        best = best }, style, progress) and ok
    end
  end
  if not given.verify then
    write("\n" .. style:paragraph((changes > 0 and "Estimates are no "
      .. "measurements: " or "") .. "luaconc advise --verify runs the script "
      .. "with its jobs on each engine and compares."))
  end
  return ok and 0 or 1
end

local function run_script(given)
  local core = require "luaconc.core"
  local style = require("luaconc.compare.text").new(core.terminal(1))
  local units = require "luaconc.compare.units"
  local progress <close> = require("luaconc.compare.progress").start()
  progress:set("running " .. given.words[1])
  local report, failure = observe(given)
  progress:erase()
  if not report then
    complain(("%s: %s"):format(given.words[1], failure.message))
    if failure.printed then io.stderr:write(failure.printed, "\n") end
    return 1
  end
  report.sites, report.single = sort_out(report.sites)
  write(style:paragraph(("%s ran for %s, watched; that costs a few "
    .. "microseconds for each job.%s"):format(given.words[1],
    units.time(report.wall), report.longest >= 0.01 and " Its loop was held "
    .. "for up to " .. units.time(report.longest) .. " in one turn." or "")))
  if #report.single > 0 then
    write(require("luaconc.advise.report").single(style, report.single))
  end
  if #report.sites == 0 and #report.single == 0 then
    write(style:paragraph("No job ended that it had started by luaconc: "
      .. "nothing to advise on."))
    return 0
  end
  if #report.sites == 0 then return 0 end
  write "\n"
  return advise_on(given, report, style, progress)
end

local function run(given)
  if not given.words[1] then return nil, "no script is given" end
  local ok, message = require("luaconc.cli.files").check(
    { given.words[1] }, "script")
  if not ok then return nil, message end
  return require("luaconc").run(run_script, given)
end

return {
  name = "advise",
  about = "watch a script's jobs and propose engine, workers and chunk",
  usage = "[options] SCRIPT [arguments of the script]",
  text = [[
Runs SCRIPT and observes the jobs that it starts (by conc.map, pools,
conc.spawn, conc.thread, conc.process, groups, conc.gather and its relatives,
conc.offload, servers). For each place that starts jobs it reports what they
are like (computing, blocking or waiting; bytes in and out; state that they
share), which engine would fit, with how many workers and which chunk, and
what that would gain. What the script prints is shown only if it fails.
]],
  options = {
    { "--verify", false, [[
run the script itself with the jobs of each place on every
engine, and compare; what it prints must stay the same]] },
    { "--runs", "N", "rounds of --verify (5)", parse = values.count },
    { "--limit", "SECONDS", "time after which the script is ended (300)",
      parse = values.seconds },
  },
  fails = "the script failed",
  complete = "file",
  rest = true,
  run = run,
}
