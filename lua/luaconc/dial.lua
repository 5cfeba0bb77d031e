-- Connecting over TCP to the first address of a host that answers, as RFC 8305
-- says it.

local core = require "luaconc.core"
local timeout = require "luaconc.timeout"

local M = {}

-- Seconds that an address has before the next one is tried beside it: RFC
-- 8305, section 5.
local STAGGER = 0.25

local function is_six(address)
  return address:find(":", 1, true) ~= nil
end

--- The addresses, in their order, but the two families in turns: a broken one
-- delays by no more than one step.
---@param list string[]
---@return string[]
function M.interleave(list)
  local first, second = {}, {}
  for _, address in ipairs(list) do
    local same = is_six(address) == is_six(list[1])
    table.insert(same and first or second, address)
  end
  local turns = {}
  for i = 1, math.max(#first, #second) do
    turns[#turns + 1] = first[i]
    turns[#turns + 1] = second[i]
  end
  return turns
end

-- One attempt. What it has found stays in the race, even if it is cancelled
-- right then: the race closes it.
local function attempt(race, address)
  local stream, message, code = race.connect(address)
  race.running = race.running - 1
  if stream then
    race.streams[#race.streams + 1] = stream
  else
    race.message, race.code = message, code
  end
  race.news:set()
end

-- Waits until an attempt has ended, or it is time for the next one.
local function wait_news(race, is_last)
  if is_last then
    race.news:wait()
  else
    core.select { race.news, core.after(STAGGER) }
  end
  race.news:clear()
end

-- Streams that came too late.
local function close_rest(race)
  for _, stream in ipairs(race.streams) do
    if stream ~= race.winner then stream:close() end
  end
end

local function run_race(race, list)
  local _ <close> = race
  local group <close> = core.group()
  for i, address in ipairs(list) do
    race.running = race.running + 1
    group:spawn(attempt, race, address)
    repeat
      wait_news(race, i == #list)
      race.winner = race.streams[1]
      if race.winner then
        group:cancel()
        return race.winner
      end
    until i < #list or race.running == 0
  end
  return nil, race.message, race.code
end

--- Connects by `connect(address)` to one of the addresses.
---@param list string[]
---@param connect fun(address: string): luaconc.stream?, string?, string?
---@return luaconc.stream?
---@return string? message
---@return string? code
function M.race(list, connect)
  if #list == 1 then return connect(list[1]) end
  local race = setmetatable({
    connect = connect, streams = {}, running = 0, news = core.event(),
  }, { __close = close_rest })
  return run_race(race, M.interleave(list))
end

local function look_up_and_race(host, connect)
  local list, message, code = core.dns.lookup(host)
  if not list then return nil, message, code end
  return M.race(list, connect)
end

--- Connects to a host; the options are checked already.
---@param host string
---@param port integer
---@param opts table
---@return luaconc.stream?
---@return string? message
---@return string? code
function M.connect(host, port, opts)
  local function connect(address)
    return core.tcp.connect(address, port, opts.nodelay ~= false, nil,
      opts.from)
  end
  if not opts.timeout then return look_up_and_race(host, connect) end
  return timeout.timeout(opts.timeout, look_up_and_race, host, connect)
end

return M
