/*
** sync.c: see sync.h.
**
** A permit that is given up goes straight to the first waiter, so nobody
** overtakes; a waiter that is cancelled before that leaves the queue and keeps
** nothing (op.h, invariant 3: afterwards it has what it was given and the next
** wait raises).
*/

#include "base/errors.h"
#include "base/luax.h"
#include "kernel/select.h"
#include "kernel/task.h"
#include "tasks/sync.h"
#include "tasks/within.h"

#define SEMAPHORE_TYPE "luaconc.semaphore"
#define EVENT_TYPE "luaconc.event"
#define BARRIER_TYPE "luaconc.barrier"

/* {{ Semaphore */

typedef struct lc_semaphore {
  lc_link waiters;
  lua_Integer permits;
} lc_semaphore;

static const lc_opkind semaphore_kind = {"semaphore:acquire", lc_op_unlink,
                                         NULL, LC_BY_TASK};

/* conc.semaphore(n) */
static int semaphore_new (lua_State *L) {
  lua_Integer n = lc_luax_integer(L, 1, "the number of permits", 0,
                                  INT32_MAX);
  lc_semaphore *s = lc_op_object(L, sizeof(*s), SEMAPHORE_TYPE);
  s->permits = n;
  return 1;
}

static int k_permit (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task_woken(L);
  if (ctx) return lc_within_call(L);
  lua_settop(L, 1);
  return 1;
}

static int acquire_permit (lua_State *L, lua_KContext with) {
  lc_semaphore *s = lc_luax_self(L);
  if (with) lc_luax_function(L, 2);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (s->permits > 0) {
    s->permits--;
    if (with) return lc_within_call(L);
    lua_settop(L, 1);
    return lc_task_pause(L, t, 1);
  }
  return lc_task_wait_in(L, t, &s->waiters, &semaphore_kind, k_permit, with);
}

/* s:acquire() -> s, to be kept in a <close> variable or released */
static int semaphore_acquire (lua_State *L) {
  return acquire_permit(L, 0);
}

/* s:with(f, ...) -> the results of f */
static int semaphore_with (lua_State *L) {
  return acquire_permit(L, 1);
}

/* s:try_acquire() -> s | nil, "no permit", "EAGAIN" */
static int semaphore_try_acquire (lua_State *L) {
  lc_semaphore *s = lc_luax_self(L);
  if (s->permits == 0) return lc_errors_fail(L, "EAGAIN", "no permit is free");
  s->permits--;
  lua_settop(L, 1);
  return 1;
}

/* s:release() */
static int semaphore_release (lua_State *L) {
  lc_semaphore *s = lc_luax_self(L);
  if (!lc_op_complete_first(&s->waiters, LC_OK)) s->permits++;
  return 0;
}

/* }} */

/* {{ Event */

typedef struct lc_event {
  lc_link waiters;
  bool set;
} lc_event;

static const lc_opkind event_kind = {"event:wait", lc_op_unlink, NULL,
                                     LC_BY_TASK};

static int event_new (lua_State *L) {
  lc_event *e = lc_op_object(L, sizeof(*e), EVENT_TYPE);
  e->set = false;
  return 1;
}

/* e:set(): wakes all who wait; later waits return at once */
static int event_set (lua_State *L) {
  lc_event *e = lc_luax_self(L);
  e->set = true;
  while (lc_op_complete_first(&e->waiters, LC_OK)) ;
  return 0;
}

static int event_clear (lua_State *L) {
  lc_event *e = lc_luax_self(L);
  e->set = false;
  return 0;
}

static int event_is_set (lua_State *L) {
  lc_event *e = lc_luax_self(L);
  lua_pushboolean(L, e->set);
  return 1;
}

static int k_event (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task_woken(L);
  return 0;
}

/* e:wait() */
static int event_wait (lua_State *L) {
  lc_event *e = lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (e->set) return lc_task_pause(L, t, 0);
  return lc_task_wait_in(L, t, &e->waiters, &event_kind, k_event, 0);
}

/* }} */

/* {{ Event: the case of a select */

