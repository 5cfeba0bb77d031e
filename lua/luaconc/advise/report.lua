-- What was seen of a script, and what is proposed, in words.

local compare = require "luaconc.compare"
local engines = require "luaconc.compare.engines"
local estimate = require "luaconc.advise.estimate"
local rule = require "luaconc.compare.rule"
local stats = require "luaconc.compare.stats"
local units = require "luaconc.compare.units"
local verdict = require "luaconc.compare.verdict"

local M = {}

M.HELD = 0.01    -- seconds of one turn, from which on it is told
M.BLOCKED = 0.05 -- share of a job's time, from which on blocking is told
M.UNEVEN = 1.5   -- times the mean, from which on the longest job is told

local function blocks(jobs)
  return jobs.block > M.BLOCKED * estimate.length(jobs)
end

-- "computes for 20 us, is blocked for 50.0 ms and waits for 1.00 ms"
local function times(jobs)
  local parts = { "computes for " .. units.time(jobs.cpu) }
  if blocks(jobs) then
    parts[2] = "is blocked for " .. units.time(jobs.block)
  end
  local last = jobs.wait > 0 and "waits for " .. units.time(jobs.wait)
    or "never waits"
  local mean = estimate.length(jobs)
  return table.concat(parts, ", ") .. " and " .. last
    .. ((jobs.slowest or 0) > M.UNEVEN * mean and (" on average, the longest "
    .. "takes %s"):format(units.time(jobs.slowest)) or "")
end

local function failures(site)
  if site.failed == 0 then return "" end
  return (", of which %s failed or %s cancelled"):format(
    units.count(site.failed), site.failed == 1 and "was" or "were")
end

local function seen(site, jobs)
  return ("%s on %s%s. A job %s: it keeps a core busy for %s of its time. It "
    .. "gets %s and returns %s; its function is %s."):format(
    units.plural(site.jobs, "job"), engines.get(site.engine).title,
    failures(site), times(jobs), units.percent(estimate.share(jobs)),
    units.size(jobs.input), units.size(jobs.output), units.size(jobs.code))
end

