/*
** sharedcounter.h: an integer that all states count in.
*/

#ifndef lc_sharedcounter_h
#define lc_sharedcounter_h

#include "kernel/loop.h"

/* Adds `counter` to the table on top. */
void lc_sharedcounter_open (lua_State *L, lc_loop *loop);

#endif