static int attempt_event (lua_State *L, int object, int value) {
  const lc_event *e = lua_touserdata(L, object);
  (void)value;
  if (!e->set) return -1;
  lua_pushboolean(L, 1);
  return 1;
}

static const lc_opkind event_case = {"event:wait", lc_op_unlink,
                                     lc_select_choose, LC_BY_TASK};

static void begin_event (lua_State *L, lc_case *c, int object, int value) {
  lc_event *e = lua_touserdata(L, object);
  (void)value;
  if (e->set) {
    lc_select_look(c);
    return;
  }
  c->op.kind = &event_case;
  lc_list_append(&e->waiters, &c->op.u.link);
}

static int finish_event (lua_State *L, lc_case *c, int object) {
  (void)c; (void)object;
  lua_pushboolean(L, 1);
  return 1;
}

static const lc_selectable event_selectables[] = {
  {"wait", attempt_event, begin_event, finish_event, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

/* {{ Barrier */

typedef struct lc_barrier {
  lc_link waiters;
  lua_Integer parties;
  lua_Integer arrived;   /* who waits, or a few more: who was cancelled */
} lc_barrier;

/* Is the caller the last to come? Those who were cancelled meanwhile are
** found out only when they would matter, so that arriving stays cheap. */
static bool is_last (lc_barrier *b) {
  if (++b->arrived < b->parties) return false;
  b->arrived = 1;
  lc_list_each(l, &b->waiters) b->arrived++;
  return b->arrived == b->parties;
}

static const lc_opkind barrier_kind = {"barrier:wait", lc_op_unlink, NULL,
                                       LC_BY_TASK};

/* conc.barrier(n) */
static int barrier_new (lua_State *L) {
  lua_Integer n = lc_luax_integer(L, 1, "the number of parties", 1,
                                  INT32_MAX);
  lc_barrier *b = lc_op_object(L, sizeof(*b), BARRIER_TYPE);
  b->parties = n;
  b->arrived = 0;
  return 1;
}

/* The result of the wait is 1 more than the place in the order, so that it
** is no LC_CANCELLED. */
static int k_barrier (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lua_pushinteger(L, lc_task_woken(L)->op.result - 1);
  return 1;
}

static void release_all (lc_barrier *b) {
  lc_link *l;
  int order = 0;
  while ((l = lc_list_shift(&b->waiters)))
    lc_op_complete(lc_container(l, lc_op, u.link), ++order + 1);
  b->arrived = 0;
}

/* b:wait() -> 1 .. n, the order of arrival; the n-th releases all */
static int barrier_wait (lua_State *L) {
  lc_barrier *b = lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (!is_last(b))
    return lc_task_wait_in(L, t, &b->waiters, &barrier_kind, k_barrier, 0);
  release_all(b);
  lua_pushinteger(L, b->parties);
  return lc_task_pause(L, t, 1);
}

/* }} */

static const luaL_Reg semaphore_methods[] = {
  {"acquire", semaphore_acquire},
  {"try_acquire", semaphore_try_acquire},
  {"release", semaphore_release},
  {"with", semaphore_with},
  {NULL, NULL}
};

static const luaL_Reg semaphore_meta[] = {
  {"__close", semaphore_release},
  {NULL, NULL}
};

static const luaL_Reg event_methods[] = {
  {"set", event_set},
  {"clear", event_clear},
  {"is_set", event_is_set},
  {"wait", event_wait},
  {NULL, NULL}
};

static const luaL_Reg barrier_methods[] = {
  {"wait", barrier_wait},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"semaphore", semaphore_new},
  {"event", event_new},
  {"barrier", barrier_new},
  {NULL, NULL}
};

void lc_sync_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, SEMAPHORE_TYPE, semaphore_methods, semaphore_meta);
  lc_luax_type(L, loop, EVENT_TYPE, event_methods, NULL);
  lc_select_type(L, event_selectables);
  lc_luax_type(L, loop, BARRIER_TYPE, barrier_methods, NULL);
  lua_pop(L, 3);
}
