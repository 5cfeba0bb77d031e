-- `luaconc trace`: a script as the root task, and what happened when.

local runner = require "luaconc.cli.run"
local values = require "luaconc.cli.values"

local function complain(message)
  io.stderr:write("luaconc: ", message, "\n")
  return 1
end

return {
  name = "trace",
  about = "run a script and write a timeline of it, for Perfetto",
  usage = "[-o FILE] SCRIPT [arguments of the script]",
  text = [[
Runs SCRIPT like `luaconc run` and writes a timeline of all tasks, threads and
processes in the trace format of Chrome. Open it at https://ui.perfetto.dev or
in chrome://tracing. Each thread has a row with a slice for each time that a
task runs. Each job has a span that contains its waits, each stream or file
has another. Arrows show who started or woke whom, and messages through
channels. Counters show descriptors, and the memory of each state. Calls of
collectgarbage are slices; of the collector's own steps only the end of each
cycle is known. The file is written as things happen, so it survives a crash.
]],
  options = {
    { "--output", "FILE", "where to write it (trace.json)",
      parse = values.file, complete = "file" },
    { "-o", "FILE", "the same", parse = values.file, complete = "file" },
  },
  fails = "the script failed, or the file can't be written",
  complete = "file",
  rest = true,
  run = function(given)
    local path, args = runner.split(given)
    if not path then return nil, args end
    local chunk, message = loadfile(path)
    if not chunk then return complain(message) end
    local trace = require "luaconc".trace
    local ok, code
    ok, message = trace.start(given.output or given._o or "trace.json")
    if not ok then return complain(message) end
    local status = runner.call(chunk, path, args)
    ok, message, code = trace.stop()
    if ok or code == "ENOENT" then return status end   -- the script's own end
    return complain(message)
  end,
}
