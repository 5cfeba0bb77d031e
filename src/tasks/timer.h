/*
** timer.h: a moment to come, as an object that can be waited for.
*/

#ifndef lc_timer_h
#define lc_timer_h

#include "kernel/loop.h"

/* Adds `after` to the table on top. May raise. */
void lc_timer_open (lua_State *L, lc_loop *loop);

#endif
