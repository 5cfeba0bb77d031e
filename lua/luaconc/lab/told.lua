-- What an error says to a reader of the book: its first line, without the
-- place in our files where it was raised.
---@param err any
---@return string
return function(err)
  return (tostring(err):match "^[^\n]*":gsub("^%S+:%d+: ", ""))
end
