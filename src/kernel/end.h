/*
** end.h: how a state ends: jobs first, with their clean-ups, then handles,
** then the loop.
*/

#ifndef lc_end_h
#define lc_end_h

#include "kernel/loop.h"

/* Ends everything in order. Once; from then on nobody can wait. Does not
** raise. Not from inside a task. */
void lc_end_state (lua_State *L, lc_loop *loop);

#endif
