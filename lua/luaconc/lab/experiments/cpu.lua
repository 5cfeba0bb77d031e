-- Work for the processor on every engine: primes, in as many shares as give
-- each core four.

local runs = require "luaconc.lab.runs"

local M = {}

M.about = "primes by trial division, on as many workers as there are cores"

M.ENGINES = { "serial", "task", "thread", "process" }

function M.run(lab)
  local sizes = lab:compare("primes", { engines = M.ENGINES,
    sizes = { 4 * lab.cores }, runs = lab:pick(5, 12), workers = lab.cores,
    set = { limit = lab:pick(800000, 3000000) } })
  local by = runs.of(sizes[1])
  local rows = { runs.HEADING }
  runs.add_rows(rows, by, M.ENGINES)
  local out = { rows = rows, cores = lab.cores, speedup = {}, share = {},
    note = runs.crowd(by, M.ENGINES) }
  for _, engine in ipairs(M.ENGINES) do
    local s = runs.ratio(by.serial, by[engine], "own")
    out.speedup[engine] = s
    out.share[engine] = { median = s.median / lab.cores,
      low = s.low / lab.cores, high = s.high / lab.cores, n = s.n }
  end
  out.task_to_process = runs.ratio(by.task, by.process, "own")
  out.thread_to_process = runs.ratio(by.thread, by.process, "own")
  return out
end

return M