local function held(site, jobs)
  if site.longest < M.HELD then return nil end
  local out = {}
  if site.engine == "task" then
    out[1] = ("One of them held the loop for %s in one turn, for which no "
      .. "other task ran."):format(units.time(site.longest))
  end
  if blocks(jobs) then
    out[#out + 1] = "They call something that blocks (io, os.execute, a C "
      .. "library): what conc.fs, conc.exec and sockets of luaconc do in its "
      .. "place lets other tasks run, and conc.offload takes the rest."
  end
  return out[1] and table.concat(out, " ")
end

local function changed(site)
  if #site.changed == 0 then return nil end
  return ("They change locals of the script: %s. In another state they would "
    .. "change copies: return values instead, or use conc.shared."):format(
    table.concat(site.changed, ", "))
end

local function objects(site)
  if #site.objects == 0 then return nil end
  return ("They share %s, which other states may use as well."):format(
    table.concat(site.objects, ", "))
end

local function refusal(site)
  return site.refusal and ("Their function can't leave this state: %s.")
    :format(site.refusal) or nil
end

local function crew(e)
  local parts = {}
  if e.engine == "task" then parts[1] = ("%d at a time"):format(e.workers) end
  if e.chunk then parts[1] = units.plural(e.workers, "worker") end
  if e.chunk and e.chunk > 1 then parts[2] = ("chunk %d"):format(e.chunk) end
  return parts[1] and " (" .. table.concat(parts, ", ") .. ")" or ""
end

local function estimates(list)
  local parts = {}
  for i, e in ipairs(list) do
    parts[i] = ("%s %s%s"):format(engines.get(e.engine).title,
      units.time(e.wall), crew(e))
  end
  return ("Estimates: as it is %s; %s."):format(units.time(list.now.wall),
    table.concat(parts, ", "))
end

-- What to write.
local function how(e, site, jobs)
  if e.engine == "serial" then return "a plain loop" end
  local limit = site.kind == "conc.map" and "limit" or "workers"
  if e.engine == "task" and not jobs.pooled then return "conc.spawn" end
  return ('engine = "%s", %s = %d%s'):format(e.engine, limit, e.workers,
    e.chunk and e.chunk > 1 and ", chunk = " .. e.chunk or "")
end

local function why(best, jobs)
  local share = estimate.share(jobs)
  if best.engine == "serial" then
    return "the jobs are too short for any hand-over to pay"
  elseif best.engine == "task" then
    return ("they wait for %s of their time, and waits overlap on one core")
      :format(units.percent(1 - share))
  end
  if blocks(jobs) and jobs.block > jobs.cpu then
    return ("they block for %s of their time, and block no other job on %s")
      :format(units.percent(jobs.block / estimate.length(jobs)),
      units.plural(best.workers, "worker"))
  end
  return ("they keep a core busy for %s of their time, and %s run at once")
    :format(units.percent(share), units.plural(best.workers, "worker"))
end

-- "20 ms", "of 60 ms", "1.5": what a change would be worth.
local function worth(best, now)
  return units.time(now.wall - best.wall), units.time(now.wall),
    units.ratio(now.wall / math.max(best.wall, 1e-9))
end

local function proposal(site, best, now, jobs)
  local name = engines.get(now.engine).title
  if best == now and site.refusal then
    return ("Stay with %s, the one engine that fits what can't leave its "
      .. "state."):format(name)
  elseif best == now then
    return ("Stay with %s: no other engine is clearly quicker."):format(name)
  elseif best.engine == now.engine then
    return ("Stay with %s, but let %s run at a time instead of %s, if what "
      .. "they wait for bears it. It would be worth %s of %s (%s times as "
      .. "fast)."):format(name, units.count(best.workers),
      units.count(now.workers), worth(best, now))
  end
  return ("Use %s: %s. It would be worth %s of %s (%s times as fast)."):format(
    how(best, site, jobs), why(best, jobs), worth(best, now))
end

local function thumb(jobs, best)
  local name, what = rule.names(jobs.n, { share = estimate.share(jobs),
    wait = jobs.wait + jobs.block })
  if not name then return "The rule of thumb names no engine for such jobs." end
  return ("The rule of thumb says %s for %s%s."):format(
    engines.get(name).title, what, name == best.engine and ", as here" or "")
end

local function quicker(base, row)
  return row and row.wall
    and stats.verdict(compare.ratio(base, row, "wall"), verdict.MATTERS)
end

local function times_as(base, row)
  local r = compare.ratio(base, row, "wall")
  return ("%s times as fast (%s to %s)"):format(units.ratio(r.median),
    units.ratio(r.low), units.ratio(r.high))
end

-- Whether anything was quicker than what is in use and was to stay.
local function unmoved(base, rows)
  for _, row in ipairs(rows) do
    if row ~= base and quicker(base, row) == 1 then
      return ("Not so: %s the whole script was %s."):format(row.engine,
        times_as(base, row))
    end
  end
  return "So it is: nowhere else was the whole script clearly quicker."
end

--- What the runs of `--verify` say to the proposal; nil where they failed.
---@param rows luaconc.compare.Row[]
---@param best table
---@param now table
---@return string?
function M.verified(rows, best, now)
  local base = compare.row(rows, "as it is")
  if not (base and base.wall) then return nil end
  if best == now then return unmoved(base, rows) end
  if best.engine == "serial" then
    return "A plain loop can't be tried from outside."
  end
  local row = compare.row(rows, "on " .. best.engine)
  local sign = quicker(base, row)
  if not sign then return nil end
  return ({ [1] = "So it is: %s the whole script was %s.",
    [0] = "That is open: %s the whole script was %s, which may be chance.",
    [-1] = "Not so: %s the whole script was %s." })[sign]:format(row.engine,
    times_as(base, row))
end

--- Places with a single job each, which there is nothing to say of.
---@param style table of `luaconc.compare.text`
---@param sites table[]
---@return string
function M.single(style, sites)
  local names = {}
  for i, site in ipairs(sites) do
    names[i] = ("%s (%s)"):format(site.where, site.kind)
  end
  return style:paragraph(("One job each, with nothing to overlap: %s."):format(
    table.concat(names, ", ")))
end

--- One place of the script, in words.
---@param style table of `luaconc.compare.text`
---@param site table
---@param jobs luaconc.advise.Jobs
---@param list table[] of `estimate.all`
---@param best table
---@param now table
---@return string
function M.site(style, site, jobs, list, best, now)
  local out = { style:paint(("%s (%s)"):format(site.where, site.kind), "bold")
    .. "\n" }
  local function add(text)
    if text then out[#out + 1] = style:paragraph(text, "  ") end
  end
  add(seen(site, jobs))
  add(held(site, jobs))
  add(changed(site))
  add(objects(site))
  add(refusal(site))
  add(estimates(list))
  add(proposal(site, best, now, jobs))
  add(thumb(jobs, best))
  return table.concat(out)
end

return M
