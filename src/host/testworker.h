/*
** testworker.h: worker processes and the road in the hands of a spec. Test
** builds only.
*/

#ifndef lc_testworker_h
#define lc_testworker_h

#include "kernel/loop.h"

/* Adds `birth`, `road` and what belongs to them to the table on top. May
** raise. */
void lc_testworker_open (lua_State *L, lc_loop *loop);

#endif
