/*
** pair.h: two streams joined in memory: for tests, and between tasks of one
** state.
**
** They promise what sockets promise: order, backpressure, half-close, and a
** peer that may go at any moment. No descriptor is used, and no time: under
** the virtual clock they are exact.
*/

#ifndef lc_pair_h
#define lc_pair_h

#include "kernel/loop.h"

/* Adds `pair` to the table on top. May raise. */
void lc_pair_open (lua_State *L, lc_loop *loop);

#endif
