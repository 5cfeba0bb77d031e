/*
** sync.h: semaphore, event and barrier between the tasks of a state.
*/

#ifndef lc_sync_h
#define lc_sync_h

#include "kernel/loop.h"

/* Adds the three constructors to the table on top. May raise. */
void lc_sync_open (lua_State *L, lc_loop *loop);

#endif
