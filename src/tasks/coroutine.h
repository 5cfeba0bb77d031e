/*
** coroutine.h: conc.coroutine, a drop-in for `coroutine` whose coroutines
** may wait inside a task.
*/

#ifndef lc_coroutine_h
#define lc_coroutine_h

#include "kernel/loop.h"

/* Adds `coroutine` to the table on top. May raise. */
void lc_coroutine_open (lua_State *L, lc_loop *loop);

#endif
