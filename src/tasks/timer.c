/*
** timer.c: conc.after. See timer.h.
**
** A timer is no more than its time: whoever waits for it has a deadline in
** the loop, so there is nothing to stop or to close.
*/

#include "base/luax.h"
#include "kernel/select.h"
#include "kernel/task.h"
#include "tasks/timer.h"

#define TIMER_TYPE "luaconc.timer"

typedef struct lc_moment {
  uint64_t due;      /* of the loop's clock; UINT64_MAX: never */
} lc_moment;

static bool is_over (lua_State *L, const lc_moment *m) {
  return m->due <= lc_clock_now(&lc_luax_loop(L)->clock);
}

/* conc.after(seconds) -> timer */
static int timer_after (lua_State *L) {
  uint64_t ns = lc_luax_seconds(L, 1);
  lc_moment *m = lua_newuserdatauv(L, sizeof(*m), 0);
  m->due = lc_clock_after(&lc_luax_loop(L)->clock, ns);
  luaL_setmetatable(L, TIMER_TYPE);
  return 1;
}

/* t:wait() */
static int timer_wait (lua_State *L) {
  const lc_moment *m = lc_luax_self(L);
  lc_task *t = lc_task_here(L);
  if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
  if (is_over(L, m)) return lc_task_pause(L, t, 0);
  return lc_task_sleep(L, t, m->due);
}

/* {{ The case of a select */

static int attempt_wait (lua_State *L, int object, int value) {
  (void)value;
  return is_over(L, lua_touserdata(L, object)) ? 0 : -1;
}

static void cancel_case (lc_op *op) {
  lc_loop_unat(op->task->job.loop, &op->u.timer);
}

static const lc_opkind case_kind = {"timer", cancel_case, lc_select_choose,
                                    LC_BY_TASK};

static void on_due (lc_timer *timer) {
  lc_op_complete(lc_container(timer, lc_op, u.timer), LC_OK);
}

static void begin_wait (lua_State *L, lc_case *c, int object, int value) {
  const lc_moment *m = lua_touserdata(L, object);
  (void)value;
  c->op.u.timer = (lc_timer){on_due, 0, 0};
  if (lc_loop_at(c->op.task->job.loop, &c->op.u.timer, m->due) != 0)
    luaL_error(L, "not enough memory");
  c->op.kind = &case_kind;
}

static int finish_wait (lua_State *L, lc_case *c, int object) {
  (void)L; (void)c; (void)object;
  return 0;
}

static const lc_selectable selectables[] = {
  {"wait", attempt_wait, begin_wait, finish_wait, NULL},
  {NULL, NULL, NULL, NULL, NULL}
};

/* }} */

static const luaL_Reg methods[] = {
  {"wait", timer_wait},
  {NULL, NULL}
};

static const luaL_Reg functions[] = {
  {"after", timer_after},
  {NULL, NULL}
};

void lc_timer_open (lua_State *L, lc_loop *loop) {
  lc_luax_functions(L, loop, functions);
  lc_luax_type(L, loop, TIMER_TYPE, methods, NULL);
  lc_select_type(L, selectables);
  lua_pop(L, 1);
}
