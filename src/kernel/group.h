/*
** group.h: jobs that end together.
**
** A group is that of a task (made with its first job), the root group of the
** state, or one that a script made. Its scope is cancelled by the first
** failure in it; its end waits for every job and raises that failure once.
**
** Invariants:
** 1. live = number in `jobs`; daemons of them are daemons; running of them
**    count against `limit`; the others of a limited group are in `queued`.
** 2. `failed` holds ended jobs that failed and that nobody has looked at,
**    the first failure first; all of them are anchored.
*/

#ifndef lc_group_h
#define lc_group_h

#include "kernel/job.h"
#include "kernel/scope.h"

typedef struct lc_group {
  lc_scope *scope;
  lc_link jobs;
  lc_link failed;
  lc_link queued;     /* operations of jobs that wait for their turn */
  lc_link waiters;    /* operations that wait until jobs have ended */
  uint32_t live;
  uint32_t daemons;
  uint32_t running;
  uint32_t limit;     /* 0: none */
  bool keep;          /* its jobs are started with `keep` */
  bool failing;       /* a failure has cancelled it */
  bool closed;
} lc_group;

/* The wait for the end of jobs, which no cancellation ends. */
extern const lc_opkind lc_group_join;

void lc_group_init (lc_group *g, lc_scope *scope);

/* A job joins; it is anchored and not in the ring yet. No raise. */
void lc_group_add (lc_group *g, lc_job *j);

/* Its turn has not come: it is queued, behind those of its priority. */
void lc_group_queue (lc_group *g, lc_op *op, const lc_job *j);

/* A job has ended: called by lc_job_end only. */
void lc_group_ended (lc_group *g, lc_job *j);

/* A failure was looked at (awaited, raised): it is forgotten. */
void lc_group_forget (lc_job *j);

/* Has it jobs to wait for? Where daemons alone are left, cancels them. */
bool lc_group_pending (lc_group *g);

/* One wait for jobs of the group to end; no cancellation ends it. Ask
** lc_group_pending again in k. To be returned from a C function. */
int lc_group_wait (lua_State *L, struct lc_task *t, lc_group *g,
                   lua_KFunction k, lua_KContext ctx);

/* Moves all jobs and failures of a cancelled group to `to`. */
void lc_group_hand_over (lc_group *from, lc_group *to);

/* Raises the first failure, if there is one, and forgets all of them. */
void lc_group_raise (lua_State *L, lc_group *g);
void lc_group_forget_all (lc_group *g);

#endif
