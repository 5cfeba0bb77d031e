/*
** lock.c: see lock.h.
**
** A lock that is given up goes straight to the first waiter, so nobody
** overtakes; a waiter that is cancelled before that leaves the queue and keeps
** nothing (op.h, invariant 3: afterwards it has what it was given and the next
** wait raises).
*/

#include "base/errors.h"
#include "base/luax.h"
#include "inspect/deadlock.h"
#include "inspect/debug.h"
#include "inspect/tree.h"
#include "kernel/slots.h"
#include "kernel/task.h"
#include "tasks/lock.h"
#include "tasks/within.h"

#define LOCK_TYPE "luaconc.lock"
#define CONDITION_TYPE "luaconc.condition"

/* {{ Lock */

typedef struct lc_lock {
  lc_link waiters;
  uint64_t owner;   /* a task by its number, which is never used again; or 0 */
  int32_t slot;     /* where that lived: see owner_of */
} lc_lock;

/* The code outside tasks has the job number 0. */
static uint64_t number_of (const lc_task *t) {
  return (uint64_t)t->job.id + 1;
}

static const lc_opkind lock_kind = {"lock:acquire", lc_op_unlink, NULL,
                                    LC_BY_TASK};

/* After a condition's wait, a cancelled one too: the lock must be had. */
static const lc_opkind relock_kind = {"lock:acquire", NULL, NULL, LC_BY_TASK};

static void give (lc_lock *l, const lc_task *t) {
  l->owner = number_of(t);
  l->slot = t->job.slot;
}

static void pass_on (lc_lock *l) {
  l->owner = 0;
  if (lc_list_empty(&l->waiters)) return;
  give(l, lc_container(l->waiters.next, lc_op, u.link)->task);
  lc_op_complete_first(&l->waiters, LC_OK);
}

/* The live task that holds a lock; NULL: none, code outside tasks, or one
** that has ended since. */
static lc_job *owner_of (const lc_loop *loop, const lc_lock *l) {
  lc_job *j = l->owner > 1 && l->slot >= 0
    ? lc_slots_job(loop, (uint32_t)l->slot) : NULL;
  return j && (uint64_t)j->id + 1 == l->owner ? j : NULL;
}

/* lock -> who holds it, and the id of that job */
static int lock_about (lua_State *L) {
  const lc_lock *l = lua_touserdata(L, 1);
  lc_job *j = owner_of(lc_luax_loop(L), l);
  if (!j) {
    lua_pushstring(L, !l->owner ? "free"
      : l->owner == 1 ? "held by the code outside tasks"
                      : "held by a task that has ended");
    return 1;
  }
  lc_job_push(L, j);
  lua_pushfstring(L, "held by %s", lc_job_label(L, j, -1));
  lc_debug_place(L, l);
  if (lua_isstring(L, -1))
    lua_pushfstring(L, "%s, which took it at %s", lua_tostring(L, -2),
                    lua_tostring(L, -1));
  else lua_pop(L, 1);
  lua_pushinteger(L, j->id);
  return 2;
}

static int lock_new (lua_State *L) {
  lc_lock *l = lc_op_object(L, sizeof(*l), LOCK_TYPE);
  l->owner = 0;
  return 1;
}

/* The lock at 1 has been taken by the code that runs in L. */
static void note_taken (lua_State *L) {
  lc_loop *loop = lc_luax_loop(L);
  if (lc_debug_on(loop)) lc_debug_lock(L, loop, 1, true);
}

/* lock, id of the task that begins to wait for it -> text or nil */
static int complain (lua_State *L) {
  lc_task *t = lua_touserdata(L, 1);
  return lc_deadlock_circle(L, t->job.loop, t->job.id);
}

/* A task begins to wait for a lock: does who has it wait for the task? */
static void look_for_circle (lua_State *L, const lc_lock *l, lc_task *t) {
  const lc_job *j = owner_of(t->job.loop, l);
  if (j && lc_container(j, lc_task, job)->op.kind)
    lc_debug_warn(L, complain, t);
}

static int k_acquire (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task_woken(L);
  note_taken(L);
  if (ctx) return lc_within_call(L);
  lua_settop(L, 1);
  return 1;
}

static int acquire_lock (lua_State *L, lua_KContext with) {
  lc_lock *l = lc_luax_self(L);
  if (with) lc_luax_function(L, 2);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (l->owner == number_of(t))
    return luaL_error(L, "this task holds the lock already: release it first");
  if (!l->owner) {
    give(l, t);
    note_taken(L);
    if (with) return lc_within_call(L);
    lua_settop(L, 1);
    return lc_task_pause(L, t, 1);
  }
  lc_task_begin(t, &lock_kind);
  lc_list_append(&l->waiters, &t->op.u.link);
  if (lc_debug_on(t->job.loop)) look_for_circle(L, l, t);
  return lc_task_wait(L, t, k_acquire, with);
}

