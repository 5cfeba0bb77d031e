-- What a claim says where its experiment in CPython was not done.
---@param figures table `absent`: why not
---@return string
return function(figures)
  return figures.absent and ("The experiment in CPython was not done (%s).")
    :format(figures.absent) or ""
end
