-- What this state's loop has counted, as a table and as a page of text.

local check = require "luaconc.check"
local core = require "luaconc.core"

local M = {}

core.time_turns()

---What the loop of this state has counted since it was made. Doesn't wait.
---@return luaconc.stats
local function stats() return core.stats() end

-- The shortest text that is the same number; integers have no ".0".
local function number(n)
  if n == math.huge then return "+Inf" end
  local text = ("%.15g"):format(n)
  return tonumber(text) == n and text or ("%.17g"):format(n)
end

local function escape(value)
  return (tostring(value):gsub('[\\"\n]',
    { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }))
end

-- {thread = 2}, "le", 0.5 -> '{thread="2",le="0.5"}'
local function braces(labels, name, value)
  local parts = {}
  for key, v in pairs(labels) do
    parts[#parts + 1] = ('%s="%s"'):format(key, escape(v))
  end
  table.sort(parts)
  if name then parts[#parts + 1] = ('%s="%s"'):format(name, escape(value)) end
  return #parts > 0 and "{" .. table.concat(parts, ",") .. "}" or ""
end

-- A page to which families of samples are added.
local function new_page(labels)
  local lines = {}
  local page = {}
  local function add(...) lines[#lines + 1] = table.concat { ... } end
  function page.family(name, kind, help)
    add("# TYPE luaconc_", name, " ", kind)
    if name:find "_seconds$" or name:find "_bytes$" then
      add("# UNIT luaconc_", name, " ", name:match "[^_]+$")
    end
    add("# HELP luaconc_", name, " ", help)
  end
  function page.sample(name, value, label, of)
    add("luaconc_", name, braces(labels, label, of), " ", number(value))
  end
  function page.text()
    add "# EOF"
    return table.concat(lines, "\n") .. "\n"
  end
  return page
end

local function add_histogram(page, name, help, buckets, sum)
  page.family(name, "histogram", help)
  local count = 0
  for _, bucket in ipairs(buckets) do
    count = count + bucket[2]
    page.sample(name .. "_bucket", count, "le", number(bucket[1]))
  end
  page.sample(name .. "_sum", sum)
  page.sample(name .. "_count", count)
end

local function add_jobs(page, s)
  page.family("jobs", "gauge", "Live jobs by state.")
  for _, state in ipairs { "ready", "running", "waiting" } do
    page.sample("jobs", s.jobs[state], "state", state)
  end
  page.family("jobs_started", "counter", "Jobs started by this state.")
  page.sample("jobs_started_total", s.started)
  page.family("jobs_ended", "counter", "Jobs that have ended, by how.")
  for _, state in ipairs { "done", "failed", "cancelled" } do
    page.sample("jobs_ended_total", s.jobs[state], "outcome", state)
  end
end

local COUNTERS = {
  { "loop_turns", "turns", "Polls of the loop." },
  { "loop_wakeups", "wakeups", "Tasks that were made ready." },
  { "message_bytes", "bytes",
    "Bytes of messages to other states, of the whole process." },
}

local GAUGES = {
  { "loop_ready", "ready", "Tasks in the ready list." },
  { "loop_deadlines", "deadlines", "Sleeps and timeouts." },
  { "handles", "handles", "Open handles: sockets, pipes, watches." },
}

-- Names of labels that the page has itself.
local TAKEN = { state = true, outcome = true, le = true }

local function check_labels(labels)
  if labels == nil then return {} end
  if type(labels) ~= "table" then
    check.expected("openmetrics", 1, "table of labels", labels)
  end
  for key, value in pairs(labels) do
    if type(key) ~= "string" or not key:find "^[%a_][%w_]*$" then
      check.complain("openmetrics", 1, core.got(key)
        .. " is no name of a label: letters, digits and '_'")
    elseif TAKEN[key] then
      check.complain("openmetrics", 1, "label '" .. key
        .. "' is one that the page has itself")
    elseif not utf8.len(tostring(value)) then
      check.complain("openmetrics", 1, "label '" .. key
        .. "' must be text in UTF-8")
    end
  end
  return labels
end

---The same as a page in the OpenMetrics text format. Doesn't wait.
---@param labels? table<string, any> added to each sample
---@return string
function M.openmetrics(labels)
  local s, page = core.stats(), new_page(check_labels(labels))
  for _, c in ipairs(COUNTERS) do
    page.family(c[1], "counter", c[3])
    page.sample(c[1] .. "_total", s[c[2]])
  end
  for _, g in ipairs(GAUGES) do
    page.family(g[1], "gauge", g[3])
    page.sample(g[1], s[g[2]])
  end
  add_jobs(page, s)
  add_histogram(page, "loop_turn_seconds",
    "How long tasks ran between two polls: so long others had to wait.",
    s.latency, s.busy)
  return page.text()
end

return setmetatable(M, { __call = stats })
