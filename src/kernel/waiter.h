/*
** waiter.h: operations that wait in a queue, each with its own deadline.
**
** A waiter is a pooled block that ties an operation to a queue and to the
** deadlines of the loop. It lives from lc_waiter_begin to the moment its
** operation ends: by being taken, by its deadline (LC_DEADLINE), or by a
** cancellation; then it goes back to the pool.
*/

#ifndef lc_waiter_h
#define lc_waiter_h

#include "base/list.h"
#include "kernel/op.h"
#include "kernel/task.h"

/* A queue of waiters. `handle` keeps libuv's loop alive while somebody is
** in the queue; NULL where a request does that. */
typedef struct lc_waitqueue {
  lc_link waiters;
  uv_handle_t *handle;
} lc_waitqueue;

/* No limit: such a wait has no deadline. */
#define LC_NOLIMIT UINT64_MAX

/* The result of an operation whose deadline came first: next to LC_OK and
** LC_CANCELLED, and other than libuv's own UV_ETIMEDOUT. */
enum { LC_DEADLINE = 2 };

void lc_waiter_init (lc_waitqueue *q, uv_handle_t *handle);

/* Begins the operation of `t` at the end of the queue, or at its front, for
** at most `limit` ns. 0, or UV_ENOMEM: then nothing has begun. */
int lc_waiter_begin (lc_waitqueue *q, lc_task *t, const lc_opkind *kind,
                     uint64_t limit, bool front);

/* The same for any operation of a task, until a time of the loop's clock
** (UINT64_MAX: never). It is put into the queue; begin it then. */
int lc_waiter_join (lc_waitqueue *q, lc_op *op, uint64_t due, bool front);

/* The first one, which stays in the queue; NULL where nobody waits. */
lc_op *lc_waiter_first (const lc_waitqueue *q);

/* Takes the first one out; NULL where nobody waits. Complete it. */
lc_op *lc_waiter_take (lc_waitqueue *q);

/* Completes all of them, for callers outside libuv's callbacks. */
void lc_waiter_wake (lc_waitqueue *q, int result);

/* `cancel` of the kinds that wait in such queues. */
void lc_waiter_cancel (lc_op *op);

static inline bool lc_waiter_none (const lc_waitqueue *q) {
  return lc_list_empty(&q->waiters);
}

#endif
