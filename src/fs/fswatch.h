/*
** fswatch.h: watching a file or a folder for changes.
*/

#ifndef lc_fswatch_h
#define lc_fswatch_h

#include "kernel/loop.h"

/* Adds `watch` to the table `fs` of the table on top. May raise. */
void lc_fswatch_open (lua_State *L, lc_loop *loop);

#endif
