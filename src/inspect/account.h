/*
** account.h: what each task of a loop has used so far: CPU time, and time for
** which it held the loop, which is more where it called something that blocks.
** (Time for which other programs had the core is taken off where it matters.)
**
** Kept by slot, so that a task needs no room for it; whoever measures a job
** takes differences within its task, and so never sees what an earlier task
** of the same slot used. For want of memory a stay is not counted.
**
** Only the thread of the loop touches it. Off, it costs a branch by switch
** (loop->watch).
*/

#ifndef lc_account_h
#define lc_account_h

#include "kernel/task.h"

typedef struct lc_spent {
  uint64_t cpu;         /* all in ns */
  uint64_t held;
  uint64_t longest;     /* stay since the last look */
} lc_spent;

/* Counts from now on, also the task that runs. UV_ENOMEM. */
int lc_account_start (lc_loop *loop);

/* A task goes on, or comes back. Only where LC_WATCH_ACCOUNT is set. */
void lc_account_begin (const lc_task *t);
void lc_account_end (const lc_task *t);

/* What the running task has used until now; false where none is counted. */
bool lc_account_look (lc_loop *loop, lc_spent *spent);

/* For how long, by the clock, all tasks together have held the loop; and the
** longest stay of any. */
uint64_t lc_account_all (const lc_loop *loop);
uint64_t lc_account_longest (const lc_loop *loop);

/* Forgets all. Harmless where nothing is counted. */
void lc_account_stop (lc_loop *loop);

#endif
