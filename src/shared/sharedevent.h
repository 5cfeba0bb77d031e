/*
** sharedevent.h: events and barriers between states.
*/

#ifndef lc_sharedevent_h
#define lc_sharedevent_h

#include "kernel/loop.h"

/* Adds `event` and `barrier` to the table on top. */
void lc_sharedevent_open (lua_State *L, lc_loop *loop);

#endif
