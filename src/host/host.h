/*
** host.h: the table of functions for hosts and for modules in C, which
** luaconc.h declares.
*/

#ifndef lc_host_h
#define lc_host_h

#include "kernel/loop.h"
#include "luaconc.h"

/* Puts the table where luaconc_get finds it. The core's table, with `run` in
** it, is on top. May raise. */
void lc_host_open (lua_State *L, lc_loop *loop);

/* The loop of the state. Raises where another thread is in the state now, as
** the next one tells: for functions that hosts call. */
lc_loop *lc_host_loop (lua_State *L);
bool lc_host_elsewhere (const lc_loop *loop);

/* See `post` in luaconc.h. */
int lc_host_post (luaconc_port *p, luaconc_call call, void *ud);

#endif
