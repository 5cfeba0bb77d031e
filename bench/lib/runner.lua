---Runs a benchmark's contenders in fresh processes, interleaved.
local M = {}

local TIMEOUT = 60

local function quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end
M.quote = quote

---Whether a shell command succeeds.
local function succeeds(command)
  return os.execute(command .. " >/dev/null 2>&1") == true
end
M.succeeds = succeeds

---Runs one command in a fresh process and reads its lines `name value`.
---@param command string
---@return table<string, number>? figures, string? problem
function M.run(command)
  local pipe = assert(io.popen("timeout -k 5 " .. TIMEOUT .. " " .. command
    .. " 2>&1 </dev/null"))
  local figures, said = {}, nil
  for line in pipe:lines() do
    local name, value = line:match("^([%w_]+) (%S+)$")
    if name and tonumber(value) then
      figures[name] = tonumber(value)
    elseif line:match("%S") then
      said = said or line
    end
  end
  local ok, _, code = pipe:close()
  if ok then return figures end
  if code == 124 then said = "still running after " .. TIMEOUT .. " s" end
  return nil, said or "it ended with status " .. code
end

local probes = {}

---Why a peer cannot run here; nil when it can.
---@return string?
function M.missing(needs)
  if needs.never then return needs.never end
  local kind = needs.lua or needs.program or needs.python or needs.file
  if not kind then return nil end
  local there = probes[kind]
  if there == nil then
    if needs.lua then
      there = succeeds("lua5.4 -e 'require \"" .. needs.lua .. "\"'")
    elseif needs.python then
      there = succeeds(M.python .. " -c 'import " .. needs.python .. "'")
    elseif needs.file then
      there = succeeds("test -x " .. quote(needs.file))
    else
      there = succeeds("command -v " .. quote(needs.program))
    end
    probes[kind] = there
  end
  if there then return nil end
  return "not installed (Debian's " .. needs.package .. ")"
end

---@param bench table
---@param options {quick: boolean, peers: boolean, rounds: integer?}
local function contenders(bench, options)
  local list = { { name = "luaconc", role = "ours", command = bench.ours } }
  if bench.reference then
    list[2] = { name = bench.reference.name, role = "reference",
                command = bench.reference.command }
  end
  for _, peer in ipairs(bench.peers) do
    local missing = M.missing(peer.needs)
    if not options.peers then missing = missing or "left out by option" end
    list[#list + 1] = { name = peer.name, role = "peer", missing = missing,
                        command = peer.command }
  end
  return list
end

local function one_round(bench, list, round, keep, options)
  local seconds = options.quick and "0.4" or "0.6"
  for i = 1, #list do
    -- Each round starts one further on, so that no place in the row is
    -- always the same contender's.
    local c = list[(i + round) % #list + 1]
    if not c.missing and not c.problem and round <= c.rounds then
      local figures, problem = M.run((c.command:gsub("@SECONDS@", seconds)))
      if figures and not figures[bench.key] then
        figures, problem = nil, "it printed no `" .. bench.key .. "`"
      end
      if not figures then
        c.problem = problem
      elseif keep then
        c.samples[#c.samples + 1] = figures
      end
    end
  end
end

---Rounds of a benchmark: ours and the reference in each, peers in the first
---few. Round 0 warms up and is thrown away.
---@return table[] contenders each with `samples`, or `missing`, or `problem`
function M.measure(bench, options, progress)
  local rounds = bench.rounds or { full = 9, peers = 3 }
  local full = options.rounds or (options.quick and 3) or rounds.full
  local list = contenders(bench, options)
  for _, c in ipairs(list) do
    c.samples = {}
    c.rounds = c.role == "peer" and math.min(full, rounds.peers) or full
  end
  for round = 0, full do
    progress(bench.name, round, full)
    one_round(bench, list, round, round > 0, options)
  end
  return list
end

---The figures called `key` of a contender, in the order of the rounds.
---@return number[]
function M.figures(contender, key)
  local out = {}
  for i, sample in ipairs(contender.samples) do out[i] = sample[key] end
  return out
end

return M
