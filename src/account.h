/*
** account.h: what each task has used so far: CPU time, and time for which it
** held the loop, which is more where it called something that blocks.
**
** Kept by slot, so that a task needs no room for it; whoever measures a job
** takes differences within its task, and so never sees what an earlier task
** of the same slot used. For want of memory a stay is not counted.
**
** One loop of the process at most, and its thread alone touches it. Off, it
** costs a branch by switch (loop->watch).
*/

#ifndef lc_account_h
#define lc_account_h

#include "task.h"

typedef struct lc_spent {
  uint64_t cpu;         /* all in ns */
  uint64_t held;
  uint64_t longest;     /* stay since the last look */
} lc_spent;

/* Counts from now on. The task that runs now is counted when it next goes
** on. UV_EBUSY where another loop is. */
int lc_account_start (lc_loop *loop);

/* A task goes on, or comes back. Only where LC_WATCH_ACCOUNT is set. */
void lc_account_begin (const lc_task *t);
void lc_account_end (const lc_task *t);

/* What the running task has used until now; false where none is counted. */
bool lc_account_look (lc_loop *loop, lc_spent *spent);

/* Forgets all. Harmless on other loops. */
void lc_account_stop (lc_loop *loop);

#endif
