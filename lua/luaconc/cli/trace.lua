-- `luaconc trace`: a script as the root task, and what happened when.

local runner = require "luaconc.cli.run"
local values = require "luaconc.cli.values"

local function complain(message)
  io.stderr:write("luaconc: ", message, "\n")
  return 1
end

return {
  name = "trace",
  about = "run a script and write what happens when, for Perfetto",
  usage = "[-o FILE] SCRIPT [arguments of the script]",
  text = [[
Runs SCRIPT as `luaconc run` does and writes a timeline of all tasks, threads
and processes in the trace format of Chrome: open it at https://ui.perfetto.dev
or in chrome://tracing. Each thread has a row with slices, in which a task runs;
each job a span with its waits, each open stream or file another; arrows show
who started or woke whom and messages through channels; counters the descriptors
and the memory of each state. Calls of collectgarbage are slices; of the steps
that the collector takes by itself only the end of each cycle is known. The file
is written as things happen: a crash keeps what came before.
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
