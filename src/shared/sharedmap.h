/*
** sharedmap.h: a table that all states use, within a bound on memory.
*/

#ifndef lc_sharedmap_h
#define lc_sharedmap_h

#include "kernel/loop.h"

/* Adds `map` to the table on top. */
void lc_sharedmap_open (lua_State *L, lc_loop *loop);

#endif
