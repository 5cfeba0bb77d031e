/*
** queue.h: conc.queue: values by reference between the tasks of a state.
*/

#ifndef lc_queue_h
#define lc_queue_h

#include "kernel/loop.h"

/* Adds `queue` to the table on top. May raise. */
void lc_queue_open (lua_State *L, lc_loop *loop);

#endif
