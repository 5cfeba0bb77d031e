-- Which kinds of values reach another process, and what is said of the others.

local M = { probes = {} }

M.about = "values of many kinds, sent to a process and back"

local function cyclic()
  local t = { name = "t" }
  t.self = t
  return t
end

local function counter()
  local n = 3
  return function() return n end
end

-- Each kind, a value of it, and whether what comes back is the same.
local KINDS = {
  { "integer", function() return 9007199254740993 end,
    function(a, b) return a == b end },
  { "float", function() return 0.1 end, function(a, b) return a == b end },
  { "string with any bytes", function() return "a\0b\255" end,
    function(a, b) return a == b end },
  { "nested table", function() return { a = { b = { 1, 2, 3 } } } end,
    function(_, b) return b.a.b[3] == 3 end },
  { "table that contains itself", cyclic,
    function(_, b) return b.self == b end },
  { "function of Lua with upvalues", counter,
    function(_, b) return b() == 3 end },
  { "function of C", function() return string.rep end,
    function(_, b) return b("x", 2) == "xx" end },
  { "table with a metatable", function()
    return setmetatable({}, { __index = function() return 1 end })
  end, function(_, b) return b.anything == 1 end },
  { "coroutine", function() return coroutine.create(print) end },
  { "open file", function() return io.stdout end },
  { "module", function() return string end,
    function(_, b) return b.rep ~= nil end },
}

--- For each kind: true, or what was said.
function M.probes.send()
  local conc = require "luaconc"
  local out = {}
  conc.run(function()
    local pool <close> = assert(conc.pool { engine = "process", workers = 1 })
    for i, kind in ipairs(KINDS) do
      local value = kind[2]()
      local ok, back = pcall(function()
        return pool:submit(function(v) return v end, value):await()
      end)
      if ok then ok = not kind[3] or pcall(kind[3], value, back)
        and kind[3](value, back) end
      out[i] = { kind = kind[1], sent = ok and true or false,
        said = not ok and tostring(back):match "^[^\n]*" or nil }
    end
  end)
  return out
end

-- What was said, without its place and without advice.
local function reason(said)
  return (said:gsub("^%S-:%d+: ", ""):gsub(" %(.*$", ""):gsub(": use .*$", ""))
end

function M.run(lab)
  local list = lab:probe("luaconc.lab.experiments.kinds", "send")
  local out = { sent = 0, refused = 0, located = 0,
    rows = { { "kind of value", "reaches a process" } } }
  for i, r in ipairs(list) do
    out[r.sent and "sent" or "refused"] = out[r.sent and "sent" or "refused"]
      + 1
    if r.said and r.said:find "cannot send" then
      out.located = out.located + 1
    end
    out.rows[i + 1] = { r.kind, r.sent and "yes"
      or "no: " .. reason(r.said or "another value came back") }
  end
  return out
end

return M
