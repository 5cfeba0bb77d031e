-- The books of a queue or a channel: each item has a number of its own, is
-- taken once if it was sent, and not at all if it was not.

local M = {}
M.__index = M

--- The books of `way`, which must not be closed.
function M.new(way)
  return setmetatable({ way = way, offered = 0, sent = {}, unsure = {}, taken = {},
    many = {}, n_sent = 0 }, M)
end

--- The item that comes next, one of those of `many` if given. Some are
-- messages, some stay as they are.
function M:offer(many)
  self.offered = self.offered + 1
  self.many[self.offered] = many
  return self.offered % 2 == 0 and self.offered or { self.offered, self.way }
end

local function number(item)
  return type(item) == "table" and item[1] or item
end

--- It was accepted; with `unsure`, nobody can tell whether it was.
function M:accept(item, unsure)
  self[unsure and "unsure" or "sent"][number(item)] = true
  self.n_sent = self.n_sent + 1
end

--- This was taken out, unless it is nil; its number.
function M:take(item)
  if item == nil then return nil end
  local n = number(item)
  assert(math.type(n) == "integer" and n >= 1 and n <= self.offered, "an unknown item")
  assert(not self.taken[n], "an item was doubled")
  self.taken[n] = true
  return n
end

-- Takes out what is there. Items sent alone come in the order in which that was
-- asked for, and so do those of one list: others may come between these.
function M:drain()
  local last = {}
  local n = self:take(self.way:try_recv())
  while n do
    local many = self.many[n] or self
    assert(n > (last[many] or 0), "items in another order")
    last[many] = n
    n = self:take(self.way:try_recv())
  end
end

--- Raises unless what was sent has been taken, or is there, in order.
function M:audit()
  assert(self.way:len() == #self.way)
  self:drain()
  for i = 1, self.offered do
    assert(self.taken[i] or not self.sent[i], "an item was lost")
    assert(self.sent[i] or self.unsure[i] or not self.taken[i],
      "an item came that was not sent")
  end
end

return M
