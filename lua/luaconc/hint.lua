-- What was meant by a name that luaconc has not: loaded when there is one.

local core = require "luaconc.core"

local M = {}

-- Words for the same thing in other languages and libraries, and methods that
-- are looked for in the module.
local elsewhere = {
  await = "job:await()", join = "job:await()", wait = "job:await()",
  cancel = "job:cancel()", kill = "job:kill()", status = "job:status()",
  send = "channel:send(value)", recv = "channel:recv()",
  receive = "channel:recv()",
  async = "conc.spawn", go = "conc.spawn", start = "conc.spawn",
  task = "conc.spawn", create_task = "conc.spawn",
  fork = "conc.process", worker = "conc.pool", executor = "conc.pool",
  parallel = "conc.gather", all = "conc.gather", any = "conc.race",
  delay = "conc.sleep", wait_for = "conc.timeout", deadline = "conc.timeout",
  mutex = "conc.lock", cond = "conc.condition", pipe = "conc.channel",
  nursery = "conc.group", main = "conc.run", loop = "conc.run",
  array = "conc.shared.array", counter = "conc.shared.counter",
  connect = "conc.tcp.connect", listen = "conc.tcp.listen",
  serve = "conc.tcp.serve", open = "conc.fs.open", file = "conc.fs.open",
}

-- The name of the table in the module: "conc", "conc.fs".
local function name_of(module, of)
  for name, value in next, module do
    if value == of then return "conc." .. name end
  end
  return "conc"
end

local function names_in(module, of, more)
  local names = {}
  for name in next, of do names[#names + 1] = name end
  for _, known in ipairs(of == module and more or {}) do
    for name in next, known do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- In a short name every letter counts.
local function near(word, names)
  local name, distance = core.nearest(word, names)
  if name and distance <= (#word > 5 and 2 or 1) then return name end
end

--- Raises where the name is like one in the table `of` of the module, or like
--- what others call the same thing; else it is nil. `more` are tables whose
--- keys the module has besides.
---@param module table
---@param of table
---@param name any
---@param more table[]
function M.missing(module, of, name, more)
  if type(name) ~= "string" or name:find "^_" then return nil end
  local place = name_of(module, of)
  local meant = near(name, names_in(module, of, more))
  meant = meant and place .. "." .. meant
    or of == module and elsewhere[name:lower()]
  if not meant then return nil end
  error(("%s.%s does not exist; did you mean %s?"):format(place, name, meant),
    2)
end

return M
