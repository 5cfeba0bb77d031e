/*
** op.c: how a wait ends. See op.h.
*/

#include "inspect/trace.h"
#include "kernel/op.h"
#include "kernel/task.h"

void lc_op_unlink (lc_op *op) {
  lc_list_remove(&op->u.link);
}

void *lc_op_object (lua_State *L, size_t size, const char *type) {
  lc_link *waiters = lua_newuserdatauv(L, size, 1);
  lc_list_init(waiters);
  luaL_setmetatable(L, type);
  return waiters;
}

/* Marks the wait as over; false where the kind has an end of its own. */
static bool end_wait (lc_op *op, int result) {
  const lc_opkind *kind = op->kind;
  lc_assert(kind);
  op->kind = NULL;
  op->result = result;
  if (!kind->complete) return true;
  kind->complete(op);
  return false;
}

lc_cold static void trace_wake (lc_op *op, lc_loop *loop) {
  if (loop->current) op->flow = lc_trace_send(loop, "wake");
}

void lc_op_complete (lc_op *op, int result) {
  const lc_by by = op->kind->by;
  lc_task *t = op->task;
  if (!end_wait(op, result)) return;
  if (lc_trace_on(t->job.loop)) trace_wake(op, t->job.loop);
  if (by != LC_BY_TASK) lc_loop_expect(t->job.loop, by, -1);
  lc_loop_ready(t->job.loop, t);
}

void lc_op_complete_now (lc_op *op, int result) {
  lc_task *t = op->task;
  lc_loop *loop = t->job.loop;
  lc_op_complete(op, result);
  if (t->ready) lc_loop_run_now(loop, t);
}

bool lc_op_complete_first (lc_link *queue, int result) {
  lc_link *l = lc_list_shift(queue);
  if (!l) return false;
  lc_op_complete(lc_container(l, lc_op, u.link), result);
  return true;
}
