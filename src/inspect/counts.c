/*
** counts.c: what a loop has counted, as Lua sees it. See counts.h.
*/

#include <math.h>

#include "base/luax.h"
#include "inspect/counts.h"
#include "kernel/job.h"
#include "value/message.h"

static void set_integer (lua_State *L, const char *key, uint64_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static void set_seconds (lua_State *L, const char *key, uint64_t ns) {
  lua_pushnumber(L, (lua_Number)ns / 1e9);
  lua_setfield(L, -2, key);
}

/* Live jobs are looked at one by one: who asks pays. */
static void count_jobs (lua_State *L, const lc_loop *loop) {
  static const char *const ended[] = {"done", "failed", "cancelled"};
  lua_createtable(L, 0, 6);
  set_integer(L, "ready", 0);
  set_integer(L, "running", 0);
  set_integer(L, "waiting", 0);
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    if (lc_job_ended(j)) continue;
    const char *state = lc_job_state_name(j);
    lua_getfield(L, -1, state);
    lua_Integer n = lua_tointeger(L, -1);
    lua_pop(L, 1);
    set_integer(L, state, (uint64_t)n + 1);
  }
  for (int i = 0; i < 3; i++) set_integer(L, ended[i], loop->stats.ended[i]);
  lua_setfield(L, -2, "jobs");
}

/* A list of {seconds, how many turns took at most so long}, the last one's
** bound being infinity; turns are counted once. */
static void add_histogram (lua_State *L, const lc_stats *s) {
  lua_createtable(L, LC_STATS_BUCKETS, 0);
  for (int i = 0; i < LC_STATS_BUCKETS; i++) {
    bool last = i == LC_STATS_BUCKETS - 1;
    lua_createtable(L, 2, 0);
    lua_pushnumber(L, last ? (lua_Number)HUGE_VAL
      : (lua_Number)((uint64_t)1 << (LC_STATS_LEAST + i)) / 1e9);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, (lua_Integer)s->waits[i]);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -2, "latency");
}

/* core.stats() -> table */
static int counts_stats (lua_State *L) {
  const lc_loop *loop = lc_luax_loop(L);
  const lc_stats *s = &loop->stats;
  unsigned running = loop->current ? 1 : 0;   /* counted when it has run */
  lua_createtable(L, 0, 12);
  set_integer(L, "turns", s->turns);
  set_integer(L, "wakeups", s->resumed + loop->nready + running);
  set_integer(L, "ready", loop->nready);
  set_integer(L, "started", loop->lastid);
  set_integer(L, "deadlines", loop->deadlines.n);
  set_integer(L, "handles", loop->nhandles);
  set_integer(L, "bytes", lc_message_made());
  set_seconds(L, "busy", s->busy_ns);
  set_seconds(L, "longest", s->longest);
  count_jobs(L, loop);
  add_histogram(L, s);
  return 1;
}

/* core.time_turns(): from now on; where tasks run already, from here on */
static int counts_time_turns (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (loop->stats.busy) loop->stats.busy = uv_hrtime();
  loop->stats.timed = true;
  return 0;
}

static const luaL_Reg functions[] = {
  {"stats", counts_stats},
  {"time_turns", counts_time_turns},
  {NULL, NULL}
};

void lc_counts_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
}
