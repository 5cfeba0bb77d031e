/*
** end.c: how a state ends. See end.h.
**
** 1. One line names the jobs that still run; their scope is cancelled.
** 2. Clean-ups run, and may wait; they can't start jobs. Who has not ended
**    after GRACE_NS, or can never be woken, is closed: its <close> variables
**    run once more without waits.
** 3. Failures that nobody has seen are named.
** 4. Handles are closed, then libuv's loop.
**
** Called by the finaliser of the loop, or of any handle that is finalised
** earlier while the state is closed (see handle.c).
*/

#include <stdio.h>

#include "base/errors.h"
#include "engine/remote.h"
#include "inspect/debug.h"
#include "kernel/end.h"
#include "kernel/frame.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "kernel/trouble.h"

enum { SHOWN = 5 };   /* jobs named in the line at the end */

#define GRACE_NS 1000000000u   /* 1 s, as a process has between two signals */

/* Was the job started by code outside tasks, in whatever group? */
static bool is_outermost (const lc_loop *loop, const lc_job *j) {
  return j->group && j->group->scope->task == loop->main;
}

/* The names of the first few jobs that run, and their number. */
static uint32_t name_jobs (lua_State *L, lc_loop *loop, luaL_Buffer *b) {
  uint32_t n = 0;
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    if (!is_outermost(loop, j) || lc_job_ended(j)) continue;
    if (j->daemon || j->posted) continue;
    if (n++ == SHOWN) luaL_addstring(b, ", ...");
    if (n > SHOWN) continue;
    luaL_addstring(b, n > 1 ? ", " : " ");
    lc_job_push(L, j);
    lc_job_label(L, j, -1);
    lua_remove(L, -2);
    luaL_addvalue(b);
  }
  return n;
}

static void warn_of_jobs (lua_State *L, lc_loop *loop) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  uint32_t n = name_jobs(L, loop, &b);
  luaL_pushresult(&b);
  if (n > 0)
    fprintf(stderr, "luaconc: %u job%s still running at the end of the "
            "script %s cancelled:%s; conc.run waits for %s\n", n,
            n == 1 ? "" : "s", n == 1 ? "was" : "were",
            lua_tostring(L, -1), n == 1 ? "it" : "them");
}

static void warn_of_failures (lua_State *L, lc_loop *loop) {
  for (lc_job *j = NULL; (j = lc_job_next(loop, j)); ) {
    if (!is_outermost(loop, j) || j->state != LC_FAILED) continue;
    lc_job_push(L, j);
    const char *label = lc_job_label(L, j, -1);
    lc_job_error(L, j, -2);
    fprintf(stderr, "luaconc: %s failed: %s\n", label,
            lc_errors_text(L, -1));
    lua_pop(L, 4);
  }
}

static int warn (lua_State *L) {
  lc_loop *loop = lua_touserdata(L, 1);
  if (!loop->trouble && !loop->dismissed) warn_of_jobs(L, loop);
  return 0;
}

static int warn_again (lua_State *L) {
  warn_of_failures(L, lua_touserdata(L, 1));
  return 0;
}

static void call_safely (lua_State *L, lc_loop *loop, lua_CFunction f) {
  lua_pushcfunction(L, f);
  lua_pushlightuserdata(L, loop);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) lua_pop(L, 1);
}

/* {{ Clean-ups */

typedef struct grace {
  lc_timer timer;
  bool over;
} grace;

static void on_grace_over (lc_timer *timer) {
  lc_container(timer, grace, timer)->over = true;
}

static void end_jobs (lua_State *L, lc_loop *loop) {
  grace g = {.timer.fire = on_grace_over};
  uint64_t due = lc_clock_after(&loop->clock, GRACE_NS);
  g.over = lc_loop_at(loop, &g.timer, due) != 0;
  while (loop->live > 0) {
    bool more = lc_loop_turn(L, loop, loop->nready == 0);
    if (g.over) lc_remote_cancel_all(loop);   /* what a shield has kept */
    if (!more || g.over) lc_trouble_stuck(L, loop);
  }
  lc_loop_unat(loop, &g.timer);
}

static void end_frames (lc_loop *loop) {
  lc_link *children = &loop->main->base.children;
  while (!lc_list_empty(children))
    lc_frame_abandon(lc_container(children->next, lc_scope, siblings));
}

/* }} */

static void end_all (lua_State *L, lc_loop *loop) {
  call_safely(L, loop, warn);
  lc_scope_cancel(&loop->main->base);
  end_jobs(L, loop);
  call_safely(L, loop, warn_again);
  lc_debug_end(L, loop);
}

void lc_end_state (lua_State *L, lc_loop *loop) {
  if (loop->ending || loop->current) return;
  loop->ending = true;
  loop->driver = L;
  if (lua_checkstack(L, 2 * LUA_MINSTACK)) end_all(L, loop);
  else if (loop->live > 0) return;
  end_frames(loop);
  lc_group_forget_all(loop->root);
  loop->ended = true;
  lc_loop_close(loop);
}
