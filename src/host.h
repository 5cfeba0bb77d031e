/*
** host.h: the table of functions for hosts and for modules in C, which
** luaconc.h declares.
*/

#ifndef lc_host_h
#define lc_host_h

#include "loop.h"

/* Puts the table where luaconc_get finds it. The core's table, with `run` in
** it, is on top. May raise. */
void lc_host_open (lua_State *L, lc_loop *loop);

#endif
