/*
** tcp.h: streams over TCP: see stream.h, listener.h. Addresses are numeric
** here; names are resolved by dns.c and lua/luaconc/tcp.lua.
*/

#ifndef lc_tcp_h
#define lc_tcp_h

#include "kernel/loop.h"

/* Adds `tcp` = {connect, listen} to the table on top. May raise. */
void lc_tcp_open (lua_State *L, lc_loop *loop);

#endif
