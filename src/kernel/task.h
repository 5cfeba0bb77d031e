/*
** task.h: coroutines that wait. The only file behind this header that
** resumes and yields.
**
** A waiting C function reads:
**
**   static int k_recv (lua_State *L, int status, lua_KContext ctx) {
**     lc_task *t = lc_task_woken(L);      // raises a cancellation
**     ...                                 // t->op.result; build Lua values
**   }
**
**   // q:recv() -> value | nil, "closed", "EOF"
**   static int queue_recv (lua_State *L) {
**     lc_queue *q = lc_luax_self(L);
**     lc_task *t = lc_task_here(L);       // raises where waiting can't be
**     if (lc_task_cancelled(t)) return lc_task_refuse(L, t);
**     if (... satisfied ...) return lc_task_pause(L, t, nresults);
**     lc_task_begin(t, &recv_kind);       // now nothing may raise
**     lc_list_append(&q->receivers, &t->op.u.link);
**     return lc_task_wait(L, t, k_recv, ctx);   // or all: lc_task_wait_in
**   }
**
** Code outside any task has a task too, `loop->main`, with no coroutine:
** its waits drive the loop inside lc_task_wait.
**
** Invariants:
** 1. At most one task of a state runs: `loop->current`; `loop->running` is
**    the coroutine that may wait, its own or one of conc.coroutine inside.
** 2. A live task is either running, or once in the ready ring, or waiting
**    (op.kind set), or queued in a group with a limit.
** 3. `scope` is the innermost scope of the coroutine that runs or waits.
** 4. Bodies run under lua_pcallk: clean-ups of a failing one may wait.
** 5. A coroutine that ended well is used again for another task.
*/

#ifndef lc_task_h
#define lc_task_h

#include "kernel/group.h"
#include "kernel/job.h"
#include "kernel/loop.h"
#include "kernel/op.h"
#include "kernel/scope.h"

typedef struct lc_task {
  lc_job job;
  lc_scope base;
  lc_scope *scope;
  lc_op op;
  uint64_t since;          /* of the wait, by the loop's `time` */
  lua_State *co;           /* NULL: the code outside tasks */
  lc_group *group;         /* of the jobs that it starts; NULL: none yet */
  uint8_t swallowed;       /* cancellations raised since it went on */
  bool started;
  bool ready;              /* is in the ring */
  bool queued;             /* waits for its turn in a group with a limit */
  bool doomed;             /* to be closed instead of resumed */
  bool over;               /* its body has ended */
  bool joining;            /* and waits for the end of its jobs */
  uint8_t outcome;         /* of its body: an lc_jobstate */
} lc_task;

/* Who waits: the running task, or `main`. Raises, with the place and the
** remedy, where the caller can't wait (a foreign coroutine, a C function
** that does not yield, a host's callback). */
lc_task *lc_task_here (lua_State *L);

/* The same with the loop at hand, for hot paths. */
static inline lc_task *lc_task_at (lua_State *L, lc_loop *loop) {
  if (loop->running == L && lua_isyieldable(L)) return loop->current;
  return lc_task_here(L);
}

/* What lc_task_here asks, without raising. */
bool lc_task_may_wait (lua_State *L, const lc_loop *loop);

static inline bool lc_task_cancelled (const lc_task *t) {
  return lc_unlikely(t->scope->cancelled);
}

/* Passes once through the ready ring, then raises the cancellation. */
int lc_task_refuse (lua_State *L, lc_task *t);

/* A wait that was satisfied at once: returns the `n` values on top, after
** a turn for the others when the budget is used up. */
static inline int lc_task_pause (lua_State *L, lc_task *t, int n);

static inline void lc_task_begin (lc_task *t, const lc_opkind *kind);

/* Waits for the operation begun, then calls k with it. `return` it. Where the
** task has been cancelled since it looked, by code of the user's in between or
** after an earlier wait of the same call, the wait ends with that at once. */
int lc_task_wait (lua_State *L, lc_task *t, lua_KFunction k,
                  lua_KContext ctx);

/* The same with a new operation, at the end of a queue. `return` it. */
static inline int lc_task_wait_in (lua_State *L, lc_task *t, lc_link *queue,
                                   const lc_opkind *kind, lua_KFunction k,
                                   lua_KContext ctx);

/* In a continuation: the task that goes on. Raises where somebody else has
** resumed its coroutine. */
lc_task *lc_task_resumed (lua_State *L);

/* The same, and raises if the wait was cancelled. */
lc_task *lc_task_woken (lua_State *L);

/* The running task, or `main`: for what does not wait. */
static inline lc_task *lc_task_self (lc_loop *loop);
int lc_task_raise (lua_State *L, lc_task *t);  /* raises the cancellation */

/* Resumes the task that is next in the ring. Called by the loop. */
void lc_task_run (lc_loop *loop, lc_task *t);

/* Waits until a time of the loop's clock. `return` it. */
int lc_task_sleep (lua_State *L, lc_task *t, uint64_t due);

/* Ends the wait of a task whose scope was cancelled, if it can be ended. */
void lc_task_interrupt (lc_task *t);

/* A task that has not begun and belongs nowhere yet. */
void lc_task_init (lc_task *t, lc_loop *loop);

/* Moves its handle and the `n` values on top of L, the body and its
** arguments, to its coroutine, which has room for them. Can't fail. */
void lc_task_load (lua_State *L, lc_task *t, int handle, int n);

/* Makes the code outside tasks. */
lc_task *lc_task_main (lc_loop *loop);
void lc_task_main_free (lc_loop *loop);

/* The group that a job started by `L` joins; made if need be (may raise).*/
lc_group *lc_task_group (lua_State *L, lc_task *t);

/* The task's own, for jobs outside any group. May raise (memory). */
lc_group *lc_task_own_group (lua_State *L, lc_task *t);

/* A queued task's turn has come: it joins the ring. */
void lc_task_start (lc_task *t);

int lc_task_pause_slowly (lua_State *L, lc_task *t, int n);

/* For conc.coroutine: resumes `co` from L inside the running task, if any.
** `waits` tells a wait of the task (then L must yield too, by
** lc_task_pass, and resume `co` again) from a yield of the generator. */
int lc_task_enter (lua_State *L, lc_loop *loop, lua_State *co, int nargs,
                   int *nresults, bool *waits);
int lc_task_pass (lua_State *L, lua_KFunction k, lua_KContext ctx);
int lc_task_yield_values (lua_State *L, int n);

void lc_task_open (lua_State *L, lc_loop *loop);

static inline int lc_task_pause (lua_State *L, lc_task *t, int n) {
  if (--t->job.loop->budget > 0) return n;
  return lc_task_pause_slowly(L, t, n);
}

static inline void lc_task_begin (lc_task *t, const lc_opkind *kind) {
  lc_assert(t->op.kind == NULL);
  t->op.kind = kind;
  t->op.result = LC_OK;
}

static inline int lc_task_wait_in (lua_State *L, lc_task *t, lc_link *queue,
                                   const lc_opkind *kind, lua_KFunction k,
                                   lua_KContext ctx) {
  lc_task_begin(t, kind);
  lc_list_append(queue, &t->op.u.link);
  return lc_task_wait(L, t, k, ctx);
}

/* Would lc_op_complete_now run `t` at once? */
static inline bool lc_task_runs_now (const lc_loop *loop, const lc_task *t) {
  return !loop->current && t->co && !loop->clock.is_seeded;
}

static inline lc_task *lc_task_self (lc_loop *loop) {
  return loop->current ? loop->current : lc_loop_main(loop);
}

#endif
