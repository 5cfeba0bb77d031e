/*
** tracegc.h: the collector of a state in its trace.
**
** Lua 5.4 tells nobody when a step of its collector begins or ends. What can
** be known is told, and nothing is guessed:
**
**   collectgarbage    X    a call of it, "collect" or "step": all of its length
**   collected         i    a cycle has ended, as a finaliser has seen it
**
** The length of the steps that Lua takes by itself is part of the slice of
** the task that allocated.
*/

#ifndef lc_tracegc_h
#define lc_tracegc_h

#include "kernel/loop.h"

/* The state is traced from now on: its global `collectgarbage` is replaced by
** one that is seen, once, and cycles are counted. Does not raise. */
void lc_tracegc_watch (lc_loop *loop);

#endif
