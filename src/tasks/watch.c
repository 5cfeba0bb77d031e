/*
** watch.c: waiting for whichever of several jobs ends next. See watch.h.
**
** A watcher is a userdata with one operation a job, each in the `watchers`
** of its job until that ends, then in `ended` until `next` hands it out. The
** list of handles is its user value, so jobs outlive the operations.
*/

#include <string.h>

#include "base/errors.h"
#include "base/luax.h"
#include "kernel/task.h"
#include "tasks/watch.h"

#define WATCH_TYPE "luaconc.watch"

typedef struct lc_watchnode {
  lc_op op;
  struct lc_watch *watch;
} lc_watchnode;

typedef struct lc_watch {
  lc_link ended;
  lc_op *waiter;         /* NULL: nobody waits in `next` */
  const lc_opkind *next_kind;   /* names the wait in the tree */
  uint32_t left;         /* not handed out yet */
  uint32_t n;
  lc_watchnode nodes[];
} lc_watch;

static void on_job_ended (lc_op *op) {
  lc_watch *w = lc_container(op, lc_watchnode, op)->watch;
  lc_op *waiter = w->waiter;
  lc_list_append(&w->ended, &op->u.link);
  w->waiter = NULL;
  if (waiter) lc_op_complete(waiter, LC_OK);
}

static const lc_opkind node_kind = {"the end of a job", lc_op_unlink,
                                    on_job_ended, LC_BY_TASK};

static void watch_job (lua_State *L, lc_watch *w, uint32_t i) {
  lc_job *j = luaL_testudata(L, -1, LC_JOB_TYPE);
  lc_watchnode *node = &w->nodes[i];
  if (!j) luaL_error(L, "element %d of the list is no job handle (%s)",
                     (int)i + 1, luaL_typename(L, -1));
  if (j->loop->current && &j->loop->current->job == j)
    luaL_error(L, "a job can't await itself: await it from another");
  const bool ended = lc_job_ended(j);
  node->watch = w;
  node->op.task = NULL;
  node->op.kind = ended ? NULL : &node_kind;
  lc_list_append(ended ? &w->ended : &j->watchers, &node->op.u.link);
  w->left = ++w->n;
}

static void cancel_next (lc_op *op) {
  ((lc_watch *)op->u.what)->waiter = NULL;
}

static const lc_opkind next_kinds[] = {
  {"gather", cancel_next, NULL, LC_BY_TASK},
  {"settle", cancel_next, NULL, LC_BY_TASK},
  {"race", cancel_next, NULL, LC_BY_TASK},
  {"completed", cancel_next, NULL, LC_BY_TASK},
  {"the end of a job", cancel_next, NULL, LC_BY_TASK}
};

static const lc_opkind *next_kind_of (const char *name) {
  const lc_opkind *kind = next_kinds;
  while (kind != &next_kinds[4] && strcmp(kind->name, name) != 0) kind++;
  return kind;
}

/* core.watch(list of handles [, "gather"]) -> watcher */
static int watch_new (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer n = luaL_len(L, 1);
  if (n < 0 || n > INT32_MAX / 2)
    return luaL_error(L, "too many jobs to watch");
  lc_watch *w = lua_newuserdatauv(L,
    sizeof(*w) + (size_t)n * sizeof(w->nodes[0]), 1);
  lc_list_init(&w->ended);
  w->waiter = NULL;
  w->next_kind = next_kind_of(luaL_optstring(L, 2, ""));
  w->left = w->n = 0;
  luaL_setmetatable(L, WATCH_TYPE);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_geti(L, 1, i);
    lua_rawseti(L, -2, i);
  }
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, -3, 1);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    watch_job(L, w, (uint32_t)i - 1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return 1;
}

static int take_ended (lua_State *L, lc_watch *w) {
  lc_link *l = lc_list_shift(&w->ended);
  lc_watchnode *node = lc_container(lc_container(l, lc_op, u.link),
                                    lc_watchnode, op);
  lua_Integer i = node - w->nodes + 1;
  w->left--;
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, -1, i);
  lua_pushinteger(L, i);
  return 2;
}

static int k_next (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  return take_ended(L, lua_touserdata(L, 1));
}

/* w:next() -> handle, index | nil when all were handed out */
static int watch_next (lua_State *L) {
  lc_watch *w = lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  lua_settop(L, 1);
  if (w->left == 0) return 0;
  if (!lc_list_empty(&w->ended)) return lc_task_pause(L, t, take_ended(L, w));
  if (w->waiter) return luaL_error(L, "another task waits here already");
  lc_task_begin(t, w->next_kind);
  t->op.u.what = w;
  w->waiter = &t->op;
  return lc_task_wait(L, t, k_next, 0);
}

/* When the state closes, this comes before the end of the jobs: the task
** that waits here is still to end, and what has ended is still to be taken. */
static int watch_collect (lua_State *L) {
  lc_watch *w = lc_luax_self(L);
  if (w->waiter) return 0;
  for (uint32_t i = 0; i < w->n; i++) {
    lc_op *op = &w->nodes[i].op;
    if (op->kind) lc_list_remove(&op->u.link);
  }
  w->n = 0;
  return 0;
}

/* core.belongs(h) -> is it a job of the group that is current here? */
static int watch_belongs (lua_State *L) {
  lc_job *j = luaL_checkudata(L, 1, LC_JOB_TYPE);
  lc_task *t = lc_task_self(lc_luax_loop(L));
  lua_pushboolean(L, j->group && j->group == lc_task_group(L, t));
  return 1;
}

static const luaL_Reg methods[] = {
  {"next", watch_next},
  {NULL, NULL}
};

static const luaL_Reg metamethods[] = {
  {"__gc", watch_collect},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"watch", watch_new},
  {"belongs", watch_belongs},
  {NULL, NULL}
};

void lc_watch_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, WATCH_TYPE, methods, metamethods);
  lua_pop(L, 1);
}
