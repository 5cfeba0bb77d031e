/*
** signals.h: waiting for signals of the system.
*/

#ifndef lc_signals_h
#define lc_signals_h

#include "kernel/loop.h"

/* Adds `signal` to the table on top. May raise. */
void lc_signals_open (lua_State *L, lc_loop *loop);

#endif
