/*
** process.h: the engine of worker processes.
*/

#ifndef lc_process_h
#define lc_process_h

#include "kernel/loop.h"

/* Adds what a program started by us calls (`forkserver`, `worker`), and the
** road's private functions, to the table on top. May raise. */
void lc_process_open (lua_State *L, lc_loop *loop);

#endif
