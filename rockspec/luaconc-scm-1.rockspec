rockspec_format = "3.0"
package = "luaconc"
version = "scm-1"

source = {
  -- Nothing is fetched by `luarocks make`, which builds the tree it is in.
  url = "git+https://example.org/luaconc/luaconc.git",
}

description = {
  summary = "Tasks, threads and processes behind one interface, compared",
  detailed = [[
    luaconc lets a Lua 5.4 program do several things at once, in tasks, threads
    and processes behind one interface, with a C core on libuv; `luaconc
    compare` runs a job on each of them and one after the other, and says, with
    figures, which way fits it.
  ]],
  license = "MIT",
  labels = { "concurrency", "parallel", "threads", "processes", "coroutines",
    "async", "network" },
}

supported_platforms = { "linux" }

dependencies = { "lua >= 5.4, < 5.5" }

external_dependencies = {
  LIBUV = { header = "uv.h" },
}

test = {
  type = "command",
  command = "make test",
}

build = {
  type = "builtin",
  install = {
    bin = { luaconc = "bin/luaconc" },
  },
  modules = {
    -- The lists below are written by `make rockspec`.
    ["luaconc.core"] = {
      sources = {
        "src/address.c",
        "src/alloc.c",
        "src/bytes.c",
        "src/census.c",
        "src/channel.c",
        "src/clock.c",
        "src/closure.c",
        "src/codec.c",
        "src/conduit.c",
        "src/coroutine.c",
        "src/decode.c",
        "src/dns.c",
        "src/encode.c",
        "src/encoder.c",
        "src/end.c",
        "src/errors.c",
        "src/exchange.c",
        "src/fault.c",
        "src/forker.c",
        "src/forkserver.c",
        "src/frame.c",
        "src/group.c",
        "src/handle.c",
        "src/heap.c",
        "src/inbuf.c",
        "src/interpreter.c",
        "src/interrupt.c",
        "src/item.c",
        "src/job.c",
        "src/kin.c",
        "src/listener.c",
        "src/loop.c",
        "src/luaconc.c",
        "src/luax.c",
        "src/mailbox.c",
        "src/measure.c",
        "src/memory.c",
        "src/message.c",
        "src/modules.c",
        "src/names.c",
        "src/offspring.c",
        "src/op.c",
        "src/parcel.c",
        "src/path.c",
        "src/pool.c",
        "src/port.c",
        "src/process.c",
        "src/ptrmap.c",
        "src/queue.c",
        "src/remote.c",
        "src/road.c",
        "src/scope.c",
        "src/select.c",
        "src/shared.c",
        "src/slots.c",
        "src/spawn.c",
        "src/stream.c",
        "src/sync.c",
        "src/system_linux.c",
        "src/task.c",
        "src/tcp.c",
        "src/thread.c",
        "src/timer.c",
        "src/traceback.c",
        "src/transfer.c",
        "src/tree.c",
        "src/trouble.c",
        "src/uvpool.c",
        "src/waiter.c",
        "src/wake_linux.c",
        "src/watch.c",
        "src/worker.c",
        "src/write.c",
      },
      incdirs = { "$(LIBUV_INCDIR)" },
      libraries = { "uv", "pthread" },
    },
    ["luaconc.batch"] = "lua/luaconc/batch.lua",
    ["luaconc.check"] = "lua/luaconc/check.lua",
    ["luaconc.cli"] = "lua/luaconc/cli.lua",
    ["luaconc.compare.advice"] = "lua/luaconc/compare/advice.lua",
    ["luaconc.compare.character"] = "lua/luaconc/compare/character.lua",
    ["luaconc.compare.child"] = "lua/luaconc/compare/child.lua",
    ["luaconc.compare.command"] = "lua/luaconc/compare/command.lua",
    ["luaconc.compare.csv"] = "lua/luaconc/compare/csv.lua",
    ["luaconc.compare.engines"] = "lua/luaconc/compare/engines/init.lua",
    ["luaconc.compare.engines.process"] = "lua/luaconc/compare/engines/process.lua",
    ["luaconc.compare.engines.serial"] = "lua/luaconc/compare/engines/serial.lua",
    ["luaconc.compare.engines.task"] = "lua/luaconc/compare/engines/task.lua",
    ["luaconc.compare.engines.thread"] = "lua/luaconc/compare/engines/thread.lua",
    ["luaconc.compare"] = "lua/luaconc/compare/init.lua",
    ["luaconc.compare.json"] = "lua/luaconc/compare/json.lua",
    ["luaconc.compare.meter"] = "lua/luaconc/compare/meter.lua",
    ["luaconc.compare.options"] = "lua/luaconc/compare/options.lua",
    ["luaconc.compare.output"] = "lua/luaconc/compare/output.lua",
    ["luaconc.compare.plain"] = "lua/luaconc/compare/plain.lua",
    ["luaconc.compare.pooled"] = "lua/luaconc/compare/pooled.lua",
    ["luaconc.compare.progress"] = "lua/luaconc/compare/progress.lua",
    ["luaconc.compare.record"] = "lua/luaconc/compare/record.lua",
    ["luaconc.compare.remarks"] = "lua/luaconc/compare/remarks.lua",
    ["luaconc.compare.report"] = "lua/luaconc/compare/report.lua",
    ["luaconc.compare.rounds"] = "lua/luaconc/compare/rounds.lua",
    ["luaconc.compare.rule"] = "lua/luaconc/compare/rule.lua",
    ["luaconc.compare.run"] = "lua/luaconc/compare/run.lua",
    ["luaconc.compare.scenario"] = "lua/luaconc/compare/scenario.lua",
    ["luaconc.compare.stats"] = "lua/luaconc/compare/stats.lua",
    ["luaconc.compare.suggest"] = "lua/luaconc/compare/suggest.lua",
    ["luaconc.compare.text"] = "lua/luaconc/compare/text.lua",
    ["luaconc.compare.trace"] = "lua/luaconc/compare/trace.lua",
    ["luaconc.compare.units"] = "lua/luaconc/compare/units.lua",
    ["luaconc.compare.verdict"] = "lua/luaconc/compare/verdict.lua",
    ["luaconc.compare.work"] = "lua/luaconc/compare/work.lua",
    ["luaconc.compare.workers"] = "lua/luaconc/compare/workers.lua",
    ["luaconc"] = "lua/luaconc/init.lua",
    ["luaconc.meta"] = "lua/luaconc/meta.lua",
    ["luaconc.pool"] = "lua/luaconc/pool.lua",
    ["luaconc.poolcrew"] = "lua/luaconc/poolcrew.lua",
    ["luaconc.poolmap"] = "lua/luaconc/poolmap.lua",
    ["luaconc.poolworker"] = "lua/luaconc/poolworker.lua",
    ["luaconc.tcp"] = "lua/luaconc/tcp.lua",
    ["luaconc.testing"] = "lua/luaconc/testing.lua",
    ["luaconc.timeout"] = "lua/luaconc/timeout.lua",
    ["luaconc.tree"] = "lua/luaconc/tree.lua",
  },
}
