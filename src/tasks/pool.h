/*
** pool.h: what pools (lua/luaconc/pool.lua) need of C.
*/

#ifndef lc_pool_h
#define lc_pool_h

#include "kernel/loop.h"

/* Adds `cores`, `recall` and `heritage` to the table on top. May raise. */
void lc_pool_open (lua_State *L, lc_loop *loop);

#endif
