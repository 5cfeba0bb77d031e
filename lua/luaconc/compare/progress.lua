-- One line on standard error that says what runs, while it runs: on a
-- terminal only that can erase it, after half a second, erased at the end.

local conc = require "luaconc"
local core = require "luaconc.core"

local M = {}
M.__index = M

local AFTER, EVERY = 0.5, 0.25 -- seconds

--- Starts the line; close it (`<close>`) before anything else is written.
--- Must be called inside a task.
function M.start()
  local self = setmetatable({ shown = false }, M)
  self.columns = os.getenv "TERM" ~= "dumb" and core.terminal(2) or nil
  if self.columns then
    if self.columns == 0 then self.columns = 80 end
    self.began = core.clock()
    self.task = conc.spawn { self.turn, self, daemon = true,
      name = "progress" }
  end
  return self
end

function M:turn()
  conc.sleep(AFTER)
  while true do
    if self.text then self:draw() end
    conc.sleep(EVERY)
  end
end

-- Line is cut by bytes at worst, which is why the last column stays free.
function M:draw()
  local line = ("%s (%.0f s)"):format(self.text, core.clock() - self.began)
  local last = utf8.offset(line, self.columns) or #line + 1
  io.stderr:write("\r\27[K", line:sub(1, last - 1))
  io.stderr:flush()
  self.shown = true
end

--- What runs now.
---@param text string
function M:set(text)
  self.text = text
end

--- Erases the line until it is next drawn.
function M:erase()
  if not self.shown then return end
  io.stderr:write("\r\27[K")
  io.stderr:flush()
  self.shown = false
end

function M:__close()
  if self.task then self.task:cancel() end
  self.task = nil
  self:erase()
end

return M
