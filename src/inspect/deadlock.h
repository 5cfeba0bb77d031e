/*
** deadlock.h: why nothing can go on, in words.
*/

#ifndef lc_deadlock_h
#define lc_deadlock_h

#include "kernel/loop.h"

/* Pushes a text with a line for each job: what it waits for, of what, who has
** that, and where; then those that wait for each other in a circle. May
** raise. */
void lc_deadlock_report (lua_State *L, lc_loop *loop);

/* The same for those who wait for each other in a circle with that task; or
** pushes nil. Returns 1. May raise. */
int lc_deadlock_circle (lua_State *L, lc_loop *loop, uint32_t id);

#endif