/* l:acquire() -> l, to be kept in a <close> variable or released */
static int lock_acquire (lua_State *L) {
  return acquire_lock(L, 0);
}

/* l:with(f, ...) -> the results of f */
static int lock_with (lua_State *L) {
  return acquire_lock(L, 1);
}

/* l:try_acquire() -> l | nil, "locked", "EAGAIN" */
static int lock_try_acquire (lua_State *L) {
  lc_lock *l = lc_luax_self(L);
  lc_task *t = lc_task_self(lc_luax_loop(L));
  if (l->owner) return lc_errors_fail(L, "EAGAIN", "locked");
  give(l, t);
  note_taken(L);
  lua_settop(L, 1);
  return 1;
}

/* l:release() */
static int lock_release (lua_State *L) {
  lc_lock *l = lc_luax_self(L);
  lc_task *t = lc_task_self(lc_luax_loop(L));
  if (l->owner != number_of(t))
    return luaL_error(L, l->owner ? "another task holds the lock"
                                  : "the lock is not held");
  pass_on(l);
  if (lc_debug_on(t->job.loop)) lc_debug_lock(L, t->job.loop, 1, false);
  return 0;
}

/* }} */

/* {{ Condition. Its lock is the user value. */

typedef struct lc_condition {
  lc_link waiters;
} lc_condition;

static const lc_opkind condition_kind = {"condition:wait", lc_op_unlink, NULL,
                                         LC_BY_TASK};

/* conc.condition(lock) */
static int condition_new (lua_State *L) {
  if (!luaL_testudata(L, 1, LOCK_TYPE)) lc_luax_expected(L, 1, "lock");
  lc_op_object(L, sizeof(lc_condition), CONDITION_TYPE);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

static lc_lock *lock_of (lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  lc_lock *l = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return l;
}

static lc_condition *check_held (lua_State *L, const lc_task *t,
                                 const char *what) {
  lc_condition *c = lc_luax_self(L);
  if (lock_of(L)->owner != number_of(t))
    luaL_error(L, "'%s' of a condition needs its lock: acquire it first",
               what);
  return c;
}

/* ctx: was the wait cancelled? */
static int k_relocked (lua_State *L, int status, lua_KContext ctx) {
  (void)status;
  lc_task *t = lc_task_resumed(L);
  return ctx ? lc_task_raise(L, t) : 0;
}

static int k_notified (lua_State *L, int status, lua_KContext ctx) {
  (void)status; (void)ctx;
  lc_task *t = lc_task_resumed(L);
  lua_KContext cancelled = t->op.result == LC_CANCELLED;
  lc_lock *l = lock_of(L);
  if (!l->owner) {
    give(l, t);
    return k_relocked(L, LUA_OK, cancelled);
  }
  return lc_task_wait_in(L, t, &l->waiters, &relock_kind, k_relocked,
                         cancelled);
}

/* c:wait(): gives the lock up, waits for notify, has the lock again */
static int condition_wait (lua_State *L) {
  lc_task *t = lc_task_here(L);
  lc_condition *c = check_held(L, t, "wait");
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  pass_on(lock_of(L));
  return lc_task_wait_in(L, t, &c->waiters, &condition_kind, k_notified, 0);
}

/* c:notify([n]): wakes n waiters, one unless said */
static int condition_notify (lua_State *L) {
  lc_condition *c = check_held(L, lc_task_self(lc_luax_loop(L)), "notify");
  lua_Integer n = lua_isnoneornil(L, 2) ? 1
    : lc_luax_integer(L, 2, "the number of waiters", 0, INT64_MAX);
  while (n-- > 0 && lc_op_complete_first(&c->waiters, LC_OK)) ;
  return 0;
}

static int condition_notify_all (lua_State *L) {
  lc_condition *c = check_held(L, lc_task_self(lc_luax_loop(L)),
                               "notify_all");
  while (lc_op_complete_first(&c->waiters, LC_OK)) ;
  return 0;
}

/* }} */

static const luaL_Reg lock_methods[] = {
  {"acquire", lock_acquire},
  {"try_acquire", lock_try_acquire},
  {"release", lock_release},
  {"with", lock_with},
  {NULL, NULL}
};

static const luaL_Reg lock_meta[] = {
  {"__close", lock_release},
  {NULL, NULL}
};

static const luaL_Reg condition_methods[] = {
  {"wait", condition_wait},
  {"notify", condition_notify},
  {"notify_all", condition_notify_all},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"lock", lock_new},
  {"condition", condition_new},
  {NULL, NULL}
};

void lc_lock_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, LOCK_TYPE, lock_methods, lock_meta);
  lua_pushlightuserdata(L, loop);
  lua_pushcclosure(L, lock_about, 1);
  lc_tree_about(L);
  lc_luax_type(L, loop, CONDITION_TYPE, condition_methods, NULL);
  lua_pop(L, 2);
}
