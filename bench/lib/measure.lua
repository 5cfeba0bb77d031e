---What the benchmark scripts share. CPU time of the process is the clock:
---the work is on one thread, and CPU time does not count what other
---programs on the machine took.
local M = {}

---Prints a figure as `name value`; bench/run.lua reads these lines.
function M.print(name, value)
  io.write(name, " ", string.format("%.17g", value), "\n")
  io.flush()
end

---CPU seconds used so far, user and system.
M.cpu = os.clock

---Resident memory of this process in bytes.
---@return integer
function M.rss()
  local file = assert(io.open("/proc/self/statm"))
  local _, resident = file:read("n", "n")
  file:close()
  return resident * 4096
end

---A full collection, twice: what the first one finalized, the second frees.
function M.collect()
  collectgarbage()
  collectgarbage()
end

---The sleeps of the timer benchmark: 0..1 s, evenly spread, in a scattered
---order, the same in every language.
---@return fun(): number
function M.delays()
  local part = 0.0
  return function()
    part = (part + 0.618033988749895) % 1
    return part
  end
end

---Runs `cases[arg[1]]` with the count `arg[2]`, or the first of `order`
---with its usual count.
---@param cases table<string, fun(n: integer)>
---@param first string
---@param usual integer
function M.main(cases, first, usual)
  local name = arg[1] or first
  local case = cases[name]
  if not case then
    io.stderr:write(arg[0], ": no such case: ", name, "\n")
    os.exit(2)
  end
  case(math.tointeger(tonumber(arg[2] or usual)))
end

return M
