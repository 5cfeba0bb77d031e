/*
** counts.h: conc.stats(): what this state's loop has counted, as a table.
*/

#ifndef lc_counts_h
#define lc_counts_h

#include "kernel/loop.h"

/* Adds `stats` to the table on top. May raise. */
void lc_counts_open (lua_State *L, lc_loop *loop);

#endif
