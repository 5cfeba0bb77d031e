/*
** spawn.h: starting tasks.
*/

#ifndef lc_spawn_h
#define lc_spawn_h

#include "task.h"

/* Starts a task of group `g` (NULL: the one that is current) from the
** arguments from `arg` on, which are (f, ...) or {f, ..., name=, keep=,
** daemon=}. Leaves its handle on top and returns 1. Raises for wrong
** arguments and for want of memory; then nothing is started. */
int lc_spawn_form (lua_State *L, lc_group *g, int arg);

/* Adds `spawn` to the table on top. May raise. */
void lc_spawn_open (lua_State *L, lc_loop *loop);

#endif
