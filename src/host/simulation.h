/*
** simulation.h: what tests of programs need of C: made-up time, a seeded
** order, and what is open. In every build; what a test build has besides
** stands in testing.c.
*/

#ifndef lc_simulation_h
#define lc_simulation_h

#include "kernel/loop.h"

/* Adds the table `simulation` to the table on top. May raise. */
void lc_simulation_open (lua_State *L, lc_loop *loop);

#endif
