/*
** tree.h: all live jobs, with what each waits for and where, as rows.
*/

#ifndef lc_tree_h
#define lc_tree_h

#include "loop.h"

/* Adds `tree_rows` to the table on top. May raise. */
void lc_tree_open (lua_State *L, lc_loop *loop);

#endif
