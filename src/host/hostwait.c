/*
** hostwait.c: functions in C that wait, written by others. See hostwait.h.
**
** While a task waits its operation stands alone in a list that lies in the
** luaconc_wait: so whoever ends the wait, by whatever way, takes it out, and
** `complete` sees whether anybody still waits.
*/

#include "host/host.h"
#include "host/hostwait.h"
#include "kernel/task.h"

typedef struct lc_hostwait {
  lc_opkind kind;
  lc_link waiting;      /* the operation, from `wait` to the end of the wait */
  bool complete;        /* `complete` came, perhaps before */
  bool astray;          /* and from another thread */
  int result;
} lc_hostwait;

_Static_assert(sizeof(lc_hostwait) <= sizeof(((luaconc_wait *)0)->reserved),
               "luaconc_wait has room for our part of it");

static lc_hostwait *part_of (luaconc_wait *w) {
  return (lc_hostwait *)(void *)w->reserved;
}

/* The wait of an operation, which stands in its list alone. */
static luaconc_wait *wait_of (lc_op *op) {
  lc_hostwait *part = lc_container(op->u.link.next, lc_hostwait, waiting);
  return lc_container((void **)(void *)part, luaconc_wait, reserved);
}

/* NULL before the wait, and once it is over. */
static lc_op *op_of (const lc_hostwait *part) {
  lc_link *first = part->waiting.next;
  if (!first || first == &part->waiting) return NULL;
  return lc_container(first, lc_op, u.link);
}

void lc_hostwait_functions (lua_State *L, const luaL_Reg *functions) {
  lua_pushlightuserdata(L, lc_host_loop(L));
  luaL_setfuncs(L, functions, 1);
}

static void cancel_wait (lc_op *op) {
  luaconc_wait *w = wait_of(op);
  lc_op_unlink(op);
  w->cancel(w);
}

static lc_task *task_here (lua_State *L) {
  if (lua_touserdata(L, lua_upvalueindex(1)) != lc_host_loop(L))
    luaL_error(L, "a function in C that waits must be added by `functions` "
                  "of luaconc's interface");
  return lc_task_here(L);
}

void lc_hostwait_begin (lua_State *L) {
  (void)task_here(L);
}

/* It was complete before there was anything to wait for. */
static int go_on (lua_State *L, lc_task *t, lua_KFunction k,
                  lua_KContext ctx) {
  lc_loop *loop = t->job.loop;
  t->op.result = LC_OK;
  if (!t->co) {
    loop->woken = L;
    return k(L, LUA_OK, ctx);
  }
  if (--loop->budget > 0) return k(L, LUA_OK, ctx);
  lc_loop_ready(loop, t);
  return lc_task_pass(L, k, ctx);
}

int lc_hostwait_wait (lua_State *L, luaconc_wait *w, lua_KFunction k,
                      lua_KContext ctx) {
  lc_task *t = task_here(L);
  lc_hostwait *part = part_of(w);
  if (part->complete) return go_on(L, t, k, ctx);
  if (lc_task_cancelled(t) && w->cancel) {
    w->cancel(w);
    return lc_task_refuse(L, t);
  }
  t->job.loop->hosted = true;
  part->kind = (lc_opkind){w->name, w->cancel ? cancel_wait : NULL, NULL,
                           LC_BY_OTHERS};
  lc_task_begin(t, &part->kind);
  lc_list_init(&part->waiting);
  lc_list_append(&part->waiting, &t->op.u.link);
  return lc_task_wait(L, t, k, ctx);
}

/* In a callback of a timer libuv would sleep before it looks who is ready. */
static void complete (lc_hostwait *part, int result) {
  lc_op *op = op_of(part);
  if (part->complete) return;
  part->result = result;
  part->complete = true;
  if (!op) return;
  lc_loop *loop = op->task->job.loop;
  lc_op_unlink(op);
  lc_op_complete(op, LC_OK);
  if (loop->depth > 0 && !loop->current && loop->uv) uv_stop(loop->uv);
}

/* (None): what `complete` brought from another thread */
static int complete_astray (lua_State *L, void *ud) {
  if (L) complete(ud, 0);
  return 0;
}

/* From another thread it can't be done here, and nobody can be told but who
** waits: `end` raises. */
void lc_hostwait_complete (luaconc_wait *w, int result) {
  lc_hostwait *part = part_of(w);
  lc_op *op = op_of(part);
  lc_loop *loop = op ? op->task->job.loop : NULL;
  if (!loop || !lc_host_elsewhere(loop)) complete(part, result);
  else {
    part->astray = true;
    (void)lc_host_post((luaconc_port *)loop->port, complete_astray, part);
  }
}

/* Where it was cancelled the block may be gone already. What is over leaves
** the block as it was, for the next wait. */
int lc_hostwait_end (lua_State *L, luaconc_wait *w) {
  lc_task_woken(L);
  lc_hostwait over = *part_of(w);
  *part_of(w) = (lc_hostwait){0};
  if (over.astray)
    luaL_error(L, "`complete` of luaconc's interface was called in another "
                  "thread: post a call that does it");
  return over.result;
}
