/*
** waiter.c: queues of operations with deadlines. See waiter.h.
*/

#include "kernel/loop.h"
#include "kernel/waiter.h"

typedef struct lc_waiter {
  lc_link link;
  lc_timer timer;
  lc_waitqueue *queue;
  lc_op *op;
} lc_waiter;

void lc_waiter_init (lc_waitqueue *q, uv_handle_t *handle) {
  lc_list_init(&q->waiters);
  q->handle = handle;
}

/* Takes a waiter out and gives its block back. */
static lc_op *release (lc_waiter *w) {
  lc_op *op = w->op;
  lc_waitqueue *q = w->queue;
  lc_loop *loop = op->task->job.loop;
  lc_list_remove(&w->link);
  lc_loop_unat(loop, &w->timer);
  lc_loop_giveback(loop, w, sizeof *w);
  if (q->handle && lc_waiter_none(q)) uv_unref(q->handle);
  return op;
}

static void on_deadline (lc_timer *t) {
  lc_op_complete(release(lc_container(t, lc_waiter, timer)), LC_DEADLINE);
}

int lc_waiter_join (lc_waitqueue *q, lc_op *op, uint64_t due, bool front) {
  lc_loop *loop = op->task->job.loop;
  lc_waiter *w = lc_loop_borrow(loop, sizeof *w);
  int err;
  if (!w) return UV_ENOMEM;
  w->timer = (lc_timer){ .fire = on_deadline };
  err = lc_loop_at(loop, &w->timer, due);
  if (err) {
    lc_loop_giveback(loop, w, sizeof *w);
    return err;
  }
  w->queue = q;
  w->op = op;
  lc_list_append(front ? q->waiters.next : &q->waiters, &w->link);
  if (q->handle) uv_ref(q->handle);
  op->u.what = w;
  return 0;
}

int lc_waiter_begin (lc_waitqueue *q, lc_task *t, const lc_opkind *kind,
                     uint64_t limit, bool front) {
  uint64_t due = lc_clock_after(&t->job.loop->clock, limit);
  int err = lc_waiter_join(q, &t->op, due, front);
  if (!err) lc_task_begin(t, kind);
  return err;
}

lc_op *lc_waiter_first (const lc_waitqueue *q) {
  if (lc_waiter_none(q)) return NULL;
  return lc_container(q->waiters.next, lc_waiter, link)->op;
}

lc_op *lc_waiter_take (lc_waitqueue *q) {
  if (lc_waiter_none(q)) return NULL;
  return release(lc_container(q->waiters.next, lc_waiter, link));
}

void lc_waiter_wake (lc_waitqueue *q, int result) {
  lc_op *op;
  while ((op = lc_waiter_take(q)) != NULL) lc_op_complete(op, result);
}

void lc_waiter_cancel (lc_op *op) {
  release(op->u.what);
}
