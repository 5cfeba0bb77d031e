/*
** lock.h: lock and condition between the tasks of a state.
*/

#ifndef lc_lock_h
#define lc_lock_h

#include "kernel/loop.h"

/* Adds the two constructors to the table on top. May raise. */
void lc_lock_open (lua_State *L, lc_loop *loop);

#endif
