/*
** testing.h: what specs may do that programs may not. Test builds only.
*/

#ifndef lc_testing_h
#define lc_testing_h

#include "kernel/loop.h"

/* Adds the table `testing` to the table on top. May raise. */
void lc_testing_open (lua_State *L, lc_loop *loop);

#endif
