/*
** standard.h: descriptors 0 to 2 as streams.
*/

#ifndef lc_standard_h
#define lc_standard_h

#include "kernel/loop.h"

/* Adds `standard` to the table on top. May raise. */
void lc_standard_open (lua_State *L, lc_loop *loop);

#endif
