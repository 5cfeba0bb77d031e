-- A job whose error goes nowhere: it is returned, and nobody looks.
local conc = require "luaconc"

local function save(text)
  local file, message, code = conc.fs.open("/nowhere/notes.txt", "w")
  if not file then return nil, message, code end
  file:write(text)
  file:close()
  return true
end

conc.run(function()
  conc.spawn { name = "save", save, "important" }
  print "saved"
end)
