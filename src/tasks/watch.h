/*
** watch.h: the ends of several jobs, in the order in which they happen.
** What gather, settle, race and completed are made of.
*/

#ifndef lc_watch_h
#define lc_watch_h

#include "kernel/loop.h"

/* Adds `watch` to the table on top. May raise. */
void lc_watch_open (lua_State *L, lc_loop *loop);

#endif
