-- What was seen of a script, and what is proposed, in words.

local engines = require "luaconc.compare.engines"
local estimate = require "luaconc.advise.estimate"
local rule = require "luaconc.compare.rule"
local units = require "luaconc.compare.units"

local M = {}

M.HELD = 0.01 -- seconds of one job on the loop, from which on it is told

local function seen(site, jobs)
  local share = estimate.share(jobs)
  return ("%s started %s on %s. A job takes %s of a core and waits for %s: "
    .. "it keeps a core busy for %s of its time. About %s go over for a job%s."
    ):format(site.where, units.plural(site.jobs, "job"),
    engines.get(site.engine).title,
    units.time(jobs.cpu), units.time(jobs.wait), units.percent(share),
    units.size(jobs.bytes), site.engine == "task"
    and " where it is sent elsewhere" or "")
end

local function held(site, jobs)
  if site.engine ~= "task" or jobs.cpu < M.HELD then return nil end
  return ("Each job holds the loop for about %s, for which no other task runs.")
    :format(units.time(jobs.cpu))
end

local function shared(site)
  if #site.shared == 0 then return nil end
  return ("It changes locals of the script: %s. In another state it would "
    .. "change copies: return values instead, or use conc.shared."):format(
    table.concat(site.shared, ", "))
end

local function estimates(list)
  local parts = {}
  for i, e in ipairs(list) do
    parts[i] = ("%s %s%s"):format(engines.get(e.engine).title,
      units.time(e.wall), e.chunk and (" (%s, chunk %d)"):format(
      units.plural(e.workers, "worker"), e.chunk) or "")
  end
  return "Estimates: " .. table.concat(parts, ", ") .. "."
end

local function how(e)
  if e.engine == "serial" then return "a plain loop" end
  if e.engine == "task" then
    return ('engine = "task", limit = %d'):format(e.workers)
  end
  return ('engine = "%s", %d workers, chunk = %d'):format(e.engine, e.workers,
    e.chunk)
end

local function why(best, jobs)
  local share = estimate.share(jobs)
  if best.engine == "serial" then
    return "the jobs are too short for any hand-over to pay"
  elseif best.engine == "task" then
    return ("they wait for %s of their time, and waits overlap on one core")
      :format(units.percent(1 - share))
  end
  return ("they keep a core busy for %s of their time, and %s run at once")
    :format(units.percent(share), units.plural(best.workers, "worker"))
end

local function proposal(best, now, jobs)
  if best == now then
    return ("Stay with %s: %s; no other engine is clearly quicker."):format(
      engines.get(now.engine).title, why(best, jobs))
  end
  return ("Use %s: %s. It would be worth %s of %s (%s times as fast)."):format(
    how(best), why(best, jobs), units.time(now.wall - best.wall),
    units.time(now.wall), units.ratio(now.wall / math.max(best.wall, 1e-9)))
end

local function thumb(jobs, best)
  local name, what = rule.names(jobs.n, { share = estimate.share(jobs),
    wait = jobs.wait })
  if not name then return "The rule of thumb names no engine for such jobs." end
  return ("The rule of thumb says %s for %s%s."):format(
    engines.get(name).title, what, name == best.engine and ", as here" or "")
end

--- One place of the script: text, and what is proposed.
---@param style table of `luaconc.compare.text`
---@param site table
---@param costs table
---@param cores integer
---@param most integer
---@return string text, table best, table now
function M.site(style, site, costs, cores, most)
  local jobs = estimate.jobs(site)
  local list = estimate.all(jobs, costs, cores, most)
  local best, now = estimate.choose(list, site.engine, site.refusal)
  local out = { style:paint(("%s (%s)"):format(site.where, site.kind), "bold")
    .. "\n" }
  local function add(text)
    if text then out[#out + 1] = style:paragraph(text, "  ") end
  end
  add(seen(site, jobs))
  add(held(site, jobs))
  add(shared(site))
  if site.refusal then
    add("Its function can't leave this state: " .. site.refusal .. ".")
  end
  add(estimates(list))
  add(proposal(best, now, jobs))
  add(thumb(jobs, best))
  return table.concat(out), best, now
end

return M
