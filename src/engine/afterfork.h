/*
** afterfork.h: a state goes on in a fork of its process (start = "fork"): with
** all its values, and with a loop that begins anew.
**
**   parent: jobs, handles, deadlines, a loop --fork--> child: one job
**
** In the child the parent's jobs are over: their handles say whose they are.
** Its coroutines are never resumed nor closed. Its streams, servers and other
** handles are closed, which means their descriptors in this process, and
** nothing else: libuv's loop is left behind as it is, so nothing is said to
** the kernel about descriptors that the parent still uses.
**
** Queues, locks and other plain memory are copies that nobody of the parent
** waits in. The state is never closed in the child.
*/

#ifndef lc_afterfork_h
#define lc_afterfork_h

#include "kernel/loop.h"

/* Why this process can't be forked now; NULL: it can. In `text`. */
const char *lc_afterfork_refusal (const lc_loop *loop, char *text, size_t size);

/* In the child, from L, which runs: the loop begins anew, with no jobs. False:
** there is no memory. Does not raise. */
bool lc_afterfork (lua_State *L, lc_loop *loop);

#endif
