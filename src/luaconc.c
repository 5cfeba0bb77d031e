/*
** luaconc.c: opens the module luaconc.core: one loop, then each part adds
** its functions to one table. The public face is lua/luaconc/init.lua.
*/

#include "base/base.h"
#include "base/errors.h"
#include "base/luax.h"
#include "channel/channel.h"
#include "engine/offspring.h"
#include "engine/process.h"
#include "engine/remote.h"
#include "engine/starter.h"
#include "fs/fs.h"
#include "fs/fsfile.h"
#include "fs/fsjob.h"
#include "fs/fswatch.h"
#include "host/host.h"
#include "host/simulation.h"
#include "inspect/counts.h"
#include "inspect/debug.h"
#include "inspect/inquiry.h"
#include "inspect/measure.h"
#include "kernel/frame.h"
#include "kernel/select.h"
#include "kernel/slots.h"
#include "kernel/spawn.h"
#include "kernel/task.h"
#include "luaconc.h"
#include "program/exec.h"
#include "program/signals.h"
#include "shared/sharedarray.h"
#include "shared/sharedcounter.h"
#include "shared/sharedevent.h"
#include "shared/sharedlock.h"
#include "shared/sharedmap.h"
#include "stream/dns.h"
#include "stream/pair.h"
#include "stream/standard.h"
#include "stream/stream.h"
#include "stream/tcp.h"
#include "tasks/coroutine.h"
#include "tasks/lock.h"
#include "tasks/pool.h"
#include "tasks/queue.h"
#include "tasks/sync.h"
#include "value/codec.h"
#include "value/passage.h"
#if defined(LUACONC_TESTING)
#include "host/testing.h"
#include "host/testworker.h"
#endif
#include "engine/thread.h"
#include "inspect/trace.h"
#include "inspect/traceback.h"
#include "inspect/tree.h"
#include "kernel/trouble.h"
#include "stream/tty.h"
#include "stream/udp.h"
#include "stream/unix.h"
#include "tasks/timer.h"
#include "tasks/watch.h"

/* What the job of a worker needs before it asks for luaconc: tasks. */
static void open_tasks (lua_State *L, lc_loop *loop) {
  lc_errors_open(L);
  lc_slots_open(L, loop);
  lc_job_open(L, loop);
  lc_traceback_open(L, loop);
  lc_coroutine_open(L, loop);
  lc_codec_open(L, loop);
}

static void open_kernel (lua_State *L, lc_loop *loop) {
  lc_task_open(L, loop);
  lc_loop_open(L, loop);
  lc_spawn_open(L, loop);
  lc_frame_open(L, loop);
  lc_trouble_open(L, loop);
  lc_select_open(L, loop);
  lc_remote_open(L, loop);
}

static void open_shared (lua_State *L, lc_loop *loop) {
  lua_newtable(L);
  lc_sharedlock_open(L, loop);
  lc_sharedevent_open(L, loop);
  lc_sharedcounter_open(L, loop);
  lc_sharedarray_open(L, loop);
  lc_sharedmap_open(L, loop);
  lc_luax_module(L, "luaconc.shared");
  lua_setfield(L, -2, "shared");
}

static void open_resources (lua_State *L, lc_loop *loop) {
  lc_watch_open(L, loop);
  lc_queue_open(L, loop);
  lc_channel_open(L, loop);
  lc_thread_open(L, loop);
  lc_lock_open(L, loop);
  lc_sync_open(L, loop);
  open_shared(L, loop);
  lc_timer_open(L, loop);
  lc_tree_open(L, loop);
  lc_inquiry_open(L, loop);
  lc_still_open(L, loop);
  lc_trace_open(L, loop);
  lc_debug_open(L, loop);
  lc_counts_open(L, loop);
  lc_passage_open(L, loop);
  lc_stream_open(L, loop);
  lc_dns_open(L, loop);
  lc_tcp_open(L, loop);
  lc_exec_open(L, loop);
  lc_signals_open(L, loop);
  lc_standard_open(L, loop);
  lc_tty_open(L, loop);
  lc_udp_open(L, loop);
  lc_unix_open(L, loop);
  lc_pair_open(L, loop);
  lc_fsjob_open(L, loop);
  lc_fs_open(L, loop);
  lc_fsfile_open(L, loop);
  lc_fswatch_open(L, loop);
  lc_measure_open(L, loop);
  lc_pool_open(L, loop);
  lc_starter_open(L, loop);
  lc_offspring_open(L, loop);
  lc_process_open(L, loop);
  lc_simulation_open(L, loop);
  lc_host_open(L, loop);
#if defined(LUACONC_TESTING)
  lc_testing_open(L, loop);
  lc_testworker_open(L, loop);
#endif
}

/* A state has one loop, so it has one core, however often it is opened. */
static const char core_key;

static const lc_opener opener;

/* Pushes the table of the core, with what tasks need in it. */
static lc_loop *push_core (lua_State *L) {
  luaL_checkversion(L);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &core_key) == LUA_TTABLE) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &lc_loop_key);
    lc_loop *loop = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return loop;
  }
  lua_pop(L, 1);
  int given = lua_getfield(L, LUA_REGISTRYINDEX, LUACONC_UV_LOOP);
  if (given != LUA_TNIL && given != LUA_TLIGHTUSERDATA)
    luaL_error(L, "the host's loop must be a light userdata, the address of "
                  "its uv_loop_t, not a %s", lua_typename(L, given));
  lc_loop *loop = lc_loop_new(L, lua_touserdata(L, -1), &opener);
  lua_pop(L, 1);
  lua_createtable(L, 0, 32);
  open_tasks(L, loop);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &core_key);
  return loop;
}

static int begin_core (lua_State *L) {
  push_core(L);
  return 1;
}

LC_API int luaopen_luaconc_core (lua_State *L) {
  lc_loop *loop = push_core(L);
  if (loop->complete) return 1;
  open_kernel(L, loop);
  open_resources(L, loop);
  lc_luax_open(L);
  lua_pushliteral(L, LUACONC_VERSION);
  lua_setfield(L, -2, "version");
  loop->complete = true;
  return 1;
}

static const lc_opener opener = {begin_core, luaopen_luaconc_core};
