/*
** offspring.h: the side of a worker process: it reads its job from the link,
** runs it (worker.h), and ends.
*/

#ifndef lc_offspring_h
#define lc_offspring_h

#include "kernel/loop.h"

/* Adds what the programs that we start ourselves call, `forkserver` and
** `worker`, to the table on top. May raise. */
void lc_offspring_open (lua_State *L, lc_loop *loop);

#endif
