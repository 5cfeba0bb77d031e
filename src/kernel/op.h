/*
** op.h: one wait of one task.
**
** A waiting C function fills an operation, registers it with whatever will
** end the wait, and yields:
**
**   idle --begin--> waiting --complete--> woken --continuation--> idle
**                      |
**                      +-----cancel-----> woken, with LC_CANCELLED
**
** Invariants:
** 1. `kind` is set exactly while the operation waits.
** 2. An operation ends once: after lc_op_complete or a cancellation nobody
**    has a pointer to it any more. Whoever completes it has taken it out of
**    its queue first; `cancel` does so for its own kind.
** 3. Once woken with a result, that result stands: a cancellation that comes
**    later is raised by the next wait. So nothing that was handed over is
**    lost.
** 4. `cancel` and `complete` run outside Lua or anywhere in it: they neither
**    allocate, nor raise, nor call Lua.
*/

#ifndef lc_op_h
#define lc_op_h

#include "base/heap.h"
#include "base/list.h"

struct lc_task;
typedef struct lc_op lc_op;

enum { LC_OK = 0, LC_CANCELLED = 1 };  /* results; libuv's are negative */

/* Who ends a wait: a task or a deadline of this state, libuv, or another
** thread or process, through the port. */
typedef enum lc_by { LC_BY_TASK, LC_BY_UV, LC_BY_OTHERS } lc_by;

typedef struct lc_opkind {
  const char *name;               /* what is waited for: "sleep", "recv" */
  void (*cancel) (lc_op *op);     /* detach; NULL: the wait can't be ended */
  void (*complete) (lc_op *op);   /* NULL: wake the task */
  lc_by by;
} lc_opkind;

struct lc_op {
  const lc_opkind *kind;
  struct lc_task *task;
  union {
    lc_link link;                 /* for the queue that it waits in */
    lc_timer timer;               /* for a sleep */
    void *what;                   /* for others: a handle, a request */
  } u;
  int result;
  uint32_t flow;                  /* who has woken it: trace.h; 0: untraced */
};

/* The usual `cancel`: leave the queue. */
void lc_op_unlink (lc_op *op);

/* Pushes a userdata of `type` that begins with a queue of operations, which is
** empty. It has a user value. May raise. */
void *lc_op_object (lua_State *L, size_t size, const char *type);

/* Ends the wait with `result`; the task joins the ready ring. For callers
** in Lua code. The operation is out of its queue already. */
void lc_op_complete (lc_op *op, int result);

/* The same for a libuv callback: the task runs at once, inside this call,
** and whatever the callback holds may be closed when it returns. */
void lc_op_complete_now (lc_op *op, int result);

/* Completes the first operation of a queue; false where it is empty. */
bool lc_op_complete_first (lc_link *queue, int result);

#endif
