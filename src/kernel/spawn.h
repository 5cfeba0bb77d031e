/*
** spawn.h: starting tasks, and what starting a job of any engine shares.
*/

#ifndef lc_spawn_h
#define lc_spawn_h

#include "kernel/task.h"

/* Starts a task of group `g` (NULL: the one that is current) from the
** arguments from `arg` on, which are (f, ...) or {f, ..., name=, keep=,
** daemon=}. Leaves its handle on top and returns 1. Raises for wrong
** arguments and for want of memory; then nothing is started. */
int lc_spawn_form (lua_State *L, lc_group *g, int arg);

/* The index of the function in such arguments; what follows it on the stack
** are its own. `*options`: the index of the table, or 0. May raise. */
int lc_spawn_arguments (lua_State *L, int arg, int *options);

/* Notes where the job at `handle` is started, and its options name, keep
** and daemon. Raises for a wrong option. */
void lc_spawn_describe (lua_State *L, lc_job *j, int handle, int options);

/* Adds `spawn` to the table on top. May raise. */
void lc_spawn_open (lua_State *L, lc_loop *loop);

#endif
