-- The results as CSV (RFC 4180), for a spreadsheet or for R: a header, then a
-- line for each run, so that every figure of every run can be grouped and
-- plotted as it is. Numbers have a point and no unit; what is not known is
-- empty. An engine without runs has one line that says why.

local M = {}

-- name, field of a run. Times are seconds, memory and what is sent are bytes.
M.FIGURES = {
  { "wall_s", "wall" }, { "user_s", "user" }, { "system_s", "system" },
  { "delayed_s", "delayed" }, { "startup_s", "startup" },
  { "ready_s", "ready" }, { "memory_bytes", "memory" },
  { "job_memory_bytes", "job_memory" }, { "sent_bytes", "sent" },
  { "voluntary", "voluntary" }, { "involuntary", "involuntary" },
  { "outlier", "outlier" },
}

M.FIRST = { "scenario", "file", "jobs", "engine", "workers", "status",
  "round" }

local function field(value)
  if value == nil then return "" end
  if type(value) == "boolean" then return value and "1" or "0" end
  if math.type(value) == "float" then
    if value ~= value or value == math.huge or value == -math.huge then
      return ""
    end
    return (("%.9g"):format(value))
  end
  value = tostring(value)
  if value:find '[",\r\n]' then
    return '"' .. value:gsub('"', '""') .. '"'
  end
  return value
end

local function add(lines, values, n)
  local fields = {}
  for i = 1, n do fields[i] = field(values[i]) end
  lines[#lines + 1] = table.concat(fields, ",")
end

local COLUMNS = #M.FIRST + #M.FIGURES + 1

local function header(lines)
  local names = table.move(M.FIRST, 1, #M.FIRST, 1, {})
  for _, figure in ipairs(M.FIGURES) do names[#names + 1] = figure[1] end
  names[#names + 1] = "message"
  add(lines, names, COLUMNS)
end

local function line(lines, result, jobs, row, status, round, run, message)
  local values = { result.name, result.file, jobs, row.engine, row.workers,
    status, round }
  for i, figure in ipairs(M.FIGURES) do
    values[#M.FIRST + i] = run[figure[2]]
  end
  values[COLUMNS] = message
  add(lines, values, COLUMNS)
end

local function told(failure)
  if not failure.job then return failure.message end
  return ("job %d: %s"):format(failure.job, failure.message)
end

local function add_row(lines, result, size, row)
  local jobs = size.size
  if row.failure then
    line(lines, result, jobs, row, "failed", nil, {}, told(row.failure))
  elseif row.estimate then
    line(lines, result, jobs, row, "estimated", nil,
      { wall = row.estimate.wall }, ("from the runs with %d jobs")
        :format(row.estimate.size))
  end
  for i, run in ipairs(row.runs) do
    line(lines, result, jobs, row, "run", i, run)
  end
end

--- The text of the file that `--csv` writes.
---@param results luaconc.compare.Result[]
---@return string
function M.text(results)
  local lines = {}
  header(lines)
  for _, result in ipairs(results) do
    if result.failure then
      line(lines, result, nil, {}, "failed", nil, {}, told(result.failure))
    end
    for _, size in ipairs(result.sizes) do
      for _, row in ipairs(size.rows) do add_row(lines, result, size, row) end
      if size.failure then
        line(lines, result, size.size, {}, "failed", nil, {},
          told(size.failure))
      end
    end
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

return M
