/*
** holdings.h: the queues and channels that a state can reach, for who asks
** what goes on there.
*/

#ifndef lc_holdings_h
#define lc_holdings_h

#include "kernel/loop.h"

/* A lua_CFunction: the loop (light userdata) -> a list of strings, "queue
** 0x55a4, 3 in it", of those in which something is: the first that are found
** near to what tasks have in their hands. It looks at a number of values, not
** at all. */
int lc_holdings (lua_State *L);

#endif
