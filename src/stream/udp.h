/*
** udp.h: datagrams. Addresses are numeric here; names are resolved by
** lua/luaconc/udp.lua.
**
** A socket reads from its first recv on. What comes while nobody receives is
** kept up to a bound, then dropped and counted, as the system itself drops
** what nobody reads, but without telling.
**
** Invariants:
** 1. `bytes` is what the list of `kept` datagrams holds; beyond `bound` at
**    most by one of them.
** 2. Nothing is kept where somebody waits, unless he has been woken for it.
*/

#ifndef lc_udp_h
#define lc_udp_h

#include "kernel/loop.h"

enum { LC_UDP_BOUND = 1 << 18 };   /* bytes that are kept, unless said */

/* Adds `udp` = {bind, connect} to the table on top. May raise. */
void lc_udp_open (lua_State *L, lc_loop *loop);

#endif
