/*
** thread.h: jobs on threads, each with a Lua state of its own.
*/

#ifndef lc_thread_h
#define lc_thread_h

#include "engine/remote.h"

/* Adds `thread` to the table on top. May raise. */
void lc_thread_open (lua_State *L, struct lc_loop *loop);

#endif
